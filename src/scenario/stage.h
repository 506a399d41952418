/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What there is at a moment of a scenario: cgroups, and crews of workers in
 * them. Each belongs to the step that made it and ends with it. A crew outlives
 * its end as what it left behind, until it is judged.
 */

#include <ktstr/scenario.h>

#include "cgroup/cgroup.h"
#include "scenario/crew.h"
#include "scenario/machine.h"

#define KT_STEP_BACKDROP (-1)

struct kt_group {
	char *path;
	int step;
	bool frozen;
	struct kt_bitmap cpus; /* its cpuset; empty: none */
};

/* A program that an operation started; see scenario/stage_payload.h. */
struct kt_stage_payload {
	const struct ktstr_payload *payload;
	struct ktstr_payload_run *run;
	char *cgroup; /* NULL: in none of ours */
	int step;
};

struct kt_stage {
	struct ktstr_context *ctx; /* for notes of payloads; borrowed */
	const char *sysfs;
	struct kt_machine machine;
	struct kt_bitmap first_online; /* what is given back at the end */
	struct kt_cgroups cgroups;
	struct kt_group **groups;
	size_t n_groups;
	struct kt_crew **crews;
	size_t n_crews;
	struct kt_stage_payload *payloads; /* that run */
	size_t n_payloads;
	size_t n_payloads_judged;
	bool payload_failed; /* one of those */
	int step; /* that makes what is made now */
};

int kt_stage_open(const char *cgroup_mount, const char *sysfs,
		  struct kt_stage *ret, struct ktstr_error *err);
/* Ends and removes everything, and sets the CPUs as they were. */
int kt_stage_close(struct kt_stage *stage, struct ktstr_error *err);
void kt_stage_deinit(struct kt_stage *stage);
#define _cleanup_stage_ _cleanup_(kt_stage_deinit)

/* NULL: there is none of that name. */
struct kt_group *kt_stage_group(const struct kt_stage *stage, const char *path);
/* The same, with -ENOENT and the names that there are. */
int kt_stage_find(const struct kt_stage *stage, const char *path,
		  struct kt_group **ret, struct ktstr_error *err);

/* Makes cgroups with their workers, who all start at one gate. */
int kt_stage_add(struct kt_stage *stage, const struct ktstr_cgroup *decls,
		 size_t n, struct ktstr_error *err);
/* Starts workers in a group that there is; NULL: in none. */
int kt_stage_spawn(struct kt_stage *stage, const char *path,
		   const struct ktstr_workers *workers, struct ktstr_error *err);

/* Ends the workers of a group and of those below it. */
int kt_stage_stop(struct kt_stage *stage, const char *path,
		  struct ktstr_error *err);
/* The same, and removes the groups. */
int kt_stage_remove(struct kt_stage *stage, const char *path,
		    struct ktstr_error *err);
/* Ends and removes what the step made. */
int kt_stage_end_step(struct kt_stage *stage, int step, struct ktstr_error *err);

int kt_stage_set_cpuset(struct kt_stage *stage, struct kt_group *group,
			const struct kt_bitmap *cpus, struct ktstr_error *err);

/* Whether `path` is the group `top` or lies below it. */
bool kt_group_is_below(const char *path, const char *top);

/* Whether it or a group above has a cpuset of its own; NULL has none. */
bool kt_stage_is_confined(const struct kt_stage *stage, const char *path);
/* Whether it or a group above is frozen. */
bool kt_stage_is_frozen(const struct kt_stage *stage, const char *path);

/* The CPUs that the kernel lets a group use; NULL is all. */
int kt_stage_cpus(const struct kt_stage *stage, const char *path,
		  struct kt_bitmap *ret, struct ktstr_error *err);

/*
 * After anything that changed where workers may run or whether they can: the
 * change was begun at `began_ns`.
 */
int kt_stage_note_change(struct kt_stage *stage, uint64_t began_ns,
			 struct ktstr_error *err);
