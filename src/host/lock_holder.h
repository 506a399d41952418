/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Who holds the locks of lock.h, by what the kernel tells in /proc/locks. A
 * process of another PID namespace, such as one in another container, is not
 * told of there. It is the one that took the lock, which a child may have now.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "host/lock.h"

struct kt_lock_holder {
	struct kt_lock lock;
	uint32_t pid;
	char *command; /* its command line; "" where that cannot be read */
};

struct kt_lock_holders {
	struct kt_lock_holder *holders; /* LLCs first, each kind ascending */
	size_t n;
};

void kt_lock_holders_deinit(struct kt_lock_holders *holders);
#define _cleanup_lock_holders_ _cleanup_(kt_lock_holders_deinit)

/* All locks in the directory that somebody holds. */
int kt_lock_holders_read(struct kt_lock_holders *ret, struct ktstr_error *err);

/*
 * "process 12 (ktstr shell -t 1n2l4c2t)", with "and" between several, for the
 * locks on the file behind `fd`.
 */
void kt_lock_holders_describe(int fd, struct kt_strbuf *ret);
