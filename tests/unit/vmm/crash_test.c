// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "test.h"
#include "vmm/crash.h"

#define PANIC "[    1.0] Kernel panic - not syncing: Attempted to kill init!\n"

static const struct kt_end nothing = { .kind = KT_END_NONE };
static const struct kt_end reset = { .kind = KT_END_RESET, .vcpu = -1 };
static const struct kt_end fault = { .kind = KT_END_TRIPLE_FAULT,
				     .text = "vCPU 1: triple fault\nrip 0\n" };

static void a_guest_that_ended_well_has_not_crashed(void **state)
{
	struct kt_crash_evidence e = { .end = &reset,
				       .ready = true,
				       .exited = true,
				       .kernel = "boot\n",
				       .last = "",
				       .reports = "" };

	(void)state;
	assert_null(kt_crash_text(&e));
	/* Some machines restart by a triple fault. */
	e.end = &fault;
	assert_null(kt_crash_text(&e));
}

static void a_guest_that_the_host_ended_has_not_crashed(void **state)
{
	struct kt_crash_evidence e = { .end = &nothing,
				       .cut_short = true,
				       .kernel = "boot\n" };

	(void)state;
	assert_null(kt_crash_text(&e));
}

static void a_restart_is_what_nobody_knows_more_of(void **state)
{
	const struct kt_crash_evidence restart = { .end = &reset,
						   .ready = true,
						   .kernel = "boot\n" };
	struct kt_crash_evidence e = restart;

	(void)state;
	assert_true(kt_crash_is_restart(&e));
	e.exited = true;
	assert_false(kt_crash_is_restart(&e));
	e = restart;
	e.cut_short = true;
	assert_false(kt_crash_is_restart(&e));
	e = restart;
	e.end = &fault;
	assert_false(kt_crash_is_restart(&e));
	e = restart;
	e.kernel = PANIC;
	assert_false(kt_crash_is_restart(&e));
	e = restart;
	e.last = "init died";
	assert_false(kt_crash_is_restart(&e));
	e = restart;
	e.reports = "an oops";
	assert_false(kt_crash_is_restart(&e));
}

static void a_panic_is_told_with_the_end_of_the_log(void **state)
{
	struct kt_crash_evidence e = { .end = &reset,
				       .kernel = "first\n" PANIC "last\n" };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_string_equal(text,
			    "the guest's kernel panicked: Attempted to kill "
			    "init!\n"
			    "the end of its kernel log:\n"
			    "first\n" PANIC "last\n");
}

static void a_panic_counts_even_after_a_timeout(void **state)
{
	struct kt_crash_evidence e = { .end = &nothing,
				       .cut_short = true,
				       .kernel = PANIC };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_contains(text, "kernel panicked");
}

static void inits_report_is_told_once(void **state)
{
	struct kt_crash_evidence e = { .end = &reset,
				       .reports = "init: no sentinel\n",
				       .last = "init: no sentinel\n",
				       .dmesg = "[ 1.0] out of memory\n" };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_string_equal(text, "init: no sentinel\n"
				  "the end of its kernel log:\n"
				  "[ 1.0] out of memory\n");
}

static void last_words_on_com2_are_enough(void **state)
{
	struct kt_crash_evidence e = { .end = &reset,
				       .last = "init: segmentation fault" };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_string_equal(text, "init: segmentation fault\n");
}

static void the_logs_end_is_told_once(void **state)
{
	struct kt_crash_evidence e = { .end = &reset,
				       .exited = true,
				       .reports = "out of memory\n"
						  "the end of its kernel "
						  "log:\nlast\n",
				       .dmesg = "last\n" };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_string_equal(text, e.reports);
}

static void a_triple_fault_is_told_with_registers(void **state)
{
	struct kt_crash_evidence e = { .end = &fault };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_string_equal(text, "vCPU 1: triple fault\nrip 0\n");
}

static void a_restart_out_of_turn_is_told(void **state)
{
	struct kt_crash_evidence e = { .end = &reset };
	_cleanup_free_ char *early = kt_crash_text(&e);
	_cleanup_free_ char *late = NULL;

	(void)state;
	assert_string_equal(early,
			    "the guest restarted before its init had come "
			    "up\n");
	e.ready = true;
	late = kt_crash_text(&e);
	assert_string_equal(late, "the guest restarted before its init "
				  "reported an exit code\n");
}

static void control_characters_of_the_guest_do_no_harm(void **state)
{
	struct kt_crash_evidence e = { .end = &reset,
				       .last = "a\x1b[2Jb\tc\r\nd\x7f" };
	_cleanup_free_ char *text = kt_crash_text(&e);

	(void)state;
	assert_string_equal(text, "a.[2Jb\tc\nd.\n");
}

static void only_whole_lines_of_a_long_log_are_kept(void **state)
{
	size_t lines = 1000;
	_cleanup_free_ char *log = malloc(lines * 10 + 1), *text = NULL;
	struct kt_crash_evidence e = { .end = &reset };
	const char *tail;

	(void)state;
	assert_non_null(log);
	for (size_t i = 0; i < lines; i++)
		snprintf(log + i * 10, 11, "line %4zu\n", i);
	e.kernel = log;
	text = kt_crash_text(&e);
	tail = strstr(text, "log:\n");
	assert_non_null(tail);
	assert_int_equal(strncmp(tail + 5, "line  5", 7), 0);
	assert_true(strlen(tail + 5) <= KT_CRASH_TAIL_BYTES);
	assert_contains(tail, "line  999\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_ended_well_has_not_crashed),
		cmocka_unit_test(a_guest_that_the_host_ended_has_not_crashed),
		cmocka_unit_test(a_restart_is_what_nobody_knows_more_of),
		cmocka_unit_test(a_panic_is_told_with_the_end_of_the_log),
		cmocka_unit_test(a_panic_counts_even_after_a_timeout),
		cmocka_unit_test(inits_report_is_told_once),
		cmocka_unit_test(the_logs_end_is_told_once),
		cmocka_unit_test(last_words_on_com2_are_enough),
		cmocka_unit_test(a_triple_fault_is_told_with_registers),
		cmocka_unit_test(a_restart_out_of_turn_is_told),
		cmocka_unit_test(control_characters_of_the_guest_do_no_harm),
		cmocka_unit_test(only_whole_lines_of_a_long_log_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
