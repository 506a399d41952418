/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The beginning and the end of bytes that may be too many to keep: the first
 * tell how it began, the last how it ended.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* Zero-initialised but for the bounds it is ready. */
struct kt_excerpt {
	size_t first_max_bytes;
	size_t last_max_bytes;
	struct kt_strbuf first;
	struct kt_strbuf last; /* up to twice as much as is to be kept */
	uint64_t bytes;        /* that there were */
};

void kt_excerpt_deinit(struct kt_excerpt *excerpt);
#define _cleanup_excerpt_ _cleanup_(kt_excerpt_deinit)

void kt_excerpt_add(struct kt_excerpt *excerpt, const void *data, size_t length);

/*
 * Hands both parts over as one (caller frees), of `ret_bytes` bytes, and with a
 * NUL behind them; between them `ret_lost` bytes are lost. NULL: no memory.
 */
char *kt_excerpt_steal(struct kt_excerpt *excerpt, size_t *ret_bytes,
		       uint64_t *ret_lost);
