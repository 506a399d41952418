// SPDX-License-Identifier: GPL-2.0-only
/* A user's test, against the public headers alone; it is only compiled. */
#include <ktstr/check.h>
#include <ktstr/scenario.h>

#ifndef __cplusplus

KTSTR_TEST(two_cgroups, .llcs = 1, .cores = 2)
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "cg_0", .workers = 2 },
				   { .name = "cg_1", .workers = 2 }));
}

KTSTR_TEST(steps, .checks = KTSTR_LIMITS(.max_gap_ms = 500, .not_stuck = true))
{
	return ktstr_run_steps(
		ctx,
		KTSTR_CGROUPS({ .name = "back",
				.workers = 2,
				.cpus = KTSTR_CPUS_OVERLAP(0, 2, 0.5),
				.memory_nodes_of = KTSTR_CPUS_NODE(0),
				.affinity = { .kind = KTSTR_AFFINITY_ONE_EACH },
				.work = KTSTR_BURSTY(.sleep_ms = 5) }),
		KTSTR_STEPS(
			{ .name = "narrow",
			  .cgroups =
				  KTSTR_CGROUPS({ .name = "late", .workers = 1 }),
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_SET_CPUSET("back", KTSTR_CPUS_LLC(0)),
				  KTSTR_ADD_CGROUP(.name = "more", .workers = 1),
				  KTSTR_SPAWN(NULL, .name = "host", .workers = 1,
					      .work = KTSTR_SPIN_WAIT()),
				  KTSTR_SET_AFFINITY(
					  "back", .kind = KTSTR_AFFINITY_RANDOM,
					  .count = 1, .seed = 7),
				  KTSTR_CPU_OFFLINE(1)),
			  .hold = KTSTR_HOLD_FRACTION(0.5) },
			{ .operations =
				  KTSTR_OPERATIONS(KTSTR_CPU_ONLINE(1),
						   KTSTR_CLEAR_CPUSET("back")),
			  .hold = KTSTR_HOLD_LOOP(100, 0.5) }));
}

#ifdef MISSPELT
KTSTR_TEST(misspelt)
{
	return ktstr_run_cgroups(ctx,
				 KTSTR_CGROUPS({ .name = "cg_0", .wokers = 2 }));
}
#endif

#else
int names_of(void);
int names_of(void)
{
	return ktstr_scenario_names()[0] != 0;
}
#endif
