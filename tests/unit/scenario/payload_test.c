// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/payload.h>

#include "base/strbuf.h"

/* What the test's side has heard. */
static struct kt_strbuf said;

void ktstr_note(struct ktstr_context *ctx, const char *fmt, ...)
{
	va_list args;

	(void)ctx;
	va_start(args, fmt);
	kt_strbuf_vaddf(&said, fmt, args);
	va_end(args);
	kt_strbuf_add_char(&said, '\n');
}

void ktstr_metric(struct ktstr_context *ctx, const char *name, double value,
		  const char *unit)
{
	(void)ctx;
	kt_strbuf_addf(&said, "metric %s %g %s\n", name, value, unit);
}

static int forget(void **state)
{
	(void)state;
	kt_strbuf_reset(&said);
	return 0;
}

/* A shell stands for the program: what it prints is its command. */
#define SHELL(name_, command_, ...)                                            \
	KTSTR_PAYLOAD(name_, .binary = "/usr/bin/sh",                          \
		      .args = KTSTR_PAYLOAD_ARGS("-c", command_), __VA_ARGS__)

static void expect(const struct ktstr_payload *payload,
		   enum ktstr_verdict verdict, const char *text)
{
	assert_int_equal(ktstr_run_payload(NULL, payload), verdict);
	assert_string_equal(kt_strbuf_text(&said), text);
}

SHELL(numbers, "echo 'ops: 12'; echo 'rate=2.5'",
      KTSTR_PAYLOAD_METRICS(KTSTR_KEY_METRIC("ops", "ops", .min = 12, .max = 12),
			    KTSTR_KEY_METRIC("rate", "rate", .unit = "1/s"),
			    KTSTR_KEY_METRIC("late", "late", .optional = true)))

static void metrics_are_reported(void **state)
{
	(void)state;
	expect(&numbers, KTSTR_PASS,
	       "metric numbers.ops 12 \nmetric numbers.rate 2.5 1/s\n");
}

SHELL(outside, "echo '{ \"a\": 1, \"b\": 9 }'",
      KTSTR_PAYLOAD_METRICS(KTSTR_JSON_METRIC("a", "a", .min = 1.5),
			    KTSTR_JSON_METRIC("b", "b", .max = 8),
			    KTSTR_JSON_METRIC("c", "c")))

static void limits_are_kept(void **state)
{
	(void)state;
	expect(&outside, KTSTR_FAIL,
	       "metric outside.a 1 \n"
	       "outside: a is 1, below its minimum of 1.5\n"
	       "metric outside.b 9 \n"
	       "outside: b is 9, above its maximum of 8\n"
	       "outside: no c in its output: there is no c in it\n");
}

SHELL(refuses, "echo nothing; echo 'no such device' >&2; exit 3")
SHELL(as_told, "exit 3", .exit_code = 3)
SHELL(dies, "kill -SEGV $$")
SHELL(stays, "echo up; sleep 60", .timeout_s = 1)

static void exits_are_told(void **state)
{
	(void)state;
	expect(&refuses, KTSTR_FAIL,
	       "refuses: exited with 3 instead of 0\n"
	       "refuses: its last words: no such device\n");
	forget(NULL);
	expect(&as_told, KTSTR_PASS, "");
	expect(&dies, KTSTR_FAIL,
	       "dies: killed by signal 11 (Segmentation fault)\n");
	forget(NULL);
	expect(&stays, KTSTR_FAIL,
	       "stays: still running after its 1 s\n"
	       "stays: its last words: up\n");
}

KTSTR_PAYLOAD(absent, .binary = "no-such-program")
KTSTR_PAYLOAD(nameless, .exit_code = 0)
SHELL(vague, "echo 1", KTSTR_PAYLOAD_METRICS({ .name = "x" }))
SHELL(elsewhere, ":", .output_file = "/nonexistent/m.yaml",
      KTSTR_PAYLOAD_METRICS(KTSTR_KEY_METRIC("x", "x")))

static void mistakes_are_told(void **state)
{
	(void)state;
	expect(&absent, KTSTR_FAIL,
	       "absent: exited with 127 instead of 0\n"
	       "absent: its last words: cannot run /bin/no-such-program: No "
	       "such file or directory\n");
	forget(NULL);
	expect(&nameless, KTSTR_FAIL, "nameless: a payload needs a binary\n");
	forget(NULL);
	expect(&vague, KTSTR_FAIL,
	       "vague: the metric x needs a name, and either a JSON path or a "
	       "key\n");
	forget(NULL);
	expect(&elsewhere, KTSTR_FAIL,
	       "elsewhere: cannot read its output /nonexistent/m.yaml: No such "
	       "file or directory\n");
}

static void wait_for(const char *path)
{
	struct stat st;

	for (int i = 0; i < 1000; i++) {
		if (stat(path, &st) == 0 && st.st_size > 0)
			return;
		usleep(20 * 1000);
	}
	fail_msg("%s is still empty", path);
}

/* Gone, or no more than a zombie whose reaper is slow. */
static bool is_over(pid_t pid)
{
	char path[64], line[256] = "";
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return true;
	if (!fgets(line, sizeof(line), stat))
		line[0] = '\0';
	fclose(stat);
	return !*line || strstr(line, ") Z ");
}

static void a_killed_one_leaves_nothing(void **state)
{
	char path[] = "/tmp/ktstr-payload-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	const struct ktstr_payload_metric metrics[] = {
		KTSTR_KEY_METRIC("child", "child"),
	};
	char command[128];
	const char *const args[] = { "-c", command, NULL };
	const struct ktstr_payload family = {
		.name = "family",
		.binary = "sh",
		.args = args,
		.output_file = path,
		.metrics = metrics,
		.n_metrics = KT_ARRAY_SIZE(metrics),
	};
	struct ktstr_payload_run *run;
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command),
		 "sleep 60 & echo child $! > %s; wait", path);
	run = ktstr_payload_start(NULL, &family);
	assert_non_null(run);
	assert_int_equal(kill(ktstr_payload_pid(run), 0), 0);
	wait_for(path);
	assert_int_equal(ktstr_payload_kill(run), KTSTR_PASS);
	unlink(path);
	assert_int_equal(
		sscanf(kt_strbuf_text(&said), "metric family.child %d", &child),
		1);
	for (int i = 0; i < 500 && !is_over(child); i++)
		usleep(20 * 1000);
	assert_true(is_over(child));
}

static int done(void **state)
{
	(void)state;
	kt_strbuf_deinit(&said);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(metrics_are_reported, forget),
		cmocka_unit_test_setup(limits_are_kept, forget),
		cmocka_unit_test_setup(exits_are_told, forget),
		cmocka_unit_test_setup(mistakes_are_told, forget),
		cmocka_unit_test_setup(a_killed_one_leaves_nothing, forget),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
