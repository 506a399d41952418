/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Getting rid of groups, ours and those of owners that are gone. */

#include "base/error.h"

/* As kt_cgroup_remove(), of a path below a descriptor. */
int kt_cgroup_remove_at(int dir_fd, const char *path, int timeout_ms,
			struct ktstr_error *err);

/* The name of a root of this process, to be told from others by `n`. */
int kt_cgroup_root_name(unsigned int n, char **ret, struct ktstr_error *err);

/* Removes the roots in that directory whose owners are gone. */
void kt_cgroup_sweep(int dir_fd, int timeout_ms);
