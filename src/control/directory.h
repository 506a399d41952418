/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where the sockets of running VMs are: NAME.vm each, in the user's runtime
 * directory. Who was killed leaves one behind that nobody serves; it is removed
 * by whoever comes upon it next.
 */

#include <stddef.h>

#include "base/error.h"

#define KT_CONTROL_NAME_MAX 64

/* Letters, digits, '.', '_' and '-', not first '.' or '-'; 1 to 64 of them. */
int kt_control_check_name(const char *name, struct ktstr_error *err);

/*
 * A socket that listens under that name, which nobody else has: -EEXIST. The
 * caller closes it after having unlinked *ret_path, and frees that.
 */
int kt_control_listen(const char *name, int *ret_fd, char **ret_path,
		      struct ktstr_error *err);

/* Connects to the VM of that name; -ENOENT if none is running. */
int kt_control_open(const char *name, int *ret_fd, struct ktstr_error *err);

/*
 * The names of those that are running, sorted. `ret_names` and each of its
 * strings are the caller's to free.
 */
int kt_control_list(char ***ret_names, size_t *ret_n, struct ktstr_error *err);
void kt_control_free_names(char **names, size_t n);
