/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Who uses which LLC and which CPU of the host, told between processes by
 * flock(2) on files that everybody can open:
 *
 *	/tmp/ktstr-llc-3.lock	LLC 3, as kt_host_topology_read_whole() counts
 *	/tmp/ktstr-cpu-17.lock	CPU 17, the kernel's number
 *
 * in KTSTR_LOCK_DIR instead of /tmp, where that is set. The kernel drops a lock
 * with the process that has it, however it ends; the files stay, and mean
 * nothing. Nobody ever waits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum kt_lock_kind {
	KT_LOCK_LLC,
	KT_LOCK_CPU,
};

struct kt_lock {
	enum kt_lock_kind kind;
	uint32_t number;
	bool exclusive; /* else shared with whoever else wants to share */
};

/* Locks that are held. Zeroed it holds none. */
struct kt_locks {
	int *fds;
	size_t n;
};

void kt_locks_drop(struct kt_locks *locks);
#define _cleanup_locks_ _cleanup_(kt_locks_drop)

/*
 * Takes all of them or none, without waiting. Everybody asks in the same order:
 * LLCs first, each kind ascending. -EBUSY, contention, names the first one that
 * cannot be had and who holds it; -EREMOTE: the directory is on a file system
 * that does not lock for certain; else what the system answered.
 */
int kt_locks_take(const struct kt_lock *wanted, size_t n, struct kt_locks *ret,
		  struct ktstr_error *err);

/* Where the files are. */
const char *kt_lock_directory(void);

/* "ktstr-llc-3.lock", or NULL when out of memory; caller frees. */
char *kt_lock_file_name(enum kt_lock_kind kind, uint32_t number);

/* The opposite; false for any other name. */
bool kt_lock_from_file_name(const char *name, enum kt_lock_kind *ret_kind,
			    uint32_t *ret_number);

/* "LLC" or "CPU". */
const char *kt_lock_kind_name(enum kt_lock_kind kind);

/* A file system's type, statfs(2), as what will not do; NULL: it will. */
const char *kt_lock_unfit(long type);
