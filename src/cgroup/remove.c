// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "cgroup/files.h"
#include "cgroup/remove.h"

/* How long one round of signals may take to show. */
#define ROUND_MS 50

/* Whether the group is gone, or never had that file: nothing to do there. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

/* Calls `visit` on a group and all below it, children first. */
static int walk(int dir_fd, const char *path,
		int (*visit)(int dir_fd, const char *path,
			     struct ktstr_error *err),
		struct ktstr_error *err)
{
	_cleanup_close_ int fd = openat(
		dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 :
					 kt_err_errno(err, -errno,
						      "cannot open the group "
						      "%s",
						      path);
	TAKE_FD(fd);
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *child = NULL;
		int r;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = kt_path_join(path, entry->d_name);
		if (!child)
			return kt_err_errno(err, -ENOMEM, "group %s", path);
		r = walk(dir_fd, child, visit, err);
		if (r < 0)
			return r;
	}
	return visit(dir_fd, path, err);
}

/* Reads the next pid; false at the end. */
static bool next_pid(const char **text, pid_t *ret)
{
	char *end;
	long pid = strtol(*text, &end, 10);

	if (end == *text)
		return false;
	*text = end;
	*ret = (pid_t)pid;
	return true;
}

/* Calls `visit` on each process of one group; an absent group has none. */
static int each_process(int dir_fd, const char *path,
			int (*visit)(pid_t pid, const char *path,
				     struct ktstr_error *err),
			struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = kt_cgroup_file_read(dir_fd, path, "cgroup.procs", &text, err);
	const char *at = text;
	pid_t pid;

	if (r < 0)
		return is_absent(r) ? 0 : r;
	while (!r && next_pid(&at, &pid))
		r = visit(pid, path, err);
	return r;
}

static int refuse_if_own(pid_t pid, const char *path, struct ktstr_error *err)
{
	if (pid != getpid())
		return 0;
	return kt_err(err, -EBUSY,
		      "%s holds the process %d that removes it: move that out "
		      "first",
		      path, pid);
}

static int kill_one(pid_t pid, const char *path, struct ktstr_error *err)
{
	/* 0 is a process of a PID namespace that is not ours. */
	if (pid > 1 && kill(pid, SIGKILL) < 0 && errno != ESRCH)
		return kt_err_errno(err, -errno, "cannot kill %d in %s", pid,
				    path);
	return 0;
}

static int refuse_own(int dir_fd, const char *path, struct ktstr_error *err)
{
	return each_process(dir_fd, path, refuse_if_own, err);
}

static int kill_each(int dir_fd, const char *path, struct ktstr_error *err)
{
	return each_process(dir_fd, path, kill_one, err);
}

static int remove_one(int dir_fd, const char *path, struct ktstr_error *err)
{
	if (unlinkat(dir_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return kt_err_errno(err, -errno, "cannot remove the group %s",
				    path);
	return 0;
}

/* Kernels before 5.14 have no cgroup.kill: signals, until none is left. */
static int kill_in_rounds(int dir_fd, const char *path, int timeout_ms,
			  struct ktstr_error *err)
{
	uint64_t end_ns = kt_now_ns() + (uint64_t)timeout_ms * 1000000;
	int r;

	do {
		r = walk(dir_fd, path, kill_each, err);
		if (r < 0)
			return r;
		r = kt_cgroup_await_event(dir_fd, path, "populated", false,
					  KT_MIN(ROUND_MS, timeout_ms), err);
	} while (r == -ETIMEDOUT && kt_now_ns() < end_ns);
	return r;
}

int kt_cgroup_remove_at(int dir_fd, const char *path, int timeout_ms,
			struct ktstr_error *err)
{
	int r = walk(dir_fd, path, refuse_own, err);

	if (r < 0)
		return r;
	r = kt_cgroup_file_write(dir_fd, path, "cgroup.kill", "1", err);
	if (r == 0)
		r = kt_cgroup_await_event(dir_fd, path, "populated", false,
					  timeout_ms, err);
	else if (is_absent(r))
		r = kill_in_rounds(dir_fd, path, timeout_ms, err);
	if (r < 0 && !is_absent(r))
		return kt_err_context(err, r, "cannot empty the group %s", path);
	return walk(dir_fd, path, remove_one, err);
}

/* Field 22 of /proc/PID/stat; -ENOENT when there is no such process. */
static int start_time(intmax_t pid, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	const char *at;
	int r;

	snprintf(path, sizeof(path), "/proc/%jd/stat", pid);
	r = kt_read_file(path, 4096, &text, NULL);
	if (r < 0)
		return r == -ESRCH ? -ENOENT : r;
	/* The name, field 2, may hold blanks and parentheses. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %" SCNu64, ret) != 1)
		return -EBADMSG;
	return 0;
}

static int pid_namespace(uint64_t *ret)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

int kt_cgroup_root_name(unsigned int n, char **ret, struct ktstr_error *err)
{
	uint64_t start, namespace;
	int r = start_time(getpid(), &start);

	if (r == 0)
		r = pid_namespace(&namespace);
	if (r < 0)
		return kt_err_errno(err, r,
				    "cannot name this run's control group: "
				    "/proc/self must be readable");
	if (asprintf(ret, "ktstr.%" PRIu64 ".%d.%" PRIu64 ".%u", namespace,
		     getpid(), start, n) < 0) {
		*ret = NULL;
		return kt_err_errno(err, -ENOMEM, "name of a control group");
	}
	return 0;
}

/* Whether it is a root of ours whose owner is known to be gone. */
static bool is_orphan(const char *name, uint64_t own_namespace)
{
	uint64_t namespace, start, now;
	intmax_t pid;
	unsigned int n;
	int end = 0, r;

	if (sscanf(name, "ktstr.%" SCNu64 ".%jd.%" SCNu64 ".%u%n", &namespace,
		   &pid, &start, &n, &end) != 4 ||
	    name[end] || namespace != own_namespace)
		return false;
	r = start_time(pid, &now);
	return r == -ENOENT || (r == 0 && now != start);
}

void kt_cgroup_sweep(int dir_fd, int timeout_ms)
{
	_cleanup_close_ int fd =
		openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t namespace;

	if (!dir)
		return;
	TAKE_FD(fd);
	if (pid_namespace(&namespace) < 0)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && is_orphan(entry->d_name, namespace))
			kt_cgroup_remove_at(dir_fd, entry->d_name, timeout_ms,
					    NULL);
}
