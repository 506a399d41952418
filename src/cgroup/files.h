/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Files of a control group, by a path below one directory descriptor. */

#include <stdbool.h>

#include "base/error.h"

/* Replaces the file by `value` in one write. */
int kt_cgroup_file_write(int dir_fd, const char *group, const char *file,
			 const char *value, struct ktstr_error *err);

/* The text without its last newline; caller frees. */
int kt_cgroup_file_read(int dir_fd, const char *group, const char *file,
			char **ret, struct ktstr_error *err);

/*
 * Waits until cgroup.events says `key` is `value`: 0, -ETIMEDOUT, -ENOENT when
 * the group is not there (any more).
 */
int kt_cgroup_await_event(int dir_fd, const char *group, const char *key,
			  bool value, int timeout_ms, struct ktstr_error *err);
