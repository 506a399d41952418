// SPDX-License-Identifier: GPL-2.0-only
#include "guest/program.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/child.h"

#define NS_PER_MS 1000000ull

/* One update takes no more, so that a flood leaves time for the rest. */
#define READS_MAX 64

int kt_program_start(struct kt_program *program, const char *path,
		     char *const argv[], size_t max_bytes,
		     struct ktstr_error *err)
{
	struct kt_child child;
	int r = kt_child_start_merged(path, argv, &child);

	if (r < 0)
		return kt_err_errno(err, r, "cannot start %s", path);
	*program = (struct kt_program){
		.pid = child.pid,
		.pid_fd = (int)syscall(SYS_pidfd_open, child.pid, 0),
		.output_fd = child.out_fd,
		.max_bytes = max_bytes,
	};
	if (program->pid_fd < 0) {
		r = kt_err_errno(err, -errno, "cannot watch %s", path);
		kt_program_deinit(program);
		return r;
	}
	return 0;
}

static void reap(struct kt_program *program)
{
	while (waitpid(program->pid, &program->wait_status, 0) < 0 &&
	       errno == EINTR)
		;
	program->ended = true;
}

void kt_program_deinit(struct kt_program *program)
{
	if (program->pid > 0) {
		kill(-program->pid, SIGKILL);
		if (!program->ended) {
			kill(program->pid, SIGKILL);
			reap(program);
		}
	}
	kt_close(program->pid_fd);
	kt_close(program->output_fd);
	kt_strbuf_deinit(&program->output);
	*program = (struct kt_program)KT_PROGRAM_NONE;
}

static void keep(struct kt_program *program, const char *data, size_t length)
{
	struct kt_strbuf *output = &program->output;

	kt_strbuf_add_bytes(output, data, length);
	/* Seldom, since what is left has to move. */
	if (output->length > 2 * program->max_bytes)
		kt_strbuf_drop(output, output->length - program->max_bytes);
}

static void read_output(struct kt_program *program)
{
	char data[4096];

	for (int i = 0; i < READS_MAX && program->output_fd >= 0; i++) {
		ssize_t n = read(program->output_fd, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n > 0)
			keep(program, data, (size_t)n);
		else
			program->output_fd = kt_close(program->output_fd);
	}
}

static bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

void kt_program_update(struct kt_program *program)
{
	/* Asked first: what it wrote before its end is then there. */
	bool has_ended = !program->ended && is_readable(program->pid_fd);

	read_output(program);
	if (has_ended)
		reap(program);
}

bool kt_program_await(struct kt_program *program, uint64_t deadline_ns,
		      int other_fd)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = program->pid_fd, .events = POLLIN },
			{ .fd = program->output_fd, .events = POLLIN },
			{ .fd = other_fd, .events = POLLIN },
		};
		uint64_t now = kt_now_ns();

		kt_program_update(program);
		if (program->ended || now >= deadline_ns)
			return program->ended;
		if (poll(fds, KT_ARRAY_SIZE(fds),
			 (int)((deadline_ns - now) / NS_PER_MS) + 1) < 0 &&
		    errno != EINTR)
			return false;
		if (fds[2].revents) {
			kt_program_update(program);
			return program->ended;
		}
	}
}

bool kt_program_stop(struct kt_program *program, unsigned int limit_ms)
{
	bool by_itself;

	kt_program_update(program);
	if (program->ended)
		return true;
	kill(program->pid, SIGTERM);
	by_itself = kt_program_await(program,
				     kt_now_ns() + limit_ms * NS_PER_MS, -1);
	kill(-program->pid, SIGKILL);
	if (!by_itself)
		reap(program);
	return by_itself;
}

void kt_program_describe_end(const struct kt_program *program,
			     struct kt_strbuf *ret)
{
	int status = program->wait_status;

	if (WIFSIGNALED(status))
		kt_strbuf_addf(ret, "was killed by signal %d (%s)",
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		kt_strbuf_addf(ret, "exited with %d", WEXITSTATUS(status));
}

const char *kt_program_tail(const struct kt_program *program, size_t max_bytes,
			    size_t *ret_length)
{
	const char *text = kt_strbuf_text(&program->output);
	size_t length = program->output.length;
	const char *newline;

	while (length && text[length - 1] == '\n')
		length--;
	if (length > max_bytes) {
		text += length - max_bytes;
		length = max_bytes;
		newline = memchr(text, '\n', length);
		if (newline) {
			length -= (size_t)(newline + 1 - text);
			text = newline + 1;
		}
	}
	*ret_length = length;
	return text;
}
