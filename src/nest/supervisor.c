// SPDX-License-Identifier: GPL-2.0-only
#include "nest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
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
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "nest/channel.h"
#include "nest/lock.h"
#include "nest/machine.h"
#include "nest/tsc.h"

#define SUPERVISOR_CLIENTS_MAX 48
#define SUPERVISOR_PING_MS     5000
#define SUPERVISOR_BOOT_FACTOR 4
#define SUPERVISOR_FIRST_MS    10000
#define SUPERVISOR_RETIRE_MS   10000
#define NS_PER_MS              1000000ULL

struct supervisor_client {
	struct kt_nest_channel channel;
	uint32_t session;
	bool started;  /* the agent has its command */
	bool finished; /* it ended; what still comes for it is late */
};

struct supervisor {
	const struct kt_supervisor_config *config;
	struct kt_nest_machine machine;
	bool ready;
	bool ending;
	char failure[KTSTR_ERROR_MESSAGE_BYTES]; /* why, if for a failure */
	unsigned int restarts;
	int signal_fd;
	ino_t socket_ino;
	uint32_t tsc_khz;     /* 0: the machine measures it itself */
	uint64_t deadline_ns; /* of the next sign of life */
	uint64_t boot_end_ns; /* of the whole boot, chatty or not */
	uint64_t ping_ns;     /* when to ask for one */
	uint64_t idle_ns;     /* when to end; 0: there are clients */
	uint32_t next_session;
	struct supervisor_client clients[SUPERVISOR_CLIENTS_MAX];
	size_t n_clients;
};

static void note(struct supervisor *s, const char *fmt, ...) KT_PRINTF(2, 3);

static void note(struct supervisor *s, const char *fmt, ...)
{
	time_t now = time(NULL);
	char text[1024], stamp[32];
	struct tm tm;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%FT%TZ", &tm);
	dprintf(s->config->log_fd, "%s %s\n", stamp, text);
}

static uint64_t after_ms(unsigned int ms)
{
	return kt_now_ns() + ms * NS_PER_MS;
}

static void tell_all(struct supervisor *s, enum kt_nest_type type,
		     const char *text)
{
	for (size_t i = 0; i < s->n_clients; i++)
		kt_nest_channel_send(&s->clients[i].channel, type, 0, text,
				     strlen(text));
}

/* Every client hears why; there is nothing more to do for them. */
static void fail(struct supervisor *s, const char *text)
{
	note(s, "failed: %s", text);
	snprintf(s->failure, sizeof(s->failure), "%s", text);
	tell_all(s, KT_NEST_FAIL, text);
	s->ending = true;
}

static void boot(struct supervisor *s)
{
	const char *first = s->restarts ? "" : s->config->first_cmdline;
	char cmdline[256] = "";
	struct ktstr_error err = { 0 };

	s->ready = false;
	if (s->tsc_khz)
		snprintf(cmdline, sizeof(cmdline), "tsc_early_khz=%u %s",
			 s->tsc_khz, first);
	else
		snprintf(cmdline, sizeof(cmdline), "%s", first);
	if (kt_nest_machine_start(&s->machine, s->config->shape, s->config->image,
				  cmdline, s->config->log_fd, &err) < 0) {
		kt_nest_machine_stop(&s->machine);
		fail(s, err.message);
		return;
	}
	note(s, "started, QEMU is process %d", (int)s->machine.qemu);
	s->deadline_ns = after_ms(s->config->boot_ms);
	s->boot_end_ns = after_ms(s->config->boot_ms * SUPERVISOR_BOOT_FACTOR);
}

/*
 * The machine hangs or died. During its own boot that is the emulator's
 * fault, and a fresh start is worth a try; a command that runs is never run
 * a second time.
 */
static void machine_lost(struct supervisor *s, const char *cause)
{
	char text[1024], line[256];

	kt_nest_machine_read_console(&s->machine);
	kt_nest_machine_last_line(&s->machine, line, sizeof(line));
	kt_nest_machine_stop(&s->machine);
	(void)!write(s->config->log_fd, s->machine.console,
		     s->machine.console_bytes);
	if (s->ready) {
		snprintf(text, sizeof(text),
			 "the emulated machine %s while the command ran "
			 "(last on its console: \"%s\")",
			 cause, line);
		fail(s, text);
		return;
	}
	if (s->restarts >= KT_NEST_RESTARTS_MAX) {
		snprintf(
			text, sizeof(text),
			"the emulated machine %s in its own boot, at %u starts "
			"in a row (last on its console: \"%s\")",
			cause, s->restarts + 1, line);
		fail(s, text);
		return;
	}
	s->restarts++;
	snprintf(
		text, sizeof(text),
		"the emulated machine %s in its own boot (last on its console: "
		"\"%s\"): fresh start %u of %u",
		cause, line, s->restarts, KT_NEST_RESTARTS_MAX);
	note(s, "%s", text);
	tell_all(s, KT_NEST_NOTICE, text);
	boot(s);
}

static struct supervisor_client *find_client(struct supervisor *s,
					     uint32_t session)
{
	for (size_t i = 0; i < s->n_clients; i++) {
		if (s->clients[i].session == session)
			return &s->clients[i];
	}
	return NULL;
}

/* A client that reads what is left of its output has no command any more. */
static uint32_t count_commands(const struct supervisor *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->n_clients; i++)
		n += !s->clients[i].finished;
	return n;
}

static void refuse_client(const struct supervisor *s, int fd)
{
	static const char text[] = "the emulated machine runs as many commands "
				   "as it can: try again when one has ended";
	const struct kt_nest_hello hello = { .others = count_commands(s) };
	struct kt_nest_channel channel;

	/* A fresh socket takes this much at once. */
	kt_nest_channel_init(&channel, fd);
	kt_nest_channel_send(&channel, KT_NEST_HELLO, 0, &hello, sizeof(hello));
	kt_nest_channel_send(&channel, KT_NEST_FAIL, 0, text, strlen(text));
	kt_nest_channel_deinit(&channel);
	kt_close(fd);
}

/* Whether somebody came. */
static bool accept_client(struct supervisor *s)
{
	struct kt_nest_hello hello;
	struct supervisor_client *client;
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int fd;

	fd = accept4(s->config->listen_fd, NULL, NULL,
		     SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return false;
	/* The directory keeps others out already. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    peer.uid != geteuid()) {
		kt_close(fd);
		return true;
	}
	if (s->n_clients == SUPERVISOR_CLIENTS_MAX) {
		refuse_client(s, fd);
		return true;
	}
	hello.others = count_commands(s);
	client = &s->clients[s->n_clients++];
	*client = (struct supervisor_client){ .session = s->next_session++ };
	kt_nest_channel_init(&client->channel, fd);
	kt_nest_channel_send(&client->channel, KT_NEST_HELLO, 0, &hello,
			     sizeof(hello));
	if (s->ready && !s->ending)
		kt_nest_channel_send(&client->channel, KT_NEST_READY, 0, NULL, 0);
	s->idle_ns = 0;
	return true;
}

static void drop_client(struct supervisor *s, size_t i)
{
	struct supervisor_client *client = &s->clients[i];
	int fd = client->channel.fd;

	if (client->started)
		kt_nest_channel_send(&s->machine.agent, KT_NEST_KILL,
				     client->session, NULL, 0);
	kt_nest_channel_deinit(&client->channel);
	kt_close(fd);
	*client = s->clients[--s->n_clients];
	if (!s->n_clients)
		s->idle_ns = after_ms(s->config->idle_ms);
}

/* Client to agent. False when the client is to be dropped. */
static bool take_client(struct supervisor *s, struct supervisor_client *client)
{
	struct kt_nest_header header;
	const uint8_t *payload;
	int r;

	if (kt_nest_channel_fill(&client->channel) < 0)
		return false;
	while ((r = kt_nest_channel_next(&client->channel, &header, &payload)) >
	       0) {
		switch (header.type) {
		case KT_NEST_START:
			if (!s->ready || client->started || client->finished)
				return false;
			client->started = true;
			break;
		case KT_NEST_INPUT:
		case KT_NEST_INPUT_END:
		case KT_NEST_GRANT:
		case KT_NEST_BROKEN:
		case KT_NEST_SIGNAL:
		case KT_NEST_RESIZE:
			/* Sent before it could know: it has yet to read. */
			if (client->finished)
				continue;
			if (!client->started)
				return false;
			break;
		default:
			return false;
		}
		if (kt_nest_channel_send(&s->machine.agent, header.type,
					 client->session, payload,
					 header.length) < 0)
			return false;
	}
	return r == 0 && !client->channel.ended;
}

static void agent_is_ready(struct supervisor *s)
{
	note(s, "ready");
	s->ready = true;
	for (size_t i = 0; i < s->n_clients; i++)
		kt_nest_channel_send(&s->clients[i].channel, KT_NEST_READY, 0,
				     NULL, 0);
}

/* Agent to client. */
static void take_agent(struct supervisor *s)
{
	struct kt_nest_header header;
	const uint8_t *payload;
	int r;

	if (kt_nest_channel_fill(&s->machine.agent) < 0) {
		fail(s, "no memory");
		return;
	}
	while ((r = kt_nest_channel_next(&s->machine.agent, &header, &payload)) >
	       0) {
		struct supervisor_client *client;

		s->deadline_ns = after_ms(s->config->answer_ms);
		if (header.type == KT_NEST_READY && !s->ready)
			agent_is_ready(s);
		client = find_client(s, header.session);
		if (!client)
			continue;
		if (header.type == KT_NEST_EXIT) {
			client->started = false;
			client->finished = true;
		}
		kt_nest_channel_send(&client->channel, header.type, 0, payload,
				     header.length);
	}
	if (r < 0)
		machine_lost(s, "sent nonsense");
}

static void qemu_ended(struct supervisor *s)
{
	char cause[128];
	int status;

	if (!s->machine.qemu ||
	    waitpid(s->machine.qemu, &status, WNOHANG) != s->machine.qemu)
		return;
	s->machine.qemu = 0;
	if (WIFSIGNALED(status))
		snprintf(cause, sizeof(cause), "was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(cause, sizeof(cause), "ended (QEMU's status %d)",
			 WEXITSTATUS(status));
	machine_lost(s, cause);
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			qemu_ended(s);
		} else if (!s->ending) {
			fail(s, "the emulated machine's supervisor was told to "
				"end");
		}
	}
}

/* Whether the socket's path still leads to our socket. */
static bool socket_is_ours(const struct supervisor *s)
{
	struct stat st;

	return lstat(s->config->socket_path, &st) == 0 &&
	       st.st_ino == s->socket_ino;
}

/*
 * Nobody came for a while. Under the lock that a starting command takes, so
 * that it finds either a socket that is served or none.
 */
static void end_if_still_idle(struct supervisor *s)
{
	_cleanup_close_ int lock =
		open(s->config->lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	/* Who removed the place has left no way to us. */
	bool gone = lock < 0 && errno == ENOENT;

	if (!gone && (lock < 0 || kt_nest_flock(lock, 0) < 0)) {
		s->idle_ns = after_ms(100);
		return;
	}
	accept_client(s);
	if (s->n_clients)
		return;
	/* Nothing went wrong: nothing is to be kept. */
	if (socket_is_ours(s)) {
		unlink(s->config->socket_path);
		unlink(s->config->log_path);
		unlink(s->config->lock_path);
	}
	s->ending = true;
}

/*
 * After a failure: whoever comes now shall start another machine. The socket
 * is closed first, lest a command that holds the lock waits for us.
 */
static void retire(struct supervisor *s)
{
	_cleanup_close_ int lock = -1;

	kt_close(s->config->listen_fd);
	lock = open(s->config->lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (lock < 0 || kt_nest_flock(lock, SUPERVISOR_RETIRE_MS) < 0)
		return;
	if (socket_is_ours(s))
		unlink(s->config->socket_path);
}

static void check_time(struct supervisor *s)
{
	uint64_t now = kt_now_ns();
	const char *broken;
	char cause[128];

	if (s->idle_ns && now >= s->idle_ns) {
		end_if_still_idle(s);
		if (s->ending)
			return;
	}
	broken = s->machine.files ? kt_vhost_user_broken(s->machine.files) : NULL;
	if (broken) {
		snprintf(cause, sizeof(cause), "lost its files (%s)", broken);
		machine_lost(s, cause);
		return;
	}
	if (now >= s->deadline_ns) {
		snprintf(cause, sizeof(cause), "gave no sign of life for %u s",
			 (s->ready ? s->config->answer_ms : s->config->boot_ms) /
				 1000);
		machine_lost(s, cause);
		return;
	}
	if (s->ready && now >= s->ping_ns) {
		bool crowded = kt_vhost_user_crowded(s->machine.files);

		/* A byte asks to forget files as well. */
		kt_nest_channel_send(&s->machine.agent, KT_NEST_PING, 0, "",
				     crowded ? 1 : 0);
		s->ping_ns = after_ms(SUPERVISOR_PING_MS);
	}
}

static int wait_ms(const struct supervisor *s)
{
	uint64_t now = kt_now_ns(), next = s->deadline_ns;

	next = KT_MIN(next, now + 1000 * NS_PER_MS);
	if (s->idle_ns)
		next = KT_MIN(next, s->idle_ns);
	return next > now ? (int)((next - now) / NS_PER_MS) + 1 : 0;
}

static short channel_events(const struct kt_nest_channel *channel)
{
	return (short)(POLLIN |
		       (kt_nest_channel_has_output(channel) ? POLLOUT : 0));
}

static void serve(struct supervisor *s)
{
	struct pollfd p[4 + SUPERVISOR_CLIENTS_MAX] = {
		{ .fd = s->signal_fd, .events = POLLIN },
		{ .fd = s->config->listen_fd, .events = POLLIN },
		{ .fd = s->machine.console_fd, .events = POLLIN },
		{ .fd = s->machine.agent.ended ? -1 : s->machine.agent.fd,
		  .events = channel_events(&s->machine.agent) },
	};
	size_t n_clients = s->n_clients;

	for (size_t i = 0; i < n_clients; i++)
		p[4 + i] = (struct pollfd){
			.fd = s->clients[i].channel.fd,
			.events = channel_events(&s->clients[i].channel),
		};
	if (poll(p, 4 + n_clients, wait_ms(s)) < 0)
		return;

	/* From the last on: dropping one moves the last into its place. */
	for (size_t i = n_clients; i-- > 0;) {
		struct supervisor_client *client = &s->clients[i];

		if (p[4 + i].revents & POLLOUT)
			kt_nest_channel_flush(&client->channel);
		if ((p[4 + i].revents & (POLLIN | POLLHUP | POLLERR) &&
		     !take_client(s, client)) ||
		    client->channel.ended)
			drop_client(s, i);
	}
	if (p[3].revents & POLLOUT)
		kt_nest_channel_flush(&s->machine.agent);
	if (p[3].revents & POLLIN)
		take_agent(s);
	if (p[2].revents && kt_nest_machine_read_console(&s->machine) && !s->ready)
		s->deadline_ns =
			KT_MIN(after_ms(s->config->boot_ms), s->boot_end_ns);
	if (p[1].revents)
		accept_client(s);
	if (p[0].revents)
		take_signals(s);
	if (!s->ending)
		check_time(s);
}

/*
 * Those who came too late for fail() hear why as well: above all the one that
 * started this process, which may fail before that one connects.
 */
static void tell_the_late(struct supervisor *s)
{
	struct pollfd p = { .fd = s->config->listen_fd, .events = POLLIN };
	size_t told = s->n_clients;

	if (!*s->failure)
		return;
	if (s->next_session == 1)
		poll(&p, 1, SUPERVISOR_FIRST_MS);
	while (s->n_clients < SUPERVISOR_CLIENTS_MAX && accept_client(s))
		;
	for (; told < s->n_clients; told++)
		kt_nest_channel_send(&s->clients[told].channel, KT_NEST_FAIL, 0,
				     s->failure, strlen(s->failure));
}

/* Gives the last messages a chance to be read, for a second at most. */
static void drain_clients(struct supervisor *s)
{
	uint64_t end = after_ms(1000);

	for (size_t i = 0; i < s->n_clients; i++) {
		struct kt_nest_channel *channel = &s->clients[i].channel;

		while (kt_nest_channel_has_output(channel) && kt_now_ns() < end) {
			struct pollfd p = { .fd = channel->fd, .events = POLLOUT };

			poll(&p, 1, 100);
			kt_nest_channel_flush(channel);
		}
	}
}

int kt_supervisor_run(const struct kt_supervisor_config *config)
{
	struct supervisor s = { .config = config, .next_session = 1 };
	struct stat st;
	sigset_t set;

	kt_nest_machine_init(&s.machine);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	s.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s.signal_fd < 0)
		return -errno;
	if (lstat(config->socket_path, &st) == 0)
		s.socket_ino = st.st_ino;
	s.tsc_khz = kt_nest_tsc_khz();
	s.idle_ns = after_ms(config->idle_ms);
	boot(&s);
	while (!s.ending)
		serve(&s);
	tell_the_late(&s);
	drain_clients(&s);
	retire(&s);
	kt_nest_machine_stop(&s.machine);
	for (size_t i = 0; i < s.n_clients; i++) {
		int fd = s.clients[i].channel.fd;

		kt_nest_channel_deinit(&s.clients[i].channel);
		kt_close(fd);
	}
	kt_close(s.signal_fd);
	return 0;
}
