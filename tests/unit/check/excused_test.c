// SPDX-License-Identifier: GPL-2.0-only
/* Time for which a test itself kept its workers from running. */
#include "test.h"
#include "made_up.h"

#include "base/macro.h"

/* Since the gate, as all times here. */
static struct ktstr_window window(uint64_t from_ms, uint64_t to_ms)
{
	return (struct ktstr_window){ STARTED_NS + from_ms * MS,
				      STARTED_NS + to_ms * MS };
}

static void excuse(struct run *run, const struct ktstr_window *windows, size_t n)
{
	run->group.excused = windows;
	run->group.n_excused = n;
}

static void set_gap(struct run *run, uint64_t ms, uint64_t at_ms)
{
	run->workers[1].max_gap_ns = ms * MS;
	run->workers[1].max_gap_at_ns = at_ms * MS;
}

static int setup(void **state)
{
	struct run *run = malloc(sizeof(*run));

	assert_non_null(run);
	run_init(run);
	run->limits.not_stuck = true;
	*state = run;
	return 0;
}

static int teardown(void **state)
{
	struct run *run = *state;

	ktstr_check_report_deinit(&run->report);
	free(run);
	return 0;
}

static void a_gap_is_excused_as_far_as_the_window_goes(void **state)
{
	const struct ktstr_window w = window(1000, 4000);
	struct run *run = *state;

	set_gap(run, 3500, 4500);
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	excuse(run, &w, 1);
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	assert_int_equal(run->report.n_findings, 0);
	/* From 3 s to 6.5 s: one second of it is excused. */
	set_gap(run, 3500, 6500);
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_string_equal(
		run->report.findings[0].text,
		"stuck 2500ms on cpu1 at +3000ms: worker 1 of cg_0, limit "
		"2000ms; 1000ms more were the test's own will");
	assert_true(run->report.findings[0].value == 2500);
	/* Beside the window, nothing is. */
	set_gap(run, 2500, 6500);
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	set_gap(run, 3000, 6000);
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
}

static void windows_add_up(void **state)
{
	const struct ktstr_window w[] = { window(1000, 2000), window(3000, 4000) };
	struct run *run = *state;

	excuse(run, w, 2);
	set_gap(run, 4000, 4500);
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	set_gap(run, 4001, 4501);
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
}

static void a_gap_behind_the_excused_one_is_found(void **state)
{
	const struct ktstr_window w = window(1000, 5000);
	struct run *run = *state;
	struct ktstr_gap *next = run->workers[1].next_gaps;

	excuse(run, &w, 1);
	set_gap(run, 4000, 5000);
	next[0] = (struct ktstr_gap){ 2000 * MS, 8000 * MS, 2 };
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	next[0] = (struct ktstr_gap){ 2500 * MS, 8000 * MS, 2 };
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_int_equal(run->report.n_findings, 1);
	assert_string_equal(
		run->report.findings[0].text,
		"stuck 2500ms on cpu2 at +5500ms: worker 1 of cg_0, "
		"limit 2000ms");
}

static void a_gap_may_hide_behind_as_many_as_are_kept(void **state)
{
	struct ktstr_window w[KTSTR_NEXT_GAPS + 1];
	struct run *run = *state;
	struct ktstr_gap *next = run->workers[1].next_gaps;

	run->limits.max_gap_ms = 500;
	for (uint64_t i = 0; i < KT_ARRAY_SIZE(w); i++)
		w[i] = window(i * 1000, i * 1000 + 600);
	excuse(run, w, KT_ARRAY_SIZE(w));
	set_gap(run, 600, 600);
	for (uint64_t i = 0; i < KTSTR_NEXT_GAPS; i++)
		next[i] = (struct ktstr_gap){ 600 * MS,
					      (i + 1) * 1000 * MS + 600 * MS, 1 };
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
	assert_contains(run->report.findings[0].text, "more may hide behind");
	next[KTSTR_NEXT_GAPS - 1].ns = 500 * MS;
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
}

static void who_did_nothing_in_a_time_of_its_own_is_stuck(void **state)
{
	const struct ktstr_window w = window(0, 9000), all = window(0, 20000);
	struct run *run = *state;
	struct ktstr_worker_report *worker = &run->workers[1];

	worker->work_units = worker->iterations = 0;
	excuse(run, &w, 1);
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_true(run->report.findings[0].value == 3000);
	excuse(run, &all, 1);
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
	assert_contains(run->report.findings[0].text, "the test's own will");
}

static void shares_and_rates_are_of_the_time_that_is_left(void **state)
{
	const struct ktstr_window w = window(1000, 5000);
	struct run *run = *state;

	excuse(run, &w, 1);
	/* 12 s, of which 4 were frozen: 25 % and 50 % of the other 8. */
	run->limits.max_spread_pct = 25;
	for (int i = 0; i < 3; i++) {
		run->workers[i].off_cpu_ns = 6000 * MS;
		run->workers[i].cpu_ns = 6000 * MS;
	}
	run->workers[2].off_cpu_ns = 8000 * MS;
	run->workers[2].cpu_ns = 4000 * MS;
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	run->limits.max_spread_pct = 24.9;
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_contains(run->report.findings[0].text, "spread 25%");
	run->limits.max_spread_pct = INFINITY;
	/* 12000 units in 8 s. */
	run->limits.min_work_rate = 1500;
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	run->limits.min_work_rate = 1501;
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_contains(run->report.findings[0].text,
			"1500 work units/s in 8000ms");
}

static void a_latency_may_hold_all_of_it(void **state)
{
	const struct ktstr_window w = window(1000, 1001);
	struct run *run = *state;

	run->limits.max_p99_wake_latency_ns = 500;
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	excuse(run, &w, 1);
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
	run->workers[0].wake.p99_ns = 2 * MS;
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	run->limits.max_p99_wake_latency_ns = 2 * MS;
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
}

static void each_worker_may_have_cpus_of_its_own(void **state)
{
	struct run *run = *state;
	cpu_set_t own[3];

	for (size_t i = 0; i < 3; i++) {
		CPU_ZERO(&own[i]);
		CPU_SET(i, &own[i]);
	}
	run->limits.isolation = true;
	run->group.worker_cpus = own;
	/* The group's set has no say then. */
	CPU_ZERO(&run->allowed);
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	CPU_SET(2, &run->workers[1].cpus_seen);
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_string_equal(run->report.findings[0].text,
			    "ran on cpu2: worker 1 of cg_0 may only use 1");
}

#define EXCUSED_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXCUSED_TEST(a_gap_is_excused_as_far_as_the_window_goes),
		EXCUSED_TEST(windows_add_up),
		EXCUSED_TEST(a_gap_behind_the_excused_one_is_found),
		EXCUSED_TEST(a_gap_may_hide_behind_as_many_as_are_kept),
		EXCUSED_TEST(who_did_nothing_in_a_time_of_its_own_is_stuck),
		EXCUSED_TEST(shares_and_rates_are_of_the_time_that_is_left),
		EXCUSED_TEST(a_latency_may_hold_all_of_it),
		EXCUSED_TEST(each_worker_may_have_cpus_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
