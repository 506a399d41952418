// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest.h"

#define WAIT_MS 180000
#define PROMPT  "/ # "

/* The user of a terminal, who types and reads. */
struct user {
	int fd;
	pid_t pid;
	struct kt_strbuf seen;
	size_t read; /* up to here it was awaited already */
	bool failed;
	struct kt_strbuf *report;
};

static void user_fail(struct user *user, const char *what, const char *detail)
{
	if (!user->failed)
		kt_strbuf_addf(user->report, "  %s%s; the terminal shows:\n%s\n",
			       what, detail, kt_strbuf_text(&user->seen));
	user->failed = true;
}

static void user_type(struct user *user, const char *text)
{
	if (!user->failed && kt_write_all(user->fd, text, strlen(text)) < 0)
		user_fail(user, "cannot type ", text);
}

/* Waits for `text` behind what was awaited before. */
static void user_await(struct user *user, const char *text)
{
	const uint64_t deadline = kt_now_ns() + WAIT_MS * 1000000ull;
	const char *found;

	while (!user->failed) {
		struct pollfd poll_fd = { .fd = user->fd, .events = POLLIN };
		uint64_t now = kt_now_ns();
		char chunk[4096];
		ssize_t n;

		found = strstr(kt_strbuf_text(&user->seen) + user->read, text);
		if (found) {
			user->read =
				(size_t)(found - user->seen.data) + strlen(text);
			return;
		}
		if (now >= deadline ||
		    poll(&poll_fd, 1, (int)((deadline - now) / 1000000) + 1) <= 0)
			return user_fail(user, "never saw ", text);
		n = read(user->fd, chunk, sizeof(chunk));
		if (n <= 0)
			return user_fail(user, "the end came before ", text);
		kt_strbuf_add_bytes(&user->seen, chunk, (size_t)n);
	}
}

/* A command's output begins behind the echo of its line. */
static void user_run(struct user *user, const char *line)
{
	user_type(user, line);
	user_type(user, "\r");
	user_await(user, "\r\n");
}

static void user_resize(struct user *user, uint16_t columns, uint16_t rows)
{
	const struct winsize size = { .ws_col = columns, .ws_row = rows };

	if (ioctl(user->fd, TIOCSWINSZ, &size) < 0)
		user_fail(user, "cannot resize", "");
}

static int user_sit_down(struct user *user, const char *ktstr,
			 const char *kernel, int *ret_slave)
{
	_cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	_cleanup_close_ int slave = -1;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -errno;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	user->fd = master;
	user_resize(user, 90, 33);
	user->pid = fork();
	if (user->pid < 0)
		return -errno;
	if (user->pid == 0) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			dup2(slave, fd);
		setenv("TERM", "vt220", 1);
		execl(ktstr, ktstr, "shell", "--kernel", kernel, NULL);
		_exit(125);
	}
	*ret_slave = TAKE_FD(slave);
	master = -1;
	return 0;
}

/* The terminal has a name, a size and a type. */
static void check_terminal(struct user *user)
{
	user_await(user, PROMPT);
	user_run(user, "tty; stty size; echo $TERM, $COLUMNS.");
	user_await(user, "/dev/pts/0\r\n33 90\r\nvt220, .\r\n");
	user_await(user, PROMPT);
}

static void check_job_control(struct user *user)
{
	user_run(user, "sh -c 'echo up; exec sleep 1000'");
	user_await(user, "up\r\n");
	user_type(user, "\x1a");
	user_await(user, "Stopped");
	user_await(user, PROMPT);
	user_run(user, "fg");
	user_await(user, "exec sleep 1000");
	user_type(user, "\x03");
	user_await(user, PROMPT);
	user_run(user, "echo status $?");
	user_await(user, "status 130\r\n");
	user_await(user, PROMPT);
}

static void check_resize(struct user *user)
{
	user_run(user, "sh -c 'trap \"echo WINCH\" WINCH; echo up;"
		       " until stty size | grep \"^43 132\"; do"
		       " usleep 20000; done'");
	user_await(user, "up\r\n");
	user_resize(user, 132, 43);
	user_await(user, "WINCH\r\n");
	user_await(user, PROMPT);
	user_run(user, "stty size");
	user_await(user, "43 132\r\n");
	user_await(user, PROMPT);
}

static void check_bulk(struct user *user)
{
	char number[32];

	user_run(user, "seq 20000");
	for (int i = 1; i <= 20000 && !user->failed; i++) {
		snprintf(number, sizeof(number), "%d\r\n", i);
		if (strncmp(kt_strbuf_text(&user->seen) + user->read, number,
			    strlen(number)) != 0) {
			size_t before = user->read;

			user_await(user, number);
			if (user->read != before + strlen(number))
				user_fail(user, "lines are missing before ",
					  number);
		} else {
			user->read += strlen(number);
		}
	}
	user_await(user, PROMPT);
}

static void user_leave(struct user *user, int wanted)
{
	const uint64_t deadline = kt_now_ns() + WAIT_MS * 1000000ull;
	char chunk[4096];
	int status;

	user_type(user, "sleep 1000 & exit 42\r");
	/* The slave stays open here, so the end is seen by the process. */
	while (waitpid(user->pid, &status, WNOHANG) == 0) {
		struct pollfd poll_fd = { .fd = user->fd, .events = POLLIN };

		if (user->failed || kt_now_ns() >= deadline) {
			user_fail(user, "the shell did not end", "");
			kill(user->pid, SIGKILL);
			waitpid(user->pid, &status, 0);
			return;
		}
		if (poll(&poll_fd, 1, 100) > 0 &&
		    read(user->fd, chunk, sizeof(chunk)) <= 0)
			user_fail(user, "the terminal broke", "");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
		kt_strbuf_addf(user->report, "  wait status %#x, not exit %d\n",
			       (unsigned int)status, wanted);
}

void guest_check_shell(const char *ktstr, const char *kernel,
		       struct kt_strbuf *report)
{
	struct user user = { .fd = -1, .report = report };
	_cleanup_close_ int slave = -1;
	struct termios before, after;
	int r;

	r = user_sit_down(&user, ktstr, kernel, &slave);
	if (r < 0) {
		kt_strbuf_addf(report, "  no terminal: %s\n", strerror(-r));
		return;
	}
	tcgetattr(slave, &before);
	check_terminal(&user);
	check_job_control(&user);
	check_resize(&user);
	check_bulk(&user);
	user_leave(&user, 42);
	tcgetattr(slave, &after);
	if (before.c_lflag != after.c_lflag || before.c_iflag != after.c_iflag)
		kt_strbuf_add(report, "  the terminal was left raw\n");
	kt_strbuf_deinit(&user.seen);
	kt_close(user.fd);
}
