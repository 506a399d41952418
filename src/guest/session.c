// SPDX-License-Identifier: GPL-2.0-only
#include "guest/session.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/go.h"
#include "guest/kmsg_watch.h"
#include "guest/queue.h"
#include "guest/symbols.h"
#include "wire/guest_files.h"
#include "wire/payload.h"

/* One read of the wire can end a frame of which all but the end was kept. */
#define SESSION_IN_RESERVE_BYTES (KT_FRAME_MAX_PAYLOAD + KT_LINK_READ_BYTES)
#define SESSION_IN_BYTES         (512u * 1024)
#define SESSION_CONSOLE_BYTES    (64u * 1024)
#define SESSION_READ_BYTES       (64u * 1024)

/* How long what is left after the program's end may stand still. */
#define SESSION_STALL_MS 10000

enum {
	AT_WIRE,
	AT_SIGCHLD,
	AT_KMSG,
	AT_SYMBOLS,
	AT_EVENTS,
	AT_IN,
	AT_OUT,
	AT_ERR,
	AT_CONSOLE,
	AT_COUNT,
};

struct session {
	const struct kt_session_config *config;
	struct kt_link *link;
	struct kt_child *child;

	struct kt_queue in;      /* to the program */
	struct kt_queue console; /* shell mode: from the program */
	bool in_ended;           /* no more will come */

	struct kt_symbols *symbols;    /* the lookup that runs */
	struct kt_strbuf symbol_names; /* asked for meanwhile */
	bool symbols_answered;

	bool steal_failed; /* its file takes no more */

	struct kt_kmsg_watch watch;

	bool exited;
	int wait_status;
	uint8_t scratch[SESSION_READ_BYTES];
};

static bool session_is_shell(const struct session *s)
{
	return s->config->console_fd >= 0;
}

static void session_note(struct session *s, const char *what, int error)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-error));
	(void)kt_link_send_text(s->link, KT_FRAME_LIFECYCLE, text);
}

static void session_start_symbols(struct session *s)
{
	int r;

	if (s->symbols || s->symbol_names.length == 0)
		return;
	r = kt_symbols_start(s->config->kallsyms_path, s->symbol_names.data,
			     s->symbol_names.length, &s->symbols);
	if (r < 0) {
		session_note(s, "cannot look up kernel symbols", r);
		s->symbols_answered = true;
	}
	kt_strbuf_reset(&s->symbol_names);
}

static void session_finish_symbols(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf answer = {0};
	int r;

	r = kt_symbols_finish(TAKE_PTR(s->symbols), &answer);
	if (r < 0)
		session_note(s, "cannot read the kernel's symbols", r);
	if (!kt_strbuf_failed(&answer))
		r = kt_link_send(s->link, KT_FRAME_KERNEL_ADDRESSES,
				 answer.data, answer.length);
	if (r < 0)
		session_note(s, "cannot send the kernel's symbols", r);
	s->symbols_answered = true;
	session_start_symbols(s);
}

/* Names that are asked for during a lookup wait for the next one. */
static void session_take_symbols(struct session *s, const struct kt_frame *frame)
{
	if (s->symbol_names.length + frame->length > KT_FRAME_MAX_PAYLOAD)
		return session_note(s, "too many kernel symbols asked for",
				    -E2BIG);
	kt_strbuf_add_bytes(&s->symbol_names, frame->payload, frame->length);
	if (frame->length > 0 && frame->payload[frame->length - 1] != '\0')
		kt_strbuf_add_char(&s->symbol_names, '\0');
	session_start_symbols(s);
}

static void session_take_input(struct session *s, const struct kt_frame *frame)
{
	if (session_is_shell(s) || s->child->in_fd < 0)
		return;
	if (frame->length == 0)
		s->in_ended = true;
	else if (!s->in_ended)
		kt_queue_put(&s->in, frame->payload, frame->length);
}

/* The host asks for the time to learn how far its clock is from ours. */
static void session_tell_time(struct session *s, const struct kt_frame *frame)
{
	_cleanup_strbuf_ struct kt_strbuf answer = {0};
	struct kt_payload payload = kt_payload_of(frame);
	uint64_t number;

	if (!kt_payload_get_u64(&payload, &number))
		return;
	kt_payload_add_u64(&answer, number);
	kt_payload_add_u64(&answer, kt_now_ns());
	if (!kt_strbuf_failed(&answer))
		(void)kt_link_send(s->link, KT_FRAME_CLOCK, answer.data,
				   answer.length);
}

static bool session_are_records(struct kt_payload payload)
{
	while (!kt_payload_at_end(&payload)) {
		uint64_t at_ns, n_cpus, stolen_ns;

		if (!kt_payload_get_u64(&payload, &at_ns) ||
		    !kt_payload_get_u64(&payload, &n_cpus))
			return false;
		while (n_cpus-- > 0) {
			if (!kt_payload_get_u64(&payload, &stolen_ns))
				return false;
		}
	}
	return true;
}

/* One write for all; of one that does not fit nothing stays. */
static void session_take_steal(struct session *s, const struct kt_frame *frame)
{
	const int fd = s->config->steal_fd;
	struct stat st;
	ssize_t n;

	if (fd < 0 || s->steal_failed ||
	    !session_are_records(kt_payload_of(frame)) || fstat(fd, &st) < 0)
		return;
	n = write(fd, frame->payload, frame->length);
	if (n == (ssize_t)frame->length)
		return;
	s->steal_failed = true;
	session_note(s, "steal is no longer recorded", n < 0 ? -errno : -ENOSPC);
	if (n > 0 && ftruncate(fd, st.st_size) < 0)
		session_note(s, "its last record is cut", -errno);
}

static void session_take_frame(struct session *s, const struct kt_frame *frame)
{
	struct kt_payload payload = kt_payload_of(frame);
	uint16_t columns, rows;
	uint32_t signo;
	int r;

	switch (frame->type) {
	case KT_FRAME_STDIN:
		session_take_input(s, frame);
		break;
	case KT_FRAME_SYMBOLS:
		session_take_symbols(s, frame);
		break;
	case KT_FRAME_SIGNAL:
		if (kt_payload_get_u32(&payload, &signo) && signo > 0 &&
		    signo < NSIG && !s->exited)
			kill(-s->child->pid, (int)signo);
		break;
	case KT_FRAME_WINDOW:
		if (kt_payload_get_u16(&payload, &columns) &&
		    kt_payload_get_u16(&payload, &rows) &&
		    session_is_shell(s) && s->child->in_fd >= 0)
			(void)kt_child_resize(s->child, columns, rows);
		break;
	case KT_FRAME_CLOCK_ASK:
		session_tell_time(s, frame);
		break;
	case KT_FRAME_STEAL:
		session_take_steal(s, frame);
		break;
	case KT_FRAME_GO:
		r = kt_go_put(KT_GUEST_GO, frame->payload,
			      KT_MIN(frame->length, KT_GO_MAX_BYTES));
		if (r < 0)
			session_note(s, "the host's go is lost", r);
		break;
	default:
		/* A newer host may know more. */
		break;
	}
}

static void session_flush_input(struct session *s)
{
	int r = 0;

	if (s->child->in_fd < 0)
		return;
	r = kt_queue_flush(&s->in, s->child->in_fd);
	/* EPIPE, or EIO on a pty: nobody reads any more, which is the
	 * program's own business. */
	if (r < 0 || (s->in_ended && kt_queue_used(&s->in) == 0)) {
		kt_queue_clear(&s->in);
		kt_child_close_input(s->child);
	}
}

/* From the program to the host; closes *fd at the end. */
static void session_read_stream(struct session *s, int *fd, uint32_t type)
{
	ssize_t n;

	if (session_is_shell(s)) {
		n = kt_queue_fill(&s->console, *fd);
		if (n == 0)
			return;
	} else {
		n = read(*fd, s->scratch, sizeof(s->scratch));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0 &&
		    kt_link_send(s->link, type, s->scratch, (size_t)n) < 0)
			session_note(s, "output is lost", -ENOMEM);
	}
	if (n > 0)
		return;
	/* The end; EIO is a pty's way to say it. */
	if (fd == &s->child->out_fd && s->child->in_fd == *fd)
		s->child->in_fd = -1;
	*fd = kt_close(*fd);
}

static void session_reap(struct session *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(s->config->sigchld_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != s->child->pid)
			continue;
		s->exited = true;
		s->wait_status = status;
		s->config->kill_leftovers(pid);
	}
}

static void session_want(struct pollfd *poll_fd, int fd, bool read_wanted,
			 bool write_wanted)
{
	short events = (short)((read_wanted ? POLLIN : 0) |
			       (write_wanted ? POLLOUT : 0));

	/* Without an interest the descriptor stays out: one that has hung up
	 * would be reported over and over. */
	*poll_fd = (struct pollfd){.fd = events ? fd : -1, .events = events};
}

static void session_prepare(const struct session *s, struct pollfd *fds)
{
	const bool in_room = kt_queue_room(&s->in) >= SESSION_IN_RESERVE_BYTES;
	const bool link_room = kt_link_has_room(s->link);
	const bool out_room =
		session_is_shell(s) ? kt_queue_room(&s->console) > 0 : link_room;

	session_want(&fds[AT_WIRE], s->link->fd, in_room,
		     kt_link_pending(s->link) > 0);
	/* Its hangup always counts. */
	fds[AT_WIRE].fd = s->link->fd;
	session_want(&fds[AT_SIGCHLD], s->config->sigchld_fd, true, false);
	session_want(&fds[AT_KMSG], s->watch.kmsg_fd, link_room, false);
	session_want(&fds[AT_SYMBOLS],
		     s->symbols ? kt_symbols_fd(s->symbols) : -1, true, false);
	session_want(&fds[AT_EVENTS],
		     s->config->events ? s->config->events->fd : -1, link_room,
		     false);
	session_want(&fds[AT_IN], s->child->in_fd, false,
		     kt_queue_used(&s->in) > 0);
	session_want(&fds[AT_OUT], s->child->out_fd, out_room, false);
	session_want(&fds[AT_ERR], s->child->err_fd, out_room, false);
	session_want(&fds[AT_CONSOLE], s->config->console_fd,
		     kt_queue_room(&s->in) > 0 && !s->exited,
		     kt_queue_used(&s->console) > 0);
}

static int session_dispatch(struct session *s, const struct pollfd *fds)
{
	struct kt_frame frame;
	int r;

	if (fds[AT_WIRE].revents & POLLIN) {
		r = kt_link_receive(s->link);
		if (r < 0)
			return r;
		while (kt_link_next(s->link, &frame))
			session_take_frame(s, &frame);
	} else if (fds[AT_WIRE].revents & (POLLHUP | POLLERR | POLLNVAL)) {
		return -EPIPE;
	}
	if (fds[AT_SIGCHLD].revents)
		session_reap(s);
	if (fds[AT_KMSG].revents)
		kt_kmsg_watch_read(&s->watch);
	if (fds[AT_SYMBOLS].revents)
		session_finish_symbols(s);
	if (fds[AT_EVENTS].revents & POLLIN)
		kt_events_fifo_read(s->config->events);
	if (fds[AT_CONSOLE].revents & POLLIN) {
		r = kt_queue_fill(&s->in, s->config->console_fd);
		if (r < 0 && r != -EIO && r != -ENODATA)
			return r;
	}
	if (fds[AT_OUT].revents)
		session_read_stream(s, &s->child->out_fd, KT_FRAME_STDOUT);
	if (fds[AT_ERR].revents)
		session_read_stream(s, &s->child->err_fd, KT_FRAME_STDERR);

	/* Writing at once spares a poll; what does not fit waits for it. */
	session_flush_input(s);
	if (session_is_shell(s)) {
		r = kt_queue_flush(&s->console, s->config->console_fd);
		if (r < 0)
			return r;
	}
	return kt_link_flush(s->link);
}

static bool session_done(const struct session *s)
{
	return s->exited && s->child->out_fd < 0 && s->child->err_fd < 0 &&
	       !s->symbols && kt_queue_used(&s->console) == 0 &&
	       (s->symbols_answered || !s->config->await_symbols);
}

/*
 * With the program gone and the host taking what it is given, silence means
 * that a process which cannot be killed holds a pipe open.
 */
static int session_timeout(const struct session *s)
{
	bool host_is_slow =
		kt_link_pending(s->link) > 0 || kt_queue_used(&s->console) > 0;

	return s->exited && !host_is_slow ? SESSION_STALL_MS : -1;
}

static int session_loop(struct session *s)
{
	struct pollfd fds[AT_COUNT];
	int r;

	while (!session_done(s)) {
		session_prepare(s, fds);
		r = poll(fds, AT_COUNT, session_timeout(s));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r < 0)
			continue;
		if (r == 0) {
			session_note(s, "gave up on what the command left open",
				     -ETIMEDOUT);
			break;
		}
		r = session_dispatch(s, fds);
		if (r < 0)
			return r;
	}
	if (s->config->events)
		kt_events_fifo_finish(s->config->events);
	if (kt_exit_code(s->wait_status) == 128 + SIGKILL)
		kt_kmsg_watch_await_kill(&s->watch);
	return 0;
}

static void session_free(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf unsent = {0};

	if (s->symbols)
		(void)kt_symbols_finish(s->symbols, &unsent);
	kt_strbuf_deinit(&s->symbol_names);
	kt_queue_deinit(&s->in);
	kt_queue_deinit(&s->console);
	kt_child_deinit(s->child);
	free(s);
}
KT_DEFINE_CLEANUP(struct session *, session_free)

int kt_session_run(const struct kt_session_config *config,
		   struct kt_child *child, int *ret_exit_code)
{
	_cleanup_(session_free_cleanup) struct session *s = NULL;
	int r;

	s = calloc(1, sizeof(*s));
	if (!s) {
		kt_child_deinit(child);
		return -ENOMEM;
	}
	s->config = config;
	s->link = config->link;
	s->child = child;
	kt_kmsg_watch_init(&s->watch, config->link, config->kmsg_fd,
			   config->vmstat_path);
	if ((r = kt_queue_init(&s->in, SESSION_IN_BYTES)) < 0 ||
	    (r = kt_queue_init(&s->console, SESSION_CONSOLE_BYTES)) < 0)
		return r;
	r = session_loop(s);
	if (r < 0)
		return r;
	*ret_exit_code = kt_exit_code(s->wait_status);
	return 0;
}
