/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Commands that turn a scheduler of the kernel on and off. */

#include "base/error.h"

/*
 * Has `shell` run the lines one by one, each to its end and in a process of its
 * own. -EREMOTEIO at the first that fails, or runs for longer: the message has
 * `what` it was, its text, its status and what it said.
 */
int kt_shell_lines_run(const char *shell, const char *what,
		       const char *const *lines, unsigned int limit_ms,
		       struct ktstr_error *err);
