/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Whether a file can be a test binary at all, which is a machine's init: a
 * static program for this architecture. Tells what it is instead, before it is
 * run for the first time.
 */

#include "base/error.h"

/* A bare name is a file here, not one in PATH. NULL: no memory; caller frees. */
char *kt_test_binary_path(const char *binary);

/*
 * -ENOENT and the like where there is no such file, -EINVAL where it is no such
 * program. That it has tests is for it to say (runner/list.h).
 */
int kt_test_binary_check(const char *binary, struct ktstr_error *err);
