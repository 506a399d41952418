// SPDX-License-Identifier: GPL-2.0-only
/* A group's life: placed, held at the gate, released, stopped, reaped. */
#include "group.h"

#include <linux/mempolicy.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void refuse(struct ktstr_workers spec, const char *message)
{
	_cleanup_gate_ struct kt_gate *gate = kt_gate_new();
	struct kt_workers *group = NULL;
	struct ktstr_error err = { 0 };

	spec.name = "g";
	assert_true(kt_workers_start(&spec, gate, &group, &err) < 0);
	assert_null(group);
	assert_contains(err.message, "workers g: ");
	assert_contains(err.message, message);
	/* Nobody is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define REFUSE(message, n, work_)                                              \
	refuse((struct ktstr_workers){ .workers = (n), .work = work_ }, message)

static void nonsense_is_refused(void **state)
{
	(void)state;
	REFUSE("workers must be 1 to 65536, not 0", 0, KTSTR_SPIN_WAIT());
	REFUSE("unknown kind 99", 1, (struct ktstr_work){ 99 });
	REFUSE("3 workers cannot be divided into sets of 2, which PipeIo", 3,
	       KTSTR_PIPE_IO());
	REFUSE("7 workers cannot be divided into sets of 5, which FutexFanOut",
	       7, KTSTR_FUTEX_FAN_OUT());
	REFUSE("ThunderingHerd: a set of 65 workers", 65,
	       KTSTR_THUNDERING_HERD(.waiters = 64));
	REFUSE("Mixed: spins must be > 0", 1, KTSTR_MIXED(.spins = 0));
	REFUSE("IoSync: bytes must be > 0", 1, KTSTR_IO_SYNC(.bytes = 0));
	REFUSE("IoSync: directory is NULL", 1, KTSTR_IO_SYNC(.directory = NULL));
	REFUSE("Bursty: burst_ms", 1, KTSTR_BURSTY(.burst_ms = 0));
	REFUSE("Bursty: sleep_ms", 1, KTSTR_BURSTY(.sleep_ms = 0));
	REFUSE("message_bytes must be 1 to 4096, not 4097", 2,
	       KTSTR_PIPE_IO(.message_bytes = 4097));
	REFUSE("CachePressure: size_bytes", 1,
	       KTSTR_CACHE_PRESSURE(.size_bytes = 0));
	REFUSE("CacheYield: stride_bytes", 1,
	       KTSTR_CACHE_YIELD(.stride_bytes = 0));
	REFUSE("CachePipe: size_bytes", 2, KTSTR_CACHE_PIPE(.size_bytes = 0));
	REFUSE("FutexFanOut: receivers", 1, KTSTR_FUTEX_FAN_OUT(.receivers = 0));
	REFUSE("FanOutCompute: operations", 5,
	       KTSTR_FAN_OUT_COMPUTE(.operations = 0));
	REFUSE("Sequence: it has no phases", 1, KTSTR_SEQUENCE());
	REFUSE("Sequence: duration_us of phase 1", 1,
	       KTSTR_SEQUENCE({ KTSTR_PHASE_SPIN, 1 }, { KTSTR_PHASE_YIELD }));
	REFUSE("Sequence: phase 0 is of no known kind: 9", 1,
	       KTSTR_SEQUENCE({ 9, 1 }));
	REFUSE("NiceSweep: spins", 1, KTSTR_NICE_SWEEP(.spins = 0));
	REFUSE("AffinityChurn: spins", 1, KTSTR_AFFINITY_CHURN(.spins = 0));
	REFUSE("PolicyChurn: spins", 1, KTSTR_POLICY_CHURN(.spins = 0));
	REFUSE("PageFaultChurn: touches", 1,
	       KTSTR_PAGE_FAULT_CHURN(.touches = 0));
	REFUSE("MutexContention: contenders", 1,
	       KTSTR_MUTEX_CONTENTION(.contenders = 0));
	REFUSE("Custom: run is NULL", 1, KTSTR_CUSTOM(.argument = NULL));
	REFUSE("WakeChain: length must be at least 2, not 1", 1,
	       KTSTR_WAKE_CHAIN(.length = 1));
	REFUSE("ThunderingHerd: waiters", 1, KTSTR_THUNDERING_HERD(.waiters = 0));
	REFUSE("TimerLatency: period_us", 1, KTSTR_TIMER_LATENCY(.period_us = 0));
	refuse((struct ktstr_workers){ .workers = 1, .nice = 99 },
	       "nice must be -20 to 19, not 99");
}

static void a_worker_that_cannot_be_set_up_says_why(void **state)
{
	(void)state;
	REFUSE("worker 0: IoSync: no file can be made in /nonexistent: No such",
	       2, KTSTR_IO_SYNC(.directory = "/nonexistent"));
	refuse((struct ktstr_workers){ .workers = 1,
				       .affinity = { KTSTR_AFFINITY_CPUS,
						     "60000" } },
	       "worker 0: CPUs 60000, of which");
}

static void none_works_before_the_gate_opens(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 3,
					    .work = KTSTR_SPIN_WAIT() };
	struct group g;

	(void)state;
	group_start(&g, &spec);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(kill(g.pids[i], 0), 0);
		assert_int_equal(kt_workers_units(g.workers, i), 0);
	}
	assert_false(kt_gate_is_open(g.gate));
	group_release(&g);
	for (uint32_t i = 0; i < 3; i++)
		group_await(&g, i, 1);
	group_stop(&g);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(kill(g.pids[i], 0), -1);
	group_free(&g);
}

static void a_death_before_the_gate_is_reported(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 3,
					    .work = KTSTR_SPIN_WAIT() };
	struct ktstr_error err = { 0 };
	siginfo_t info;
	struct group g;

	(void)state;
	group_start(&g, &spec);
	kill(g.pids[1], SIGKILL);
	assert_int_equal(
		waitid(P_PID, (id_t)g.pids[1], &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(kt_workers_release(g.gate, &g.workers, 1, &err),
			 -ECHILD);
	assert_contains(err.message, "before the start: worker 1, pid ");
	assert_contains(err.message, "of w is dead: killed by signal 9");
	assert_false(kt_gate_is_open(g.gate));
	kt_workers_stop(g.workers, 10, &g.reports, &g.n);
	for (size_t i = 0; i < g.n; i++) {
		assert_false(g.reports[i].finished);
		assert_int_equal(g.reports[i].work_units, 0);
		assert_int_equal(WTERMSIG(g.reports[i].wait_status), SIGKILL);
	}
	group_free(&g);
}

static void never_ends(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	ktstr_worker_mark(worker, 3);
	for (;;)
		pause();
}

static void one_that_does_not_end_is_killed(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_CUSTOM(.run = never_ends),
	};
	const struct ktstr_worker_report *report;
	struct group g;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	group_await(&g, 0, 3);
	kt_workers_stop(g.workers, 50, &g.reports, &g.n);
	report = &g.reports[0];
	assert_false(report->finished);
	assert_true(WIFSIGNALED(report->wait_status));
	assert_int_equal(WTERMSIG(report->wait_status), SIGKILL);
	assert_int_equal(report->work_units, 3);
	assert_true(report->max_gap_ns >= 50000000);
	assert_true(report->wall_ns >= 50000000);
	assert_int_equal(report->off_cpu_ns, report->wall_ns - report->cpu_ns);
	group_free(&g);
}

static void a_stopped_worker_has_a_gap(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 1,
					    .work = KTSTR_SPIN_WAIT() };
	struct group g;
	int status;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	group_await(&g, 0, 1);
	kill(g.pids[0], SIGSTOP);
	assert_int_equal(waitpid(g.pids[0], &status, WUNTRACED), g.pids[0]);
	usleep(60000);
	kill(g.pids[0], SIGCONT);
	group_await(&g, 0, kt_workers_units(g.workers, 0) + 1);
	group_stop(&g);
	assert_true(g.reports[0].max_gap_ns >= 60000000);
	assert_true(g.reports[0].max_gap_at_ns >= g.reports[0].max_gap_ns);
	assert_true(g.reports[0].off_cpu_ns >= 50000000);
	group_free(&g);
}

/* A partner that dies takes nobody along into a wait without end. */
static void partners_of_a_dead_one_end(void **state)
{
	const struct ktstr_work kinds[] = {
		KTSTR_PIPE_IO(), KTSTR_FUTEX_PING_PONG(),
		KTSTR_MUTEX_CONTENTION(.contenders = 2)
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct ktstr_workers spec = { .name = "w",
						    .workers = 2,
						    .work = kinds[i] };
		struct group g;

		group_start(&g, &spec);
		group_release(&g);
		group_await(&g, 0, 10);
		kill(g.pids[0], SIGKILL);
		kt_workers_stop(g.workers, 20000, &g.reports, &g.n);
		assert_false(g.reports[0].finished);
		assert_true(g.reports[1].finished);
		group_free(&g);
	}
}

static void two_groups_start_at_one_gate(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 1,
					    .work = KTSTR_SPIN_WAIT() };
	_cleanup_workers_ struct kt_workers *late = NULL;
	const struct ktstr_worker_report *reports;
	struct group g;
	size_t n;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	group_await(&g, 0, 1);
	usleep(30000);
	/* One that comes when the gate is open is not charged what was. */
	assert_int_equal(kt_workers_start(&spec, g.gate, &late, NULL), 0);
	group_stop(&g);
	kt_workers_stop(late, 20000, &reports, &n);
	assert_int_equal(n, 1);
	assert_true(reports[0].finished);
	assert_true(reports[0].wall_ns + 30000000 <=
		    kt_now_ns() - g.gate->opened_ns);
	group_free(&g);
}

static void they_are_where_they_were_put(void **state)
{
	/* Who is niced already may not go below that. */
	const int nice = KT_MAX(7, getpriority(PRIO_PROCESS, 0));
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.nice = nice,
		.policy = KTSTR_POLICY_BATCH,
		.affinity = { KTSTR_AFFINITY_ONE_EACH },
	};
	cpu_set_t allowed, first, second;
	struct group g;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	group_start(&g, &spec);
	sched_getaffinity(g.pids[0], sizeof(first), &first);
	sched_getaffinity(g.pids[1], sizeof(second), &second);
	assert_int_equal(CPU_COUNT(&first), 1);
	assert_int_equal(CPU_COUNT(&second), 1);
	assert_int_equal(CPU_EQUAL(&first, &second) == 0,
			 CPU_COUNT(&allowed) > 1);
	assert_int_equal(sched_getscheduler(g.pids[1]), SCHED_BATCH);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)g.pids[1]), nice);
	group_free(&g);
}

static void tell_policy(struct ktstr_worker *worker, void *argument)
{
	int mode = -1;

	(void)argument;
	syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0);
	ktstr_worker_mark(worker, (uint64_t)mode + 1);
	while (ktstr_worker_mark(worker, 0))
		sched_yield();
}

static void memory_policies_are_set(void **state)
{
	const struct {
		struct ktstr_memory_policy policy;
		int mode;
	} cases[] = {
		{ { KTSTR_MEMORY_DEFAULT, NULL }, MPOL_DEFAULT },
		{ { KTSTR_MEMORY_BIND, "0" }, MPOL_BIND },
		{ { KTSTR_MEMORY_PREFERRED, "0" }, MPOL_PREFERRED },
		{ { KTSTR_MEMORY_INTERLEAVE, "0" }, MPOL_INTERLEAVE },
		{ { KTSTR_MEMORY_LOCAL, NULL }, MPOL_LOCAL },
	};

	(void)state;
	if (syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0) < 0)
		skip(); /* no NUMA, or a sandbox */
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		const struct ktstr_workers spec = {
			.name = "w",
			.workers = 1,
			.memory = cases[i].policy,
			.work = KTSTR_CUSTOM(.run = tell_policy),
		};
		struct group g;

		group_run(&g, &spec, (uint64_t)cases[i].mode + 1);
		assert_int_equal(g.reports[0].work_units, cases[i].mode + 1);
		group_free(&g);
	}
}

static _Noreturn void be_a_parent(int fd)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 2,
					    .work = KTSTR_SPIN_WAIT() };
	struct kt_workers *group;
	size_t n;

	if (kt_workers_start(&spec, kt_gate_new(), &group, NULL) < 0)
		_exit(1);
	kt_write_all(fd, kt_workers_pids(group, &n), 2 * sizeof(pid_t));
	_exit(0);
}

static void they_die_with_their_parent(void **state)
{
	pid_t parent, pids[2];
	int fds[2], status;

	(void)state;
	/* Orphans become ours to reap. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(fds), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0)
		be_a_parent(fds[1]);
	assert_int_equal(kt_read_all(fds[0], pids, sizeof(pids)), 0);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	close(fds[0]);
	close(fds[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_worker_that_cannot_be_set_up_says_why),
		cmocka_unit_test(none_works_before_the_gate_opens),
		cmocka_unit_test(a_death_before_the_gate_is_reported),
		cmocka_unit_test(one_that_does_not_end_is_killed),
		cmocka_unit_test(a_stopped_worker_has_a_gap),
		cmocka_unit_test(partners_of_a_dead_one_end),
		cmocka_unit_test(two_groups_start_at_one_gate),
		cmocka_unit_test(they_are_where_they_were_put),
		cmocka_unit_test(memory_policies_are_set),
		cmocka_unit_test(they_die_with_their_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
