/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The two formats whose libraries know single blocks only; the frames around
 * the blocks are walked here. Contract as kt_decompress().
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* lz4's legacy frame: a magic, then blocks of up to 8 MiB behind a length. */
int kt_decompress_lz4_legacy(const uint8_t *in, size_t in_bytes, uint8_t *out,
			     size_t out_bytes, struct ktstr_error *err);

/* An lzop file: header, then blocks with lengths and checksums, then a 0. */
int kt_decompress_lzop(const uint8_t *in, size_t in_bytes, uint8_t *out,
		       size_t out_bytes, struct ktstr_error *err);
