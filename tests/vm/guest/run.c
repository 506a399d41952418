// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest.h"

#define READ_BYTES (64 * 1024)

void guest_run_deinit(struct guest_run *run)
{
	kt_strbuf_deinit(&run->output);
	kt_strbuf_deinit(&run->errors);
}

void guest_numbered_lines(size_t bytes, struct kt_strbuf *ret)
{
	for (size_t i = 0; ret->length < bytes && !ret->failed; i++)
		kt_strbuf_addf(ret, "line %zu\n", i);
}

/* 1: read some; 0: the end. */
static int take(int fd, struct kt_strbuf *to)
{
	char chunk[READ_BYTES];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0)
		kt_strbuf_add_bytes(to, chunk, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Feeds and drains until both outputs have ended. */
static int carry(int in, int out, int errors, const struct kt_strbuf *input,
		 uint64_t deadline_ns, struct guest_run *run)
{
	size_t given = 0;
	_cleanup_close_ int in_fd = in, out_fd = out, err_fd = errors;

	while (out_fd >= 0 || err_fd >= 0) {
		uint64_t now = kt_now_ns();
		struct pollfd fds[] = {
			{ .fd = in_fd, .events = POLLOUT },
			{ .fd = out_fd, .events = POLLIN },
			{ .fd = err_fd, .events = POLLIN },
		};

		if (now >= deadline_ns ||
		    poll(fds, 3, (int)((deadline_ns - now) / 1000000) + 1) == 0)
			return -ETIMEDOUT;
		if (fds[0].revents) {
			ssize_t n = write(in_fd, input->data + given,
					  input->length - given);

			given += n > 0 ? (size_t)n : 0;
			if (given == input->length ||
			    (n < 0 && errno != EAGAIN && errno != EINTR))
				in_fd = kt_close(in_fd);
		}
		if (fds[1].revents && !take(out_fd, &run->output))
			out_fd = kt_close(out_fd);
		if (fds[2].revents && !take(err_fd, &run->errors))
			err_fd = kt_close(err_fd);
	}
	return 0;
}

int guest_run_program(const char *const *argv, const struct kt_strbuf *input,
		      int timeout_ms, struct guest_run *ret)
{
	uint64_t deadline = kt_now_ns() + (uint64_t)timeout_ms * 1000000;
	int in[2], out[2], errors[2], status, r;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(errors, O_CLOEXEC) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_DFL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(errors[1], STDERR_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(125);
	}
	close(in[0]);
	close(out[1]);
	close(errors[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	r = carry(in[1], out[0], errors[0], input, deadline, ret);
	if (r < 0)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) :
					  128 + WTERMSIG(status);
	return r;
}
