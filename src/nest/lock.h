/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The lock of a machine's place. Held while a command starts a machine, or one
 * ends; by nobody for longer, unless it was stopped in the middle.
 */

#include "base/error.h"

/*
 * Opens and locks it, waiting `wait_ms` at most: the lock goes with the
 * descriptor. A supervisor that ends removes the file, so what was locked is
 * what is there. -ETIMEDOUT with the holder's name in `err`.
 */
int kt_nest_lock(const char *path, unsigned int wait_ms, struct ktstr_error *err);

/* The same for a file that is open: 0, -ETIMEDOUT or -errno. */
int kt_nest_flock(int fd, unsigned int wait_ms);
