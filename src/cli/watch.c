// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "cli/watch.h"
#include "cli/terminal.h"

#define ESCAPE_KEY      0x1d /* Ctrl-] */
#define ESCAPE_TIMES    3
#define ESCAPE_SPAN_NS  1000000000ULL
#define KEYS_PIPE_BYTES (1 << 20)

static void die_of(int signal_number)
{
	sigset_t set;

	kt_terminal_restore();
	signal(signal_number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	raise(signal_number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	/* raise() aims at this thread; the process is gone by now. */
	_exit(128 + signal_number);
}

static void send_size(const struct kt_watch *watch)
{
	uint16_t columns, rows;

	if (watch->interactive && kt_terminal_size(STDIN_FILENO, &columns, &rows))
		ktstr_vm_resize_terminal(watch->vm, columns, rows);
}

static void on_signal(struct kt_watch *watch, int number)
{
	switch (number) {
	case SIGWINCH:
		send_size(watch);
		break;
	case SIGTSTP:
		if (watch->interactive)
			kt_terminal_restore();
		/* All threads stop here, the guest with them. */
		kill(getpid(), SIGSTOP);
		break;
	case SIGCONT:
		if (watch->interactive) {
			kt_terminal_raw_again();
			send_size(watch);
		}
		break;
	default:
		if (watch->stop_signal)
			die_of(number);
		watch->stop_signal = number;
		if (watch->vm)
			ktstr_vm_stop(watch->vm);
		else
			watch->end(watch->userdata);
	}
}

/* Counts the escape keys; true when the sequence is complete. */
static bool is_escape(struct kt_watch *watch, const char *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t now = kt_now_ns();

		if (keys[i] != ESCAPE_KEY) {
			watch->escapes = 0;
			continue;
		}
		if (watch->escapes == 0 ||
		    now - watch->first_escape_ns > ESCAPE_SPAN_NS) {
			watch->escapes = 0;
			watch->first_escape_ns = now;
		}
		if (++watch->escapes == ESCAPE_TIMES)
			return true;
	}
	return false;
}

/* False when there will be no more keys. */
static bool on_keys(struct kt_watch *watch)
{
	char keys[4096];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n > 0) {
		/*
		 * Never waits: a guest that does not read must not keep the
		 * user from getting out. What does not fit is lost.
		 */
		(void)!write(watch->keys_write_fd, keys, (size_t)n);
		if (!is_escape(watch, keys, (size_t)n))
			return true;
		watch->escaped = true;
		ktstr_vm_stop(watch->vm);
		return true;
	}
	watch->keys_write_fd = kt_close(watch->keys_write_fd);
	return false;
}

static void *watch_thread(void *argument)
{
	struct kt_watch *watch = argument;
	struct pollfd fds[] = {
		{.fd = watch->end_fd, .events = POLLIN},
		{.fd = watch->signal_fd, .events = POLLIN},
		{.fd = watch->interactive ? STDIN_FILENO : -1, .events = POLLIN},
	};

	for (;;) {
		struct signalfd_siginfo info;

		/* No bound: it watches until it is told to end. */
		if (poll(fds, KT_ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[1].revents &&
		    read(watch->signal_fd, &info, sizeof(info)) == sizeof(info))
			on_signal(watch, (int)info.ssi_signo);
		if (fds[2].revents && !on_keys(watch))
			fds[2].fd = -1;
		if (fds[0].revents)
			return NULL;
	}
}

static void watched_signals(sigset_t *set)
{
	static const int numbers[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
				      SIGTSTP, SIGCONT, SIGWINCH};

	sigemptyset(set);
	for (size_t i = 0; i < KT_ARRAY_SIZE(numbers); i++)
		sigaddset(set, numbers[i]);
}

static int open_keys(struct kt_watch *watch, struct ktstr_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return kt_err_errno(err, -errno, "cannot make a pipe");
	watch->keys_fd = ends[0];
	watch->keys_write_fd = ends[1];
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0)
		return kt_err_errno(err, -errno, "cannot set up a pipe");
	/* A long text may be pasted; where this is refused a short one. */
	(void)fcntl(ends[1], F_SETPIPE_SZ, KEYS_PIPE_BYTES);
	return 0;
}

int kt_watch_init(struct kt_watch *watch, bool interactive,
		  struct ktstr_error *err)
{
	int r = 0;

	*watch = (struct kt_watch){
		.interactive = interactive,
		.keys_fd = -1,
		.keys_write_fd = -1,
		.signal_fd = -1,
		.end_fd = -1,
	};
	watch->end_fd = eventfd(0, EFD_CLOEXEC);
	if (watch->end_fd < 0)
		r = kt_err_errno(err, -errno, "cannot make an eventfd");
	else if (interactive)
		r = open_keys(watch, err);
	if (r < 0)
		kt_watch_deinit(watch);
	return r;
}

static int block_signals(struct kt_watch *watch, struct ktstr_error *err)
{
	sigset_t watched, blocked;

	watched_signals(&watched);
	watch->signal_fd = signalfd(-1, &watched, SFD_CLOEXEC);
	if (watch->signal_fd < 0)
		return kt_err_errno(err, -errno, "cannot watch for signals");
	blocked = watched;
	/* The terminal is given back even from the background. */
	sigaddset(&blocked, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &blocked, &watch->saved_mask);
	watch->blocked = true;
	return 0;
}

int kt_watch_start(struct kt_watch *watch, struct ktstr_vm *vm,
		   struct ktstr_error *err)
{
	int r;

	watch->vm = vm;
	r = block_signals(watch, err);
	if (r < 0)
		return r;
	if (watch->interactive) {
		r = kt_terminal_make_raw(STDIN_FILENO, err);
		if (r < 0)
			return r;
		send_size(watch);
	}
	r = -pthread_create(&watch->thread, NULL, watch_thread, watch);
	if (r < 0)
		return kt_err_errno(err, r, "cannot start a thread");
	watch->running = true;
	return 0;
}

void kt_watch_stop(struct kt_watch *watch)
{
	if (watch->running) {
		(void)eventfd_write(watch->end_fd, 1);
		pthread_join(watch->thread, NULL);
		watch->running = false;
	}
	watch->vm = NULL;
	kt_terminal_restore();
}

void kt_watch_deinit(struct kt_watch *watch)
{
	if (watch->stop_signal)
		die_of(watch->stop_signal);
	watch->keys_fd = kt_close(watch->keys_fd);
	watch->keys_write_fd = kt_close(watch->keys_write_fd);
	watch->signal_fd = kt_close(watch->signal_fd);
	watch->end_fd = kt_close(watch->end_fd);
	if (watch->blocked)
		pthread_sigmask(SIG_SETMASK, &watch->saved_mask, NULL);
	watch->blocked = false;
}
