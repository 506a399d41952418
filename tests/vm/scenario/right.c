// SPDX-License-Identifier: GPL-2.0-only
/*
 * The situations of broken.c done right, each in a machine of its own, for
 * soak.sh to repeat: any scheduler of sense passes all of them.
 */
#include <ktstr/check.h>
#include <ktstr/scenario.h>

#define MS 1000000

KTSTR_TEST(confined, .cores = 2, .memory_mib = 256, .duration_s = 2)
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "confined",
				     .workers = 2,
				     .cpus = KTSTR_CPUS_EXACT("0") }));
}

KTSTR_TEST(fed, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .checks = KTSTR_LIMITS(.max_gap_ms = 300))
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "both", .cpus = KTSTR_CPUS_EXACT("0") },
			      { .name = "both/one", .workers = 1 },
			      { .name = "both/spinner", .workers = 1 }));
}

/* Frozen and thawed by the scenario itself, which excuses it. */
KTSTR_TEST(thawed, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .checks = KTSTR_LIMITS(.max_gap_ms = 1000))
{
	return ktstr_run_steps(
		ctx,
		KTSTR_CGROUPS({ .name = "victim", .workers = 1 },
			      { .name = "neighbour", .workers = 1 }),
		KTSTR_STEPS({ .operations =
				      KTSTR_OPERATIONS(KTSTR_FREEZE("victim")),
			      .hold = KTSTR_HOLD_FRACTION(0.75) },
			    { .operations = KTSTR_OPERATIONS(
				      KTSTR_UNFREEZE("victim")),
			      .hold = KTSTR_HOLD_FRACTION(0.25) }));
}

static void mark_only(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	while (ktstr_worker_mark(worker, 1))
		;
}

KTSTR_TEST(going_on, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .checks = KTSTR_LIMITS(.max_gap_ms = 1000))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "going",
				     .workers = 2,
				     .work = KTSTR_CUSTOM(.run = mark_only) }));
}

KTSTR_TEST(even_weight, .cores = 2, .memory_mib = 256, .duration_s = 2)
{
	return ktstr_run_cgroups(ctx,
				 KTSTR_CGROUPS({ .name = "even",
						 .workers = 2,
						 .cpus = KTSTR_CPUS_EXACT("0"),
						 .cpu_weight = 10 }));
}

KTSTR_TEST(settled, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .checks = KTSTR_LIMITS(.max_migration_ratio = 0.1))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "calm", .workers = 2 }));
}

KTSTR_TEST(quick_waker, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .checks = KTSTR_LIMITS(.max_p99_wake_latency_ns = 50 * MS))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "waker",
				     .workers = 1,
				     .work = KTSTR_TIMER_LATENCY() }));
}
