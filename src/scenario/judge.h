/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What became of a scenario's workers, told to the test's report. */

#include "scenario/stage.h"

/*
 * The limits in force: the defaults, the scenario's own (or NULL), those of the
 * test's scheduler, and the test's. -EINVAL.
 */
int kt_judge_limits(const struct ktstr_test *test,
		    const struct ktstr_checks *scenario_checks,
		    struct ktstr_check_limits *ret, struct ktstr_error *err);

/*
 * Holds all crews, which have ended, against the limits and writes findings as
 * notes and sums as metrics, whose names start with "SCENARIO." if one is given.
 */
int kt_judge_stage(struct ktstr_context *ctx, const struct kt_stage *stage,
		   const char *scenario, const struct ktstr_check_limits *limits,
		   const char *steal_path, enum ktstr_verdict *ret,
		   struct ktstr_error *err);
