// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/process.h"

#define SHELL(script) ((const char *const[]){"sh", "-c", (script), NULL})

static struct kt_process shell(const char *const *argv)
{
	return (struct kt_process){
		.argv = argv,
		.package = "dash",
		.silence_ms = 20000,
	};
}

static void output_is_collected(void **state)
{
	struct kt_process process = shell(SHELL("echo a; echo b; echo c >&2"));
	_cleanup_strbuf_ struct kt_strbuf output = {0};

	(void)state;
	assert_int_equal(kt_process_run(&process, &output, NULL), 0);
	assert_string_equal(kt_strbuf_text(&output), "a\nb\n");
	assert_int_equal(kt_process_run(&process, NULL, NULL), 0);
}

static void more_than_a_pipe_holds_is_collected(void **state)
{
	struct kt_process process =
		shell(SHELL("i=0; while [ $i -lt 20000 ]; do "
			    "echo 0123456789; i=$((i+1)); done"));
	_cleanup_strbuf_ struct kt_strbuf output = {0};

	(void)state;
	assert_int_equal(kt_process_run(&process, &output, NULL), 0);
	assert_int_equal(output.length, 20000 * 11);
}

static void the_child_sees_the_c_locale_and_no_input(void **state)
{
	struct kt_process process =
		shell(SHELL("echo $LC_ALL; cat; pwd; exec 3>&-"));
	_cleanup_strbuf_ struct kt_strbuf output = {0};

	(void)state;
	setenv("LC_ALL", "C.UTF-8", 1);
	process.directory = "/usr";
	assert_int_equal(kt_process_run(&process, &output, NULL), 0);
	assert_string_equal(kt_strbuf_text(&output), "C\n/usr\n");
}

static void a_failure_ends_in_what_the_program_said(void **state)
{
	struct kt_process process = shell(SHELL("echo E: no >&2; exit 100"));
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_process_run(&process, NULL, &err), -EREMOTEIO);
	assert_string_equal(err.message, "sh failed with status 100:\nE: no");
	process.argv = SHELL("kill -9 $$");
	assert_int_equal(kt_process_run(&process, NULL, &err), -EREMOTEIO);
	assert_string_equal(err.message,
			    "sh failed with status 137 and said nothing");
}

static void a_missing_program_names_its_package(void **state)
{
	const char *const argv[] = {"ktstr-none-such", NULL};
	struct kt_process process = {.argv = argv, .package = "nonesuch"};
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_process_run(&process, NULL, &err), -ENOENT);
	assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
	assert_string_equal(err.message, "the program ktstr-none-such is "
					 "missing (Debian package nonesuch)");
}

static void take_line(void *userdata, const char *line)
{
	kt_strbuf_addf(userdata, "<%s>", line);
}

static void status_lines_come_whole(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf lines = {0};
	struct kt_process process =
		shell(SHELL("printf a >&3; printf 'b\\ncd\\n\\nrest' >&3"));

	(void)state;
	process.on_status = take_line;
	process.userdata = &lines;
	assert_int_equal(kt_process_run(&process, NULL, NULL), 0);
	assert_string_equal(kt_strbuf_text(&lines), "<ab><cd><>");
}

static void a_silent_program_is_ended_with_its_children(void **state)
{
	struct kt_process process = shell(SHELL("sleep 1000 & echo $!; wait"));
	_cleanup_strbuf_ struct kt_strbuf output = {0};
	struct ktstr_error err;
	uint64_t deadline;
	pid_t sleeper;

	(void)state;
	process.silence_ms = 1000;
	assert_int_equal(kt_process_run(&process, &output, &err), -ETIMEDOUT);
	assert_string_equal(err.message,
			    "sh has been silent for 1 s and was ended");
	sleeper = atoi(kt_strbuf_text(&output));
	assert_true(sleeper > 1);
	/* An orphan: somebody else collects it, soon. */
	deadline = kt_now_ns() + 10000000000ULL;
	while (!kill(sleeper, 0) && kt_now_ns() < deadline) {
		char path[64];
		_cleanup_free_ char *stat = NULL;

		snprintf(path, sizeof(path), "/proc/%d/stat", sleeper);
		if (!kt_read_file(path, 4096, &stat, NULL) &&
		    strstr(stat, ") Z "))
			break;
	}
	assert_true(kt_now_ns() < deadline);
}

static void a_program_that_only_repeats_its_status_is_hung(void **state)
{
	struct kt_process process =
		shell(SHELL("while :; do echo 50 >&3; sleep 0.1; done"));
	struct ktstr_error err;

	(void)state;
	process.silence_ms = 1000;
	assert_int_equal(kt_process_run(&process, NULL, &err), -ETIMEDOUT);
	process.argv = SHELL("for i in 1 2 3 4 5 6 7 8; do "
			     "echo $i >&3; sleep 0.2; done");
	assert_int_equal(kt_process_run(&process, NULL, NULL), 0);
}

static bool at_the_third(void *userdata)
{
	return ++*(int *)userdata == 3;
}

static void the_caller_can_give_up(void **state)
{
	struct kt_process process = shell(SHELL("sleep 1000"));
	struct ktstr_error err;
	int asked = 0;

	(void)state;
	process.cancelled = at_the_third;
	process.userdata = &asked;
	assert_int_equal(kt_process_run(&process, NULL, &err), -ECANCELED);
	assert_string_equal(err.message, "interrupted");
}

static void output_left_open_by_a_grandchild_is_not_waited_for(void **state)
{
	struct kt_process process = shell(SHELL("sleep 5 & echo done"));
	_cleanup_strbuf_ struct kt_strbuf output = {0};
	uint64_t start = kt_now_ns();

	(void)state;
	assert_int_equal(kt_process_run(&process, &output, NULL), 0);
	assert_string_equal(kt_strbuf_text(&output), "done\n");
	assert_true(kt_now_ns() - start < 4000000000ULL);
}

static void a_program_that_goes_on_is_ended(void **state)
{
	struct kt_process process =
		shell(SHELL("while :; do echo x; sleep 0.05; done"));
	struct ktstr_error err;

	(void)state;
	process.limit_ms = 500;
	assert_int_equal(kt_process_run(&process, NULL, &err), -ETIMEDOUT);
	assert_string_equal(err.message,
			    "sh was still running after 0.5 s and was ended");
}

static void too_much_output_ends_the_program(void **state)
{
	struct kt_process process = shell(SHELL("yes"));
	_cleanup_strbuf_ struct kt_strbuf output = {0};
	struct ktstr_error err;

	(void)state;
	process.output_max_bytes = 100000;
	assert_int_equal(kt_process_run(&process, &output, &err), -EFBIG);
	assert_string_equal(err.message,
			    "sh wrote more than 100000 bytes and was ended");
	assert_true(output.length < 200000);
	/* The same when it is over before anybody looked. */
	process.argv = SHELL("head -c 4000 /dev/zero");
	process.output_max_bytes = 3999;
	assert_int_equal(kt_process_run(&process, NULL, &err), -EFBIG);
	process.output_max_bytes = 4000;
	assert_int_equal(kt_process_run(&process, NULL, NULL), 0);
}

static void an_exit_and_a_signal_can_be_told_apart(void **state)
{
	struct kt_process process = shell(SHELL("kill -9 $$"));
	int status = 0;

	(void)state;
	process.wait_status = &status;
	assert_int_equal(kt_process_run(&process, NULL, NULL), -EREMOTEIO);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	process.argv = SHELL("exit 137");
	assert_int_equal(kt_process_run(&process, NULL, NULL), -EREMOTEIO);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 137);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_collected),
		cmocka_unit_test(more_than_a_pipe_holds_is_collected),
		cmocka_unit_test(the_child_sees_the_c_locale_and_no_input),
		cmocka_unit_test(a_failure_ends_in_what_the_program_said),
		cmocka_unit_test(a_missing_program_names_its_package),
		cmocka_unit_test(status_lines_come_whole),
		cmocka_unit_test(a_silent_program_is_ended_with_its_children),
		cmocka_unit_test(a_program_that_only_repeats_its_status_is_hung),
		cmocka_unit_test(a_program_that_goes_on_is_ended),
		cmocka_unit_test(too_much_output_ends_the_program),
		cmocka_unit_test(an_exit_and_a_signal_can_be_told_apart),
		cmocka_unit_test(the_caller_can_give_up),
		cmocka_unit_test(
			output_left_open_by_a_grandchild_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
