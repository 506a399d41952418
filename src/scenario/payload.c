// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of the host as a workload. It runs in a process group of its own;
 * what it prints goes to memory, so that it never waits for a reader.
 */
#include <ktstr/payload.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "scenario/extract.h"
#include "scenario/payload_run.h"

#define OUTPUT_MAX_BYTES (16u << 20)
#define LAST_WORDS_BYTES 400
#define EXEC_FAILED      127
#define NS_PER_S         1000000000u
#define NS_PER_MS        1000000u

struct ktstr_payload_run {
	struct ktstr_context *ctx;
	const struct ktstr_payload *payload;
	pid_t pid;
	int pid_fd;
	int out_fd;
	int err_fd;
	int procs_fd;         /* borrowed while it starts; -1: no cgroup */
	uint64_t deadline_ns; /* UINT64_MAX: none */
};

static void run_free(struct ktstr_payload_run *run)
{
	if (!run)
		return;
	kt_close(run->pid_fd);
	kt_close(run->out_fd);
	kt_close(run->err_fd);
	free(run);
}
KT_DEFINE_CLEANUP(struct ktstr_payload_run *, run_free)

static _Noreturn void be_payload(const struct ktstr_payload_run *run,
				 char *const *argv, pid_t parent)
{
	sigset_t none;
	int null_fd;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXEC_FAILED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* 0 is the writer. */
	if (run->procs_fd >= 0 && write(run->procs_fd, "0", 1) < 0) {
		dprintf(run->err_fd, "cannot enter its cgroup: %s",
			strerror(errno));
		_exit(EXEC_FAILED);
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
	    dup2(run->out_fd, STDOUT_FILENO) >= 0 &&
	    dup2(run->err_fd, STDERR_FILENO) >= 0)
		execv(argv[0], argv);
	dprintf(run->err_fd, "cannot run %s: %s", argv[0], strerror(errno));
	_exit(EXEC_FAILED);
}

/* argv[0] is where the machine has the program; the caller frees both. */
static char **make_argv(const struct ktstr_payload *payload, char **ret_path)
{
	char **argv;
	size_t n = 0;

	while (payload->args && payload->args[n])
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	if (!argv ||
	    asprintf(ret_path, "/bin/%s", basename(payload->binary)) < 0) {
		free(argv);
		return NULL;
	}
	argv[0] = *ret_path;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = (char *)payload->args[i];
	return argv;
}

static int start(struct ktstr_payload_run *run)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char **argv = make_argv(run->payload, &path);
	pid_t parent = getpid();

	if (!argv)
		return -ENOMEM;
	run->out_fd = memfd_create("payload-out", MFD_CLOEXEC);
	run->err_fd = memfd_create("payload-err", MFD_CLOEXEC);
	if (run->out_fd < 0 || run->err_fd < 0)
		return -errno;
	fflush(NULL);
	run->pid = fork();
	if (run->pid < 0)
		return -errno;
	if (run->pid == 0)
		be_payload(run, argv, parent);
	setpgid(run->pid, run->pid);
	run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->pid_fd < 0) {
		int r = -errno;

		kill(-run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
		return r;
	}
	return 0;
}

struct ktstr_payload_run *kt_payload_start_in(struct ktstr_context *ctx,
					      const struct ktstr_payload *payload,
					      int procs_fd)
{
	_cleanup_(run_free_cleanup) struct ktstr_payload_run *run =
		calloc(1, sizeof(*run));
	int r = -ENOMEM;

	if (!payload->binary || !*payload->binary) {
		ktstr_note(ctx, "%s: a payload needs a binary", payload->name);
		return NULL;
	}
	if (run) {
		*run = (struct ktstr_payload_run){
			.ctx = ctx,
			.payload = payload,
			.pid_fd = -1,
			.out_fd = -1,
			.err_fd = -1,
			.procs_fd = procs_fd,
			.deadline_ns = UINT64_MAX,
		};
		if (payload->timeout_s)
			run->deadline_ns =
				kt_now_ns() +
				(uint64_t)payload->timeout_s * NS_PER_S;
		r = start(run);
	}
	if (r < 0) {
		ktstr_note(ctx, "%s: cannot start %s: %s", payload->name,
			   payload->binary, strerror(-r));
		return NULL;
	}
	return TAKE_PTR(run);
}

struct ktstr_payload_run *ktstr_payload_start(struct ktstr_context *ctx,
					      const struct ktstr_payload *payload)
{
	return kt_payload_start_in(ctx, payload, -1);
}

int ktstr_payload_pid(const struct ktstr_payload_run *run)
{
	return run->pid;
}

/* False when its time is over before. */
static bool await_end(const struct ktstr_payload_run *run)
{
	struct pollfd fd = { .fd = run->pid_fd, .events = POLLIN };

	for (;;) {
		uint64_t now = kt_now_ns();
		int wait_ms = -1;

		if (run->deadline_ns != UINT64_MAX) {
			if (now >= run->deadline_ns)
				return false;
			wait_ms = (int)((run->deadline_ns - now) / NS_PER_MS) + 1;
		}
		if (poll(&fd, 1, wait_ms) > 0)
			return true;
	}
}

/* What of its error stream, or else of its output, came last. */
static void note_last_words(const struct ktstr_payload_run *run)
{
	const int fds[] = { run->err_fd, run->out_fd };

	for (size_t i = 0; i < KT_ARRAY_SIZE(fds); i++) {
		char text[LAST_WORDS_BYTES + 1];
		off_t size = lseek(fds[i], 0, SEEK_END);
		off_t from = KT_MAX(size - LAST_WORDS_BYTES, (off_t)0);
		ssize_t n = size > 0 ?
				    pread(fds[i], text, LAST_WORDS_BYTES, from) :
				    0;

		while (n > 0 && text[n - 1] == '\n')
			n--;
		if (n <= 0)
			continue;
		text[n] = '\0';
		ktstr_note(run->ctx, "%s: its last words: %s",
			   run->payload->name, text);
		return;
	}
}

static bool judge_exit(const struct ktstr_payload_run *run, int status,
		       bool in_time)
{
	const struct ktstr_payload *payload = run->payload;

	if (!in_time)
		ktstr_note(run->ctx, "%s: still running after its %u s",
			   payload->name, payload->timeout_s);
	else if (WIFSIGNALED(status))
		ktstr_note(run->ctx, "%s: killed by signal %d (%s)",
			   payload->name, WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != payload->exit_code)
		ktstr_note(run->ctx, "%s: exited with %d instead of %d",
			   payload->name, WEXITSTATUS(status),
			   payload->exit_code);
	else
		return true;
	note_last_words(run);
	return false;
}

static bool judge_metric(const struct ktstr_payload_run *run,
			 const struct ktstr_payload_metric *metric,
			 const char *output, size_t length)
{
	const char *name = run->payload->name;
	struct ktstr_error err = { 0 };
	char label[128];
	double value;
	int r;

	if (!metric->name || !metric->json == !metric->key) {
		ktstr_note(run->ctx,
			   "%s: the metric %s needs a name, and either a JSON "
			   "path or a key",
			   name, metric->name ? metric->name : "without a name");
		return false;
	}
	r = metric->json ?
		    kt_extract_json(output, length, metric->json, &value, &err) :
		    kt_extract_key(output, metric->key, &value, &err);
	if (r < 0) {
		if (r == -ENOENT && metric->optional)
			return true;
		ktstr_note(run->ctx, "%s: no %s in its output: %s", name,
			   metric->name, err.message);
		return false;
	}
	snprintf(label, sizeof(label), "%s.%s", name, metric->name);
	ktstr_metric(run->ctx, label, value, metric->unit ? metric->unit : "");
	if (value >= metric->min && value <= metric->max)
		return true;
	ktstr_note(run->ctx, "%s: %s is %g, %s %g", name, metric->name, value,
		   value < metric->min ? "below its minimum of" :
					 "above its maximum of",
		   value < metric->min ? metric->min : metric->max);
	return false;
}

static bool judge_output(const struct ktstr_payload_run *run)
{
	const struct ktstr_payload *payload = run->payload;
	_cleanup_free_ char *output = NULL;
	bool good = true;
	size_t length = 0;
	int r;

	if (!payload->n_metrics)
		return true;
	if (payload->output_file)
		r = kt_read_file(payload->output_file, OUTPUT_MAX_BYTES,
				 &output, &length);
	else if (lseek(run->out_fd, 0, SEEK_SET) < 0)
		r = -errno;
	else
		r = kt_read_fd(run->out_fd, OUTPUT_MAX_BYTES, &output, &length);
	if (r < 0) {
		ktstr_note(run->ctx, "%s: cannot read its output%s%s: %s",
			   payload->name, payload->output_file ? " " : "",
			   payload->output_file ? payload->output_file : "",
			   r == -EFBIG ? "more than 16 MiB" : strerror(-r));
		return false;
	}
	for (size_t i = 0; i < payload->n_metrics; i++)
		good &= judge_metric(run, &payload->metrics[i], output, length);
	return good;
}

/* Ends it and all of its group; its wait status. */
static int reap(const struct ktstr_payload_run *run)
{
	int status = 0;

	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

enum ktstr_verdict ktstr_payload_wait(struct ktstr_payload_run *given)
{
	_cleanup_(run_free_cleanup) struct ktstr_payload_run *run = given;
	bool in_time, good;
	int status;

	if (!run)
		return KTSTR_FAIL;
	in_time = await_end(run);
	status = reap(run);
	good = judge_exit(run, status, in_time);
	good &= judge_output(run);
	return good ? KTSTR_PASS : KTSTR_FAIL;
}

enum ktstr_verdict ktstr_payload_kill(struct ktstr_payload_run *given)
{
	_cleanup_(run_free_cleanup) struct ktstr_payload_run *run = given;

	if (!run)
		return KTSTR_FAIL;
	(void)reap(run);
	return judge_output(run) ? KTSTR_PASS : KTSTR_FAIL;
}

enum ktstr_verdict ktstr_run_payload(struct ktstr_context *ctx,
				     const struct ktstr_payload *payload)
{
	return ktstr_payload_wait(ktstr_payload_start(ctx, payload));
}
