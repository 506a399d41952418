// SPDX-License-Identifier: GPL-2.0-only
#include "guest/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

/* Fewer, larger reads; the kernel gives less where it does not allow it. */
#define CHILD_PIPE_BYTES (256 * 1024)

static void child_reset_signals(void)
{
	sigset_t none;

	/* Handlers fall back by themselves at execve(), ignored ones do not. */
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_allow_oom_kill(void)
{
	_cleanup_close_ int fd =
		open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)kt_write_all(fd, "0", 1);
}

static _Noreturn void child_exec(const char *path, char *const argv[])
{
	int error;

	child_reset_signals();
	child_allow_oom_kill();
	execv(path, argv);
	error = errno;
	dprintf(STDERR_FILENO, "ktstr-init: cannot run %s: %s\n", path,
		strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

static int child_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int kt_child_start_pipes(const char *path, char *const argv[],
			 struct kt_child *ret)
{
	_cleanup_close_ int in_read = -1, in_write = -1;
	_cleanup_close_ int out_read = -1, out_write = -1;
	_cleanup_close_ int err_read = -1, err_write = -1;
	int pair[2];
	pid_t pid;
	int r;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	in_read = pair[0];
	in_write = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	out_read = pair[0];
	out_write = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	err_read = pair[0];
	err_write = pair[1];
	(void)fcntl(out_read, F_SETPIPE_SZ, CHILD_PIPE_BYTES);
	if ((r = child_set_nonblocking(in_write)) < 0 ||
	    (r = child_set_nonblocking(out_read)) < 0 ||
	    (r = child_set_nonblocking(err_read)) < 0)
		return r;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		setsid();
		dup2(in_read, STDIN_FILENO);
		dup2(out_write, STDOUT_FILENO);
		dup2(err_write, STDERR_FILENO);
		child_exec(path, argv);
	}
	*ret = (struct kt_child){
		.pid = pid,
		.in_fd = TAKE_FD(in_write),
		.out_fd = TAKE_FD(out_read),
		.err_fd = TAKE_FD(err_read),
	};
	return 0;
}

int kt_child_start_merged(const char *path, char *const argv[],
			  struct kt_child *ret)
{
	_cleanup_close_ int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out_read = -1, out_write = -1;
	int pair[2];
	pid_t pid;
	int r;

	if (null_fd < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	out_read = pair[0];
	out_write = pair[1];
	r = child_set_nonblocking(out_read);
	if (r < 0)
		return r;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		setsid();
		dup2(null_fd, STDIN_FILENO);
		dup2(out_write, STDOUT_FILENO);
		dup2(out_write, STDERR_FILENO);
		child_exec(path, argv);
	}
	*ret = (struct kt_child){
		.pid = pid,
		.in_fd = -1,
		.out_fd = TAKE_FD(out_read),
		.err_fd = -1,
	};
	return 0;
}

static int child_open_pty(int *ret_master, int *ret_slave)
{
	_cleanup_close_ int master = -1;
	int unlock = 0;
	int slave;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	/* Needs no path, so /dev/pts may be hidden by anything (v4.13). */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	*ret_master = TAKE_FD(master);
	*ret_slave = slave;
	return 0;
}

int kt_child_start_pty(const char *path, char *const argv[], uint16_t columns,
		       uint16_t rows, struct kt_child *ret)
{
	const struct winsize size = {.ws_col = columns, .ws_row = rows};
	_cleanup_close_ int master = -1, slave = -1;
	pid_t pid;
	int r;

	r = child_open_pty(&master, &slave);
	if (r < 0)
		return r;
	if (ioctl(master, TIOCSWINSZ, &size) < 0)
		return -errno;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, STDIN_FILENO);
		dup2(slave, STDOUT_FILENO);
		dup2(slave, STDERR_FILENO);
		child_exec(path, argv);
	}
	*ret = (struct kt_child){.pid = pid, .in_fd = master, .err_fd = -1};
	ret->out_fd = TAKE_FD(master);
	return 0;
}

int kt_child_resize(const struct kt_child *child, uint16_t columns, uint16_t rows)
{
	const struct winsize size = {.ws_col = columns, .ws_row = rows};

	return ioctl(child->in_fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

void kt_child_close_input(struct kt_child *child)
{
	if (child->in_fd != child->out_fd)
		kt_close(child->in_fd);
	child->in_fd = -1;
}

void kt_child_deinit(struct kt_child *child)
{
	kt_child_close_input(child);
	child->out_fd = kt_close(child->out_fd);
	child->err_fd = kt_close(child->err_fd);
}

int kt_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}
