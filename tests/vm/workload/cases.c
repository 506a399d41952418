// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each kind of work presses the scheduler path that its comment names: the
 * guest's own kernel counted it. The same measure of other work must stay below
 * the limit, or it would prove nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <ktstr/test.h>

#include "base/cleanup.h"
#include "base/cpulist.h"
#include "base/fd.h"
#include "base/macro.h"
#include "seen.h"

#define CASES_RUN_MS     700
#define CASES_CONTROL_MS 1000
#define CASES_LONGER     4

/* Four workers on as many CPUs of the machine that do something else. */
enum control {
	CONTROL_SPIN, /* never sleep, yield, move or call the kernel */
	CONTROL_FREE, /* the same, but not put onto a CPU */
	CONTROL_SLEEP,
	N_CONTROLS,
};

static const struct ktstr_workers control_groups[] = {
	[CONTROL_SPIN] = { .name = "control_spin",
			   .workers = SEEN_WORKERS,
			   .work = KTSTR_SPIN_WAIT(),
			   .affinity = { .kind = KTSTR_AFFINITY_ONE_EACH } },
	[CONTROL_FREE] = { .name = "control_free",
			   .workers = SEEN_WORKERS,
			   .work = KTSTR_SPIN_WAIT() },
	[CONTROL_SLEEP] = { .name = "control_sleep",
			    .workers = SEEN_WORKERS,
			    .work = KTSTR_TIMER_LATENCY(),
			    .affinity = { .kind = KTSTR_AFFINITY_ONE_EACH } },
};

/* A case's measure of what was seen; the workers of the case come first. */
typedef double (*measure_function)(const struct seen *seen, uint32_t n);

struct work_case {
	struct ktstr_workers group;
	measure_function measure;
	double at_least;
	const char *unit;
	enum control control;
	uint32_t run_ms; /* 0: CASES_RUN_MS */
	bool traced;
};

#define MIN_OF(seen_, n_, first_, value_)                                      \
	({                                                                     \
		double least_ = 1e18;                                          \
		for (uint32_t i_ = (first_); i_ < (n_); i_++) {                \
			const struct seen_worker *w = &(seen_)->workers[i_];   \
			const double one_ = (double)(value_);                  \
			if (one_ < least_)                                     \
				least_ = one_;                                 \
		}                                                              \
		least_;                                                        \
	})

#define SUM_OF(seen_, n_, first_, value_)                                      \
	({                                                                     \
		double sum_ = 0;                                               \
		for (uint32_t i_ = (first_); i_ < (n_); i_++) {                \
			const struct seen_worker *w = &(seen_)->workers[i_];   \
			sum_ += (double)(value_);                              \
		}                                                              \
		sum_;                                                          \
	})

/* Of a worker that takes what it gets: it was thrown off, and never left. */
static double measure_preempted(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->voluntary > 1 ? 0 : w->involuntary);
}

/* Percent of a CPU that each used, if it never left it of its own. */
static double measure_hog(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0,
		      w->voluntary > 1 ? 0 : 100 * w->exec_ms / seen->wall_ms);
}

static double measure_yields(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->yields;
}

/* Each write of IoSync's default size, with a sleep behind it. */
static double measure_syncs(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, KT_MIN(w->written_bytes / 65536, w->wakeups));
}

static double measure_slept_ms(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->wakeups < 10 ? 0 : w->sleep_ms);
}

/* Synchronous wake-ups of each, all of them from another CPU. */
static double measure_cross_wakeups(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, KT_MIN(w->wakeups_sync, w->wakeups_remote));
}

static double measure_sync_wakeups(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->wakeups_sync);
}

/* The same, of workers that touch 1 MiB and more. */
static double measure_warm_wakeups(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->referenced_kib < 1024 ? 0 : w->wakeups_sync);
}

/* Wake-ups by the one of a pair of the other: futexes, not timers. */
static double measure_wakes_by_first(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->wakes_by_first;
}

/* Percent of the messages, which the first counts, that woke a receiver. */
static double measure_fan_out(const struct seen *seen, uint32_t n)
{
	double messages = (double)seen->workers[0].units;

	(void)n;
	return messages > 0 ? 100 * seen->wakes_by_first / messages : 0;
}

/* Wake-ups of receivers that then went through 1 MiB and more. */
static double measure_compute(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 1, w->referenced_kib) < 1024 ?
		       0 :
		       seen->wakes_by_first;
}

/* Wake-ups that brought no token, which the first counts. */
static double measure_herd(const struct seen *seen, uint32_t n)
{
	double tokens = (double)seen->workers[0].units;

	(void)n;
	return KT_MAX(seen->wakes_by_first - tokens, 0.0);
}

/* Wake-ups by whoever had the mutex. */
static double measure_blocked(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->voluntary) < 1 ? 0 : seen->wakes_by_workers;
}

static double measure_referenced(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->referenced_kib);
}

static double measure_referenced_yields(const struct seen *seen, uint32_t n)
{
	return measure_referenced(seen, n) < 1024 ? 0 : seen->yields;
}

static double measure_phases(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, KT_MIN(w->wakeups, seen->yields));
}

static double measure_forks(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->forks;
}

static double measure_weights(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->n_weights);
}

static double measure_policies(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->n_policies);
}

static double measure_migrations(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->migrations);
}

static double measure_faults(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->minor_faults);
}

static double measure_irq_wakes(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->wakes_in_irq;
}

/* Looks at the low one, which never asked for it, at real-time priority. */
static double measure_boosted(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->workers[0].policy == SCHED_OTHER ?
		       seen->workers[0].n_boosted :
		       0;
}

/* Percent of the time that the low one, which has the mutex, had to wait. */
static double measure_low_waits(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->workers[0].n_boosted ?
		       0 :
		       100 * seen->workers[0].run_delay_ms / seen->wall_ms;
}

static double measure_signals(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->signals;
}

/* Wake-ups in an interrupt of a victim, which then was thrown off. */
static double measure_victims(const struct seen *seen, uint32_t n)
{
	double preempted = MIN_OF(seen, n, 1, w->involuntary);

	return KT_MIN(preempted, seen->wakes_in_irq_of_others);
}

/* Percent of the time that all but a real-time task were kept waiting. */
static double measure_starved(const struct seen *seen, uint32_t n)
{
	return seen->workers[0].policy != SCHED_FIFO ?
		       0 :
		       MIN_OF(seen, n, 1, 100 * w->run_delay_ms / seen->wall_ms);
}

/* Percent of a CPU that each used, if they sit on two threads of one core. */
static double measure_siblings(const struct seen *seen, uint32_t n)
{
	_cleanup_bitmap_ struct kt_bitmap siblings = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[96];
	int cpu = 0;

	while (!CPU_ISSET(cpu, &seen->workers[0].allowed))
		cpu++;
	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
		 cpu);
	if (kt_read_file(path, 65536, &text, NULL) < 0 ||
	    kt_cpulist_parse(text, &siblings, NULL) < 0 ||
	    CPU_EQUAL(&seen->workers[0].allowed, &seen->workers[1].allowed))
		return 0;
	for (uint32_t i = 0; i < 2; i++) {
		const cpu_set_t *allowed = &seen->workers[i].allowed;

		for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (CPU_ISSET(cpu, allowed) &&
			    (CPU_COUNT(allowed) != 1 ||
			     !kt_bitmap_test(&siblings, (size_t)cpu)))
				return 0;
		}
	}
	return MIN_OF(seen, n, 0, 100 * w->exec_ms / seen->wall_ms);
}

static double measure_hint_faults(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->hint_faults;
}

static double measure_attaches(const struct seen *seen, uint32_t n)
{
	return MIN_OF(seen, n, 0, w->n_groups < 2 ? 0 : seen->attaches);
}

static double measure_irq_over_first(const struct seen *seen, uint32_t n)
{
	(void)n;
	return seen->wakes_in_irq_there;
}

static double measure_softirq_wakes(const struct seen *seen, uint32_t n)
{
	(void)n;
	return KT_MIN(seen->wakes_in_softirq, seen->net_receive);
}

static void yield_all_the_time(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	do
		sched_yield();
	while (ktstr_worker_mark(worker, 1));
}

#define CASE(name_, n_, work_, measure_, at_least_, unit_, ...)                \
	{                                                                      \
		.group = { .name = (name_), .workers = (n_), .work = work_ },  \
		.measure = (measure_), .at_least = (at_least_),                \
		.unit = (unit_), __VA_ARGS__                                   \
	}

static const struct work_case cases[] = {
	CASE("SpinWait", 2, KTSTR_SPIN_WAIT(), measure_preempted, 5,
	     "preemptions", .control = CONTROL_SLEEP,
	     .group.affinity = { KTSTR_AFFINITY_CPUS, "1" }),
	CASE("YieldHeavy", 2, KTSTR_YIELD_HEAVY(), measure_yields, 1000, "yields"),
	CASE("Mixed", 2, KTSTR_MIXED(), measure_yields, 50, "yields"),
	CASE("IoSync", 1, KTSTR_IO_SYNC(), measure_syncs, 20, "writes slept over"),
	CASE("Bursty", 1, KTSTR_BURSTY(.burst_ms = 5, .sleep_ms = 10),
	     measure_slept_ms, 100, "ms slept"),
	CASE("PipeIo", 2, KTSTR_PIPE_IO(), measure_cross_wakeups, 10,
	     "synchronous wake-ups from another CPU",
	     .group.affinity = { KTSTR_AFFINITY_ONE_EACH, "0,2" }),
	CASE("FutexPingPong", 2, KTSTR_FUTEX_PING_PONG(), measure_wakes_by_first,
	     5, "wake-ups of one by the other", .traced = true),
	CASE("CachePressure", 2, KTSTR_CACHE_PRESSURE(.size_bytes = 4 << 20),
	     measure_referenced, 4096, "KiB touched"),
	CASE("CacheYield", 2, KTSTR_CACHE_YIELD(.size_bytes = 1 << 20),
	     measure_referenced_yields, 20, "yields with 1 MiB touched"),
	CASE("CachePipe", 2, KTSTR_CACHE_PIPE(.size_bytes = 1 << 20),
	     measure_warm_wakeups, 5, "synchronous wake-ups with 1 MiB touched"),
	CASE("FutexFanOut", 4, KTSTR_FUTEX_FAN_OUT(.receivers = 3),
	     measure_fan_out, 40, "percent of the receivers of messages woken",
	     .traced = true),
	CASE("FanOutCompute", 4,
	     KTSTR_FAN_OUT_COMPUTE(.receivers = 3, .size_bytes = 1 << 20),
	     measure_compute, 5, "wake-ups with 1 MiB touched", .traced = true),
	CASE("Sequence", 1,
	     KTSTR_SEQUENCE({ KTSTR_PHASE_SPIN, 5000 }, { KTSTR_PHASE_SLEEP, 5000 },
			    { KTSTR_PHASE_YIELD, 5000 }),
	     measure_phases, 5, "wake-ups, and yields"),
	CASE("ForkExit", 2, KTSTR_FORK_EXIT(), measure_forks, 10, "forks"),
	CASE("NiceSweep", 1, KTSTR_NICE_SWEEP(), measure_weights, 5, "weights"),
	CASE("AffinityChurn", 1, KTSTR_AFFINITY_CHURN(), measure_migrations, 10,
	     "migrations"),
	CASE("PolicyChurn", 1, KTSTR_POLICY_CHURN(), measure_policies, 4,
	     "policies"),
	CASE("PageFaultChurn", 2, KTSTR_PAGE_FAULT_CHURN(), measure_faults, 500,
	     "minor faults"),
	CASE("MutexContention", 4, KTSTR_MUTEX_CONTENTION(.hold_spins = 20000),
	     measure_blocked, 5, "wake-ups by who had the mutex", .traced = true),
	CASE("Custom", 1, KTSTR_CUSTOM(.run = yield_all_the_time),
	     measure_yields, 1000, "yields"),
	CASE("WakeChain", 4, KTSTR_WAKE_CHAIN(), measure_sync_wakeups, 5,
	     "synchronous wake-ups"),
	CASE("ThunderingHerd", 4, KTSTR_THUNDERING_HERD(.waiters = 3),
	     measure_herd, 3, "wake-ups for nothing", .run_ms = 1500,
	     .traced = true),
	CASE("TimerLatency", 1, KTSTR_TIMER_LATENCY(), measure_irq_wakes, 20,
	     "wake-ups in an interrupt", .traced = true),
	CASE("PriorityInversion", 3,
	     KTSTR_PRIORITY_INVERSION(.hold_spins = 10000000), measure_boosted,
	     5, "times seen boosted"),
	CASE("PriorityInversion, plain", 3,
	     KTSTR_PRIORITY_INVERSION(.plain = true, .middles = 1,
				      .period_us = 5000),
	     measure_low_waits, 50, "percent that the low one waits for its CPU"),
	CASE("SignalStorm", 2, KTSTR_SIGNAL_STORM(), measure_signals, 20,
	     "signals delivered", .traced = true),
	CASE("PreemptStorm", 2, KTSTR_PREEMPT_STORM(), measure_victims, 5,
	     "preemptions", .traced = true),
	CASE("RtStarvation", 2,
	     KTSTR_RT_STARVATION(.burst_ms = 200, .rest_ms = 20),
	     measure_starved, 60, "percent of starvation"),
	CASE("SmtSiblingSpin", 2, KTSTR_SMT_SIBLING_SPIN(), measure_siblings,
	     20, "percent of a thread, with the other taken",
	     .control = CONTROL_FREE),
	CASE("AluHot", 1, KTSTR_ALU_HOT(), measure_hog, 30,
	     "percent of a CPU without a sleep", .control = CONTROL_SLEEP),
	CASE("NumaWorkingSetSweep", 1,
	     KTSTR_NUMA_WORKING_SET_SWEEP(.size_bytes = 16 << 20,
					  .stride_bytes = 4096),
	     measure_hint_faults, 1500, "NUMA hinting faults", .run_ms = 2000),
	CASE("CgroupAttachStorm", 1, KTSTR_CGROUP_ATTACH_STORM(),
	     measure_attaches, 5, "moves", .traced = true),
	CASE("EpollStorm", 4, KTSTR_EPOLL_STORM(.waiters = 3),
	     measure_wakes_by_first, 10, "wake-ups by the sender", .traced = true),
	CASE("IrqWake", 2, KTSTR_IRQ_WAKE(), measure_irq_over_first, 3,
	     "wake-ups in an interrupt over the other worker", .traced = true),
	CASE("NetTraffic", 2, KTSTR_NET_TRAFFIC(), measure_softirq_wakes, 5,
	     "wake-ups in a soft interrupt", .traced = true),
	CASE("NetTraffic, TCP", 2, KTSTR_NET_TRAFFIC(.protocol = KTSTR_NET_TCP),
	     measure_softirq_wakes, 5, "wake-ups in a soft interrupt",
	     .traced = true),
	CASE("Schbench", 4, KTSTR_SCHBENCH(.workers = 3), measure_wakes_by_first,
	     50, "wake-ups by the message worker", .traced = true),
};

/* The metric of a case: its name, with what JSON and a shell like. */
static void case_metric(struct ktstr_context *ctx, const struct work_case *c,
			const char *suffix, double value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", c->group.name, suffix);
	for (char *at = name; *at; at++) {
		if (*at == ' ' || *at == ',')
			*at = '_';
	}
	ktstr_metric(ctx, name, value, c->unit);
}

/* Works for so many times as long as the case says; -1: it could not. */
static double case_try(struct ktstr_context *ctx, const struct work_case *c,
		       uint32_t times)
{
	uint32_t run_ms = c->run_ms ? c->run_ms : CASES_RUN_MS;
	struct ktstr_error err = { 0 };
	struct seen seen;

	if (seen_run(&c->group, run_ms * times, c->traced, &seen, &err) == 0)
		return c->measure(&seen, c->group.workers);
	ktstr_note(ctx, "%s: %s", c->group.name, err.message);
	return -1;
}

/*
 * Whether it was pressed, and is not by what does something else. On a host
 * that has other things to do once more, for longer: then the other may do as
 * much more, too.
 */
static bool case_holds(struct ktstr_context *ctx, const struct work_case *c,
		       const struct seen *controls)
{
	double value = case_try(ctx, c, 1);
	double other = c->measure(&controls[c->control], c->group.workers);

	if (value >= 0 && value < c->at_least) {
		ktstr_note(ctx, "%s: %g %s, not %g; once more", c->group.name,
			   value, c->unit, c->at_least);
		value = case_try(ctx, c, CASES_LONGER);
		other *= CASES_LONGER;
	}
	if (value < 0)
		return false;
	case_metric(ctx, c, "", value);
	case_metric(ctx, c, ".control", other);
	if (value < c->at_least)
		ktstr_note(ctx, "%s: %g %s, not %g", c->group.name, value,
			   c->unit, c->at_least);
	if (other >= c->at_least)
		ktstr_note(ctx, "%s: %s gives %g %s too, which proves nothing",
			   c->group.name, control_groups[c->control].name,
			   other, c->unit);
	return value >= c->at_least && other < c->at_least;
}

/* NUMA balancing waits a second before it looks at a task: here less. */
static void hurry_numa_balancing(void)
{
	static const char *const files[] = { "scan_delay_ms",
					     "scan_period_min_ms" };

	for (size_t i = 0; i < KT_ARRAY_SIZE(files); i++) {
		char path[96];
		_cleanup_close_ int fd = -1;

		snprintf(path, sizeof(path),
			 "/sys/kernel/debug/sched/numa_balancing/%s", files[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			(void)kt_write_all(fd, "100", 3);
	}
}

/* Every kind has a case. */
static bool cases_are_complete(struct ktstr_context *ctx)
{
	bool complete = true;

	for (int kind = 0; kt_work_ops(kind); kind++) {
		size_t i = 0;

		while (i < KT_ARRAY_SIZE(cases) &&
		       (int)cases[i].group.work.kind != kind)
			i++;
		if (i == KT_ARRAY_SIZE(cases)) {
			ktstr_note(ctx, "%s has no case",
				   kt_work_ops(kind)->name);
			complete = false;
		}
	}
	return complete;
}

KTSTR_TEST(every_kind_presses_its_path, .numa_nodes = 2, .llcs = 2, .cores = 1,
	   .threads = 2, .memory_mib = 512, .duration_s = 60, .timeout_s = 600,
	   .max_numa_nodes = 2)
{
	bool ok = cases_are_complete(ctx);
	struct seen controls[N_CONTROLS];
	struct ktstr_error err = { 0 };

	hurry_numa_balancing();
	if (seen_prepare(&err) < 0) {
		ktstr_note(ctx, "%s", err.message);
		return KTSTR_FAIL;
	}
	for (int i = 0; i < N_CONTROLS; i++) {
		if (seen_run(&control_groups[i], CASES_CONTROL_MS, true,
			     &controls[i], &err) < 0) {
			ktstr_note(ctx, "%s: %s", control_groups[i].name,
				   err.message);
			return KTSTR_FAIL;
		}
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++)
		ok = case_holds(ctx, &cases[i], controls) && ok;
	return ok ? KTSTR_PASS : KTSTR_FAIL;
}
