/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A run that breaks nothing, to be spoilt by a test. */

#include <math.h>
#include <stdlib.h>

#include <ktstr/check.h>

#define MS         1000000ULL
#define RUN_MS     12000ULL
#define STARTED_NS (5000 * MS)

struct run {
	struct ktstr_check_limits limits; /* all off, gap 2000 ms */
	struct ktstr_worker_report workers[3];
	cpu_set_t allowed;
	struct ktstr_check_group group;
	struct ktstr_check_report report;
};

static inline void run_init(struct run *run)
{
	memset(run, 0, sizeof(*run));
	run->limits = (struct ktstr_check_limits){
		.max_gap_ms = 2000,
		.max_spread_pct = INFINITY,
		.max_throughput_cv = INFINITY,
		.max_p99_wake_latency_ns = INFINITY,
		.max_wake_latency_cv = INFINITY,
		.max_migration_ratio = INFINITY,
		.max_cross_node_migration_ratio = INFINITY,
	};
	for (uint32_t i = 0; i < 3; i++) {
		struct ktstr_worker_report *w = &run->workers[i];

		*w = (struct ktstr_worker_report){
			.index = i,
			.group = "cg_0",
			.finished = true,
			.work_units = 12000,
			.iterations = 1200,
			.wall_ns = RUN_MS * MS,
			.cpu_ns = RUN_MS * MS / 2,
			.off_cpu_ns = RUN_MS * MS / 2,
			.max_gap_ns = 100 * MS,
			.max_gap_cpu = (int32_t)i,
			.max_gap_at_ns = 4000 * MS,
			.wake = { .samples = 100,
				  .mean_ns = 1000,
				  .p50_ns = 1000,
				  .p99_ns = 1000,
				  .max_ns = 1000,
				  .stddev_ns = 100 },
			.local_pages = 100,
		};
		CPU_SET(i, &w->cpus_seen);
		CPU_SET(i, &run->allowed);
	}
	run->group = (struct ktstr_check_group){
		.name = "cg_0",
		.workers = run->workers,
		.n_workers = 3,
		.allowed_cpus = &run->allowed,
		.started_ns = STARTED_NS,
	};
}

static inline enum ktstr_verdict run_check(struct run *run,
					   const struct ktstr_steal *steal)
{
	ktstr_check_report_deinit(&run->report);
	assert_int_equal(ktstr_check_workers(&run->limits, &run->group, 1,
					     steal, &run->report, NULL),
			 0);
	return run->report.verdict;
}
