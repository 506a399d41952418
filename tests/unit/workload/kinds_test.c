// SPDX-License-Identifier: GPL-2.0-only
/* Each kind of work does what it is for. */
#include "group.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define NEAR(a, b, off) assert_true((a) + (off) >= (b) && (b) + (off) >= (a))

static void spin_wait_only_runs(void **state)
{
	struct group g;

	(void)state;
	group_run(&g,
		  &(struct ktstr_workers){
			  .name = "w", .workers = 2, .work = KTSTR_SPIN_WAIT() },
		  4096 * 10);
	for (size_t i = 0; i < g.n; i++) {
		assert_int_equal(g.reports[i].work_units,
				 g.reports[i].iterations * 4096);
		assert_int_equal(g.reports[i].wake.samples, 0);
		assert_string_equal(g.reports[i].group, "w");
	}
	group_free(&g);
}

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_nivcsw + usage.ru_nvcsw;
}

/* As text, for an affinity. */
static const char *first_cpu(void)
{
	static char text[16];
	cpu_set_t allowed;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	snprintf(text, sizeof(text), "%d", cpu);
	return text;
}

/* Two on one CPU change places at each yield. */
static void yields_switch(void **state)
{
	const struct ktstr_work kinds[] = { KTSTR_YIELD_HEAVY(),
					    KTSTR_MIXED(.spins = 100),
					    KTSTR_CACHE_YIELD() };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		long before = switches();
		struct group g;

		group_run(&g,
			  &(struct ktstr_workers){
				  .name = "w",
				  .workers = 2,
				  .work = kinds[i],
				  .affinity = { KTSTR_AFFINITY_CPUS,
						first_cpu() } },
			  2000);
		assert_true(switches() - before > 20);
		group_free(&g);
	}
}

/* Size of the first worker's file, -1: it has none. */
static off_t io_file_bytes(pid_t pid)
{
	for (int fd = 0; fd < 64; fd++) {
		char path[64], link[256] = "";
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		if (readlink(path, link, sizeof(link) - 1) > 0 &&
		    strstr(link, "ktstr-io-") && stat(path, &st) == 0)
			return st.st_size;
	}
	return -1;
}

static void io_sync_writes_its_file(void **state)
{
	char directory[] = "/tmp/ktstr-workload-XXXXXX";
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_IO_SYNC(.directory = directory, .bytes = 12345,
				      .device_us = 10),
	};
	struct group g;

	(void)state;
	assert_non_null(mkdtemp(directory));
	group_start(&g, &spec);
	assert_int_equal(io_file_bytes(g.pids[0]), 0);
	group_release(&g);
	group_await(&g, 0, 2);
	assert_int_equal(io_file_bytes(g.pids[0]), 12345);
	group_stop(&g);
	assert_int_equal(rmdir(directory), 0);
	group_free(&g);
}

static void bursty_sleeps_between_bursts(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_BURSTY(.burst_ms = 1, .sleep_ms = 5),
	};
	const struct ktstr_worker_report *report;
	struct group g;
	uint64_t seen = 0;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	/* Bursts that can be told apart: units grow again after a sleep. */
	for (int i = 0; i < 10; i++) {
		group_await(&g, 0, seen + 1);
		seen = kt_workers_units(g.workers, 0);
		usleep(5000);
	}
	group_stop(&g);
	report = &g.reports[0];
	assert_true(report->wake.samples > 0);
	assert_true(report->off_cpu_ns >= report->wake.samples * 5000000 / 2);
	group_free(&g);
}

static void timer_latency_keeps_its_period(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_TIMER_LATENCY(.period_us = 2000),
	};
	const struct ktstr_worker_report *report;
	struct group g;

	(void)state;
	group_run(&g, &spec, 10);
	report = &g.reports[0];
	assert_true(report->work_units <= report->wall_ns / 2000000 + 1);
	assert_int_equal(report->wake.samples, report->work_units);
	assert_true(report->wake.p50_ns <= report->wake.p99_ns);
	assert_true(report->wake.p99_ns <= report->wake.max_ns);
	group_free(&g);
}

static void pipe_io_passes_what_it_says(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 4,
		.work = KTSTR_PIPE_IO(.message_bytes = 100),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 100 * 50);
	for (size_t i = 0; i < g.n; i++)
		assert_int_equal(g.reports[i].work_units,
				 g.reports[i].iterations * 100);
	NEAR(g.reports[0].iterations, g.reports[1].iterations, 1);
	NEAR(g.reports[2].iterations, g.reports[3].iterations, 1);
	/* One whose partner preempts it at each write never waits itself. */
	assert_true(g.reports[0].wake.samples + g.reports[1].wake.samples > 0);
	group_free(&g);
}

static void chains_pass_the_token_round(void **state)
{
	const struct ktstr_workers specs[] = {
		{ .name = "w", .workers = 5, .work = KTSTR_WAKE_CHAIN(.length = 5) },
		{ .name = "w", .workers = 2, .work = KTSTR_CACHE_PIPE() },
	};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct group g;

		group_run(&g, &specs[k], 20);
		for (size_t i = 1; i < g.n; i++)
			NEAR(g.reports[i].iterations, g.reports[0].iterations, 1);
		group_free(&g);
	}
}

static void ping_pong_takes_turns(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_FUTEX_PING_PONG(.spins = 10),
	};
	struct group g;

	(void)state;
	/* On two idle CPUs few of the turns are slept for. */
	group_run(&g, &spec, 20000);
	NEAR(g.reports[0].work_units, g.reports[1].work_units, 1);
	assert_true(g.reports[0].wake.samples + g.reports[1].wake.samples > 0);
	group_free(&g);
}

/* What the sender counted and what its receivers did. */
static void check_fan_out(const struct group *g, uint64_t units_a_wake)
{
	size_t receivers = g->n - 1;
	uint64_t rounds = g->reports[0].iterations;

	assert_int_equal(g->reports[0].work_units, rounds * receivers);
	for (size_t i = 1; i < g->n; i++) {
		NEAR(g->reports[i].iterations, rounds, 1);
		assert_int_equal(g->reports[i].work_units,
				 g->reports[i].iterations * units_a_wake);
	}
}

static void futex_fan_out_wakes_all(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 5,
		.work = KTSTR_FUTEX_FAN_OUT(.receivers = 4),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 50);
	check_fan_out(&g, 1);
	group_free(&g);
}

static void fan_out_compute_works_once_woken(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 3,
		.work = KTSTR_FAN_OUT_COMPUTE(.receivers = 2, .size_bytes = 65536,
					      .operations = 7, .sleep_us = 50),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 70);
	check_fan_out(&g, 7);
	group_free(&g);
}

static void a_herd_fights_for_one_token(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 4,
		.work = KTSTR_THUNDERING_HERD(.waiters = 3),
	};
	struct group g;
	uint64_t woken = 0;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	group_await(&g, 0, 100);
	group_stop(&g);
	for (size_t i = 1; i < g.n; i++)
		woken += g.reports[i].iterations;
	/* A token a round, but more were woken than got one. */
	NEAR(group_sum(&g, 1), g.reports[0].work_units, 1);
	assert_true(woken > group_sum(&g, 1));
	group_free(&g);
}

static void mutex_counts_exactly(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 8,
		.work = KTSTR_MUTEX_CONTENTION(.contenders = 4, .work_spins = 10),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 200);
	assert_int_equal(group_sum(&g, 0),
			 kt_workers_set(g.workers, 0)->guarded +
				 kt_workers_set(g.workers, 1)->guarded);
	assert_int_equal(group_sum(&g, 4), kt_workers_set(g.workers, 1)->guarded);
	group_free(&g);
}

static void touching_strides_over_memory(void **state)
{
	unsigned char memory[256] = { 0 };

	(void)state;
	kt_touch(memory, sizeof(memory), 64);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], i % 64 == 0);
}

static void cache_pressure_has_its_pages(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_CACHE_PRESSURE(.size_bytes = 128 << 10),
	};
	uint64_t pages;
	struct group g;

	(void)state;
	group_run(&g, &spec, 10);
	assert_int_equal(g.reports[0].work_units, g.reports[0].iterations);
	pages = g.reports[0].local_pages + g.reports[0].remote_pages;
	/* A kernel without NUMA has no such call, a sandbox may refuse it. */
	if (syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0) == 0)
		assert_int_equal(pages, (128 << 10) / sysconf(_SC_PAGESIZE));
	else
		assert_int_equal(pages, 0);
	group_free(&g);
}

static void page_fault_churn_faults(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_PAGE_FAULT_CHURN(.region_bytes = 1 << 20,
					       .touches = 100),
	};
	struct rusage before, after;
	struct group g;

	(void)state;
	getrusage(RUSAGE_CHILDREN, &before);
	group_run(&g, &spec, 1000);
	getrusage(RUSAGE_CHILDREN, &after);
	assert_int_equal(g.reports[0].work_units % 100, 0);
	assert_true((uint64_t)(after.ru_minflt - before.ru_minflt) >=
		    g.reports[0].work_units);
	group_free(&g);
}

static void fork_exit_reaps_its_children(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 1,
					    .work = KTSTR_FORK_EXIT() };
	char path[64];
	char *children = NULL;
	struct group g;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	group_await(&g, 0, 20);
	/* At most the one that runs now; the others would be zombies here. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
		 (int)g.pids[0], (int)g.pids[0]);
	if (kt_read_file(path, 4096, &children, NULL) == 0) {
		char *blank = strchr(children, ' ');

		assert_true(!blank || !blank[1]);
	}
	free(children);
	group_stop(&g);
	assert_true(g.reports[0].work_units >= 20);
	group_free(&g);
}

/* Polls until `read` has given `wanted` values that differ. */
static void see_values(struct group *g, int (*read_it)(pid_t pid), int wanted)
{
	uint64_t deadline = kt_now_ns() + GROUP_BOUND_NS;
	uint64_t seen = 0;

	while (__builtin_popcountll(seen) < wanted) {
		if (kt_now_ns() > deadline)
			fail_msg("values seen: %llx", (unsigned long long)seen);
		seen |= 1ULL << (read_it(g->pids[0]) & 63);
		usleep(100);
	}
}

static int read_nice(pid_t pid)
{
	return getpriority(PRIO_PROCESS, (id_t)pid) + 20;
}

static void nice_sweep_changes_nice(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 1,
					    .work = KTSTR_NICE_SWEEP() };
	struct group g;

	(void)state;
	if (geteuid() != 0)
		skip();
	group_start(&g, &spec);
	group_release(&g);
	see_values(&g, read_nice, 5);
	group_stop(&g);
	assert_int_equal(g.reports[0].work_units, g.reports[0].iterations);
	group_free(&g);
}

static int read_policy(pid_t pid)
{
	return sched_getscheduler(pid);
}

static void policy_churn_changes_class(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 1,
					    .work = KTSTR_POLICY_CHURN() };
	struct group g;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	see_values(&g, read_policy, 2);
	group_stop(&g);
	assert_true(g.reports[0].work_units > 0);
	group_free(&g);
}

static void affinity_churn_migrates(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w", .workers = 1, .work = KTSTR_AFFINITY_CHURN(.spins = 100)
	};
	cpu_set_t allowed;
	struct group g;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	group_run(&g, &spec, 20);
	assert_int_equal(g.reports[0].work_units, g.reports[0].iterations);
	if (CPU_COUNT(&allowed) > 1)
		assert_true(g.reports[0].migrations >= 18);
	else
		assert_int_equal(g.reports[0].migrations, 0);
	group_free(&g);
}

static void sequence_goes_through_its_phases(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_SEQUENCE({ KTSTR_PHASE_SPIN, 500 },
				       { KTSTR_PHASE_SLEEP, 1000 },
				       { KTSTR_PHASE_YIELD, 500 }),
	};
	const struct ktstr_worker_report *report;
	struct group g;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	/* A wake sample needs a whole spin phase and a whole sleep before. */
	for (uint64_t seen = 0, i = 0; i < 20; i++) {
		group_await(&g, 0, seen + 1);
		seen = kt_workers_units(g.workers, 0);
		usleep(1000);
	}
	group_stop(&g);
	report = &g.reports[0];
	assert_true(report->wake.samples > 0);
	/* The sleeps are iterations without a unit. */
	assert_true(report->iterations >=
		    report->work_units + report->wake.samples);
	group_free(&g);
}

static void custom_function(struct ktstr_worker *worker, void *argument)
{
	uint64_t units = *(uint64_t *)argument + ktstr_worker_index(worker);

	while (ktstr_worker_mark(worker, units))
		sched_yield();
	if (!ktstr_worker_stopping(worker))
		_exit(3);
}

static void custom_runs_the_tests_function(void **state)
{
	uint64_t argument = 1000;
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_CUSTOM(.run = custom_function,
				     .argument = &argument),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 5000);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(g.reports[i].work_units,
				 g.reports[i].iterations * (1000 + i));
	group_free(&g);
}

static void every_kind_has_operations(void **state)
{
	(void)state;
	for (int i = 0; i <= KTSTR_WORK_SCHBENCH; i++) {
		const struct kt_work_ops *ops = kt_work_ops(i);

		assert_non_null(ops);
		assert_non_null(ops->name);
		assert_non_null(ops->run);
	}
	assert_null(kt_work_ops(KTSTR_WORK_SCHBENCH + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_operations),
		cmocka_unit_test(spin_wait_only_runs),
		cmocka_unit_test(yields_switch),
		cmocka_unit_test(io_sync_writes_its_file),
		cmocka_unit_test(bursty_sleeps_between_bursts),
		cmocka_unit_test(timer_latency_keeps_its_period),
		cmocka_unit_test(pipe_io_passes_what_it_says),
		cmocka_unit_test(chains_pass_the_token_round),
		cmocka_unit_test(ping_pong_takes_turns),
		cmocka_unit_test(futex_fan_out_wakes_all),
		cmocka_unit_test(fan_out_compute_works_once_woken),
		cmocka_unit_test(a_herd_fights_for_one_token),
		cmocka_unit_test(mutex_counts_exactly),
		cmocka_unit_test(touching_strides_over_memory),
		cmocka_unit_test(cache_pressure_has_its_pages),
		cmocka_unit_test(page_fault_churn_faults),
		cmocka_unit_test(fork_exit_reaps_its_children),
		cmocka_unit_test(nice_sweep_changes_nice),
		cmocka_unit_test(policy_churn_changes_class),
		cmocka_unit_test(affinity_churn_migrates),
		cmocka_unit_test(sequence_goes_through_its_phases),
		cmocka_unit_test(custom_runs_the_tests_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
