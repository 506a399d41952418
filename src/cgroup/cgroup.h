/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Control groups of one run (cgroup v2, Documentation/admin-guide/cgroup-v2.rst).
 *
 * All of them lie below one root, a directory of the mount named for its owner:
 *
 *	MOUNT/ktstr.PIDNS.PID.START.N/GROUP[/GROUP...]
 *
 * (inode of the PID namespace; pid and start time as in /proc/PID/stat; a
 * counter). Opening a tree first removes those whose owner is gone, so that
 * what a crash leaves behind lasts until the next start. Groups of another PID
 * namespace are left alone: their owners cannot be seen.
 *
 * A group is named by its path below the root, "" for the root itself. The
 * controllers that a file needs are enabled down the path when it is written.
 * The kernel allows that only while no process sits in a group above: workers
 * go into leaves. Errors name the file, the value and the kernel's answer.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

struct kt_cgroups {
	int mount_fd; /* -1: not open */
	char *root;   /* the name of the root below it */
};

/*
 * Removes orphans and makes a root. `mount` is where cgroup2 is mounted, or a
 * delegated group of it. An orphan that cannot be removed is no failure.
 */
int kt_cgroups_open(const char *mount, struct kt_cgroups *ret,
		    struct ktstr_error *err);

/* Removes the root and all below with its processes. Closed even on failure. */
int kt_cgroups_close(struct kt_cgroups *cgroups, struct ktstr_error *err);
void kt_cgroups_deinit(struct kt_cgroups *cgroups);
#define _cleanup_cgroups_ _cleanup_(kt_cgroups_deinit)

/* Makes a group and its missing parents; -EEXIST when it was there already. */
int kt_cgroup_create(const struct kt_cgroups *cgroups, const char *group,
		     struct ktstr_error *err);

/*
 * Kills what runs in a group and below, waits at most `timeout_ms` for it to
 * be gone and removes the groups. -ETIMEDOUT. -EBUSY when the caller is in it.
 */
int kt_cgroup_remove(const struct kt_cgroups *cgroups, const char *group,
		     int timeout_ms, struct ktstr_error *err);

/*
 * Writes one of cpuset.cpus, cpuset.mems, cpu.max, cpu.weight, memory.min,
 * memory.low, memory.high, memory.max, memory.swap.max, io.weight, pids.max,
 * and reads it back: -ERANGE when it did not take, or when a cpuset's
 * effective list is narrower. "" clears a cpuset, or where the kernel refuses
 * that sets it to what the group above has.
 */
int kt_cgroup_set(const struct kt_cgroups *cgroups, const char *group,
		  const char *file, const char *value, struct ktstr_error *err);

/* The text of any file of a group without its last newline; caller frees. */
int kt_cgroup_get(const struct kt_cgroups *cgroups, const char *group,
		  const char *file, char **ret, struct ktstr_error *err);

/*
 * Enables a controller for what is made below a group, "cpuset" say. One that
 * the root has not is left out: whether it is needed shows when it is set.
 */
int kt_cgroup_hand_on(const struct kt_cgroups *cgroups, const char *group,
		      const char *controller, struct ktstr_error *err);

int kt_cgroup_move(const struct kt_cgroups *cgroups, const char *group,
		   pid_t pid, struct ktstr_error *err);

/* Its cgroup.procs, for a process that moves itself: it writes "0". */
int kt_cgroup_open_procs(const struct kt_cgroups *cgroups, const char *group,
			 int *ret, struct ktstr_error *err);

/* Returns once the kernel says that it is done; -ETIMEDOUT. */
int kt_cgroup_freeze(const struct kt_cgroups *cgroups, const char *group,
		     bool freeze, int timeout_ms, struct ktstr_error *err);
