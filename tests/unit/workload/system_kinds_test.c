// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kinds of work that need something of the system: real-time priority,
 * threads of a core, nodes, control groups, a network. Where the host has it
 * they do what they are for, and where not they say so.
 */
#include "group.h"

#include <mntent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/cpulist.h"
#include "base/macro.h"

/* Whether the group starts; if not, why. */
static bool starts(struct group *group, const struct ktstr_workers *spec,
		   struct ktstr_error *err)
{
	int r;

	*group = (struct group){ .gate = kt_gate_new() };
	*err = (struct ktstr_error){ 0 };
	assert_non_null(group->gate);
	r = kt_workers_start(spec, group->gate, &group->workers, err);
	if (r < 0) {
		assert_int_equal(r, err->code);
		assert_null(group->workers);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		group_free(group);
		return false;
	}
	group->pids = kt_workers_pids(group->workers, &group->n);
	return true;
}

/* The same, for kinds that want real-time priority. */
static bool starts_rt(struct group *group, const struct ktstr_workers *spec)
{
	struct ktstr_error err;

	if (starts(group, spec, &err))
		return true;
	assert_int_equal(err.code, -ECHILD);
	assert_contains(err.message, "policy fifo, priority 1 is refused");
	return false;
}

static void await_all(struct group *group, uint64_t units)
{
	group_release(group);
	for (uint32_t i = 0; i < group->n; i++)
		group_await(group, i, units);
}

/* They have one CPU between them. */
static void check_one_cpu(const struct group *group)
{
	cpu_set_t first, other;

	assert_int_equal(
		sched_getaffinity(group->pids[0], sizeof(first), &first), 0);
	assert_int_equal(CPU_COUNT(&first), 1);
	for (size_t i = 1; i < group->n; i++) {
		sched_getaffinity(group->pids[i], sizeof(other), &other);
		assert_true(CPU_EQUAL(&first, &other));
	}
}

static void inversion_fights_on_one_cpu(void **state)
{
	const struct ktstr_work kinds[] = {
		KTSTR_PRIORITY_INVERSION(.hold_spins = 1000, .period_us = 500),
		KTSTR_PRIORITY_INVERSION(.hold_spins = 1000, .period_us = 500,
					 .plain = true),
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct ktstr_workers spec = { .name = "w",
						    .workers = 3,
						    .work = kinds[i] };
		struct group g;

		if (!starts_rt(&g, &spec))
			skip();
		await_all(&g, 5);
		check_one_cpu(&g);
		assert_int_equal(sched_getscheduler(g.pids[0]), SCHED_OTHER);
		assert_int_equal(getpriority(PRIO_PROCESS, (id_t)g.pids[0]), 19);
		assert_int_equal(sched_getscheduler(g.pids[1]), SCHED_FIFO);
		group_stop(&g);
		/* Nobody was in there with anybody else. */
		assert_in_range(
			kt_workers_set(g.workers, 0)->guarded,
			g.reports[0].work_units + g.reports[1].work_units,
			g.reports[0].work_units + g.reports[1].work_units + 1);
		assert_int_equal(g.reports[1].wake.samples,
				 g.reports[1].work_units);
		group_free(&g);
	}
}

/* Times that the kernel took the CPU from it. */
static long preemptions(pid_t pid)
{
	static const char name[] = "nonvoluntary_ctxt_switches:";
	_cleanup_free_ char *text = NULL;
	char path[64];
	char *found;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_int_equal(kt_read_file(path, 65536, &text, NULL), 0);
	found = strstr(text, name);
	assert_non_null(found);
	return strtol(found + strlen(name), NULL, 10);
}

/* The victim of a real-time task that wakes all the time is preempted. */
static void preempt_storm_preempts(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_PREEMPT_STORM(.period_us = 500, .spins = 100),
	};
	uint64_t deadline = kt_now_ns() + GROUP_BOUND_NS;
	struct group g;

	(void)state;
	if (!starts_rt(&g, &spec))
		skip();
	await_all(&g, 1);
	check_one_cpu(&g);
	while (preemptions(g.pids[1]) < 100) {
		assert_true(kt_now_ns() < deadline);
		usleep(1000);
	}
	group_stop(&g);
	assert_int_equal(g.reports[0].wake.samples, g.reports[0].work_units);
	group_free(&g);
}

static void rt_starvation_starves(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_RT_STARVATION(.burst_ms = 40, .rest_ms = 10),
	};
	struct group g;

	(void)state;
	if (!starts_rt(&g, &spec))
		skip();
	await_all(&g, 4096);
	check_one_cpu(&g);
	usleep(200000);
	group_stop(&g);
	assert_true(g.reports[0].cpu_ns > 2 * g.reports[1].cpu_ns);
	assert_true(g.reports[1].max_gap_ns > 30000000);
	group_free(&g);
}

static const struct ktstr_work rt_kinds[] = {
	KTSTR_PRIORITY_INVERSION(),
	KTSTR_PREEMPT_STORM(),
	KTSTR_RT_STARVATION(),
};

/* In a child that may do nothing; 0: all were refused with the right words. */
static int start_without_rights(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_RTPRIO, &none) < 0 ||
	    (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0)))
		return 1;
	for (size_t i = 0; i < 3; i++) {
		const struct ktstr_workers spec = { .name = "w",
						    .workers = 6,
						    .work = rt_kinds[i] };
		_cleanup_gate_ struct kt_gate *gate = kt_gate_new();
		struct kt_workers *group = NULL;
		struct ktstr_error err = { 0 };

		if (!gate ||
		    kt_workers_start(&spec, gate, &group, &err) != -ECHILD ||
		    group ||
		    !strstr(err.message,
			    "policy fifo, priority 1 is refused; run it as "
			    "root or raise ulimit -r"))
			return 2;
	}
	return 0;
}

static void real_time_without_rights_is_refused(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(start_without_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Whether the host has a CPU with a sibling that this process may use. */
static bool host_has_smt(void)
{
	cpu_set_t allowed;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		_cleanup_bitmap_ struct kt_bitmap siblings = { 0 };
		_cleanup_free_ char *text = NULL;
		char path[96];
		int usable = 0;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/topology/"
			 "thread_siblings_list",
			 cpu);
		if (!CPU_ISSET(cpu, &allowed) ||
		    kt_read_file(path, 65536, &text, NULL) < 0 ||
		    kt_cpulist_parse(text, &siblings, NULL) < 0)
			continue;
		kt_bitmap_for_each (other, &siblings)
			usable += CPU_ISSET(other, &allowed) != 0;
		if (usable > 1)
			return true;
	}
	return false;
}

static void siblings_spin_on_one_core(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 2,
					    .work = KTSTR_SMT_SIBLING_SPIN() };
	struct ktstr_error err;
	cpu_set_t a, b;
	struct group g;

	(void)state;
	if (!host_has_smt()) {
		assert_false(starts(&g, &spec, &err));
		assert_int_equal(err.code, -EOPNOTSUPP);
		assert_contains(err.message, "workers w: worker 0: "
					     "SmtSiblingSpin: no two of the ");
		return;
	}
	group_start(&g, &spec);
	await_all(&g, 4096);
	sched_getaffinity(g.pids[0], sizeof(a), &a);
	sched_getaffinity(g.pids[1], sizeof(b), &b);
	assert_int_equal(CPU_COUNT(&a), 1);
	assert_int_equal(CPU_COUNT(&b), 1);
	assert_false(CPU_EQUAL(&a, &b));
	group_stop(&g);
	group_free(&g);
}

static void one_cpu_alone_has_no_sibling(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_SMT_SIBLING_SPIN(),
		.affinity = { .kind = KTSTR_AFFINITY_RANDOM, .count = 1 },
	};
	struct ktstr_error err;
	struct group g;

	(void)state;
	assert_false(starts(&g, &spec, &err));
	assert_int_equal(err.code, -EOPNOTSUPP);
	assert_contains(err.message, "no two of the 1 CPUs that it may use");
}

static void alu_hot_only_runs(void **state)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = 1,
					    .work = KTSTR_ALU_HOT() };
	struct group g;

	(void)state;
	group_run(&g, &spec, 100);
	assert_int_equal(g.reports[0].work_units, g.reports[0].iterations);
	assert_int_equal(g.reports[0].wake.samples, 0);
	group_free(&g);
}

static size_t host_nodes(void)
{
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	_cleanup_free_ char *text = NULL;

	if (kt_read_file("/sys/devices/system/node/has_memory", 65536, &text,
			 NULL) < 0 ||
	    kt_cpulist_parse(text, &nodes, NULL) < 0)
		return 1;
	return kt_bitmap_count(&nodes);
}

static void a_sweep_needs_nodes(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 1,
		.work = KTSTR_NUMA_WORKING_SET_SWEEP(.size_bytes = 1 << 20,
						     .passes = 2),
	};
	struct ktstr_error err;
	struct group g;

	(void)state;
	if (host_nodes() < 2) {
		assert_false(starts(&g, &spec, &err));
		assert_int_equal(err.code, -EOPNOTSUPP);
		assert_contains(err.message,
				"NumaWorkingSetSweep: this machine "
				"has no two nodes with memory");
		return;
	}
	group_run(&g, &spec, 16);
	assert_int_equal(g.reports[0].work_units, g.reports[0].iterations);
	assert_true(g.reports[0].local_pages > 0);
	assert_true(g.reports[0].remote_pages > 0);
	group_free(&g);
}

static void signals_are_handled(void **state)
{
	const struct ktstr_work kinds[] = {
		KTSTR_SIGNAL_STORM(),
		KTSTR_SIGNAL_STORM(.sleep_us = 0),
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct ktstr_workers spec = { .name = "w",
						    .workers = 4,
						    .work = kinds[i] };
		struct group g;

		group_run(&g, &spec, 200);
		/* At most one signal a turn of the partner's, as they merge. */
		for (size_t k = 0; k < 4; k += 2) {
			assert_true(g.reports[k].work_units <=
				    g.reports[k + 1].iterations + 1);
			assert_true(g.reports[k + 1].work_units <=
				    g.reports[k].iterations + 1);
		}
		if (i == 0)
			assert_true(g.reports[0].wake.samples > 0);
		else
			assert_int_equal(g.reports[0].wake.samples, 0);
		group_free(&g);
	}
}

/* Where cgroup v2 is mounted; NULL: nowhere. Caller frees. */
static char *unified_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *path = NULL;

	while (mounts && !path && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2") == 0)
			path = strdup(entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return path;
}

/* The number of the group that the process is in now, -1: none of them. */
static int attached_to(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[64], tail[64];
	char *found;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	snprintf(tail, sizeof(tail), "/ktstr-attach-%d-", (int)pid);
	if (kt_read_file(path, 65536, &text, NULL) < 0)
		return -1;
	found = strstr(text, tail);
	return found ? found[strlen(tail)] - '0' : -1;
}

/* No group of that worker is left below where this process is. */
static void check_no_group_left(const char *mount, pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[8192];
	char *line;

	assert_int_equal(kt_read_file("/proc/self/cgroup", 65536, &text, NULL),
			 0);
	line = strstr(text, "0::");
	assert_non_null(line);
	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s/ktstr-attach-%d-%d", mount,
			 line + 3, (int)pid, i);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void attach_storm_moves(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_CGROUP_ATTACH_STORM(.spins = 1000),
	};
	_cleanup_free_ char *mount = unified_mount();
	uint64_t deadline = kt_now_ns() + GROUP_BOUND_NS;
	struct ktstr_error err;
	int seen = 0;
	pid_t pids[2];
	struct group g;

	(void)state;
	if (!starts(&g, &spec, &err)) {
		/* A host that has it, as root, has no excuse. */
		assert_true(geteuid() != 0 || !mount || access(mount, W_OK) < 0);
		assert_contains(err.message, "CgroupAttachStorm: ");
		assert_int_equal(err.code, mount ? -ECHILD : -EOPNOTSUPP);
		/* It jumps, past what would free this. */
		free(TAKE_PTR(mount));
		skip();
	}
	memcpy(pids, g.pids, sizeof(pids));
	await_all(&g, 10);
	while (seen != 3 && kt_now_ns() < deadline) {
		int group = attached_to(g.pids[1]);

		if (group >= 0)
			seen |= 1 << group;
	}
	assert_int_equal(seen, 3);
	/* One that is killed cleans nothing up itself. */
	kill(g.pids[0], SIGKILL);
	kt_workers_stop(g.workers, 20000, &g.reports, &g.n);
	assert_true(g.reports[1].finished);
	assert_false(g.reports[0].finished);
	assert_int_equal(g.reports[1].work_units, g.reports[1].iterations);
	for (int i = 0; i < 2; i++)
		check_no_group_left(mount, pids[i]);
	group_free(&g);
}

static void epoll_storm_takes_what_was_sent(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 4,
		.work = KTSTR_EPOLL_STORM(.waiters = 3, .spins = 20000),
	};
	uint64_t taken, samples = 0;
	struct group g;

	(void)state;
	group_start(&g, &spec);
	group_release(&g);
	group_await(&g, 0, 2000);
	group_stop(&g);
	taken = group_sum(&g, 1);
	/* What was sent last nobody may have come to take. */
	assert_true(taken <= g.reports[0].work_units);
	assert_true(taken >= g.reports[0].work_units / 2);
	for (size_t i = 1; i < g.n; i++)
		samples += g.reports[i].wake.samples;
	assert_true(samples > 0);
	group_free(&g);
}

static void irq_wake_wakes_once_a_timer(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 2,
		.work = KTSTR_IRQ_WAKE(.period_us = 1000),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 50);
	assert_true(g.reports[1].work_units <= g.reports[0].work_units + 1);
	assert_true(g.reports[1].wake.samples > 0);
	assert_true(g.reports[0].work_units <= g.reports[0].wall_ns / 1000000 + 1);
	/* The one that sets the timer does not sleep over it. */
	assert_int_equal(g.reports[0].wake.samples, 0);
	group_free(&g);
}

static void traffic_comes_back(void **state)
{
	const struct ktstr_work kinds[] = {
		KTSTR_NET_TRAFFIC(),
		KTSTR_NET_TRAFFIC(.protocol = KTSTR_NET_TCP, .burst = 3,
				  .message_bytes = 10000),
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct ktstr_workers spec = { .name = "w",
						    .workers = 4,
						    .work = kinds[i] };
		struct ktstr_error err;
		uint64_t samples = 0;
		struct group g;

		if (!starts(&g, &spec, &err)) {
			/* A name space without a network, and no right to it. */
			assert_contains(err.message, "NetTraffic: ");
			assert_true(geteuid() != 0);
			skip();
		}
		await_all(&g, 50000);
		group_stop(&g);
		/* Of what one got at most a burst is not back at the other. */
		for (size_t k = 0; k < 4; k += 2) {
			assert_true(g.reports[k].work_units <=
				    g.reports[k + 1].work_units + 30000);
			samples += g.reports[k].wake.samples;
			samples += g.reports[k + 1].wake.samples;
		}
		assert_true(samples > 0);
		group_free(&g);
	}
}

static void a_partner_of_a_dead_one_ends(void **state)
{
	const struct ktstr_work kinds[] = {
		KTSTR_SIGNAL_STORM(),
		KTSTR_IRQ_WAKE(),
		KTSTR_NET_TRAFFIC(),
		KTSTR_NET_TRAFFIC(.protocol = KTSTR_NET_TCP),
		KTSTR_SCHBENCH(.workers = 1),
		KTSTR_EPOLL_STORM(.waiters = 1),
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(kinds); i++) {
		for (int victim = 0; victim < 2; victim++) {
			const struct ktstr_workers spec = { .name = "w",
							    .workers = 2,
							    .work = kinds[i] };
			struct group g;

			group_start(&g, &spec);
			await_all(&g, 1);
			kill(g.pids[victim], SIGKILL);
			kt_workers_stop(g.workers, 20000, &g.reports, &g.n);
			assert_false(g.reports[victim].finished);
			assert_true(g.reports[1 - victim].finished);
			group_free(&g);
		}
	}
}

static void schbench_serves_requests(void **state)
{
	const struct ktstr_workers spec = {
		.name = "w",
		.workers = 8,
		.work = KTSTR_SCHBENCH(.workers = 3, .size_bytes = 4096,
				       .operations = 2, .sleep_us = 50),
	};
	struct group g;

	(void)state;
	group_run(&g, &spec, 50);
	for (size_t first = 0; first < g.n; first += 4) {
		uint64_t requests = 0, samples = 0;

		for (size_t i = first + 1; i < first + 4; i++) {
			assert_int_equal(g.reports[i].work_units,
					 g.reports[i].iterations);
			requests += g.reports[i].work_units;
			samples += g.reports[i].wake.samples;
		}
		/* Each was handed out; the last ones were not all served. */
		assert_in_range(g.reports[first].work_units, requests,
				requests + 3);
		assert_true(samples > 0 && samples <= requests + 3);
	}
	group_free(&g);
}

static void refuse(uint32_t workers, struct ktstr_work work, const char *message)
{
	const struct ktstr_workers spec = { .name = "w",
					    .workers = workers,
					    .work = work };
	struct ktstr_error err;
	struct group g;

	assert_false(starts(&g, &spec, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_contains(err.message, message);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	refuse(3, KTSTR_PRIORITY_INVERSION(.middles = 0),
	       "PriorityInversion: middles must be > 0");
	refuse(3, KTSTR_PRIORITY_INVERSION(.hold_spins = 0), "hold_spins");
	refuse(3, KTSTR_PRIORITY_INVERSION(.period_us = 0), "period_us");
	refuse(2, KTSTR_PRIORITY_INVERSION(),
	       "2 workers cannot be divided into sets of 3, which "
	       "PriorityInversion needs");
	refuse(2, KTSTR_PREEMPT_STORM(.victims = 0),
	       "PreemptStorm: victims must be > 0");
	refuse(2, KTSTR_PREEMPT_STORM(.period_us = 0), "period_us");
	refuse(2, KTSTR_RT_STARVATION(.starved = 0),
	       "RtStarvation: starved must be > 0");
	refuse(2, KTSTR_RT_STARVATION(.burst_ms = 0), "burst_ms");
	refuse(2, KTSTR_RT_STARVATION(.rest_ms = 0), "rest_ms");
	refuse(1, KTSTR_ALU_HOT(.steps = 0), "AluHot: steps must be > 0");
	refuse(1, KTSTR_NUMA_WORKING_SET_SWEEP(.size_bytes = 0),
	       "NumaWorkingSetSweep: size_bytes must be > 0");
	refuse(1, KTSTR_NUMA_WORKING_SET_SWEEP(.stride_bytes = 0),
	       "stride_bytes");
	refuse(1, KTSTR_NUMA_WORKING_SET_SWEEP(.passes = 0), "passes");
	refuse(1, KTSTR_CGROUP_ATTACH_STORM(.spins = 0),
	       "CgroupAttachStorm: spins must be > 0");
	refuse(5, KTSTR_EPOLL_STORM(.waiters = 0),
	       "EpollStorm: waiters must be > 0");
	refuse(65, KTSTR_EPOLL_STORM(.waiters = 64),
	       "EpollStorm: a set of 65 workers");
	refuse(2, KTSTR_IRQ_WAKE(.period_us = 0),
	       "IrqWake: period_us must be > 0");
	refuse(2, KTSTR_NET_TRAFFIC(.message_bytes = 16385),
	       "NetTraffic: message_bytes must be 1 to 16384, not 16385");
	refuse(2, KTSTR_NET_TRAFFIC(.burst = 65, .message_bytes = 1),
	       "a burst of 65 messages of 1 bytes; it must be 1 to 64");
	refuse(2, KTSTR_NET_TRAFFIC(.burst = 8, .message_bytes = 4097),
	       "at most 32768 bytes");
	refuse(2, KTSTR_NET_TRAFFIC(.protocol = 7), "protocol 7 is not known");
	refuse(5, KTSTR_SCHBENCH(.workers = 0), "Schbench: workers must be > 0");
	refuse(5, KTSTR_SCHBENCH(.size_bytes = 0), "size_bytes");
	refuse(5, KTSTR_SCHBENCH(.operations = 0), "operations");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(real_time_without_rights_is_refused),
		cmocka_unit_test(inversion_fights_on_one_cpu),
		cmocka_unit_test(preempt_storm_preempts),
		cmocka_unit_test(rt_starvation_starves),
		cmocka_unit_test(siblings_spin_on_one_core),
		cmocka_unit_test(one_cpu_alone_has_no_sibling),
		cmocka_unit_test(alu_hot_only_runs),
		cmocka_unit_test(a_sweep_needs_nodes),
		cmocka_unit_test(signals_are_handled),
		cmocka_unit_test(attach_storm_moves),
		cmocka_unit_test(epoll_storm_takes_what_was_sent),
		cmocka_unit_test(irq_wake_wakes_once_a_timer),
		cmocka_unit_test(traffic_comes_back),
		cmocka_unit_test(schbench_serves_requests),
		cmocka_unit_test(a_partner_of_a_dead_one_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
