// SPDX-License-Identifier: GPL-2.0-only
#include "nest/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "nest/image.h"
#include "nest/supervisor.h"
#include "nest/title.h"

#define LAUNCH_IDLE_S      60
#define LAUNCH_BOOT_S      40
#define LAUNCH_ANSWER_S    60
#define LAUNCH_SECONDS_MAX 86400

unsigned int kt_nest_seconds(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || !*text)
		return otherwise;
	value = strtoul(text, &end, 10);
	return *end || value == 0 || value > LAUNCH_SECONDS_MAX ?
		       otherwise :
		       (unsigned int)value;
}

/* In the background process, to its end. */
static _Noreturn void launch_supervise(const struct kt_nest_shape *shape,
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
		.idle_ms = kt_nest_seconds("KTSTR_NEST_IDLE_S", LAUNCH_IDLE_S) *
			   1000,
		.boot_ms = kt_nest_seconds("KTSTR_NEST_BOOT_S", LAUNCH_BOOT_S) *
			   1000,
		.answer_ms =
			kt_nest_seconds("KTSTR_NEST_ANSWER_S", LAUNCH_ANSWER_S) *
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
static void launch_close_others(const int *keep, size_t n)
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
static void launch_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* What ps and top show, instead of the command that happened to start it. */
static void launch_set_names(const struct kt_nest_place *place)
{
	_cleanup_free_ char *title = NULL;

	prctl(PR_SET_NAME, "ktstr-nest");
	if (asprintf(&title, "ktstr-nest: supervisor of %s",
		     place->address.sun_path) < 0)
		title = NULL;
	else
		kt_nest_set_title(title);
}

/*
 * Forks twice: the supervisor is nobody's child, and no part of the user's
 * session, so that keys pressed there do not reach it.
 */
static int launch_fork(const struct kt_nest_shape *shape,
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
	launch_set_names(place);
	(void)!chdir("/");
	umask(0);
	dup2(null_fd, STDIN_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	launch_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	launch_raise_files();
	launch_supervise(shape, image, place, listen_fd, log_fd);
}

int kt_nest_launch(const struct kt_nest_shape *shape,
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
	return launch_fork(shape, &image, place, listen_fd, err);
}
