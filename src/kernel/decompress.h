/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The compressed forms that a kernel build can choose (CONFIG_KERNEL_GZIP and
 * its siblings; scripts/Makefile.lib in the kernel tree says how each is made).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum kt_compression {
	KT_COMPRESSION_UNKNOWN,
	KT_COMPRESSION_GZIP,
	KT_COMPRESSION_BZIP2,
	KT_COMPRESSION_LZMA,
	KT_COMPRESSION_XZ,
	KT_COMPRESSION_LZO,
	KT_COMPRESSION_LZ4,
	KT_COMPRESSION_ZSTD,
};

/* By the first bytes; a short or foreign buffer is UNKNOWN. */
enum kt_compression kt_compression_detect(const uint8_t *data, size_t bytes);

/* "zstd"; "unknown" for KT_COMPRESSION_UNKNOWN. */
const char *kt_compression_name(enum kt_compression compression);

/*
 * Unpacks one stream into `out`, which it must fill exactly: a stream that
 * ends early, goes on past `out_bytes` or is damaged gives -EBADMSG. Bytes of
 * `in` behind the stream's end are ignored, except that lz4 marks no end and
 * therefore takes all of them. Never writes outside `out`.
 */
int kt_decompress(enum kt_compression compression, const uint8_t *in,
		  size_t in_bytes, uint8_t *out, size_t out_bytes,
		  struct ktstr_error *err);
