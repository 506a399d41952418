// SPDX-License-Identifier: GPL-2.0-only
/* What is made of machines that never were. */
#include "messages.h"

#include "base/macro.h"
#include "base/strbuf.h"
#include "runner/outcome.h"

#define REPORT(verdict, more)                                                  \
	"{\"test\": \"t\", \"verdict\": \"" verdict "\", "                     \
	"\"duration_ns\": 5, \"notes\": [\"one\", \"two\"], "                  \
	"\"metrics\": [{\"name\": \"m\", \"value\": 2, \"unit\": "             \
	"\"us\"}]" more "}"

static struct kt_test plain = { .name = (char *)"t" };
static struct kt_test to_fail = { .name = (char *)"t", .expect_err = true };

static const struct kt_judging judging = { .test = &plain, .timeout_ms = 90000 };

/* A guest that came up and ended, with that report and exit code. */
static struct ktstr_vm_result ended(const char *report, int exit_code)
{
	return (struct ktstr_vm_result){
		.ready = true,
		.exit_code = exit_code,
		.success = exit_code == 0,
		.console = (char *)"",
		.output = (char *)"",
		.test_result = (char *)report,
	};
}

static void expect(const struct kt_judging *how,
		   const struct ktstr_vm_result *result, const char *name,
		   const char *reason)
{
	_cleanup_outcome_ struct kt_outcome outcome = {};

	assert_int_equal(kt_outcome_judge(how, result, &outcome), 0);
	assert_string_equal(kt_outcome_name(&outcome), name);
	if (!reason) {
		assert_null(outcome.reason);
		return;
	}
	assert_contains(outcome.reason, reason);
	message_seen(outcome.reason);
}

#define EXPECT(report, exit_code, name, reason)                                \
	do {                                                                   \
		struct ktstr_vm_result r_ = ended(report, exit_code);          \
		expect(&judging, &r_, name, reason);                           \
	} while (0)

static void a_test_says_what_came_of_it(void **state)
{
	_cleanup_outcome_ struct kt_outcome outcome = {};
	struct ktstr_vm_result result = ended(REPORT("fail", ""), 1);

	(void)state;
	EXPECT(REPORT("pass", ""), 0, "pass", NULL);
	EXPECT(REPORT("fail", ""), 1, "fail", NULL);
	EXPECT(REPORT("skip", ""), 77, "skip", NULL);
	EXPECT(REPORT("inconclusive", ""), 2, "inconclusive", NULL);
	EXPECT(REPORT("pass", ", \"later\": {}"), 0, "pass", NULL);

	assert_int_equal(kt_outcome_judge(&judging, &result, &outcome), 0);
	assert_int_equal(outcome.n_notes, 2);
	assert_string_equal(outcome.notes[1], "two");
	assert_int_equal(outcome.n_metrics, 1);
	assert_string_equal(outcome.metrics[0].name, "m");
	assert_string_equal(outcome.metrics[0].unit, "us");
	assert_float_equal(outcome.metrics[0].value, 2, 0);
	assert_true(outcome.has_duration);
	assert_int_equal(outcome.duration_ns, 5);
	/* Of a test binary of before. */
	assert_int_equal(outcome.left_processes, 0);
}

static void what_a_test_left_behind_changes_no_verdict(void **state)
{
	_cleanup_outcome_ struct kt_outcome outcome = {};
	struct ktstr_vm_result result =
		ended(REPORT("pass", ", \"left_processes\": 9998"), 0);

	(void)state;
	assert_int_equal(kt_outcome_judge(&judging, &result, &outcome), 0);
	assert_string_equal(kt_outcome_name(&outcome), "pass");
	assert_int_equal(outcome.left_processes, 9998);
}

/* None of them may be a pass, whatever the exit code. */
static void a_result_that_is_not_well_formed_fails(void **state)
{
	static const struct {
		const char *report;
		const char *why;
	} cases[] = {
		{ "", "no JSON" },
		{ "pass", "no JSON" },
		{ "[]", "no JSON" },
		{ REPORT("pass", "") "x", "no JSON" },
		{ REPORT("pass", "") "?forged", "no JSON" },
		{ REPORT("pass", ", \"verdict\": \"pass\""), "no JSON" },
		{ "{\"test\": \"u\", \"verdict\": \"pass\", \"duration_ns\": 5,"
		  "\"notes\": [], \"metrics\": []}",
		  "another test's name" },
		{ "{\"verdict\": \"pass\", \"duration_ns\": 5,"
		  "\"notes\": [], \"metrics\": []}",
		  "another test's name" },
		{ REPORT("PASS", ""), "no verdict that exists" },
		{ "{\"test\": \"t\", \"verdict\": 0, \"duration_ns\": 5,"
		  "\"notes\": [], \"metrics\": []}",
		  "no verdict that exists" },
		{ "{\"test\": \"t\", \"verdict\": \"pass\", \"duration_ns\": "
		  "-5,"
		  "\"notes\": [], \"metrics\": []}",
		  "no duration" },
		{ "{\"test\": \"t\", \"verdict\": \"pass\", \"duration_ns\": 5,"
		  "\"notes\": [1], \"metrics\": []}",
		  "notes that are no list of texts" },
		{ "{\"test\": \"t\", \"verdict\": \"pass\", \"duration_ns\": 5,"
		  "\"notes\": [], \"metrics\": [{\"name\": \"m\"}]}",
		  "metrics that are none" },
		{ REPORT("pass", ", \"left_processes\": -1"),
		  "a number of processes that is none" },
		{ REPORT("pass", ", \"left_processes\": 1.5"),
		  "a number of processes that is none" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		_cleanup_outcome_ struct kt_outcome outcome = {};
		struct ktstr_vm_result result = ended(cases[i].report, 0);

		assert_int_equal(kt_outcome_judge(&judging, &result, &outcome),
				 0);
		assert_string_equal(kt_outcome_name(&outcome), "fail");
		assert_contains(outcome.reason, "garbled or forged: ");
		assert_contains(outcome.reason, cases[i].why);
		message_seen(outcome.reason);
		/* Nothing of it is passed on. */
		assert_int_equal(outcome.n_notes + outcome.n_metrics, 0);
		assert_false(outcome.has_duration);
	}
}

static void an_exit_code_must_bear_out_the_result(void **state)
{
	(void)state;
	EXPECT(REPORT("pass", ""), 1, "fail",
	       "says pass, which is exit code 0, but the guest exited with 1");
	EXPECT(REPORT("fail", ""), 0, "fail", "exited with 0");
	EXPECT(REPORT("skip", ""), 0, "fail", "which is exit code 77");
	EXPECT(REPORT("pass", ""), -1, "fail", "without an exit code");
}

static void no_result_is_no_pass(void **state)
{
	struct ktstr_vm_result early = ended(NULL, -1);
	struct ktstr_vm_result unable = ended(NULL, 125);

	(void)state;
	EXPECT(NULL, 0, "fail", "exited with 0, but without a result");
	EXPECT(NULL, -1, "fail", "without an exit code");
	expect(&judging, &unable, "broken", "did not say why");
	unable.output = (char *)"there is no test \"t\" here\n";
	unable.output_bytes = strlen(unable.output);
	expect(&judging, &unable, "broken", "there is no test \"t\" here");
	/* Behind whatever was printed before. */
	unable.output = (char *)"a\0why\n";
	unable.output_bytes = 6;
	expect(&judging, &unable, "broken",
	       "the test binary could not run the test: a?why");
	early.ready = false;
	expect(&judging, &early, "broken", "ended before it was up");
}

/* Not even where what came with it is as good as can be. */
static void garbage_on_the_wire_is_a_fail(void **state)
{
	const struct kt_judging inverse = { .test = &to_fail };
	struct ktstr_vm_result result = ended(REPORT("pass", ""), 0);
	_cleanup_outcome_ struct kt_outcome outcome = {};

	(void)state;
	result.wire_error = (char *)"27 bytes that are no frame";
	expect(&judging, &result, "fail",
	       "the guest sent 27 bytes that are no frame; only its init may "
	       "write to the host, so nothing that it reported is believed");
	assert_int_equal(kt_outcome_judge(&judging, &result, &outcome), 0);
	assert_int_equal(outcome.n_notes, 0);
	/* What hid the exit code is why the guest did not end. */
	result.timed_out = true;
	result.exit_code = -1;
	expect(&judging, &result, "fail", "27 bytes");
	result = ended(REPORT("fail", ""), 1);
	result.wire_error = (char *)"1 byte that is no frame";
	expect(&inverse, &result, "fail", "1 byte");
	result.ready = false;
	expect(&judging, &result, "broken",
	       "the guest sent 1 byte that is no frame before it was up");
	result.ready = true;
	result.crash = (char *)"kernel panic";
	expect(&judging, &result, "fail", "the guest crashed: kernel panic");
	/* But a restart is what comes of it. */
	result.crash = (char *)"the guest restarted";
	result.restarted = true;
	expect(&judging, &result, "fail", "the guest sent 1 byte");
	result.wire_error = NULL;
	expect(&judging, &result, "fail",
	       "the guest crashed: the guest restarted");
}

static void a_crash_is_a_fail_once_the_guest_was_up(void **state)
{
	/* Whatever the test had reported before. */
	struct ktstr_vm_result result = ended(REPORT("pass", ""), 0);

	(void)state;
	result.crash = (char *)"kernel panic\nat \xff\n\n";
	expect(&judging, &result, "fail",
	       "the guest crashed: kernel panic\nat ?");
	result.ready = false;
	expect(&judging, &result, "broken", "while it booted: kernel panic");
}

static void a_long_crash_ends_with_a_whole_line(void **state)
{
	struct ktstr_vm_result result = ended(NULL, -1);
	_cleanup_outcome_ struct kt_outcome outcome = {};
	_cleanup_strbuf_ struct kt_strbuf text = {};

	(void)state;
	for (int i = 0; i < 1000; i++)
		kt_strbuf_add(&text, "a line\n");
	result.crash = text.data;
	assert_int_equal(kt_outcome_judge(&judging, &result, &outcome), 0);
	assert_true(strlen(outcome.reason) < 4100);
	assert_string_equal(outcome.reason + strlen(outcome.reason) - 7,
			    "\na line");
}

static void an_end_of_time_is_a_fail_once_the_guest_was_up(void **state)
{
	struct ktstr_vm_result result = ended(REPORT("pass", ""), 0);

	(void)state;
	result.timed_out = true;
	expect(&judging, &result, "fail", "still running after 90 s");
	result.state = (char *)"vcpu0 halted\n";
	expect(&judging, &result, "fail",
	       "\nwhere the guest was:\nvcpu0 halted\n");
	result.ready = false;
	expect(&judging, &result, "broken", "had not booted after 90 s");
	expect(&judging, &result, "broken", "vcpu0 halted");
}

static void expect_err_turns_the_tests_own_verdict_around(void **state)
{
	const struct kt_judging how = { .test = &to_fail, .timeout_ms = 1000 };
	struct ktstr_vm_result result = ended(REPORT("fail", ""), 1);

	(void)state;
	expect(&how, &result, "pass", NULL);
	result = ended(REPORT("pass", ""), 0);
	expect(&how, &result, "fail", "(expect_err), but passed");
	result = ended(REPORT("skip", ""), 77);
	expect(&how, &result, "skip", NULL);
	result = ended(REPORT("inconclusive", ""), 2);
	expect(&how, &result, "inconclusive", NULL);
	/* What nobody means to see stays a fail. */
	result = ended(REPORT("fail", ""), 0);
	expect(&how, &result, "fail", "exited with 0");
	result = ended("{}", 1);
	expect(&how, &result, "fail", "garbled");
	result = ended(NULL, 1);
	expect(&how, &result, "fail", "without a result");
	result = ended(REPORT("fail", ""), 1);
	result.crash = (char *)"panic";
	expect(&how, &result, "fail", "crashed");
	result.crash = NULL;
	result.timed_out = true;
	expect(&how, &result, "fail", "still running");
}

static struct ktstr_monitor_violation violations[] = {
	{ .rule = KTSTR_RULE_STALL,
	  .cpu = 1,
	  .from_ns = 2200000000,
	  .n_samples = 5,
	  .worst = 500 },
	{ .rule = KTSTR_RULE_IMBALANCE,
	  .cpu = -1,
	  .from_ns = 900000000,
	  .n_samples = 7,
	  .worst = 6,
	  .limit = 4 },
	{ .rule = KTSTR_RULE_LOCAL_DSQ_DEPTH,
	  .cpu = -1,
	  .from_ns = 1000000000,
	  .n_samples = 5,
	  .worst = 60,
	  .limit = 50 },
	{ .rule = KTSTR_RULE_FALLBACK_RATE,
	  .cpu = -1,
	  .from_ns = 1000000000,
	  .n_samples = 5,
	  .worst = 201,
	  .limit = 200 },
	{ .rule = KTSTR_RULE_KEEP_LAST_RATE,
	  .cpu = -1,
	  .from_ns = 1000000000,
	  .n_samples = 5,
	  .worst = 123456,
	  .limit = 100 },
};

static void a_test_that_is_held_to_it_fails_by_what_was_seen(void **state)
{
	struct kt_test held = { .name = (char *)"t", .monitoring.enforced = true };
	struct kt_judging how = { .test = &held };
	struct ktstr_vm_event events[] = {
		{ .kind = (char *)"unplaced" },
		{ .kind = (char *)"start", .placed = true, .host_ns = 1000000000 },
	};
	struct ktstr_vm_result result = ended(REPORT("pass", ""), 0);
	struct ktstr_monitor_report report = {
		.verdict = KTSTR_FAIL,
		.violations = violations,
		.n_violations = 2,
	};

	(void)state;
	result.events = events;
	result.n_events = 2;
	result.monitor = &report;
	expect(&how, &result, "fail",
	       "stuck 500ms on cpu1 at +1200ms, in 5 samples; imbalance 6 at "
	       "-100ms, limit 4, in 7 samples");
	report.n_violations = 5;
	expect(&how, &result, "fail", "; and 2 more");
	/* One that is not has its own word. */
	expect(&judging, &result, "pass", NULL);
	report.verdict = KTSTR_PASS;
	report.n_violations = 0;
	expect(&how, &result, "pass", NULL);
	report.verdict = KTSTR_INCONCLUSIVE;
	expect(&how, &result, "inconclusive", "no sample was taken");
	report.unavailable = (char *)"the kernel has no BTF";
	expect(&how, &result, "inconclusive", "the kernel has no BTF");
	result.monitor = NULL;
	expect(&how, &result, "inconclusive", "no sample was taken");
	/* A fail of its own goes first, and expect_err turns either around. */
	result = ended(REPORT("fail", ""), 1);
	result.monitor = &report;
	expect(&how, &result, "fail", NULL);
	held.expect_err = true;
	report = (struct ktstr_monitor_report){ .verdict = KTSTR_FAIL,
						.violations = violations + 2,
						.n_violations = 3 };
	result = ended(REPORT("pass", ""), 0);
	result.monitor = &report;
	expect(&how, &result, "pass",
	       "60 tasks in a local DSQ at +1000ms, limit 50, in 5 samples; "
	       "201 "
	       "fallbacks a second at +1000ms, limit 200, in 5 samples; 123456 "
	       "tasks kept a second");
	report.verdict = KTSTR_PASS;
	report.n_violations = 0;
	expect(&how, &result, "fail", "expect_err");
}

static void a_skip_can_be_forbidden(void **state)
{
	const struct kt_judging how = { .test = &plain, .no_skip = true };
	struct ktstr_vm_result result = ended(REPORT("skip", ""), 77);
	_cleanup_outcome_ struct kt_outcome outcome = {};

	(void)state;
	assert_int_equal(kt_outcome_judge(&how, &result, &outcome), 0);
	assert_string_equal(kt_outcome_name(&outcome), "fail");
	assert_string_equal(
		outcome.reason,
		"skipped, and KTSTR_NO_SKIP_MODE makes that a fail");
	/* The test's own words still say why. */
	assert_int_equal(outcome.n_notes, 2);
	result = ended(REPORT("inconclusive", ""), 2);
	expect(&how, &result, "inconclusive", NULL);
}

static void expect_of_error(bool no_skip, enum ktstr_error_kind kind,
			    const char *name, const char *reason)
{
	const struct kt_judging how = { .test = &plain, .no_skip = no_skip };
	const struct ktstr_error why = { .kind = kind, .message = "the why" };
	_cleanup_outcome_ struct kt_outcome outcome = {};

	assert_int_equal(kt_outcome_of_error(&how, &why, &outcome), 0);
	assert_string_equal(kt_outcome_name(&outcome), name);
	assert_string_equal(outcome.reason, reason);
}

static void contention_is_a_skip_and_all_else_broken(void **state)
{
	(void)state;
	expect_of_error(false, KTSTR_ERROR_CONTENTION, "skip", "the why");
	expect_of_error(true, KTSTR_ERROR_CONTENTION, "fail",
			"skipped, and KTSTR_NO_SKIP_MODE makes that a fail: "
			"the why");
	expect_of_error(false, KTSTR_ERROR_ENVIRONMENT, "broken", "the why");
	expect_of_error(true, KTSTR_ERROR_INVALID, "broken", "the why");
	expect_of_error(false, KTSTR_ERROR_SYSTEM, "broken", "the why");
}

static void the_worst_of_all_is_the_exit_status(void **state)
{
	static const struct {
		struct kt_tally tally;
		int status;
	} cases[] = {
		{ { .passed = 1 }, 0 },
		{ { .passed = 1, .skipped = 9 }, 0 },
		{ { .skipped = 9 }, 77 },
		{ { .skipped = 9, .inconclusive = 1 }, 2 },
		{ { .passed = 9, .inconclusive = 1 }, 2 },
		{ { .passed = 9, .inconclusive = 1, .broken = 1 }, 125 },
		{ { .skipped = 1, .broken = 1 }, 125 },
		{ { .passed = 9, .failed = 1, .broken = 1, .inconclusive = 1 },
		  1 },
		{ { 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++)
		assert_int_equal(kt_tally_exit_status(&cases[i].tally),
				 cases[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_test_says_what_came_of_it),
		cmocka_unit_test(what_a_test_left_behind_changes_no_verdict),
		cmocka_unit_test(a_result_that_is_not_well_formed_fails),
		cmocka_unit_test(an_exit_code_must_bear_out_the_result),
		cmocka_unit_test(no_result_is_no_pass),
		cmocka_unit_test(garbage_on_the_wire_is_a_fail),
		cmocka_unit_test(a_crash_is_a_fail_once_the_guest_was_up),
		cmocka_unit_test(a_long_crash_ends_with_a_whole_line),
		cmocka_unit_test(an_end_of_time_is_a_fail_once_the_guest_was_up),
		cmocka_unit_test(expect_err_turns_the_tests_own_verdict_around),
		cmocka_unit_test(a_test_that_is_held_to_it_fails_by_what_was_seen),
		cmocka_unit_test(a_skip_can_be_forbidden),
		cmocka_unit_test(contention_is_a_skip_and_all_else_broken),
		cmocka_unit_test(the_worst_of_all_is_the_exit_status),
		messages_test("runner_outcome"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
