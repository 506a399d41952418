/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Workers of a scenario, and what they were given while they worked. */

#include <sched.h>

#include <ktstr/check.h>
#include <ktstr/work.h>

#include "base/error.h"
#include "workload/workers.h"

struct kt_stage;

/* Workers that were started together and do the same. */
struct kt_crew {
	struct ktstr_workers spec;
	char *name;
	char *cgroup; /* where they are; NULL: in none of ours */
	int step;
	char *affinity_cpus; /* the list in `spec`, where it was left open */
	struct kt_gate *gate;
	struct kt_workers *workers;
	bool stopped;

	/* As struct ktstr_check_group has them. */
	const struct ktstr_worker_report *reports;
	size_t n_reports;
	cpu_set_t *allowed; /* a set a worker: all that it ever might use */
	struct ktstr_window *excused;
	size_t n_excused;
	bool is_excused; /* the last window goes on */
};

/*
 * Forks the workers that `spec` declares and moves them to where they belong;
 * they wait at the gate when this returns.
 */
int kt_crew_start(struct kt_crew *crew, const struct kt_stage *stage,
		  struct kt_gate *gate, struct ktstr_error *err);
/* The gate that it owns, if any, must not be needed by another crew. */
void kt_crew_free(struct kt_crew *crew);

/* As kt_stage_note_change(), for one that works. */
int kt_crew_note_change(struct kt_crew *crew, const struct kt_stage *stage,
			uint64_t began_ns, struct ktstr_error *err);

/* Whether it is in that group or below. */
bool kt_crew_is_in(const struct kt_crew *crew, const char *path);
