/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Symbol addresses for the host, looked up on a thread of their own: the
 * kernel takes tenths of a second to print /proc/kallsyms, and PID 1 has
 * output to carry meanwhile.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

struct kt_symbols; /* opaque */

/*
 * Starts a lookup; the names are a KT_FRAME_SYMBOLS payload, copied. NULL for
 * the path: the kernel is asked, and /proc/kallsyms read only if it refuses.
 */
int kt_symbols_start(const char *kallsyms_path, const void *names,
		     size_t length, struct kt_symbols **ret);

/* Becomes readable when the lookup is over. Owned by the object. */
int kt_symbols_fd(const struct kt_symbols *symbols);

/*
 * Waits for the thread, appends the KT_FRAME_KERNEL_ADDRESSES payload and
 * frees the object. On failure the answer has every address as 0, and -errno
 * tells why.
 */
int kt_symbols_finish(struct kt_symbols *symbols, struct kt_strbuf *ret);
