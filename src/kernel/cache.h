/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The cache root's layout, as far as kernels use it:
 *
 *	kernels/RELEASE/	a fetched kernel: vmlinuz, config, modules/
 *	unpacked/HASH.elf	an image's kernel, unpacked
 *	apt/			lists and half-fetched packages of `fetch`
 *	.locks/NAME.lock	flock()ed, never removed
 */

#include <stdbool.h>

#include "base/error.h"

/* The path ROOT/`part`, made with its parents (0755). Caller frees. */
int kt_cache_dir(const char *part, char **ret, struct ktstr_error *err);

/* The same path without making anything. */
int kt_cache_path(const char *part, char **ret, struct ktstr_error *err);

/*
 * Takes ROOT/.locks/`name`.lock exclusively, waiting up to `timeout_ms` for
 * another process (polling: flock() knows no time limit). `cancelled` (NULL:
 * never) is asked meanwhile. Returns a descriptor to close, -EBUSY when the
 * time ran out, or -ECANCELED. The lock ends with the process.
 */
int kt_cache_lock(const char *name, unsigned int timeout_ms,
		  bool (*cancelled)(void *userdata), void *userdata,
		  struct ktstr_error *err);
