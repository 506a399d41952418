/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The x86 kernel image and its setup header, by the kernel's
 * Documentation/arch/x86/boot.rst:
 *
 *	0	boot sector and setup code, setup_sects + 1 sectors; the
 *		header begins at 0x1f1
 *	+	protected-mode code, syssize 16-byte units, in it:
 *		  payload_offset	the compressed vmlinux, and behind it
 *					(gzip: as its own trailer) the unpacked
 *					size, 4 bytes
 *	+	possibly a signature
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/decompress.h"
#include "kernel/release.h"

struct kt_bzimage {
	uint16_t protocol; /* 0x020f is 2.15 */
	uint32_t init_size;
	char release[KT_RELEASE_BYTES]; /* "" when the image names none */
	const uint8_t *payload;         /* into the caller's buffer */
	size_t payload_bytes;           /* the size tail included */
	enum kt_compression compression;
	uint32_t unpacked_bytes; /* as the tail says; see below */
};

/* Whether the buffer begins like a bzImage; it may still be cut off. */
bool kt_bzimage_detect(const uint8_t *data, size_t bytes);

/*
 * Checks the header against itself and against `bytes`. -EBADMSG: truncated or
 * damaged; -ENOEXEC: another architecture, or a boot protocol before 2.12
 * (Linux 3.8). An unknown compression is no error here. The unpacked size is
 * at most init_size, within which the kernel unpacks itself.
 */
int kt_bzimage_parse(const uint8_t *data, size_t bytes, struct kt_bzimage *ret,
		     struct ktstr_error *err);

/* Unpacks into `out` of ret->unpacked_bytes bytes. */
int kt_bzimage_unpack(const struct kt_bzimage *image, uint8_t *out,
		      struct ktstr_error *err);
