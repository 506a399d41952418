// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup/home.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "cgroup/files.h"

#define HOME_PROC_MAX_BYTES (1u << 20)

const struct kt_cgroup_proc kt_cgroup_proc_self = {
	.mountinfo = "/proc/self/mountinfo",
	.own_group = "/proc/self/cgroup",
};

static int home_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "a home of control groups");
}

/* "\040" and the like, as mountinfo has them, in place. */
static void home_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned int byte;

		if (sscanf(from, "\\%3o", &byte) == 1 && strlen(from) >= 4) {
			*to = (char)byte;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/*
 * The mount point of the first line of type cgroup2 (proc(5): fields up to
 * " - " of which the fifth is the mount point, then the type).
 */
static char *home_mount(char *mountinfo)
{
	char *rest = mountinfo, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *type = strstr(line, " - ");
		char point[4096];

		if (!type || strncmp(type, " - cgroup2 ", 11) != 0 ||
		    sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1)
			continue;
		home_unescape(point);
		return strdup(point);
	}
	return NULL;
}

/* What follows "0::/" in the list of a process's groups. */
static char *home_own(char *groups)
{
	char *rest = groups, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "0::/", 4) == 0)
			return line + 4;
	}
	return NULL;
}

static int home_read(const char *path, char **ret, struct ktstr_error *err)
{
	int r = kt_read_file(path, HOME_PROC_MAX_BYTES, ret, NULL);

	return r < 0 ? kt_err_errno(err, r, "%s", path) : 0;
}

int kt_cgroup_home_find(const struct kt_cgroup_proc *proc, char **ret,
			struct ktstr_error *err)
{
	_cleanup_free_ char *mountinfo = NULL, *groups = NULL, *mount = NULL;
	const char *own;
	int r = home_read(proc->mountinfo, &mountinfo, err);

	if (r == 0)
		r = home_read(proc->own_group, &groups, err);
	if (r < 0)
		return r;
	mount = home_mount(mountinfo);
	if (!mount)
		return kt_err(err, -ENOENT,
			      "no cgroup2 is mounted here; `mount -t cgroup2 "
			      "none /sys/fs/cgroup` does it where no version 1 "
			      "is in use");
	own = home_own(groups);
	if (!own)
		return kt_err(err, -ENOENT,
			      "%s has no line \"0::/...\": this process is in "
			      "no group of version 2",
			      proc->own_group);
	if (!*own || access(mount, W_OK) == 0)
		*ret = TAKE_PTR(mount);
	else
		*ret = kt_path_join(mount, own);
	return *ret ? 0 : home_no_memory(err);
}

static bool home_has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += n) {
		if ((at == text || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

static int home_check(const struct kt_cgroup_home *home, struct ktstr_error *err)
{
	static const char *const needed[] = { "cpuset", "cpu" };
	_cleanup_free_ char *controllers = NULL;
	int r = kt_cgroup_file_read(home->fd, "", "cgroup.controllers",
				    &controllers, NULL);

	if (r == -ENOENT)
		return kt_err(err, r,
			      "%s is no control group of version 2: it has no "
			      "cgroup.controllers",
			      home->path);
	if (r < 0)
		return kt_err_errno(err, r, "%s/cgroup.controllers", home->path);
	if (faccessat(home->fd, ".", W_OK, AT_EACCESS) < 0 ||
	    faccessat(home->fd, "cgroup.subtree_control", W_OK, AT_EACCESS) < 0)
		return kt_err_errno(err, -errno,
				    "you may not make control groups in %s "
				    "(" KT_CGROUP_HOME_ADVICE ")",
				    home->path);
	for (size_t i = 0; i < KT_ARRAY_SIZE(needed); i++) {
		if (!home_has_word(controllers, needed[i]))
			return kt_err(
				err, -ENOENT,
				"the control group %s has no controller %s, "
				"only \"%s\": a mount of version 1 holds it, "
				"or it was not delegated (systemd: Delegate=, "
				"on all groups above)",
				home->path, needed[i], controllers);
	}
	return 0;
}

/* 0 at the top, or where that cannot be known. */
static pid_t home_parent_of(pid_t pid)
{
	_cleanup_free_ char *stat = NULL;
	const char *name_end;
	char path[40];
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (kt_read_file(path, HOME_PROC_MAX_BYTES, &stat, NULL) < 0)
		return 0;
	/* "PID (NAME) STATE PPID"; the name may hold anything. */
	name_end = strrchr(stat, ')');
	if (!name_end || sscanf(name_end, ") %*c %d", &parent) != 1)
		return 0;
	return (pid_t)parent;
}

/* Whether it is this process, or one that it descends from. */
static bool home_is_line(pid_t pid)
{
	for (pid_t at = getpid(); at > 1; at = home_parent_of(at)) {
		if (at == pid)
			return true;
	}
	return false;
}

static int home_move(const struct kt_cgroup_home *home, const char *group,
		     pid_t pid, struct ktstr_error *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return kt_cgroup_file_write(home->fd, group, "cgroup.procs", text, err);
}

/* Takes a note of all that sit in it; refuses those that are not ours. */
static int home_list(struct kt_cgroup_home *home, struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = kt_cgroup_file_read(home->fd, "", "cgroup.procs", &text, err);
	char *rest = text, *line;

	while (r == 0 && (line = strsep(&rest, "\n"))) {
		pid_t pid = (pid_t)strtol(line, NULL, 10);

		if (!*line)
			continue;
		if (!home_is_line(pid) || home->n_moved == KT_CGROUP_MOVED_MAX)
			return kt_err(
				err, -EBUSY,
				"process %s sits in the control group %s, so "
				"that it can hand no controllers on "
				"(" KT_CGROUP_HOME_ADVICE ")",
				line, home->path);
		home->moved[home->n_moved++] = pid;
	}
	return r;
}

static int home_clear(struct kt_cgroup_home *home, struct ktstr_error *err)
{
	int r;

	/* The root of the hierarchy is free to have both. */
	if (faccessat(home->fd, "cgroup.type", F_OK, 0) < 0)
		return 0;
	r = home_list(home, err);
	if (r < 0 || !home->n_moved) {
		home->n_moved = 0;
		return r;
	}
	snprintf(home->aside, sizeof(home->aside), "ktstr-self.%d",
		 (int)getpid());
	if (mkdirat(home->fd, home->aside, 0755) < 0) {
		r = kt_err_errno(err, -errno,
				 "cannot make the control group "
				 "%s/%s",
				 home->path, home->aside);
		home->aside[0] = '\0';
		return r;
	}
	for (size_t i = 0; r == 0 && i < home->n_moved; i++)
		r = home_move(home, home->aside, home->moved[i], err);
	return r;
}

static int home_hand_on(struct kt_cgroup_home *home, struct ktstr_error *err)
{
	static const char *const wanted[] = { "cpuset", "cpu", "memory", "io",
					      "pids" };
	_cleanup_free_ char *there = NULL, *before = NULL;
	int r = kt_cgroup_file_read(home->fd, "", "cgroup.controllers", &there,
				    err);

	if (r == 0)
		r = kt_cgroup_file_read(home->fd, "", "cgroup.subtree_control",
					&before, err);
	for (size_t i = 0; r == 0 && i < KT_ARRAY_SIZE(wanted); i++) {
		size_t used = strlen(home->handed_on);
		char request[16];

		if (!home_has_word(there, wanted[i]) ||
		    home_has_word(before, wanted[i]))
			continue;
		snprintf(request, sizeof(request), "+%s", wanted[i]);
		r = kt_cgroup_file_write(home->fd, "", "cgroup.subtree_control",
					 request, err);
		if (r == 0)
			snprintf(home->handed_on + used,
				 sizeof(home->handed_on) - used, "%s ",
				 wanted[i]);
	}
	return r;
}

int kt_cgroup_home_open(const char *named, const struct kt_cgroup_proc *proc,
			struct kt_cgroup_home *ret, struct ktstr_error *err)
{
	_cleanup_cgroup_home_ struct kt_cgroup_home home = { .fd = -1 };
	int r = 0;

	if (named)
		home.path = strdup(named);
	else
		r = kt_cgroup_home_find(proc, &home.path, err);
	if (r < 0)
		return r;
	if (!home.path)
		return home_no_memory(err);
	home.fd = open(home.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home.fd < 0)
		return kt_err_errno(err, -errno, "the control group %s",
				    home.path);
	r = home_check(&home, err);
	if (r == 0)
		r = home_clear(&home, err);
	if (r == 0)
		r = home_hand_on(&home, err);
	if (r < 0)
		return r;
	*ret = home;
	home = (struct kt_cgroup_home){ .fd = -1 };
	return 0;
}

void kt_cgroup_home_close(struct kt_cgroup_home *home)
{
	char *rest = home->handed_on, *word;

	/* Whoever has gone meanwhile, or keeps us from it, is left alone. */
	while (home->fd >= 0 && (word = strsep(&rest, " "))) {
		char request[16];

		if (!*word)
			continue;
		snprintf(request, sizeof(request), "-%s", word);
		(void)kt_cgroup_file_write(
			home->fd, "", "cgroup.subtree_control", request, NULL);
	}
	for (size_t i = 0; home->fd >= 0 && i < home->n_moved; i++)
		(void)home_move(home, "", home->moved[i], NULL);
	if (home->fd >= 0 && home->aside[0])
		(void)unlinkat(home->fd, home->aside, AT_REMOVEDIR);
	kt_close(home->fd);
	free(home->path);
	*home = (struct kt_cgroup_home){ .fd = -1 };
}
