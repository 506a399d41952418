// SPDX-License-Identifier: GPL-2.0-only
/* Work that keeps moving between control groups. */
#include "workload/worker.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define ATTACH_GROUPS 2

static int attach_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("CgroupAttachStorm", "spins",
				work->cgroup_attach.spins, err);
}

/* Where cgroup2 is mounted (caller frees); NULL: nowhere. */
static char *attach_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *path = NULL;

	if (!mounts)
		return NULL;
	while (!path && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2") == 0)
			path = strdup(entry->mnt_dir);
	}
	endmntent(mounts);
	return path;
}

/* The directory of the group that the worker is in; caller frees. */
static int attach_own_group(char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *mount = attach_mount(), *text = NULL;
	char *line;
	int r;

	if (!mount)
		return kt_err(err, -EOPNOTSUPP,
			      "CgroupAttachStorm: cgroup v2 is not mounted; "
			      "mount it: mount -t cgroup2 none /sys/fs/cgroup");
	r = kt_read_file("/proc/self/cgroup", 65536, &text, NULL);
	if (r < 0)
		return kt_err_errno(err, r,
				    "CgroupAttachStorm: /proc/self/cgroup");
	/* The line of version 2 is the one of hierarchy 0. */
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return kt_err(err, -EOPNOTSUPP,
			      "CgroupAttachStorm: /proc/self/cgroup names no "
			      "group of cgroup v2");
	line = strchr(line, '/');
	if (!line)
		return kt_err(err, -EBADMSG,
			      "CgroupAttachStorm: /proc/self/cgroup names no "
			      "path");
	line[strcspn(line, "\n")] = '\0';
	*ret = kt_path_join(mount, line + 1);
	return *ret ? 0 : kt_err_errno(err, -ENOMEM, "CgroupAttachStorm");
}

static void attach_clean(const char *left)
{
	char path[sizeof(((struct kt_slot *)0)->left) + 16];

	for (int i = 0; *left && i < ATTACH_GROUPS; i++) {
		snprintf(path, sizeof(path), "%s%d", left, i);
		rmdir(path);
	}
}

/* Makes one of the groups, if it is not there, and opens its door. */
static int attach_open_one(const char *left, int i, struct ktstr_error *err)
{
	char path[sizeof(((struct kt_slot *)0)->left) + 32];
	int fd;

	snprintf(path, sizeof(path), "%s%d", left, i);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return kt_err_errno(err, -errno,
				    "CgroupAttachStorm: %s cannot be made; run "
				    "it as root, or in a group that was "
				    "delegated",
				    path);
	snprintf(path, sizeof(path), "%s%d/cgroup.procs", left, i);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 ?
		       fd :
		       kt_err_errno(err, -errno, "CgroupAttachStorm: %s", path);
}

/*
 * Makes the two groups below `group`. Where they lie is left in the slot, for
 * the starter to remove: a worker that was killed cannot.
 */
static int attach_open(struct ktstr_worker *worker, const char *group,
		       int ret_fds[ATTACH_GROUPS], struct ktstr_error *err)
{
	char *left = worker->slot->left;
	char path[sizeof(worker->slot->left)];

	if (snprintf(path, sizeof(path), "%s/ktstr-attach-%d-", group,
		     (int)getpid()) >= (int)sizeof(path))
		return kt_err(err, -ENAMETOOLONG,
			      "CgroupAttachStorm: the path of its group has "
			      "%zu bytes, which are too many",
			      strlen(group));
	/* It was moved since: the starter only knows of one place. */
	if (strcmp(left, path) != 0)
		attach_clean(left);
	memcpy(left, path, sizeof(path));
	for (int i = 0; i < ATTACH_GROUPS; i++) {
		ret_fds[i] = attach_open_one(left, i, err);
		if (ret_fds[i] < 0) {
			while (i-- > 0)
				kt_close(ret_fds[i]);
			return -ECHILD;
		}
	}
	return 0;
}

/* "0" is whoever writes. */
static bool attach_enter(int fd)
{
	return kt_write_all(fd, "0", 1) == 0;
}

/* In and out again, so that it is known before the start that it can. */
static int attach_try(const char *group, int fd, struct ktstr_error *err)
{
	_cleanup_free_ char *door = kt_path_join(group, "cgroup.procs");
	_cleanup_close_ int home = door ? open(door, O_WRONLY | O_CLOEXEC) : -1;

	if (home < 0)
		return kt_err_errno(err, -errno,
				    "CgroupAttachStorm: %s/cgroup.procs", group);
	if (!attach_enter(fd) || !attach_enter(home))
		return kt_err_errno(err, -errno,
				    "CgroupAttachStorm: it cannot move between "
				    "%s and a group below it",
				    group);
	return 0;
}

static int attach_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	_cleanup_free_ char *group = NULL;
	int fds[ATTACH_GROUPS];
	int r = attach_own_group(&group, err);

	if (r == 0)
		r = attach_open(worker, group, fds, err);
	if (r < 0)
		return r;
	r = attach_try(group, fds[0], err);
	for (int i = 0; i < ATTACH_GROUPS; i++)
		kt_close(fds[i]);
	return r;
}

/*
 * Presses cgroup_attach_task() and sched_move_task(): a running task is taken
 * off one group's queue and put onto another's, with its weight, load and
 * bandwidth (ops.cgroup_move() of sched_ext). A unit is a move.
 */
static void attach_run(struct ktstr_worker *worker)
{
	_cleanup_free_ char *group = NULL;
	int fds[ATTACH_GROUPS];
	uint32_t i = 0;
	bool moved;

	/* Below the group that it is in now, not where it was set up. */
	if (attach_own_group(&group, NULL) < 0 ||
	    attach_open(worker, group, fds, NULL) < 0)
		return;
	do {
		moved = attach_enter(fds[i++ % ATTACH_GROUPS]);
		kt_spin(worker->work->cgroup_attach.spins);
	} while (ktstr_worker_mark(worker, moved));
}

const struct kt_work_ops kt_work_cgroup_attach_storm = {
	.name = "CgroupAttachStorm",
	.check = attach_check,
	.setup = attach_setup,
	.run = attach_run,
	.clean = attach_clean,
};
