// SPDX-License-Identifier: GPL-2.0-only
#include "nest/join.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "nest/channel.h"
#include "nest/image.h"
#include "nest/place.h"
#include "nest/supervisor.h"

#define JOIN_HELLO_MS    30000
#define JOIN_IDLE_S      60
#define JOIN_BOOT_S      40
#define JOIN_ANSWER_S    60
#define JOIN_SECONDS_MAX 86400
#define JOIN_TRIES_MAX   3

/* Seconds from the environment, for machines of unusual speed and for tests. */
static unsigned int join_seconds(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || !*text)
		return otherwise;
	value = strtoul(text, &end, 10);
	return *end || value == 0 || value > JOIN_SECONDS_MAX ?
		       otherwise :
		       (unsigned int)value;
}

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

/* In the background process, to its end. */
static _Noreturn void join_supervise(const struct kt_nest_shape *shape,
				     const struct kt_nest_image *image,
				     const struct kt_nest_place *place,
				     int listen_fd, int log_fd)
{
	const char *test = getenv("KTSTR_NEST_TEST");
	const struct kt_supervisor_config config = {
		.shape = shape,
		.image = image,
		.listen_fd = listen_fd,
		.socket_path = place->address.sun_path,
		.lock_path = place->lock,
		.log_path = place->log,
		.log_fd = log_fd,
		.idle_ms = join_seconds("KTSTR_NEST_IDLE_S", JOIN_IDLE_S) * 1000,
		.boot_ms = join_seconds("KTSTR_NEST_BOOT_S", JOIN_BOOT_S) * 1000,
		.answer_ms = join_seconds("KTSTR_NEST_ANSWER_S", JOIN_ANSWER_S) *
			     1000,
		.first_cmdline =
			test && strcmp(test, "hang") == 0 ?
				"ktstr_nest.hang" :
			test && strcmp(test, "die") == 0 ?
				"rdinit=/nonexistent init=/nonexistent" :
				"",
	};
	_exit(kt_supervisor_run(&config) < 0);
}

/* The descriptors that the background process goes on with; no others. */
static void join_close_others(const int *keep, size_t n)
{
	unsigned int next = 3;

	for (;;) {
		unsigned int lowest = ~0U;

		for (size_t i = 0; i < n; i++) {
			if ((unsigned int)keep[i] >= next &&
			    (unsigned int)keep[i] < lowest)
				lowest = (unsigned int)keep[i];
		}
		if (lowest > next)
			close_range(next, lowest == ~0U ? ~0U : lowest - 1, 0);
		if (lowest == ~0U)
			return;
		next = lowest + 1;
	}
}

/* Every open file of the guest's costs a descriptor. */
static void join_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/*
 * Forks twice: the supervisor is nobody's child, and no part of the user's
 * session, so that keys pressed there do not reach it.
 */
static int join_fork(const struct kt_nest_shape *shape,
		     const struct kt_nest_image *image,
		     const struct kt_nest_place *place, int listen_fd,
		     struct ktstr_error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC |
			  O_NOFOLLOW;
	_cleanup_close_ int log_fd = open(place->log, flags, 0600);
	_cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int keep[] = { listen_fd, log_fd, image->kernel->elf_fd,
			     image->initrd_fd };
	pid_t pid;

	if (log_fd < 0)
		return kt_err_errno(err, -errno, "cannot write %s", place->log);
	if (null_fd < 0)
		return kt_err_errno(err, -errno, "cannot open /dev/null");
	pid = fork();
	if (pid < 0)
		return kt_err_errno(err, -errno, "cannot fork");
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return 0;
	}
	setsid();
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	prctl(PR_SET_NAME, "ktstr-nest");
	(void)!chdir("/");
	umask(0);
	dup2(null_fd, STDIN_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	join_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	join_raise_files();
	join_supervise(shape, image, place, listen_fd, log_fd);
}

/* With the lock held: nobody serves the socket. */
static int join_start(const struct kt_nest_shape *shape,
		      const struct kt_nest_place *place,
		      const struct ktstr_log *log, struct ktstr_error *err)
{
	_cleanup_(kt_nest_image_deinit) struct kt_nest_image image = {
		.initrd_fd = -1,
	};
	_cleanup_close_ int listen_fd = -1;
	mode_t before;
	int r;

	r = kt_nest_image_make(&image, log, err);
	if (r < 0)
		return r;
	unlink(place->address.sun_path);
	listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listen_fd < 0)
		return kt_err_errno(err, -errno, "cannot make a socket");
	before = umask(0177);
	r = bind(listen_fd, (const struct sockaddr *)&place->address,
		 sizeof(place->address));
	umask(before);
	if (r < 0 || listen(listen_fd, SOMAXCONN) < 0)
		return kt_err_errno(err, -errno, "cannot listen at %s",
				    place->address.sun_path);
	return join_fork(shape, &image, place, listen_fd, err);
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
	r = join_start(shape, place, log, err);
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
