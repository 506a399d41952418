// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/affinity.h"
#include "base/beside.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "nest/channel.h"
#include "nest/join.h"
#include "nest/nest.h"
#include "nest/output.h"
#include "nest/slots.h"
#include "nest/terminal.h"

/* The supervisor's own bounds are shorter: this is for one that hangs. */
#define CLIENT_READY_MS 900000

static const int client_signals[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH,
};

/* Streams of the command, by the type of their messages. */
enum {
	CLIENT_OUTPUT,
	CLIENT_ERRORS,
	CLIENT_TERMINAL,
	CLIENT_OUTPUTS,
};

struct client {
	struct kt_nest_channel channel;
	struct kt_terminal terminal;
	const struct ktstr_log *log;
	int signal_fd;
	struct kt_nest_output outputs[CLIENT_OUTPUTS];
	bool started;
	bool lost;  /* it is the machine that failed */
	bool cooks; /* the terminal inside does, so this one is raw */
	bool input_ended;
	uint32_t input_window;
	bool ended;      /* nothing comes any more */
	bool abandoned;  /* by a signal: what is not written yet stays so */
	uint32_t status; /* as wait() gives it */
};

static int client_fail(struct client *c, struct ktstr_error *err, int code,
		       const char *text)
{
	c->ended = true;
	return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, code, "%s", text);
}

static int client_fail_errno(struct client *c, struct ktstr_error *err,
			     const char *text)
{
	c->ended = true;
	return kt_err_errno(err, -errno, "%s", text);
}

static void add_string(struct kt_strbuf *sb, const char *text)
{
	kt_strbuf_add_bytes(sb, text, strlen(text) + 1);
}

/* The mask can only be read by setting it. */
static mode_t current_umask(void)
{
	mode_t mask = umask(0077);

	umask(mask);
	return mask;
}

static int client_start(struct client *c, const char *const *argv,
			struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	gid_t groups[NGROUPS_MAX];
	int n_groups = getgroups(NGROUPS_MAX, groups);
	struct kt_nest_start start = {
		.uid = geteuid(),
		.gid = getegid(),
		.umask = current_umask(),
		.n_groups = n_groups > 0 ? (uint32_t)n_groups : 0,
		.terminal_streams = c->terminal.streams,
		.size = c->terminal.size,
	};
	char directory[PATH_MAX];

	if (!getcwd(directory, sizeof(directory)))
		return client_fail_errno(c, err,
					 "cannot tell the working directory");
	kt_terminal_enter(&c->terminal);
	c->cooks = c->terminal.raw;
	start.terminal_cooks = c->cooks;
	memcpy(start.termios, &c->terminal.before, sizeof(c->terminal.before));
	while (argv[start.n_args])
		start.n_args++;
	while (environ && environ[start.n_env])
		start.n_env++;
	kt_strbuf_add_bytes(&sb, &start, sizeof(start));
	kt_strbuf_add_bytes(&sb, groups, start.n_groups * sizeof(gid_t));
	add_string(&sb, directory);
	for (uint32_t i = 0; i < start.n_args; i++)
		add_string(&sb, argv[i]);
	for (uint32_t i = 0; i < start.n_env; i++)
		add_string(&sb, environ[i]);
	if (kt_strbuf_failed(&sb) || sb.length > KT_NEST_PAYLOAD_MAX)
		return client_fail(c, err, -E2BIG,
				   "arguments and environment are too long for "
				   "the emulated machine");
	c->started = true;
	return kt_nest_channel_send(&c->channel, KT_NEST_START, 0, sb.data,
				    sb.length) < 0 ?
		       client_fail(c, err, -ENOMEM, "no memory") :
		       0;
}

static void client_open_outputs(struct client *c)
{
	const int terminal_fd =
		c->terminal.streams & 2 ? STDOUT_FILENO : c->terminal.fd;

	kt_nest_output_init(&c->outputs[CLIENT_OUTPUT], KT_NEST_OUTPUT,
			    STDOUT_FILENO);
	kt_nest_output_init(&c->outputs[CLIENT_ERRORS], KT_NEST_ERRORS,
			    STDERR_FILENO);
	kt_nest_output_init(&c->outputs[CLIENT_TERMINAL], KT_NEST_TERMINAL,
			    terminal_fd);
}

static int client_output(struct client *c, const struct kt_nest_header *header,
			 const uint8_t *payload, struct ktstr_error *err)
{
	for (size_t i = 0; i < CLIENT_OUTPUTS; i++) {
		if (c->outputs[i].type != header->type)
			continue;
		if (kt_nest_output_take(&c->outputs[i], &c->channel, payload,
					header->length) < 0)
			return client_fail(c, err, -ENOMEM, "no memory");
	}
	return 0;
}

static bool client_is_done(const struct client *c)
{
	if (c->abandoned)
		return true;
	for (size_t i = 0; i < CLIENT_OUTPUTS; i++) {
		if (kt_nest_output_pending(&c->outputs[i]))
			return false;
	}
	return c->ended;
}

/* With the terminal given back; SIGCONT takes it again. */
static void client_stop(struct client *c)
{
	kt_terminal_leave(&c->terminal);
	kill(getpid(), SIGSTOP);
}

static void client_continue(struct client *c)
{
	if (c->cooks)
		kt_terminal_enter(&c->terminal);
}

static int client_message(struct client *c, const struct kt_nest_header *header,
			  const uint8_t *payload, const char *const *argv,
			  struct ktstr_error *err)
{
	struct kt_nest_grant grant;
	char text[1024];

	switch (header->type) {
	case KT_NEST_READY:
		return c->started ? 0 : client_start(c, argv, err);
	case KT_NEST_NOTICE:
	case KT_NEST_FAIL:
		c->lost = header->type == KT_NEST_FAIL;
		snprintf(text, sizeof(text), "%.*s", (int)header->length,
			 (const char *)payload);
		if (header->type == KT_NEST_FAIL)
			return client_fail(c, err, -EIO, text);
		kt_notice(c->log, "%s", text);
		return 0;
	case KT_NEST_OUTPUT:
	case KT_NEST_ERRORS:
	case KT_NEST_TERMINAL:
		return client_output(c, header, payload, err);
	case KT_NEST_GRANT:
		if (header->length == sizeof(grant)) {
			memcpy(&grant, payload, sizeof(grant));
			c->input_window += grant.bytes;
		}
		return 0;
	case KT_NEST_STOPPED:
		client_stop(c);
		return 0;
	case KT_NEST_EXIT:
		if (header->length == sizeof(c->status)) {
			memcpy(&c->status, payload, sizeof(c->status));
			c->ended = true;
		}
		return 0;
	default:
		return 0;
	}
}

static int client_take(struct client *c, const char *const *argv,
		       struct ktstr_error *err)
{
	struct kt_nest_header header;
	const uint8_t *payload;
	int r;

	if (kt_nest_channel_fill(&c->channel) < 0)
		return client_fail(c, err, -ENOMEM, "no memory");
	while (!c->ended &&
	       (r = kt_nest_channel_next(&c->channel, &header, &payload)) != 0) {
		if (r < 0)
			return client_fail(c, err, -EPROTO,
					   "the emulated machine's supervisor "
					   "sends nonsense");
		r = client_message(c, &header, payload, argv, err);
		if (r < 0)
			return r;
	}
	c->lost = c->channel.ended && !c->ended;
	if (c->lost)
		return client_fail(c, err, -EPIPE,
				   c->started ?
					   "the emulated machine's supervisor "
					   "died while the command ran" :
					   "the emulated machine's supervisor "
					   "died while the machine came up");
	return 0;
}

static void client_input(struct client *c)
{
	uint8_t data[16 * 1024];
	ssize_t n = read(STDIN_FILENO, data,
			 KT_MIN(sizeof(data), (size_t)c->input_window));

	if (n > 0) {
		c->input_window -= (uint32_t)n;
		kt_nest_channel_send(&c->channel, KT_NEST_INPUT, 0, data,
				     (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		c->input_ended = true;
		kt_nest_channel_send(&c->channel, KT_NEST_INPUT_END, 0, NULL, 0);
	}
}

static void client_resize(struct client *c)
{
	kt_terminal_measure(&c->terminal);
	if (c->started)
		kt_nest_channel_send(&c->channel, KT_NEST_RESIZE, 0,
				     &c->terminal.size, sizeof(c->terminal.size));
}

/* The command is there to take it: this process does as the command does. */
static void client_pass_signal(struct client *c, uint32_t signo)
{
	kt_nest_channel_send(&c->channel, KT_NEST_SIGNAL, 0, &signo,
			     sizeof(signo));
}

static void client_signal(struct client *c)
{
	struct signalfd_siginfo info;
	bool runs = c->started && !c->ended;

	if (read(c->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGWINCH:
		client_resize(c);
		return;
	case SIGCONT:
		client_continue(c);
		client_resize(c);
		if (runs)
			client_pass_signal(c, SIGCONT);
		return;
	case SIGTSTP:
		if (runs)
			client_pass_signal(c, SIGTSTP);
		else
			client_stop(c);
		return;
	default:
		if (runs) {
			client_pass_signal(c, info.ssi_signo);
			return;
		}
		/* As if it had ended the command. */
		c->abandoned = true;
		c->status = info.ssi_signo;
	}
}

enum {
	POLL_SIGNALS,
	POLL_CHANNEL,
	POLL_INPUT,
	POLL_OUTPUTS,
	POLLS = POLL_OUTPUTS + CLIENT_OUTPUTS,
};

static void client_poll(const struct client *c, struct pollfd p[POLLS])
{
	bool input =
		c->started && !c->ended && !c->input_ended && c->input_window;
	bool more = kt_nest_channel_has_output(&c->channel);

	p[POLL_SIGNALS] = (struct pollfd){ c->signal_fd, POLLIN, 0 };
	p[POLL_CHANNEL] = (struct pollfd){
		.fd = c->ended ? -1 : c->channel.fd,
		.events = more ? POLLIN | POLLOUT : POLLIN,
	};
	p[POLL_INPUT] = (struct pollfd){ input ? STDIN_FILENO : -1, POLLIN, 0 };
	for (size_t i = 0; i < CLIENT_OUTPUTS; i++) {
		const struct kt_nest_output *output = &c->outputs[i];
		bool pending = kt_nest_output_pending(output);

		p[POLL_OUTPUTS + i] =
			(struct pollfd){ pending ? output->stream.fd : -1,
					 POLLOUT, 0 };
	}
}

static int client_polled(struct client *c, const struct pollfd p[POLLS],
			 const char *const *argv, struct ktstr_error *err)
{
	int r = 0;

	if (p[POLL_SIGNALS].revents)
		client_signal(c);
	for (size_t i = 0; i < CLIENT_OUTPUTS; i++) {
		if (p[POLL_OUTPUTS + i].revents)
			kt_nest_output_write(&c->outputs[i], &c->channel);
	}
	if (p[POLL_CHANNEL].revents & POLLOUT)
		kt_nest_channel_flush(&c->channel);
	if (p[POLL_CHANNEL].revents & (POLLIN | POLLHUP | POLLERR))
		r = client_take(c, argv, err);
	if (p[POLL_INPUT].revents)
		client_input(c);
	return r;
}

/* A failure waits, too, until what came before it is written. */
static int client_loop(struct client *c, const char *const *argv,
		       struct ktstr_error *err)
{
	const uint64_t limit_ns = kt_now_ns() + CLIENT_READY_MS * 1000000ULL;
	int result = 0;

	while (!client_is_done(c)) {
		struct pollfd p[POLLS];
		int r;

		client_poll(c, p);
		if (poll(p, POLLS, c->started ? -1 : 1000) < 0) {
			if (errno == EINTR)
				continue;
			return client_fail_errno(c, err, "cannot wait");
		}
		r = client_polled(c, p, argv, err);
		if (r < 0)
			result = r;
		if (!c->started && !c->ended && kt_now_ns() > limit_ns)
			return client_fail(
				c, err, -ETIMEDOUT,
				"the emulated machine does not come "
				"up, and its supervisor says nothing");
	}
	return result;
}

/*
 * The command took it for a reader that has gone, and ended of that. 0 where
 * it was one.
 */
static int client_output_error(const struct client *c, struct ktstr_error *err)
{
	for (size_t i = 0; i < CLIENT_OUTPUTS; i++) {
		int r = c->outputs[i].stream.error;

		if (r)
			return kt_err_errno(err, r,
					    "output could not be written");
	}
	return 0;
}

/* From the supervisor's HELLO to the command's end. */
static int client_serve(struct client *c, int fd, const char *const *argv,
			struct ktstr_error *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, pipe_before;
	_cleanup_close_ int signal_fd = -1;
	sigset_t set, before;
	int r;

	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	sigemptyset(&set);
	for (size_t i = 0; i < KT_ARRAY_SIZE(client_signals); i++)
		sigaddset(&set, client_signals[i]);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return kt_err_errno(err, -errno, "cannot wait for signals");
	c->signal_fd = signal_fd;
	kt_nest_channel_init(&c->channel, fd);
	client_open_outputs(c);
	sigprocmask(SIG_BLOCK, &set, &before);
	sigaction(SIGPIPE, &ignore, &pipe_before);
	r = client_loop(c, argv, err);
	if (r == 0 && !c->abandoned)
		r = client_output_error(c, err);
	kt_terminal_leave(&c->terminal);
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	kt_nest_channel_deinit(&c->channel);
	for (size_t i = 0; i < CLIENT_OUTPUTS; i++)
		kt_nest_output_deinit(&c->outputs[i]);
	return r;
}

static int client_status(const struct client *c)
{
	return WIFSIGNALED((int)c->status) ? 128 + WTERMSIG((int)c->status) :
					     WEXITSTATUS((int)c->status);
}

int kt_nest_run(const struct kt_nest_shape *shape, const char *const *argv,
		const struct ktstr_log *log, int *ret_status,
		struct ktstr_error *err)
{
	struct client c = { .log = log };
	uint32_t slots, slot;
	int r;

	r = kt_nest_slots(shape, getenv("KTSTR_NEST_MACHINES"),
			  kt_allowed_cpus(), &slots, err);
	if (r < 0)
		return r;
	for (;; slots = slot) {
		_cleanup_close_ int fd = -1;
		struct ktstr_error why = { 0 };

		c = (struct client){ .log = log, .input_window = KT_NEST_WINDOW };
		kt_terminal_find(&c.terminal);
		r = kt_nest_join(shape, slots, log, &fd, &slot, err);
		if (r < 0)
			return r;
		r = client_serve(&c, fd, argv, &why);
		if (r == 0)
			break;
		/* The first one's failure is the user's to mend; a further
		 * one was only to save time. */
		if (!c.lost || c.started || slot == 0) {
			if (err)
				*err = why;
			return r;
		}
		kt_notice(log, "going without a further emulated machine: %s",
			  why.message);
	}
	*ret_status = client_status(&c);
	return 0;
}

int kt_nest_run_at(const char *socket, const char *const *argv,
		   const struct ktstr_log *log, int *ret_status,
		   struct ktstr_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client c = { .log = log, .input_window = KT_NEST_WINDOW };
	_cleanup_close_ int fd = -1;
	uint32_t others;
	char **own;
	int r;

	if (strlen(socket) >= sizeof(address.sun_path))
		return kt_err(err, -ENAMETOOLONG, "%s is too long for a socket",
			      socket);
	strcpy(address.sun_path, socket);
	fd = kt_nest_connect(&address, &others);
	if (fd < 0)
		return kt_err_errno(err, fd,
				    "the emulated machine behind %s does not "
				    "answer",
				    socket);
	own = kt_self_argv(argv);
	if (!own)
		return kt_err(err, -ENOMEM, "no memory for the arguments");
	kt_terminal_find(&c.terminal);
	r = client_serve(&c, fd, (const char *const *)own, err);
	if (r == 0)
		*ret_status = client_status(&c);
	kt_self_argv_free(own);
	return r;
}
