/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A group under test: started, released, and stopped once it has worked. */

#include "test.h"

#include <sched.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "workload/workers.h"

#define GROUP_BOUND_NS 40000000000ULL

struct group {
	struct kt_gate *gate;
	struct kt_workers *workers;
	const pid_t *pids;
	const struct ktstr_worker_report *reports;
	size_t n;
};

static inline void group_start(struct group *group,
			       const struct ktstr_workers *spec)
{
	struct ktstr_error err = { 0 };

	*group = (struct group){ .gate = kt_gate_new() };
	assert_non_null(group->gate);
	if (kt_workers_start(spec, group->gate, &group->workers, &err) < 0)
		fail_msg("%s", err.message);
	group->pids = kt_workers_pids(group->workers, &group->n);
	assert_int_equal(group->n, spec->workers);
}

static inline void group_release(struct group *group)
{
	struct ktstr_error err = { 0 };

	if (kt_workers_release(group->gate, &group->workers, 1, &err) < 0)
		fail_msg("%s", err.message);
}

/* Until worker `index` has done that much. */
static inline void group_await(struct group *group, uint32_t index, uint64_t units)
{
	uint64_t deadline = kt_now_ns() + GROUP_BOUND_NS;

	while (kt_workers_units(group->workers, index) < units) {
		if (kt_now_ns() > deadline)
			fail_msg("worker %u did %llu units of %llu", index,
				 (unsigned long long)kt_workers_units(
					 group->workers, index),
				 (unsigned long long)units);
		usleep(500);
	}
}

/* They all end by themselves when told to. */
static inline void group_stop(struct group *group)
{
	kt_workers_stop(group->workers, 20000, &group->reports, &group->n);
	for (size_t i = 0; i < group->n; i++) {
		const struct ktstr_worker_report *report = &group->reports[i];

		assert_true(report->finished);
		assert_int_equal(report->wait_status, 0);
		assert_int_equal(report->index, i);
		assert_true(report->wall_ns > 0);
		assert_true(report->cpu_ns > 0);
		assert_true(report->max_gap_ns > 0);
		assert_true(report->max_gap_ns <= report->wall_ns);
		assert_true(report->max_gap_cpu >= 0);
	}
}

static inline void group_free(struct group *group)
{
	kt_workers_free(group->workers);
	kt_gate_free(group->gate);
}

/* One group from start to stop; each of the workers does so much. */
static inline void group_run(struct group *group,
			     const struct ktstr_workers *spec, uint64_t units)
{
	group_start(group, spec);
	group_release(group);
	for (uint32_t i = 0; i < spec->workers; i++)
		group_await(group, i, units);
	group_stop(group);
}

static inline uint64_t group_sum(const struct group *group, size_t first)
{
	uint64_t sum = 0;

	for (size_t i = first; i < group->n; i++)
		sum += group->reports[i].work_units;
	return sum;
}
