/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What a command line of `ktstr test` means, before anything is started. */

#include "cli/choice.h"
#include "cli/sharing.h"
#include "cli/command.h"
#include "cli/kernels.h"
#include "runner/budget.h"
#include "runner/matrix.h"
#include "runner/run.h"
#include "topology/grammar.h"

/* Each run's machine is as large as it is: as many as fit. */
#define KT_TEST_JOBS_AUTO UINT32_MAX

#define KT_TEST_BUDGET_NONE UINT32_MAX

struct kt_test_values {
	const char *topology;
	const char *nest_shape;
	const char *shard;
	const char *name;
	struct kt_words kernels;
	struct kt_words patterns;
	struct kt_cli_sharing sharing;
	uint32_t repeat;
	uint32_t jobs;
	uint32_t timeout_ms; /* 0: as the tests declare */
	uint32_t budget_ms;
	uint32_t accel;  /* index into kt_cli_accels */
	uint32_t format; /* enum kt_report_format */
	bool gauntlet;
	bool bisect;
	bool list;
	bool dmesg;
};

struct kt_test_plan {
	const struct kt_test_values *values;
	struct kt_choice choice;
	struct kt_kernels kernels;
	struct kt_topology_text topology;
	struct kt_matrix matrix;        /* empty: another shard has it all */
	struct kt_budget_result budget; /* `of` is 0: there is none */
};

int kt_test_plan_init(struct kt_test_plan *plan,
		      const struct kt_test_values *values,
		      const struct kt_words *binaries, struct ktstr_error *err);
void kt_test_plan_deinit(struct kt_test_plan *plan);
#define _cleanup_test_plan_ _cleanup_(kt_test_plan_deinit)

/* Finds, and unpacks, what the machines need. */
int kt_test_plan_prepare(struct kt_test_plan *plan, const struct ktstr_log *log,
			 struct ktstr_error *err);

/*
 * How much memory the machines take that run at once, at most, where --jobs
 * says how many those are; else the largest one, and 0 when none would run.
 */
int kt_test_plan_memory(const struct kt_test_plan *plan, uint32_t *ret_mib,
			struct ktstr_error *err);

/* All runs, with repeats. */
size_t kt_test_plan_runs(const struct kt_test_plan *plan);

const struct kt_chosen_test *kt_test_plan_test(const struct kt_test_plan *plan,
					       const struct kt_cell *cell);
struct kt_run_labels kt_test_plan_labels(const struct kt_test_plan *plan,
					 const struct kt_cell *cell);

/* All but the log and the callbacks. */
struct kt_run_request kt_test_plan_request(const struct kt_test_plan *plan,
					   const struct kt_cell *cell);
