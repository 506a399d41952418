/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Programs of the host that a scenario's operations start, wait for and end.
 * Each belongs to the step that started it and ends with it, as workers do; one
 * that is removed with its cgroup is killed. What each is judged to be counts
 * for the scenario's verdict.
 */

#include <ktstr/payload.h>

#include "scenario/stage.h"

/* `path`: a group that there is; NULL: in none. */
int kt_stage_payload_run(struct kt_stage *stage, const char *path,
			 const struct ktstr_payload *payload,
			 struct ktstr_error *err);

/* Until its end, within its own time. */
int kt_stage_payload_wait(struct kt_stage *stage,
			  const struct ktstr_payload *payload,
			  struct ktstr_error *err);

int kt_stage_payload_kill(struct kt_stage *stage,
			  const struct ktstr_payload *payload,
			  struct ktstr_error *err);

/* Ends those in a group or below it. */
void kt_stage_payloads_end_in(struct kt_stage *stage, const char *path);

/* Ends those of a step; KT_STEP_ALL: of all. */
#define KT_STEP_ALL (-2)
void kt_stage_payloads_end_step(struct kt_stage *stage, int step);
