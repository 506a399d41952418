// SPDX-License-Identifier: GPL-2.0-only
#include "nest/join.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "nest/channel.h"
#include "nest/launch.h"
#include "nest/place.h"

#define JOIN_HELLO_MS  30000
#define JOIN_TRIES_MAX 3

/* A socket that somebody serves: the supervisor says HELLO. -errno. */
static int join_connect(const struct kt_nest_place *place)
{
	_cleanup_close_ int fd = -1;
	struct kt_nest_header hello;
	struct pollfd p;
	int r;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&place->address,
		    sizeof(place->address)) < 0)
		return -errno;
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	do {
		r = poll(&p, 1, JOIN_HELLO_MS);
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		return -ETIMEDOUT;
	if (kt_read_all(fd, &hello, sizeof(hello)) < 0 ||
	    hello.type != KT_NEST_HELLO)
		return -ECONNRESET;
	return TAKE_FD(fd);
}

/*
 * The lock file's own lock. A supervisor that ends removes the file, so what
 * was locked must still be what is there.
 */
static int join_lock(const char *path, struct ktstr_error *err)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

	for (;;) {
		_cleanup_close_ int fd = open(path, flags, 0600);
		struct stat ours, there;

		if (fd < 0)
			return kt_err_errno(err, -errno, "cannot open %s", path);
		/* Held by others only while they start or end a process. */
		if (flock(fd, LOCK_EX) < 0 || fstat(fd, &ours) < 0)
			return kt_err_errno(err, -errno, "cannot lock %s", path);
		if (stat(path, &there) == 0 && there.st_ino == ours.st_ino &&
		    there.st_dev == ours.st_dev)
			return TAKE_FD(fd);
	}
}

static int join_fail(const struct kt_nest_place *place, int error,
		     struct ktstr_error *err)
{
	return kt_err_errno(err, error,
			    "the emulated machine's supervisor does not "
			    "answer; see %s",
			    place->log);
}

static int join_once(const struct kt_nest_shape *shape,
		     const struct kt_nest_place *place,
		     const struct ktstr_log *log, struct ktstr_error *err)
{
	_cleanup_close_ int lock = -1;
	int fd = join_connect(place), r;

	if (fd >= 0)
		return fd;
	lock = join_lock(place->lock, err);
	if (lock < 0)
		return lock;
	/* One that just ends resets who waits, then is not there. */
	for (int i = 0; i < JOIN_TRIES_MAX; i++) {
		fd = join_connect(place);
		if (fd != -ECONNRESET)
			break;
	}
	if (fd >= 0)
		return fd;
	/* One that is there keeps its machine, and its clients theirs. */
	if (fd != -ECONNREFUSED && fd != -ENOENT)
		return join_fail(place, fd, err);
	r = kt_nest_launch(shape, place, log, err);
	if (r < 0)
		return r;
	fd = join_connect(place);
	return fd < 0 ? join_fail(place, fd, err) : fd;
}

int kt_nest_join(const struct kt_nest_shape *shape, const struct ktstr_log *log,
		 int *ret_fd, struct ktstr_error *err)
{
	_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
	int r;

	r = kt_nest_place_find(shape, &place, err);
	if (r < 0)
		return r;
	r = join_once(shape, &place, log, err);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}
