// SPDX-License-Identifier: GPL-2.0-only

/*
 * PID 1 of the emulated machine: brings it up, then runs what the supervisor
 * asks for until the machine is switched off under it.
 */

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "nest/agent/session.h"
#include "nest/agent/setup.h"
#include "nest/channel.h"

#define AGENT_SESSIONS_MAX 64

struct agent {
	struct kt_nest_channel channel;
	int signal_fd;
	struct agent_session *sessions[AGENT_SESSIONS_MAX];
	size_t n_sessions;
};

static _Noreturn void switch_off(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static struct agent_session *find_session(struct agent *agent, uint32_t id)
{
	for (size_t i = 0; i < agent->n_sessions; i++) {
		if (agent->sessions[i]->id == id)
			return agent->sessions[i];
	}
	return NULL;
}

static void send_exit(struct agent *agent, uint32_t id, int status)
{
	const uint32_t value = (uint32_t)status;

	kt_nest_channel_send(&agent->channel, KT_NEST_EXIT, id, &value,
			     sizeof(value));
}

static void start_session(struct agent *agent,
			  const struct kt_nest_header *header,
			  const uint8_t *payload)
{
	struct agent_session *session = NULL;
	static const char full[] = "ktstr: the emulated machine cannot start "
				   "another command\n";

	if (agent->n_sessions < AGENT_SESSIONS_MAX)
		session = agent_session_start(header->session, payload,
					      header->length);
	if (session) {
		agent->sessions[agent->n_sessions++] = session;
		return;
	}
	kt_nest_channel_send(&agent->channel, KT_NEST_ERRORS, header->session,
			     full, sizeof(full) - 1);
	send_exit(agent, header->session, 126 << 8);
}

/* Frees the page cache's directory entries, so that the host may close files. */
static void drop_caches(void)
{
	FILE *f = fopen("/proc/sys/vm/drop_caches", "we");

	if (!f)
		return;
	fputs("2", f);
	fclose(f);
}

static void take_messages(struct agent *agent)
{
	struct kt_nest_header header;
	const uint8_t *payload;
	int r;

	if (kt_nest_channel_fill(&agent->channel) < 0)
		switch_off();
	while ((r = kt_nest_channel_next(&agent->channel, &header, &payload)) >
	       0) {
		struct agent_session *session =
			find_session(agent, header.session);

		if (header.type == KT_NEST_PING) {
			if (header.length)
				drop_caches();
			kt_nest_channel_send(&agent->channel, KT_NEST_PONG, 0,
					     NULL, 0);
		} else if (header.type == KT_NEST_START && !session) {
			start_session(agent, &header, payload);
		} else if (session) {
			agent_session_message(session, &agent->channel, &header,
					      payload);
		}
	}
	if (r < 0) {
		agent_say("ktstr-nest: the supervisor sends nonsense");
		switch_off();
	}
}

static void reap(struct agent *agent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		for (size_t i = 0; i < agent->n_sessions; i++) {
			struct agent_session *session = agent->sessions[i];

			if (session->pid != pid)
				continue;
			if (WIFSTOPPED(status))
				kt_nest_channel_send(&agent->channel,
						     KT_NEST_STOPPED,
						     session->id, NULL, 0);
			else
				agent_session_ended(session, status);
		}
	}
}

static void finish_sessions(struct agent *agent)
{
	for (size_t i = 0; i < agent->n_sessions;) {
		struct agent_session *session = agent->sessions[i];

		if (!agent_session_done(session)) {
			i++;
			continue;
		}
		send_exit(agent, session->id, session->status);
		agent_session_free(session);
		agent->sessions[i] = agent->sessions[--agent->n_sessions];
	}
}

static void serve(struct agent *agent)
{
	enum {
		PER = AGENT_SESSION_POLLS + 1,
	};
	struct pollfd p[2 + AGENT_SESSIONS_MAX * PER];
	size_t at[AGENT_SESSIONS_MAX], count[AGENT_SESSIONS_MAX];
	size_t n_sessions = agent->n_sessions, n = 2;

	p[0] = (struct pollfd){ .fd = agent->signal_fd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = agent->channel.fd, .events = POLLIN };
	if (kt_nest_channel_has_output(&agent->channel))
		p[1].events |= POLLOUT;
	for (size_t i = 0; i < n_sessions; i++) {
		at[i] = n;
		count[i] = agent_session_poll(agent->sessions[i], p + n);
		n += count[i];
	}
	if (poll(p, n, -1) < 0)
		return;
	/* Before the messages, which may add sessions or free buffers. */
	for (size_t i = 0; i < n_sessions; i++)
		agent_session_serve(agent->sessions[i], &agent->channel,
				    p + at[i], count[i]);
	if (p[0].revents) {
		struct signalfd_siginfo info;

		(void)!read(agent->signal_fd, &info, sizeof(info));
		reap(agent);
	}
	if (p[1].revents & POLLOUT)
		kt_nest_channel_flush(&agent->channel);
	if (p[1].revents & (POLLIN | POLLHUP))
		take_messages(agent);
	finish_sessions(agent);
	if (agent->channel.ended || agent->channel.broken)
		switch_off();
}

int main(void)
{
	const struct sched_param first = { .sched_priority = 50 };
	struct agent agent = { 0 };
	sigset_t set;
	int port;

	if (getpid() != 1) {
		fprintf(stderr, "ktstr-nest-agent runs as PID 1 of the "
				"emulated machine "
				"that ktstr starts; it does nothing else\n");
		return 1;
	}
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (agent_setup() < 0)
		switch_off();
	port = agent_open_port();
	if (port < 0)
		switch_off();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	agent.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	kt_nest_channel_init(&agent.channel, port);
	/* Guests' CPUs may be real-time threads here; answers must come. */
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
	kt_nest_channel_send(&agent.channel, KT_NEST_READY, 0, NULL, 0);
	for (;;)
		serve(&agent);
}
