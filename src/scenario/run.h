/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A whole scenario, from its first cgroup to the verdict. */

#include <ktstr/check.h>
#include <ktstr/scenario.h>

struct kt_scenario {
	const char *name;                  /* NULL: one of the test's own */
	const struct ktstr_checks *checks; /* above the defaults; NULL: none */
	struct ktstr_cgroups backdrop;
	struct ktstr_steps steps;
};

enum ktstr_verdict kt_scenario_run(struct ktstr_context *ctx,
				   const struct kt_scenario *scenario);
