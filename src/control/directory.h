/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The sockets of running VMs: NAME.vm each, below the user's runtime directory.
 * They are abstract ones (unix(7)): a name without a file, which is gone with
 * its process however that ends. Names have no permissions, so each side asks
 * the kernel whose the other one is.
 */

#include <stddef.h>

#include "base/error.h"

#define KT_CONTROL_NAME_MAX 64

/* Letters, digits, '.', '_' and '-', not first '.' or '-'; 1 to 64 of them. */
int kt_control_check_name(const char *name, struct ktstr_error *err);

/* A socket that listens under that name, which nobody else has: -EEXIST. */
int kt_control_listen(const char *name, int *ret_fd, struct ktstr_error *err);

/* 0 when the process at the other end is this user's, else -EPERM. */
int kt_control_check_peer(int fd);

/* Connects to the VM of that name; -ENOENT if none is running. */
int kt_control_open(const char *name, int *ret_fd, struct ktstr_error *err);

/*
 * The names of those that are running, sorted. `ret_names` and each of its
 * strings are the caller's to free.
 */
int kt_control_list(char ***ret_names, size_t *ret_n, struct ktstr_error *err);
void kt_control_free_names(char **names, size_t n);
