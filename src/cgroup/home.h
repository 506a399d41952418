/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where on a running system this process may make control groups: the group
 * that was named, or the root of the cgroup2 mount for whoever may write there,
 * or else this process's own group, if it was delegated
 * (Documentation/admin-guide/cgroup-v2.rst, "Delegation").
 *
 * The kernel lets a group other than the root hand on controllers only while no
 * process sits in it. Where those are this process and the ones that started
 * it, they are moved into a group below for the time; where there are others,
 * that is refused.
 */

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

/* What a message tells who may not do it. */
#define KT_CGROUP_HOME_ADVICE                                                  \
	"run it as root, or in a group of its own, as from "                   \
	"`systemd-run --user --scope -p Delegate=yes ktstr run`"

/* More than lie between a terminal's shell and us. */
#define KT_CGROUP_MOVED_MAX 16

struct kt_cgroup_home {
	char *path;
	int fd; /* -1: not open */
	/* What is undone at the end: controllers that were not handed on
	 * before, by blanks, and processes that sat in it. */
	char handed_on[64];
	char aside[32]; /* the group that they were moved to; "": none were */
	pid_t moved[KT_CGROUP_MOVED_MAX];
	size_t n_moved;
};

/* Files of procfs, to be replaced by tests. */
struct kt_cgroup_proc {
	const char *mountinfo;
	const char *own_group;
};
extern const struct kt_cgroup_proc kt_cgroup_proc_self;

/*
 * `named` may be NULL. Hands cpuset and cpu on, which must be there, and
 * memory, io and pids, where they are. -EACCES, -ENOENT, -EBUSY with what may
 * be done about it.
 */
int kt_cgroup_home_open(const char *named, const struct kt_cgroup_proc *proc,
			struct kt_cgroup_home *ret, struct ktstr_error *err);
/* Leaves it as it was. */
void kt_cgroup_home_close(struct kt_cgroup_home *home);
#define _cleanup_cgroup_home_ _cleanup_(kt_cgroup_home_close)

/* The path of that home, without opening it; caller frees. */
int kt_cgroup_home_find(const struct kt_cgroup_proc *proc, char **ret,
			struct ktstr_error *err);
