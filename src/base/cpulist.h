/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Lists of CPUs, or nodes, as the kernel writes them: "0-3,8,10-11". The empty
 * text is the empty list.
 */

#include "base/bitmap.h"
#include "base/error.h"
#include "base/strbuf.h"

/* As many CPUs as any kernel was built for, and more. */
#define KT_CPULIST_MAX 65535

/*
 * Reads a list into `ret`, which should be empty. Numbers may come in any
 * order and twice; a newline may stand at the end. -EINVAL with a message that
 * names the part that is wrong, -ENOMEM. On failure `ret` is not changed.
 */
int kt_cpulist_parse(const char *text, struct kt_bitmap *ret,
		     struct ktstr_error *err);

/* Appends the list, ascending, with the longest ranges there are. */
void kt_cpulist_print(struct kt_strbuf *sb, const struct kt_bitmap *bitmap);
