// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"
#include "made_up.h"

#include "check/steal.h"

#define N_CPUS    3
#define N_SAMPLES 150
#define TRIALS    3000

/* A record of all CPUs with a sample every 100 ms from second 4 on. */
struct record {
	struct ktstr_steal_sample samples[N_CPUS][N_SAMPLES];
	struct ktstr_cpu_steal cpus[N_CPUS];
	struct ktstr_steal steal;
};

static void record_init(struct record *record)
{
	memset(record, 0, sizeof(*record));
	for (size_t cpu = 0; cpu < N_CPUS; cpu++) {
		for (size_t i = 0; i < N_SAMPLES; i++)
			record->samples[cpu][i].time_ns = (4000 + i * 100) * MS;
		record->cpus[cpu].samples = record->samples[cpu];
		record->cpus[cpu].n_samples = N_SAMPLES;
	}
	record->steal.cpus = record->cpus;
	record->steal.n_cpus = N_CPUS;
}

/* So much more is stolen in the 100 ms before sample `at`. */
static void record_steal(struct record *record, size_t cpu, size_t at,
			 uint64_t stolen_ns)
{
	for (size_t i = at; i < N_SAMPLES; i++)
		record->samples[cpu][i].stolen_ns += stolen_ns;
}

static void bounds(const struct record *record, uint64_t from_ms,
		   uint64_t to_ms, uint64_t lo_ms, uint64_t hi_ms)
{
	struct kt_stolen stolen =
		kt_steal_of_cpu(&record->steal, 0, from_ms * MS, to_ms * MS);

	assert_int_equal(stolen.lo, lo_ms * MS);
	assert_int_equal(stolen.hi, hi_ms * MS);
}

static void steal_in_a_window_is_bounded_by_the_samples(void **state)
{
	struct record record;

	(void)state;
	record_init(&record);
	record_steal(&record, 0, 11, 40 * MS); /* in 5000..5100 */
	record_steal(&record, 0, 12, 60 * MS); /* in 5100..5200 */
	bounds(&record, 5000, 5200, 100, 100);
	bounds(&record, 5050, 5200, 60, 100);
	bounds(&record, 5000, 5150, 40, 100);
	bounds(&record, 5050, 5150, 0, 100);
	bounds(&record, 5050, 5090, 0, 40);
	bounds(&record, 5150, 5160, 0, 10);
	bounds(&record, 6000, 7000, 0, 0);
	bounds(&record, 5000, 5000, 0, 0);
}

static void what_no_sample_bounds_may_be_stolen(void **state)
{
	struct record record;

	(void)state;
	record_init(&record);
	record_steal(&record, 0, 1, 10 * MS);
	bounds(&record, 3000, 5000, 10, 1010);
	bounds(&record, 1000, 2000, 0, 1000);
	bounds(&record, 18000, 19000, 0, 100);
}

static void a_record_without_samples_or_order_bounds_nothing(void **state)
{
	struct record record;

	(void)state;
	record_init(&record);
	record.samples[0][20].stolen_ns = 5;
	bounds(&record, 5000, 6000, 0, 1000);
	record_init(&record);
	record.cpus[0].n_samples = 0;
	bounds(&record, 5000, 6000, 0, 1000);
	record.steal.n_cpus = 0;
	bounds(&record, 5000, 6000, 0, 1000);
}

static void a_worker_is_stolen_from_where_it_was(void **state)
{
	struct ktstr_worker_report worker = { .max_gap_cpu = 1 };
	struct record record;
	struct kt_stolen s;

	(void)state;
	record_init(&record);
	record_steal(&record, 0, 20, 30 * MS);
	record_steal(&record, 1, 20, 50 * MS);
	s = kt_steal_of_worker(&record.steal, &worker, 5000 * MS, 6000 * MS);
	assert_int_equal(s.lo, 50 * MS);
	assert_int_equal(s.hi, 50 * MS);
	worker.migrations = 1;
	s = kt_steal_of_worker(&record.steal, &worker, 5000 * MS, 6000 * MS);
	assert_int_equal(s.lo, 0);
	assert_int_equal(s.hi, 80 * MS);
	CPU_SET(0, &worker.cpus_seen);
	CPU_SET(2, &worker.cpus_seen);
	s = kt_steal_of_worker(&record.steal, &worker, 5000 * MS, 6000 * MS);
	assert_int_equal(s.lo, 0);
	assert_int_equal(s.hi, 30 * MS);
	CPU_CLR(2, &worker.cpus_seen);
	s = kt_steal_of_worker(&record.steal, &worker, 5000 * MS, 6000 * MS);
	assert_int_equal(s.lo, 30 * MS);
	s = kt_steal_of_worker(NULL, &worker, 5000 * MS, 6000 * MS);
	assert_int_equal(s.hi, 0);
}

/* A gap of 2500 ms on CPU 1 that ends at +4000 ms; the limit is 2000 ms. */
static void a_gap_is_blamed_on_who_made_it(void **state)
{
	struct record record;
	struct run run;

	(void)state;
	run_init(&run);
	record_init(&record);
	run.limits.not_stuck = true;
	run.workers[1].max_gap_ns = 2500 * MS;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	/* Elsewhere, or at another time: no excuse. */
	for (size_t i = 30; i < 50; i++)
		record_steal(&record, 0, i, 90 * MS);
	for (size_t i = 60; i < 70; i++)
		record_steal(&record, 1, i, 90 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	/* The gap is samples 25..50; 490 ms do not explain it, 500 do. */
	for (size_t i = 30; i < 37; i++)
		record_steal(&record, 1, i, 70 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	assert_string_equal(run.report.findings[0].text,
			    "stuck 2500ms on cpu1 at +1500ms: worker 1 of "
			    "cg_0, limit 2000ms; the host stole between 490ms "
			    "and 490ms");
	record_steal(&record, 1, 40, 10 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_PASS);
	/* Between two samples, of which one is outside: it may be either. */
	run.workers[1].max_gap_at_ns += 50 * MS;
	record_init(&record);
	for (size_t i = 30; i < 37; i++)
		record_steal(&record, 1, i, 70 * MS);
	record_steal(&record, 1, 51, 60 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	assert_contains(run.report.findings[0].text,
			"the host stole between 490ms and 550ms");
	record.cpus[1].n_samples = 0;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	ktstr_check_report_deinit(&run.report);
}

static void a_spread_that_the_host_made_is_no_failure(void **state)
{
	struct record record;
	struct run run;

	(void)state;
	run_init(&run);
	record_init(&record);
	run.limits.max_spread_pct = 15;
	run.workers[2].off_cpu_ns = 9600 * MS; /* 80 % against 50 % */
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	/* 10 % stolen leave 20 % to the scheduler, 30 % leave nothing. */
	for (size_t i = 20; i < 32; i++)
		record_steal(&record, 2, i, 100 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	for (size_t i = 40; i < 64; i++)
		record_steal(&record, 2, i, 100 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_PASS);
	CPU_SET(1, &run.workers[2].cpus_seen);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	ktstr_check_report_deinit(&run.report);
}

static void latencies_fail_beyond_all_that_was_stolen(void **state)
{
	struct record record;
	struct run run;

	(void)state;
	run_init(&run);
	record_init(&record);
	run.limits.max_p99_wake_latency_ns = 1000000;
	run.workers[0].wake.p99_ns = 50 * MS;
	record_steal(&record, 1, 30, 48 * MS); /* the waker's CPU */
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	record_steal(&record, 1, 31, 1 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	run.workers[0].wake.p99_ns = MS;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_PASS);
	ktstr_check_report_deinit(&run.report);
}

/* 1000 wakes, of which 20 took 20 ms: one of them can have been stolen. */
static void a_long_tail_is_more_than_was_stolen(void **state)
{
	struct record record;
	struct run run;

	(void)state;
	run_init(&run);
	record_init(&record);
	run.limits.max_p99_wake_latency_ns = 10 * MS;
	run.workers[0].wake.samples = 1000;
	run.workers[0].wake.p99_ns = 20 * MS;
	run.workers[0].wake.tail_ns[0] = 20 * MS;
	record_steal(&record, 1, 30, 98 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	/* Ten of them have to be 10 ms shorter: 100 ms. */
	run.workers[0].wake.tail_ns[1] = 20 * MS;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	record_steal(&record, 1, 31, 3 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	ktstr_check_report_deinit(&run.report);
}

static void rates_and_their_variation_allow_for_steal(void **state)
{
	struct record record;
	struct run run;

	(void)state;
	run_init(&run);
	record_init(&record);
	run.limits.min_work_rate = 1000;
	run.workers[0].work_units = 11000;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	for (size_t i = 20; i < 30; i++)
		record_steal(&record, 0, i, 100 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_PASS);
	record.cpus[0].n_samples = 0;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);

	ktstr_check_report_deinit(&run.report);
	run_init(&run);
	record_init(&record);
	run.limits.max_throughput_cv = 0.1;
	run.workers[0].work_units = 6000;
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	for (size_t i = 20; i < 50; i++)
		record_steal(&record, 0, i, 100 * MS);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_PASS);

	ktstr_check_report_deinit(&run.report);
	run_init(&run);
	record_init(&record);
	run.limits.max_wake_latency_cv = 1;
	run.workers[0].wake.stddev_ns = 5000;
	record_steal(&record, 1, 30, 39999);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_FAIL);
	record_steal(&record, 1, 31, 1);
	assert_int_equal(run_check(&run, &record.steal), KTSTR_INCONCLUSIVE);
	ktstr_check_report_deinit(&run.report);
}

static uint64_t seed;

/* splitmix64: the same numbers in every run. */
static uint64_t draw(uint64_t below)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % below;
}

static void draw_run(struct run *run)
{
	run_init(run);
	for (int i = 0; i < 3; i++) {
		struct ktstr_worker_report *w = &run->workers[i];

		w->max_gap_ns = draw(4000) * MS;
		w->max_gap_at_ns = w->max_gap_ns + draw(8000) * MS;
		w->off_cpu_ns = (4000 + draw(4000)) * MS;
		w->cpu_ns = w->wall_ns - w->off_cpu_ns;
		w->work_units = 5000 + draw(10000);
		w->iterations = 500 + draw(1000);
		w->wake.p99_ns = draw(2000) * MS;
		w->wake.samples = 1 + draw(1000);
		for (size_t t = 0; t < KTSTR_WAKE_TAIL; t++)
			w->wake.tail_ns[t] = w->wake.p99_ns / (1 + t / 8);
		w->wake.stddev_ns = draw(100) * MS;
		w->wake.mean_ns = 1 + draw(10) * MS;
		w->migrations = draw(2);
		if (draw(2))
			CPU_SET(draw(N_CPUS), &w->cpus_seen);
		if (!draw(4))
			CPU_ZERO(&w->cpus_seen);
	}
}

static void draw_steal(struct record *record)
{
	size_t cpu = draw(N_CPUS), at = 1 + draw(N_SAMPLES - 1);
	size_t n = draw(40);

	for (size_t i = at; i < at + n && i < N_SAMPLES; i++) {
		uint64_t had = record->samples[cpu][i].stolen_ns -
			       record->samples[cpu][i - 1].stolen_ns;

		record_steal(record, cpu, i, draw(101 * MS - had));
	}
}

static void limit_one(struct run *run, int which)
{
	double *const limits[] = { &run->limits.max_spread_pct,
				   &run->limits.max_throughput_cv,
				   &run->limits.max_p99_wake_latency_ns,
				   &run->limits.max_wake_latency_cv,
				   &run->limits.min_work_rate,
				   &run->limits.min_iteration_rate };
	const double values[] = { 15, 0.2, 500e6, 5, 900, 90 };

	if (which < 0)
		run->limits.not_stuck = true;
	else
		*limits[which] = values[which];
}

static void more_steal_never_turns_a_pass_into_a_failure(void **state)
{
	static struct record record;
	int passed = 0, failed = 0, excused = 0;

	(void)state;
	seed = 42;
	for (int trial = 0; trial < TRIALS; trial++) {
		enum ktstr_verdict verdict, next;
		struct run run;

		draw_run(&run);
		record_init(&record);
		limit_one(&run, trial % 7 - 1);
		verdict = run_check(&run, &record.steal);
		for (int more = 0; more < 8; more++) {
			passed += verdict == KTSTR_PASS;
			failed += verdict == KTSTR_FAIL;
			draw_steal(&record);
			next = run_check(&run, &record.steal);
			/* What is not proved cannot be proved by more. */
			if (verdict != KTSTR_FAIL)
				assert_int_not_equal(next, KTSTR_FAIL);
			excused += verdict == KTSTR_FAIL && next != KTSTR_FAIL;
			verdict = next;
		}
		ktstr_check_report_deinit(&run.report);
	}
	/* Or the trials would have shown nothing. */
	assert_true(passed > TRIALS / 10);
	assert_true(failed > TRIALS / 10);
	assert_true(excused > TRIALS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steal_in_a_window_is_bounded_by_the_samples),
		cmocka_unit_test(what_no_sample_bounds_may_be_stolen),
		cmocka_unit_test(a_record_without_samples_or_order_bounds_nothing),
		cmocka_unit_test(a_worker_is_stolen_from_where_it_was),
		cmocka_unit_test(a_gap_is_blamed_on_who_made_it),
		cmocka_unit_test(a_spread_that_the_host_made_is_no_failure),
		cmocka_unit_test(latencies_fail_beyond_all_that_was_stolen),
		cmocka_unit_test(a_long_tail_is_more_than_was_stolen),
		cmocka_unit_test(rates_and_their_variation_allow_for_steal),
		cmocka_unit_test(more_steal_never_turns_a_pass_into_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
