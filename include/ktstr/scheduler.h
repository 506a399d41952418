/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_SCHEDULER_H
#define KTSTR_SCHEDULER_H

/*
 * A scheduler under test: a program that loads one (sched_ext), or one that is
 * built into the kernel and is turned on and off by commands, or both.
 *
 *	KTSTR_SCHEDULER(mine, .binary = "build/scx_mine",
 *			.args = KTSTR_WORDS("--verbose"), .llcs = 2, .cores = 4,
 *			.checks = KTSTR_LIMITS(.max_gap_ms = 500))
 *
 *	KTSTR_TEST(two_cgroups, .scheduler = &mine) { ... }
 *
 * Where the test begins, the scheduler is attached; if it ends before the test
 * does, the test has failed, with its exit record and the tail of its log.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ktstr_checks;
struct ktstr_monitor_limits;

/* A list of strings, in place and NULL-ended. */
#define KTSTR_WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * Something that the scheduler can be told to do otherwise. A run that varies
 * them tries each one, with the ones that it requires.
 */
struct ktstr_scheduler_flag {
	const char *name;
	const char *const *args;  /* that turn it on; NULL-ended */
	const char *const *needs; /* names of others; NULL: none */
};

/* Made by KTSTR_SCHEDULER(), never by hand. All pointers are borrowed. */
struct ktstr_scheduler {
	const char *name;

	/* Of the host; relative to where `ktstr test` is run. NULL: none. Its
	 * shared libraries come with it. It stays while it is attached, and
	 * ends when it gets a SIGTERM. */
	const char *binary;
	const char *const *args;

	/* Shell commands for busybox, before it starts and when it has ended,
	 * each to its end; one that fails is a fail of the test. */
	const char *const *enable;
	const char *const *disable;

	/* The machine of a test that does not say; 0: the test's default. */
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t cores;
	uint32_t threads;

	const struct ktstr_scheduler_flag *flags;
	size_t n_flags;

	/* Between the default limits and the test's; NULL: none. */
	const struct ktstr_checks *checks;

	/* The same of the monitor's thresholds: KTSTR_MONITOR(). */
	const struct ktstr_monitor_limits *monitor;

	const char *cmdline; /* words for the kernel's command line */
};

/*
 * What it can be told, as .flags and .n_flags in one:
 *
 *	KTSTR_FLAGS({ .name = "fast", .args = KTSTR_WORDS("--fast") },
 *		    { .name = "far", .args = KTSTR_WORDS("--far", "2"),
 *		      .needs = KTSTR_WORDS("fast") })
 */
#define KTSTR_FLAGS(...)                                                       \
	.flags = (const struct ktstr_scheduler_flag[]){ __VA_ARGS__ },         \
	.n_flags =                                                             \
		sizeof((const struct ktstr_scheduler_flag[]){ __VA_ARGS__ }) / \
		sizeof(struct ktstr_scheduler_flag)

#define KTSTR_SCHEDULER(name_, ...)                                            \
	_Pragma("GCC diagnostic push") _Pragma(                                \
		"GCC diagnostic ignored \"-Woverride-init\"")                  \
		__attribute__((                                                \
			unused)) static const struct ktstr_scheduler name_ = { \
			.name = #name_, __VA_ARGS__                            \
		};                                                             \
	_Pragma("GCC diagnostic pop")

#ifdef __cplusplus
}
#endif

#endif
