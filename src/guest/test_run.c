// SPDX-License-Identifier: GPL-2.0-only
#include "guest/test_run.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "guest/processes.h"

#define NS_PER_MS  1000000u
#define LAST_READS 64

KT_DEFINE_CLEANUP(json_t *, json_decref)

/* The test's side of the pipe. */
struct ktstr_context {
	const struct ktstr_test *test;
	int record_fd;
};

/* One record is one line of JSON; the runner's end takes what fits. */
static void send_record(const struct ktstr_context *ctx, json_t *record)
{
	_cleanup_(json_decref_cleanup) json_t *owned = record;
	_cleanup_strbuf_ struct kt_strbuf line = {};
	_cleanup_free_ char *text = NULL;

	if (owned)
		text = json_dumps(owned, JSON_COMPACT);
	if (!text)
		return;
	kt_strbuf_addf(&line, "%s\n", text);
	if (!kt_strbuf_failed(&line))
		(void)kt_write_all(ctx->record_fd, line.data, line.length);
}

void ktstr_note(struct ktstr_context *ctx, const char *fmt, ...)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};
	json_t *note;
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(&text, fmt, args);
	va_end(args);
	/* The log has it too, with what the test printed around it. */
	dprintf(STDOUT_FILENO, "%s\n", kt_strbuf_text(&text));
	note = json_string(kt_strbuf_text(&text));
	if (!note) {
		/* JSON is UTF-8; what is not shows as question marks. */
		for (size_t i = 0; i < text.length; i++) {
			if ((unsigned char)text.data[i] >= 0x80)
				text.data[i] = '?';
		}
		note = json_string(kt_strbuf_text(&text));
	}
	send_record(ctx, json_pack("{s:o}", "note", note));
}

void ktstr_metric(struct ktstr_context *ctx, const char *name, double value,
		  const char *unit)
{
	json_t *record = json_pack("{s:{s:s, s:f, s:s}}", "metric", "name",
				   name, "value", value, "unit", unit);

	if (!record) {
		ktstr_note(ctx,
			   "the metric %s was not kept: %g %s is no number, or "
			   "no UTF-8",
			   name, value, unit);
		return;
	}
	send_record(ctx, record);
}

const struct ktstr_test *ktstr_current(const struct ktstr_context *ctx)
{
	return ctx->test;
}

/* The runner's side. */
struct test_run {
	const struct ktstr_test *test;
	struct kt_test_companion *companion; /* may be NULL */
	pid_t pid;
	int pid_fd;
	int record_fd;
	struct kt_strbuf line;
	json_t *notes;
	json_t *metrics;
	size_t bytes; /* of records kept */
	size_t n_lost;
	size_t n_left; /* processes that outlived the test */
	bool has_verdict;
	enum ktstr_verdict verdict;
};

static void run_deinit(struct test_run *run)
{
	kt_close(run->record_fd);
	kt_close(run->pid_fd);
	kt_strbuf_deinit(&run->line);
	json_decref(run->notes);
	json_decref(run->metrics);
}

static void add_note(struct test_run *run, const char *fmt, ...) KT_PRINTF(2, 3);

static void add_note(struct test_run *run, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(run->notes, json_string(text));
}

static void take_record(struct test_run *run, const char *text, size_t length)
{
	_cleanup_(json_decref_cleanup) json_t *record =
		json_loadb(text, length, 0, NULL);
	json_t *note = json_object_get(record, "note");
	json_t *metric = json_object_get(record, "metric");
	json_t *verdict = json_object_get(record, "verdict");

	if (json_is_integer(verdict)) {
		json_int_t value = json_integer_value(verdict);

		run->has_verdict = value >= 0 && value <= KTSTR_INCONCLUSIVE;
		if (run->has_verdict)
			run->verdict = (enum ktstr_verdict)value;
		return;
	}
	if (run->bytes + length > KT_TEST_NOTES_MAX_BYTES) {
		run->n_lost++;
		return;
	}
	run->bytes += length;
	if (json_is_string(note))
		json_array_append(run->notes, note);
	else if (json_is_object(metric))
		json_array_append(run->metrics, metric);
}

/* 1: there may be more; 0: nothing for now; -ENODATA: the end. */
static int read_records(struct test_run *run)
{
	char data[4096];
	const char *end;
	ssize_t n = read(run->record_fd, data, sizeof(data));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -ENODATA;
	if (n == 0)
		return -ENODATA;
	/* A record without an end is not kept for ever. */
	if (run->line.length > KT_TEST_NOTES_MAX_BYTES) {
		kt_strbuf_reset(&run->line);
		run->n_lost++;
	}
	kt_strbuf_add_bytes(&run->line, data, (size_t)n);
	while (run->line.length &&
	       (end = memchr(run->line.data, '\n', run->line.length))) {
		size_t length = (size_t)(end - run->line.data);

		take_record(run, run->line.data, length);
		kt_strbuf_drop(&run->line, length + 1);
	}
	return 1;
}

static _Noreturn void be_test(const struct ktstr_test *test, int record_fd)
{
	struct ktstr_context ctx = { .test = test, .record_fd = record_fd };
	enum ktstr_verdict verdict;
	pid_t self = getpid();

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	verdict = test->function(&ctx);
	fflush(NULL);
	/* A child that came back from the test has no say. */
	if (getpid() != self)
		_exit(0);
	send_record(&ctx, json_pack("{s:i}", "verdict", (int)verdict));
	_exit(0);
}

static int start(struct test_run *run, struct ktstr_error *err)
{
	_cleanup_close_ int write_fd = -1;
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return kt_err_errno(err, -errno, "cannot make a pipe");
	run->record_fd = pair[0];
	write_fd = pair[1];
	fflush(NULL);
	run->pid = fork();
	if (run->pid < 0)
		return kt_err_errno(err, -errno, "cannot start the test");
	if (run->pid == 0)
		be_test(run->test, write_fd);
	setpgid(run->pid, run->pid);
	fcntl(run->record_fd, F_SETFL, O_NONBLOCK);
	run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->pid_fd < 0) {
		int r = -errno;

		kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
		return kt_err_errno(err, r, "cannot watch the test");
	}
	return 0;
}

/* How the test's process came to its end. */
enum ending {
	ENDED_ITSELF,
	TIME_WAS_UP,
	COMPANION_FAILED, /* which tells why */
};

static enum ending await_end(struct test_run *run, uint64_t deadline_ns)
{
	struct pollfd fds[] = {
		{ .fd = run->pid_fd, .events = POLLIN },
		{ .fd = run->record_fd, .events = POLLIN },
		{ .fd = run->companion ? run->companion->watch_fd : -1,
		  .events = POLLIN },
	};

	for (;;) {
		uint64_t now = kt_now_ns();

		if (now >= deadline_ns)
			return TIME_WAS_UP;
		if (poll(fds, KT_ARRAY_SIZE(fds),
			 (int)((deadline_ns - now) / NS_PER_MS) + 1) < 0 &&
		    errno != EINTR)
			return TIME_WAS_UP;
		if (fds[1].revents && read_records(run) < 0)
			fds[1].fd = -1;
		if (fds[0].revents)
			return ENDED_ITSELF;
		if (fds[2].revents && !run->companion->attend(run->companion))
			return COMPANION_FAILED;
	}
}

static void conclude(struct test_run *run, enum ending ending,
		     unsigned int timeout_ms)
{
	int status = 0;

	/* What is ended together with its test was not left by it. */
	if (ending == ENDED_ITSELF)
		run->n_left = kt_processes_of_group("/proc", run->pid);
	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	/* More than a pipe holds; who still writes is no part of the test. */
	for (int i = 0; i < LAST_READS && read_records(run) > 0; i++)
		;
	if (run->n_lost)
		add_note(run, "%zu more notes were not kept", run->n_lost);
	/* Who has given one exits with 0, at once. */
	if (run->has_verdict && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	run->verdict = KTSTR_FAIL;
	if (ending == COMPANION_FAILED)
		return;
	if (ending == TIME_WAS_UP)
		add_note(run, "the test was still running after %.6g s",
			 timeout_ms / 1000.0);
	else if (WIFSIGNALED(status))
		add_note(run, "the test's process was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		add_note(run, "the test's process exited with %d and gave no verdict",
			 WEXITSTATUS(status));
}

static int print_result(const struct test_run *run, uint64_t duration_ns,
			char **ret, struct ktstr_error *err)
{
	_cleanup_(json_decref_cleanup) json_t *result = json_pack(
		"{s:s, s:s, s:I, s:O, s:O, s:I}", "test", run->test->name,
		"verdict", ktstr_verdict_name(run->verdict), "duration_ns",
		(json_int_t)duration_ns, "notes", run->notes, "metrics",
		run->metrics, "left_processes", (json_int_t)run->n_left);

	*ret = result ? json_dumps(result, 0) : NULL;
	return *ret ? 0 : kt_err_errno(err, -ENOMEM, "no memory for a result");
}

/* The test itself, in its process. */
static int run_test(struct test_run *run, unsigned int timeout_ms,
		    struct ktstr_error *err)
{
	uint64_t deadline_ns = kt_now_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	int r = start(run, err);

	if (r == 0)
		conclude(run, await_end(run, deadline_ns), timeout_ms);
	return r;
}

/* Its notes come last: they say why the test had to end. */
static void take_companion(struct test_run *run, enum ktstr_verdict verdict)
{
	if (verdict == KTSTR_FAIL)
		run->verdict = KTSTR_FAIL;
	json_array_extend(run->notes, run->companion->notes);
	json_array_extend(run->metrics, run->companion->metrics);
}

int kt_test_run_text(const struct ktstr_test *test, unsigned int timeout_ms,
		     struct kt_test_companion *companion, char **ret_result,
		     enum ktstr_verdict *ret, struct ktstr_error *err)
{
	_cleanup_(run_deinit) struct test_run run = {
		.test = test,
		.companion = companion,
		.pid_fd = -1,
		.record_fd = -1,
		.notes = json_array(),
		.metrics = json_array(),
	};
	uint64_t start_ns = kt_now_ns(), end_ns;
	int r = 0;

	if (!run.notes || !run.metrics)
		return kt_err_errno(err, -ENOMEM, "no memory for a test");
	if (companion)
		r = companion->begin(companion, &run.verdict, err);
	if (r == 0 && run.verdict == KTSTR_PASS) {
		start_ns = kt_now_ns();
		r = run_test(&run, timeout_ms, err);
	}
	end_ns = kt_now_ns();
	if (companion)
		take_companion(&run, companion->end(companion));
	if (r == 0)
		r = print_result(&run, end_ns - start_ns, ret_result, err);
	if (r == 0)
		*ret = run.verdict;
	return r;
}

int kt_test_run(const struct ktstr_test *test, unsigned int timeout_ms,
		struct kt_test_companion *companion, const char *result_path,
		enum ktstr_verdict *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = kt_test_run_text(test, timeout_ms, companion, &text, ret, err);

	if (r < 0)
		return r;
	r = kt_write_file_atomic(result_path, text, strlen(text), 0644);
	return r < 0 ? kt_err_errno(err, r, "cannot write %s", result_path) : 0;
}
