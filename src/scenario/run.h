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

/* Where it runs. */
struct kt_scenario_place {
	const char *cgroup_mount; /* or a delegated group of it */
	const char *sysfs;
	const char *steal;  /* as scenario/steal_file.h has it */
	const char *events; /* as guest/event.h has it */
};

/* Of all scenarios to come, in place of the guest; the strings are borrowed. */
void kt_scenario_set_place(const struct kt_scenario_place *place);

enum ktstr_verdict kt_scenario_run_at(struct ktstr_context *ctx,
				      const struct kt_scenario *scenario,
				      const struct kt_scenario_place *place);

/* In the place that is set. */
enum ktstr_verdict kt_scenario_run(struct ktstr_context *ctx,
				   const struct kt_scenario *scenario);
