/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_WORK_H
#define KTSTR_WORK_H

/*
 * What a test's workers do, and what became of them.
 *
 * A group of workers is forked, waits at a start gate, does one kind of work
 * until it is told to stop, and leaves a report a worker. Times are in
 * nanoseconds of CLOCK_MONOTONIC unless a name says otherwise; CPUs are the
 * guest's ids.
 */

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Wake latencies of one worker: from the waker's stamp to running again. */
struct ktstr_wake_latency {
	uint64_t samples; /* 0: this kind of work has none, the rest is void */
	uint64_t mean_ns;
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t max_ns;
	uint64_t stddev_ns;
};

/* One worker's life between the start gate and its end. */
struct ktstr_worker_report {
	uint32_t index; /* within its group */
	pid_t pid;
	const char *group; /* borrowed from the group's declaration */

	bool finished;	  /* it ended by itself when told to stop */
	int wait_status;  /* as waitpid() gave it, once it was reaped */

	uint64_t work_units;
	uint64_t iterations; /* of its work's own loop */
	uint64_t wall_ns;
	uint64_t cpu_ns;
	uint64_t off_cpu_ns; /* wall - cpu: waiting by its own will included */
	uint64_t run_delay_ns; /* runnable but not running: /proc/PID/schedstat */

	uint64_t migrations; /* times that it found itself on another CPU */
	uint64_t cross_node_migrations;
	cpu_set_t cpus_seen; /* where it found itself; empty: not recorded */

	uint64_t max_gap_ns;	/* longest time between two signs of work */
	int32_t max_gap_cpu;	/* where it was after it; -1: unknown */
	uint64_t max_gap_at_ns; /* when it ended, since the start gate */

	struct ktstr_wake_latency wake;

	/* Pages of the worker's own memory by place; both 0: not counted. */
	uint64_t local_pages;
	uint64_t remote_pages;
};

#ifdef __cplusplus
}
#endif

#endif
