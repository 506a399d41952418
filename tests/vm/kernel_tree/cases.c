// SPDX-License-Identifier: GPL-2.0-only
/* A scenario that comes along, under schedulers that are not ours. */
#include <ktstr/check.h>
#include <ktstr/scenario.h>
#include <ktstr/scheduler.h>

KTSTR_SCHEDULER(simple, .binary = "scx_simple")
KTSTR_SCHEDULER(simple_fifo, .binary = "scx_simple", .args = KTSTR_WORDS("-f"))
KTSTR_SCHEDULER(qmap, .binary = "scx_qmap")

#define MACHINE                                                                \
	.llcs = 2, .cores = 1, .memory_mib = 512, .duration_s = 3,             \
	.watchdog_timeout_s = 20,                                              \
	.checks = KTSTR_LIMITS(.max_gap_ms = 3000, .max_spread_pct = 100)

KTSTR_TEST(steady_under_simple, MACHINE, .scheduler = &simple)
{
	return ktstr_run_scenario(ctx, "steady");
}

KTSTR_TEST(mixed_under_simple_fifo, MACHINE, .scheduler = &simple_fifo)
{
	return ktstr_run_scenario(ctx, "mixed_workloads");
}

KTSTR_TEST(steady_under_qmap, MACHINE, .scheduler = &qmap)
{
	return ktstr_run_scenario(ctx, "steady");
}

KTSTR_TEST(affinity_under_qmap, MACHINE, .scheduler = &qmap)
{
	return ktstr_run_scenario(ctx, "affinity_change");
}
