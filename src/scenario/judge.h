/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What became of a scenario's workers, told to the test's report. */

#include "scenario/stage.h"

/*
 * Holds all crews, which have ended, against the limits in force and writes
 * findings as notes and sums as metrics, whose names start with "SCENARIO." if
 * one is given. `scenario_checks` is a layer above the defaults, or NULL.
 */
int kt_judge_stage(struct ktstr_context *ctx, const struct kt_stage *stage,
		   const char *scenario,
		   const struct ktstr_checks *scenario_checks,
		   const char *steal_path, enum ktstr_verdict *ret,
		   struct ktstr_error *err);
