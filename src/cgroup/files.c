// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "cgroup/files.h"

#define CGROUP_FILE_MAX_BYTES (1 << 20)

static int open_file(int dir_fd, const char *group, const char *file, int flags)
{
	_cleanup_free_ char *path = kt_path_join(*group ? group : ".", file);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = openat(dir_fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int kt_cgroup_file_write(int dir_fd, const char *group, const char *file,
			 const char *value, struct ktstr_error *err)
{
	_cleanup_close_ int fd =
		open_file(dir_fd, group, file, O_WRONLY | O_TRUNC);
	const char *text = *value ? value : "\n";
	ssize_t n;

	if (fd < 0)
		return kt_err_errno(err, fd, "cannot write \"%s\" to %s/%s",
				    value, group, file);
	/* The kernel takes one write as one request. */
	n = write(fd, text, strlen(text));
	if (n < 0)
		return kt_err_errno(err, -errno, "cannot write \"%s\" to %s/%s",
				    value, group, file);
	if ((size_t)n < strlen(text))
		return kt_err(err, -EIO, "%s/%s took %zd bytes of \"%s\" only",
			      group, file, n, value);
	return 0;
}

int kt_cgroup_file_read(int dir_fd, const char *group, const char *file,
			char **ret, struct ktstr_error *err)
{
	_cleanup_close_ int fd = open_file(dir_fd, group, file, O_RDONLY);
	size_t length;
	int r = fd < 0 ? fd : kt_read_fd(fd, CGROUP_FILE_MAX_BYTES, ret, &length);

	if (r < 0)
		return kt_err_errno(err, r, "cannot read %s/%s", group, file);
	if (length && (*ret)[length - 1] == '\n')
		(*ret)[length - 1] = '\0';
	return 0;
}

/* Whether the lines "KEY 0|1" hold this one. */
static bool has_event(const char *text, const char *key, bool value)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0 && line[n] == ' ')
			return (line[n + 1] == '1') == value;
	}
	return false;
}

/* A descriptor that turns readable when the file changes. */
static int watch_file(int file_fd)
{
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
	if (inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* 0 once something changed or the time is over. */
static int await_change(int watch_fd, uint64_t end_ns)
{
	struct pollfd pollfd = { .fd = watch_fd, .events = POLLIN };
	uint64_t now_ns = kt_now_ns();
	uint64_t left_ns = now_ns < end_ns ? end_ns - now_ns : 0;
	char events[4096];

	if (poll(&pollfd, 1, (int)(left_ns / 1000000 + 1)) < 0 && errno != EINTR)
		return -errno;
	while (read(watch_fd, events, sizeof(events)) > 0)
		;
	return 0;
}

int kt_cgroup_await_event(int dir_fd, const char *group, const char *key,
			  bool value, int timeout_ms, struct ktstr_error *err)
{
	uint64_t end_ns = kt_now_ns() + (uint64_t)timeout_ms * 1000000;
	_cleanup_close_ int fd =
		open_file(dir_fd, group, "cgroup.events", O_RDONLY);
	_cleanup_close_ int watch_fd = fd < 0 ? fd : watch_file(fd);

	if (watch_fd < 0)
		return kt_err_errno(err, watch_fd,
				    "cannot watch %s/cgroup.events", group);
	for (;;) {
		_cleanup_free_ char *text = NULL;
		/* Asked before the file is read: a last look at the end. */
		bool is_over = kt_now_ns() >= end_ns;
		int r = kt_cgroup_file_read(dir_fd, group, "cgroup.events",
					    &text, err);

		if (r < 0)
			return r;
		if (has_event(text, key, value))
			return 0;
		if (is_over)
			return kt_err(err, -ETIMEDOUT,
				      "%s/cgroup.events did not come to say "
				      "\"%s %d\" in %d ms, but \"%s\"",
				      group, key, value, timeout_ms, text);
		r = await_change(watch_fd, end_ns);
		if (r < 0)
			return kt_err_errno(err, r,
					    "cannot wait for %s/cgroup.events",
					    group);
	}
}
