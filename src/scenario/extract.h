/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A number out of what a program printed. Pure. Each returns 0 with the number,
 * which is finite, or -ENOENT (it is not there), -EINVAL (there is something
 * else in its place, or the path is no path) or -ENOMEM, with the reason.
 */

#include <stddef.h>

#include "base/error.h"

/*
 * The text is JSON, and `path` leads to a number in it, or to a string that is
 * one: names with dots between them, [N] for a list's entry counted from 0, and
 * ["NAME"] for a name with a dot or a bracket in it.
 */
int kt_extract_json(const char *text, size_t length, const char *path,
		    double *ret, struct ktstr_error *err);

/*
 * The number behind the first place where `key` stands as a word of its own;
 * blanks, a colon or an equals sign may stand between.
 */
int kt_extract_key(const char *text, const char *key, double *ret,
		   struct ktstr_error *err);
