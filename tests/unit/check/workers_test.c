// SPDX-License-Identifier: GPL-2.0-only
/* Each check where it must fail, where it must pass, and without its data. */
#include "test.h"
#include "made_up.h"

#include <errno.h>

#include "base/cleanup.h"

static int setup(void **state)
{
	struct run *run = malloc(sizeof(*run));

	assert_non_null(run);
	run_init(run);
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

static void passes(struct run *run)
{
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	assert_int_equal(run->report.n_findings, 0);
}

static void finds(struct run *run, enum ktstr_verdict verdict,
		  enum ktstr_check check, int64_t worker, const char *text)
{
	const struct ktstr_finding *finding;

	assert_int_equal(run_check(run, NULL), verdict);
	assert_true(run->report.n_findings > 0);
	finding = &run->report.findings[0];
	assert_string_equal(finding->text, text);
	assert_int_equal(finding->check, check);
	assert_int_equal(finding->verdict, verdict);
	assert_int_equal(finding->worker, worker);
	assert_string_equal(finding->group, "cg_0");
}

static void all_checks_off_pass(void **state)
{
	passes(*state);
}

static void not_stuck(void **state)
{
	struct run *run = *state;
	struct ktstr_worker_report *w = &run->workers[1];

	run->limits.not_stuck = true;
	w->max_gap_ns = 2000 * MS;
	passes(run);
	w->max_gap_ns = 3500 * MS;
	w->max_gap_at_ns = 4700 * MS;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_NOT_STUCK, 1,
	      "stuck 3500ms on cpu1 at +1200ms: worker 1 of cg_0, limit "
	      "2000ms");
	assert_int_equal(run->report.n_findings, 1);
	assert_true(run->report.findings[0].value == 3500);
	assert_true(run->report.findings[0].limit == 2000);
	w->max_gap_ns = 2000 * MS + 1;
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	w->max_gap_cpu = -1;
	assert_int_equal(run_check(run, NULL), KTSTR_FAIL);
	assert_contains(run->report.findings[0].text, "on an unknown cpu");
	run->limits.not_stuck = false;
	passes(run);
}

static void a_worker_that_did_nothing_is_stuck(void **state)
{
	struct run *run = *state;
	struct ktstr_worker_report *w = &run->workers[0];

	run->limits.not_stuck = true;
	w->work_units = w->iterations = w->max_gap_ns = w->max_gap_at_ns = 0;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_NOT_STUCK, 0,
	      "stuck 12000ms on an unknown cpu at +0ms: worker 0 of cg_0, "
	      "limit 2000ms");
	w->wall_ns = 1000 * MS;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_NOT_STUCK, 0,
	      "not_stuck not evaluated for worker 0 of cg_0: it did no work, "
	      "in a run that was too short or stolen from to blame the "
	      "scheduler");
	assert_false(run->report.findings[0].evaluated);
}

static void a_worker_that_did_not_end_as_told_fails(void **state)
{
	struct run *run = *state;
	struct ktstr_worker_report *w = &run->workers[2];

	run->limits.not_stuck = true;
	w->finished = false;
	w->wait_status = 9;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_NOT_STUCK, 2,
	      "did not end when told to (killed by signal 9) after 12000ms: "
	      "worker 2 of cg_0");
	w->wait_status = 3 << 8;
	w->wall_ns = 0;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_NOT_STUCK, 2,
	      "did not end when told to (exited with 3 by itself) after 0ms: "
	      "worker 2 of cg_0");
}

static void a_worker_without_times_is_no_pass(void **state)
{
	struct run *run = *state;

	run->limits.not_stuck = true;
	run->workers[1].wall_ns = 0;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_NOT_STUCK, 1,
	      "not_stuck not evaluated for worker 1 of cg_0: it left no times "
	      "behind");
	run->limits.not_stuck = false;
	run->limits.max_spread_pct = 15;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_MAX_SPREAD_PCT, 1,
	      "max_spread_pct not evaluated for worker 1 of cg_0: it left no "
	      "times behind");
}

static void isolation(void **state)
{
	struct run *run = *state;

	run->limits.isolation = true;
	passes(run);
	CPU_SET(3, &run->workers[0].cpus_seen);
	CPU_SET(4, &run->workers[0].cpus_seen);
	CPU_SET(7, &run->workers[0].cpus_seen);
	finds(run, KTSTR_FAIL, KTSTR_CHECK_ISOLATION, 0,
	      "ran on cpu3-4,7: worker 0 of cg_0 may only use 0-2");
	assert_true(run->report.findings[0].value == 3);
	CPU_ZERO(&run->workers[0].cpus_seen);
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_ISOLATION, 0,
	      "isolation not evaluated for worker 0 of cg_0: its CPUs were "
	      "not recorded");
	run->group.allowed_cpus = NULL;
	passes(run);
}

static void spread(void **state)
{
	struct run *run = *state;

	run->limits.max_spread_pct = 15;
	run->workers[2].off_cpu_ns = RUN_MS * MS * 65 / 100;
	passes(run);
	run->workers[2].off_cpu_ns = RUN_MS * MS * 73 / 100;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MAX_SPREAD_PCT, 2,
	      "spread 23% in cg_0: off the CPU 73% of the time for worker 2, "
	      "50% for worker 0, limit 15%");
}

static void throughput_cv(void **state)
{
	struct run *run = *state;

	run->limits.max_throughput_cv = 0;
	passes(run);
	run->limits.max_throughput_cv = 0.4;
	run->group.n_workers = 2;
	run->workers[1].work_units = 3 * 12000; /* rates 1 : 3, CV 1/2 */
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MAX_THROUGHPUT_CV, -1,
	      "throughput varies by a CV of 0.5 over the 2 workers of cg_0, "
	      "limit 0.4");
	run->limits.max_throughput_cv = 0.5;
	passes(run);
	run->workers[0].cpu_ns = 0;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_MAX_THROUGHPUT_CV, 0,
	      "max_throughput_cv not evaluated for worker 0 of cg_0: it had "
	      "no CPU time");
	ktstr_check_report_deinit(&run->report);
	run_init(run);
	run->limits.max_throughput_cv = 1;
	for (int i = 0; i < 3; i++)
		run->workers[i].work_units = 0;
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
	assert_contains(run->report.findings[0].text, "no worker did any work");
}

static void work_rate(void **state)
{
	struct run *run = *state;

	run->limits.min_work_rate = 1000;
	passes(run);
	run->workers[1].work_units--;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MIN_WORK_RATE, 1,
	      "999.917 work units/s in 12000ms by worker 1 of cg_0, limit "
	      "1000/s");
	run->workers[1].wall_ns = 0;
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
}

static void iteration_rate(void **state)
{
	struct run *run = *state;

	run->limits.min_iteration_rate = 100;
	passes(run);
	run->workers[0].iterations = 0;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MIN_ITERATION_RATE, 0,
	      "0 iterations/s in 12000ms by worker 0 of cg_0, limit 100/s");
	run->workers[0].wall_ns = 0;
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
}

static void p99_wake_latency(void **state)
{
	struct run *run = *state;

	run->limits.max_p99_wake_latency_ns = 1000;
	passes(run);
	run->workers[2].wake.p99_ns = 1001;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MAX_P99_WAKE_LATENCY_NS, 2,
	      "p99 wake latency 1001ns over 100 wakes of worker 2 of cg_0, "
	      "limit 1000ns");
}

static void wake_latency_cv(void **state)
{
	struct run *run = *state;

	run->limits.max_wake_latency_cv = 0.1;
	passes(run);
	run->workers[0].wake.stddev_ns = 250;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MAX_WAKE_LATENCY_CV, 0,
	      "wake latency varies by a CV of 0.25 over 100 wakes of worker 0 "
	      "of cg_0, limit 0.1");
	for (int i = 0; i < 3; i++)
		run->workers[i].wake.samples = 0;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_MAX_WAKE_LATENCY_CV, 0,
	      "max_wake_latency_cv not evaluated for worker 0 of cg_0: it "
	      "measured no wake latency");
}

static void a_worker_without_wakes_is_a_skip_beside_one_with(void **state)
{
	struct run *run = *state;

	run->limits.max_p99_wake_latency_ns = 1000;
	run->workers[0].wake.samples = 0;
	assert_int_equal(run_check(run, NULL), KTSTR_PASS);
	assert_int_equal(run->report.n_findings, 1);
	assert_int_equal(run->report.findings[0].verdict, KTSTR_SKIP);
	assert_false(run->report.findings[0].evaluated);
	run->workers[1].wake.samples = run->workers[2].wake.samples = 0;
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
	assert_int_equal(run->report.n_findings, 3);
}

static void migration_ratio(void **state)
{
	struct run *run = *state;

	run->limits.max_migration_ratio = 0.5;
	run->workers[1].migrations = 600;
	passes(run);
	run->workers[1].migrations = 900;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MAX_MIGRATION_RATIO, 1,
	      "0.75 migrations an iteration (900 in 1200) by worker 1 of "
	      "cg_0, limit 0.5");
	run->workers[1].iterations = 0;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_MAX_MIGRATION_RATIO, 1,
	      "max_migration_ratio not evaluated for worker 1 of cg_0: it has "
	      "no iterations");
}

static void page_locality(void **state)
{
	struct run *run = *state;

	run->limits.min_page_locality = 0.8;
	run->workers[1].remote_pages = 25;
	passes(run);
	run->workers[1].remote_pages = 300;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MIN_PAGE_LOCALITY, 1,
	      "0.25 of the pages are local (100 of 400) for worker 1 of cg_0, "
	      "limit 0.8");
	for (int i = 0; i < 3; i++)
		run->workers[i].local_pages = run->workers[i].remote_pages = 0;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_MIN_PAGE_LOCALITY, 0,
	      "min_page_locality not evaluated for worker 0 of cg_0: its "
	      "pages were not counted");
}

static void cross_node_migration_ratio(void **state)
{
	struct run *run = *state;

	run->limits.max_cross_node_migration_ratio = 0.25;
	run->workers[0].migrations = 100;
	run->workers[0].cross_node_migrations = 25;
	passes(run);
	run->workers[0].cross_node_migrations = 50;
	finds(run, KTSTR_FAIL, KTSTR_CHECK_MAX_CROSS_NODE_MIGRATION_RATIO, 0,
	      "0.5 of the migrations cross nodes (50 of 100) for worker 0 of "
	      "cg_0, limit 0.25");
	run->workers[0].wall_ns = 0;
	assert_int_equal(run_check(run, NULL), KTSTR_INCONCLUSIVE);
}

static void no_workers_are_no_pass(void **state)
{
	struct run *run = *state;

	run->limits.not_stuck = true;
	run->group.n_workers = 0;
	finds(run, KTSTR_INCONCLUSIVE, KTSTR_CHECK_NOT_STUCK, -1,
	      "not_stuck not evaluated for cg_0: it has no workers");
	ktstr_check_report_deinit(&run->report);
	assert_int_equal(ktstr_check_workers(&run->limits, NULL, 0, NULL,
					     &run->report, NULL),
			 0);
	assert_int_equal(run->report.verdict, KTSTR_INCONCLUSIVE);
	assert_string_equal(
		run->report.findings[0].text,
		"not_stuck not evaluated for the test: it has no workers");
}

static void a_report_is_text_and_json(void **state)
{
	struct run *run = *state;
	_cleanup_free_ char *text = NULL, *json = NULL, *empty = NULL;

	run->limits.not_stuck = true;
	run->limits.max_throughput_cv = 1;
	empty = (run_check(run, NULL), ktstr_check_report_json(&run->report));
	assert_string_equal(empty, "{\"verdict\":\"pass\",\"findings\":[]}");
	run->workers[1].max_gap_ns = 3500 * MS;
	run->workers[2].cpu_ns = 0;
	run_check(run, NULL);
	text = ktstr_check_report_text(&run->report);
	assert_string_equal(
		text,
		"fail: stuck 3500ms on cpu1 at +500ms: worker 1 of cg_0, limit "
		"2000ms\n"
		"inconclusive: max_throughput_cv not evaluated for worker 2 of "
		"cg_0: it had no CPU time\n");
	json = ktstr_check_report_json(&run->report);
	assert_string_equal(
		json,
		"{\"verdict\":\"fail\",\"findings\":["
		"{\"check\":\"not_stuck\",\"verdict\":\"fail\","
		"\"group\":\"cg_0\",\"worker\":1,\"evaluated\":true,"
		"\"value\":3500.0,\"limit\":2000.0,\"text\":\"stuck 3500ms on "
		"cpu1 at +500ms: worker 1 of cg_0, limit 2000ms\"},"
		"{\"check\":\"max_throughput_cv\",\"verdict\":\"inconclusive\","
		"\"group\":\"cg_0\",\"worker\":2,\"evaluated\":false,"
		"\"value\":null,\"limit\":1.0,\"text\":\"max_throughput_cv not "
		"evaluated for worker 2 of cg_0: it had no CPU time\"}]}");
}

#define CHECK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(all_checks_off_pass),
		CHECK_TEST(not_stuck),
		CHECK_TEST(a_worker_that_did_nothing_is_stuck),
		CHECK_TEST(a_worker_that_did_not_end_as_told_fails),
		CHECK_TEST(a_worker_without_times_is_no_pass),
		CHECK_TEST(isolation),
		CHECK_TEST(spread),
		CHECK_TEST(throughput_cv),
		CHECK_TEST(work_rate),
		CHECK_TEST(iteration_rate),
		CHECK_TEST(p99_wake_latency),
		CHECK_TEST(wake_latency_cv),
		CHECK_TEST(a_worker_without_wakes_is_a_skip_beside_one_with),
		CHECK_TEST(migration_ratio),
		CHECK_TEST(page_locality),
		CHECK_TEST(cross_node_migration_ratio),
		CHECK_TEST(no_workers_are_no_pass),
		CHECK_TEST(a_report_is_text_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
