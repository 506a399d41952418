/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the guest's own kernel says of a group of workers while it works: its
 * counters (/proc and cgroupfs), and its trace of who woke whom from where.
 */

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "workload/workers.h"

#define SEEN_WORKERS 4

/* Over the time that was looked at, of one worker. */
struct seen_worker {
	pid_t pid;
	uint64_t units; /* by its own telemetry, to compare with */

	/* /proc/PID/sched */
	double exec_ms;
	double sleep_ms;
	double migrations;
	double wakeups;
	double wakeups_sync;
	double wakeups_remote; /* from another CPU */

	double run_delay_ms; /* /proc/PID/schedstat */
	double voluntary;    /* /proc/PID/status: switches */
	double involuntary;
	double minor_faults;  /* /proc/PID/stat */
	double written_bytes; /* /proc/PID/io */

	/* Memory that it touched, since it was asked to count anew. */
	double referenced_kib;

	/* Found by looking again and again. */
	uint32_t n_weights;
	uint32_t n_policies;
	uint32_t n_groups;  /* control groups */
	uint32_t n_boosted; /* looks that found it at real-time priority */
	int policy;
	cpu_set_t allowed;
};

/* Over the same time, of the machine. */
struct seen {
	uint32_t n;
	struct seen_worker workers[SEEN_WORKERS];
	double wall_ms;
	double yields;      /* /proc/schedstat, of all CPUs */
	double forks;       /* /proc/stat */
	double net_receive; /* /proc/softirqs */
	double hint_faults; /* /proc/vmstat, of NUMA balancing */

	/* Of the trace, if there was one: wake-ups of these workers. */
	double wakes_in_irq;
	double wakes_in_softirq;
	double wakes_by_first;         /* by the group's first worker itself */
	double wakes_by_workers;       /* by any of them */
	double wakes_in_irq_there;     /* in an interrupt of the first one */
	double wakes_in_irq_of_others; /* ... of another of them */
	double signals;                /* handled by them */
	double attaches;               /* of them, to control groups */
};

/* Before the first. */
int seen_prepare(struct ktstr_error *err);

/*
 * Runs a group for `run_ms` and looks at it, at the trace only if `traced`. All
 * its workers have to work, and to end when told to. -errno with a message.
 */
int seen_run(const struct ktstr_workers *spec, uint32_t run_ms, bool traced,
	     struct seen *ret, struct ktstr_error *err);
