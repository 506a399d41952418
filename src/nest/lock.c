// SPDX-License-Identifier: GPL-2.0-only
#include "nest/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define LOCK_RETRY_MS    20
#define LOCKS_BYTES_MAX  (1u << 20)
#define COMM_BYTES_MAX   64
#define HOLDER_TEXT_SIZE 128
#define NS_PER_MS        1000000ULL

/* Nothing tells when such a lock is let go, but for waiting without bound. */
int kt_nest_flock(int fd, unsigned int wait_ms)
{
	const struct timespec pause = { .tv_nsec = LOCK_RETRY_MS * NS_PER_MS };
	uint64_t end = kt_now_ns() + wait_ms * NS_PER_MS;

	for (;;) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (kt_now_ns() >= end)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

/*
 * "1: FLOCK  ADVISORY  WRITE 123 fe:01:4567 0 EOF", proc_locks(5). A process
 * of another PID namespace is not listed.
 */
static long lock_holder(ino_t inode)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	if (kt_read_file("/proc/locks", LOCKS_BYTES_MAX, &text, NULL) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		uintmax_t held;
		long pid;

		if (sscanf(line, "%*d: FLOCK %*s WRITE %ld %*x:%*x:%ju ", &pid,
			   &held) == 2 &&
		    held == inode)
			return pid;
	}
	return 0;
}

static void lock_describe_holder(int fd, char text[HOLDER_TEXT_SIZE])
{
	_cleanup_free_ char *comm = NULL;
	char path[64];
	struct stat st;
	long pid = fstat(fd, &st) == 0 ? lock_holder(st.st_ino) : 0;

	if (pid <= 0) {
		snprintf(text, HOLDER_TEXT_SIZE, "another process");
		return;
	}
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	if (kt_read_file(path, COMM_BYTES_MAX, &comm, NULL) < 0)
		snprintf(text, HOLDER_TEXT_SIZE, "process %ld", pid);
	else
		snprintf(text, HOLDER_TEXT_SIZE, "process %ld (%.*s)", pid,
			 (int)strcspn(comm, "\n"), comm);
}

int kt_nest_lock(const char *path, unsigned int wait_ms, struct ktstr_error *err)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

	for (;;) {
		_cleanup_close_ int fd = open(path, flags, 0600);
		char holder[HOLDER_TEXT_SIZE];
		struct stat ours, there;
		int r;

		if (fd < 0)
			return kt_err_errno(err, -errno, "cannot open %s", path);
		r = kt_nest_flock(fd, wait_ms);
		if (r == -ETIMEDOUT) {
			lock_describe_holder(fd, holder);
			return kt_err(err, r,
				      "%s has held %s for %u seconds: end it, "
				      "or set KTSTR_NEST_DIR to another "
				      "directory",
				      holder, path, wait_ms / 1000);
		}
		if (r == 0 && fstat(fd, &ours) < 0)
			r = -errno;
		if (r < 0)
			return kt_err_errno(err, r, "cannot lock %s", path);
		if (stat(path, &there) == 0 && there.st_ino == ours.st_ino &&
		    there.st_dev == ours.st_dev)
			return TAKE_FD(fd);
	}
}
