// SPDX-License-Identifier: GPL-2.0-only
#include "nest/agent/session.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "nest/agent/job.h"
#include "nest/agent/setup.h"

#define SESSION_CGROUPS "/sys/fs/cgroup"

/* A START message taken apart; pointers lead into the copy. */
struct start {
	struct kt_nest_start head;
	gid_t *groups;
	char *copy;
	const char *directory;
	char **argv;
	char **env;
};

static void start_deinit(struct start *start)
{
	free(start->copy);
	free(start->groups);
	free(start->argv);
	free(start->env);
}

/* The next NUL-terminated string, or NULL. */
static char *next_string(char **at, const char *end)
{
	char *text = *at, *nul;

	nul = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

/* What the machine changes in its commands' environment. */
static bool env_is_ours(const char *item)
{
	static const char *const names[] = {
		"KTSTR_NESTED=",
		"KTSTR_LOCK_DIR=",
		"XDG_RUNTIME_DIR=",
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++) {
		if (strncmp(item, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static int start_parse_env(struct start *start, char **at, const char *end)
{
	static char nested[] = "KTSTR_NESTED=1";
	static char locks[] = "KTSTR_LOCK_DIR=/run/ktstr/locks";
	static char runtime[64];
	size_t n = 0;

	start->env = calloc((size_t)start->head.n_env + 4, sizeof(char *));
	if (!start->env)
		return -ENOMEM;
	for (uint32_t i = 0; i < start->head.n_env; i++) {
		char *item = next_string(at, end);

		if (!item)
			return -EPROTO;
		if (!env_is_ours(item))
			start->env[n++] = item;
	}
	snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=/run/user/%u",
		 start->head.uid);
	start->env[n++] = nested;
	start->env[n++] = locks;
	start->env[n] = runtime;
	return 0;
}

static int start_parse(struct start *start, const uint8_t *payload, size_t length)
{
	size_t groups_bytes;
	const char *end;
	char *at;

	if (length < sizeof(start->head))
		return -EPROTO;
	memcpy(&start->head, payload, sizeof(start->head));
	payload += sizeof(start->head);
	length -= sizeof(start->head);
	groups_bytes = (size_t)start->head.n_groups * sizeof(uint32_t);
	if (start->head.n_groups > NGROUPS_MAX || groups_bytes > length ||
	    start->head.n_args == 0 || start->head.n_args > length ||
	    start->head.n_env > length)
		return -EPROTO;
	_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups as sent");
	start->groups = calloc((size_t)start->head.n_groups + 1, sizeof(gid_t));
	start->copy = malloc(length - groups_bytes + 1);
	start->argv = calloc((size_t)start->head.n_args + 1, sizeof(char *));
	if (!start->groups || !start->copy || !start->argv)
		return -ENOMEM;
	memcpy(start->groups, payload, groups_bytes);
	memcpy(start->copy, payload + groups_bytes, length - groups_bytes);
	at = start->copy;
	end = at + length - groups_bytes;
	start->directory = next_string(&at, end);
	for (uint32_t i = 0; i < start->head.n_args; i++) {
		start->argv[i] = next_string(&at, end);
		if (!start->argv[i])
			return -EPROTO;
	}
	return start->directory ? start_parse_env(start, &at, end) : -EPROTO;
}

/* The command's three streams: the child's ends, and ours. */
struct streams {
	int child[3];
	int input;  /* ours, to write */
	int output; /* ours, to read; -1: the terminal */
	int errors;
	int master; /* -1: no terminal */
};

static void streams_deinit(struct streams *s)
{
	for (size_t i = 0; i < 3; i++)
		kt_close(s->child[i]);
	kt_close(s->input);
	kt_close(s->output);
	kt_close(s->errors);
	kt_close(s->master);
}

static int open_terminal(const struct kt_nest_start *start, struct streams *s)
{
	const struct winsize size = {
		.ws_row = start->size.rows,
		.ws_col = start->size.columns,
	};
	struct termios termios;
	int slave;

	_Static_assert(sizeof(termios) <= KT_NEST_TERMIOS_BYTES, "fits");
	memcpy(&termios, start->termios, sizeof(termios));
	if (!start->terminal_cooks) {
		termios.c_oflag &= ~(tcflag_t)OPOST;
		termios.c_lflag &= ~(tcflag_t)(ECHO | ISIG | ICANON);
	}
	if (openpty(&s->master, &slave, NULL, &termios, &size) < 0)
		return -errno;
	for (int i = 0; i < 3; i++) {
		if (start->terminal_streams >> i & 1)
			s->child[i] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	}
	(void)!fchown(slave, start->uid, (gid_t)-1);
	kt_close(slave);
	fcntl(s->master, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int open_pipe(struct streams *s, int index, uid_t uid, int *ours)
{
	int pair[2];

	if (s->child[index] >= 0)
		return 0;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	s->child[index] = index == 0 ? pair[0] : pair[1];
	*ours = index == 0 ? pair[1] : pair[0];
	/* For programs that open /dev/stdout and the like. */
	(void)!fchown(s->child[index], uid, (gid_t)-1);
	return 0;
}

static int open_streams(const struct kt_nest_start *start, struct streams *s)
{
	int r = 0;

	if (start->terminal_streams & 7)
		r = open_terminal(start, s);
	if (r == 0)
		r = open_pipe(s, 0, start->uid, &s->input);
	if (r == 0)
		r = open_pipe(s, 1, start->uid, &s->output);
	if (r == 0)
		r = open_pipe(s, 2, start->uid, &s->errors);
	return r;
}

static void cgroup_path(uint32_t id, const char *file, char *path, size_t bytes)
{
	snprintf(path, bytes, SESSION_CGROUPS "/ktstr-%u%s%s", id,
		 *file ? "/" : "", file);
}

static void cgroup_write(uint32_t id, const char *file, const char *text)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;

	cgroup_path(id, file, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, text, strlen(text));
}

static void raise_limit(int resource, rlim_t value)
{
	const struct rlimit limit = { value, value };

	setrlimit(resource, &limit);
}

/* What the user's own host may refuse is free to have here. */
static void set_limits(void)
{
	const struct rlimit files = { 1024, 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &files);
	raise_limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
	raise_limit(RLIMIT_RTPRIO, 99);
	raise_limit(RLIMIT_NICE, 40);
}

static void make_runtime_dir(const struct kt_nest_start *start)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/user/%u", start->uid);
	if (mkdir(path, 0700) == 0)
		(void)!chown(path, start->uid, start->gid);
}

static _Noreturn void run_child(const struct start *start, uint32_t id,
				const struct streams *s)
{
	const struct kt_nest_start *head = &start->head;
	sigset_t none;

	cgroup_write(id, "cgroup.procs", "0");
	setsid();
	for (int i = 0; i < 3; i++)
		dup2(s->child[i], i);
	for (int i = 0; i < 3; i++) {
		if (head->terminal_streams >> i & 1) {
			ioctl(i, TIOCSCTTY, 0);
			break;
		}
	}
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	set_limits();
	umask(head->umask);
	if (setgroups(head->n_groups, start->groups) < 0 ||
	    setgid(head->gid) < 0 || setuid(head->uid) < 0) {
		dprintf(STDERR_FILENO, "ktstr: cannot become user %u: %s\n",
			head->uid, strerror(errno));
		_exit(126);
	}
	if (chdir(start->directory) < 0) {
		dprintf(STDERR_FILENO, "ktstr: cannot enter %s: %s\n",
			start->directory, strerror(errno));
		_exit(126);
	}
	environ = start->env;
	execvp(start->argv[0], start->argv);
	dprintf(STDERR_FILENO, "ktstr: cannot run %s: %s\n", start->argv[0],
		strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void add_source(struct agent_session *session, int fd,
		       enum kt_nest_type type)
{
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	session->sources[session->n_sources++] = (struct agent_source){
		.fd = fd,
		.type = type,
		.window = KT_NEST_WINDOW,
	};
}

/* The parent's side of a session whose child runs. */
static void take_streams(struct agent_session *session, struct streams *s)
{
	session->terminal = s->master >= 0;
	session->input_fd = TAKE_FD(s->input);
	if (s->output >= 0)
		add_source(session, TAKE_FD(s->output), KT_NEST_OUTPUT);
	if (s->errors >= 0)
		add_source(session, TAKE_FD(s->errors), KT_NEST_ERRORS);
	if (session->terminal) {
		if (session->input_fd < 0)
			session->input_fd = fcntl(s->master, F_DUPFD_CLOEXEC, 3);
		add_source(session, TAKE_FD(s->master), KT_NEST_TERMINAL);
	}
	if (session->input_fd >= 0)
		fcntl(session->input_fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

struct agent_session *agent_session_start(uint32_t id, const uint8_t *payload,
					  size_t length)
{
	_cleanup_(start_deinit) struct start start = { 0 };
	_cleanup_(streams_deinit) struct streams s = {
		{ -1, -1, -1 }, -1, -1, -1, -1,
	};
	struct agent_session *session;
	char cgroup[PATH_MAX];

	if (start_parse(&start, payload, length) < 0)
		return NULL;
	if (open_streams(&start.head, &s) < 0)
		return NULL;
	session = calloc(1, sizeof(*session));
	if (!session)
		return NULL;
	session->id = id;
	cgroup_path(id, "", cgroup, sizeof(cgroup));
	mkdir(cgroup, 0755);
	make_runtime_dir(&start.head);
	session->pid = fork();
	if (session->pid == 0)
		run_child(&start, id, &s);
	if (session->pid < 0) {
		rmdir(cgroup);
		free(session);
		return NULL;
	}
	take_streams(session, &s);
	return session;
}

void agent_session_free(struct agent_session *session)
{
	char cgroup[PATH_MAX];

	if (!session)
		return;
	cgroup_path(session->id, "", cgroup, sizeof(cgroup));
	rmdir(cgroup);
	kt_close(session->input_fd);
	for (size_t i = 0; i < session->n_sources; i++)
		kt_close(session->sources[i].fd);
	free(session->input);
	free(session);
}

void agent_session_kill(struct agent_session *session)
{
	cgroup_write(session->id, "cgroup.kill", "1");
	/* Between fork and its joining the group the child is not in it. */
	if (session->pid)
		kill(session->pid, SIGKILL);
}

/* Nobody reads its input any more, or there will be no more. */
static void close_input(struct agent_session *session)
{
	session->input_fd = kt_close(session->input_fd);
	free(session->input);
	session->input = NULL;
	session->input_bytes = 0;
}

static void grant_input(struct agent_session *session,
			struct kt_nest_channel *channel, size_t bytes)
{
	const struct kt_nest_grant grant = { KT_NEST_INPUT, (uint32_t)bytes };

	if (bytes)
		kt_nest_channel_send(channel, KT_NEST_GRANT, session->id,
				     &grant, sizeof(grant));
}

static void write_input(struct agent_session *session,
			struct kt_nest_channel *channel)
{
	size_t done = 0;

	while (session->input_fd >= 0 && done < session->input_bytes) {
		ssize_t n = write(session->input_fd, session->input + done,
				  session->input_bytes - done);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR) {
			close_input(session);
			return;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	session->input_bytes -= done;
	memmove(session->input, session->input + done, session->input_bytes);
	grant_input(session, channel, done);
	if (session->input_end && !session->input_bytes && !session->terminal)
		close_input(session);
}

static void take_input(struct agent_session *session,
		       struct kt_nest_channel *channel, const uint8_t *data,
		       size_t length)
{
	uint8_t *grown;

	if (session->input_fd < 0) {
		grant_input(session, channel, length);
		return;
	}
	grown = realloc(session->input, session->input_bytes + length);
	if (!grown) {
		close_input(session);
		return;
	}
	memcpy(grown + session->input_bytes, data, length);
	session->input = grown;
	session->input_bytes += length;
	write_input(session, channel);
}

/*
 * The command's next write fails with EPIPE, as it would outside. Its terminal
 * stays: there is no such error for it.
 */
static void break_stream(struct agent_session *session, uint32_t stream)
{
	for (size_t i = 0; i < session->n_sources; i++) {
		struct agent_source *source = &session->sources[i];

		if (source->type == stream && stream != KT_NEST_TERMINAL)
			source->fd = kt_close(source->fd);
	}
}

static void resize(const struct agent_session *session,
		   const struct kt_nest_size *size)
{
	const struct winsize ws = {
		.ws_row = size->rows,
		.ws_col = size->columns,
	};

	for (size_t i = 0; i < session->n_sources; i++) {
		if (session->sources[i].type == KT_NEST_TERMINAL)
			ioctl(session->sources[i].fd, TIOCSWINSZ, &ws);
	}
}

void agent_session_message(struct agent_session *session,
			   struct kt_nest_channel *channel,
			   const struct kt_nest_header *header,
			   const uint8_t *payload)
{
	union {
		uint32_t u32;
		struct kt_nest_grant grant;
		struct kt_nest_size size;
	} m = { 0 };

	memcpy(&m, payload, KT_MIN((size_t)header->length, sizeof(m)));
	switch (header->type) {
	case KT_NEST_INPUT:
		take_input(session, channel, payload, header->length);
		break;
	case KT_NEST_INPUT_END:
		session->input_end = true;
		write_input(session, channel);
		break;
	case KT_NEST_GRANT:
		for (size_t i = 0; i < session->n_sources; i++) {
			if (session->sources[i].type == m.grant.stream)
				session->sources[i].window += m.grant.bytes;
		}
		break;
	case KT_NEST_BROKEN:
		break_stream(session, m.u32);
		break;
	case KT_NEST_SIGNAL:
		if (session->pid)
			agent_job_signal(session->pid, m.u32);
		break;
	case KT_NEST_RESIZE:
		resize(session, &m.size);
		break;
	case KT_NEST_KILL:
		/* Nobody is left who could take anything. */
		agent_session_kill(session);
		close_input(session);
		for (size_t i = 0; i < session->n_sources; i++)
			session->sources[i].fd = kt_close(session->sources[i].fd);
		break;
	}
}

size_t agent_session_poll(const struct agent_session *session,
			  struct pollfd p[AGENT_SESSION_POLLS + 1])
{
	size_t n = 0;

	for (; n < session->n_sources; n++) {
		const struct agent_source *s = &session->sources[n];

		p[n].fd = s->window ? s->fd : -1;
		p[n].events = POLLIN;
		p[n].revents = 0;
	}
	p[n].fd = session->input_bytes ? session->input_fd : -1;
	p[n].events = POLLOUT;
	p[n].revents = 0;
	return n + 1;
}

static void read_source(struct agent_session *session,
			struct agent_source *source,
			struct kt_nest_channel *channel)
{
	uint8_t data[16 * 1024];
	ssize_t n = read(source->fd, data,
			 KT_MIN(sizeof(data), (size_t)source->window));

	if (n > 0) {
		source->window -= (uint32_t)n;
		kt_nest_channel_send(channel, source->type, session->id, data,
				     (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* A pty's master gives EIO when all its users are gone. */
		source->fd = kt_close(source->fd);
	}
}

void agent_session_serve(struct agent_session *session,
			 struct kt_nest_channel *channel,
			 const struct pollfd *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (p[i].fd >= 0 && p[i].revents &&
		    p[i].fd == session->sources[i].fd)
			read_source(session, &session->sources[i], channel);
	}
	if (p[n - 1].fd >= 0 && p[n - 1].revents)
		write_input(session, channel);
}

void agent_session_ended(struct agent_session *session, int status)
{
	session->pid = 0;
	session->status = status;
	/* What it left running holds the pipes open and would never end. */
	agent_session_kill(session);
	close_input(session);
}

bool agent_session_done(const struct agent_session *session)
{
	if (session->pid)
		return false;
	for (size_t i = 0; i < session->n_sources; i++) {
		if (session->sources[i].fd >= 0)
			return false;
	}
	return true;
}
