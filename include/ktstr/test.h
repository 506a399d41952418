/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_TEST_H
#define KTSTR_TEST_H

/*
 * Scheduler tests as data. A test declares the machine that it wants and says
 * in a few lines what happens in it; `ktstr test BINARY` boots that machine and
 * runs the test there, and the binary itself is the machine's init:
 *
 *	#include <ktstr/test.h>
 *
 *	KTSTR_TEST(everyone_runs, .llcs = 2, .cores = 2)
 *	{
 *		...
 *		return KTSTR_PASS;
 *	}
 *
 * A test binary is linked statically with libktstr-test, which has the main():
 *
 *	cc -static -o mytests mytests.c $(pkg-config --cflags --libs --static libktstr-test)
 *
 * Run plainly it hands itself to `ktstr test`; with --ktstr-list it lists its
 * tests as JSON.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/map_write.h>
#include <ktstr/verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ktstr_context;        /* the running test; opaque */
struct ktstr_checks;         /* <ktstr/check.h> */
struct ktstr_disk;           /* <ktstr/disk.h> */
struct ktstr_monitor_limits; /* <ktstr/monitor.h> */
struct ktstr_network;        /* <ktstr/network.h> */
struct ktstr_payload;        /* <ktstr/payload.h> */
struct ktstr_scheduler;      /* <ktstr/scheduler.h> */

typedef enum ktstr_verdict (*ktstr_test_function)(struct ktstr_context *ctx);

/* Made by KTSTR_TEST(), never by hand. */
struct ktstr_test {
	const char *name;
	const char *file;
	int line;
	ktstr_test_function function;

	/* The machine: NUMA nodes, last-level caches of the whole machine,
	 * cores a cache, threads a core; CPUs = llcs x cores x threads. What is
	 * not given is the scheduler's, or else 1, 1, 2 and 1. */
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t cores;
	uint32_t threads;
	uint32_t memory_mib; /* at least; the runner gives more CPUs more */

	uint32_t duration_s; /* how long the test lets its workers work */
	/* How long it may take from its start to its end; 0: duration_s and
	 * a margin. The time that the machine takes to boot does not count. */
	uint32_t timeout_s;

	/* How long a task may wait, runnable, before sched_ext ends the
	 * scheduler, in place of the scheduler's own time; 0: that. */
	uint32_t watchdog_timeout_s;

	/* A test that shows that a broken thing is noticed: fail is pass. */
	bool expect_err;

	const char *const *include_files; /* PATH or PATH:GUEST_PATH, NULL-ended */

	/* What it demands beyond the scheduler's and the default limits:
	 * KTSTR_LIMITS(). NULL: nothing. */
	const struct ktstr_checks *checks;

	/* What the host, watching from outside, holds it to: KTSTR_MONITOR().
	 * NULL: what it sees is reported, and no reason to fail. */
	const struct ktstr_monitor_limits *monitor;

	/* What it tests, made by KTSTR_SCHEDULER(); NULL: the kernel's own. */
	const struct ktstr_scheduler *scheduler;
	const char *const *extra_sched_args; /* behind the scheduler's own */

	/* What the host writes into its maps once it is attached and before
	 * the test starts, in this order: KTSTR_MAP_WRITES(). */
	const struct ktstr_bpf_map_write *bpf_map_writes;
	size_t n_bpf_map_writes;

	/* Programs that its machine has: KTSTR_PAYLOADS(). NULL: none. */
	const struct ktstr_payload *const *payloads;

	/* Its machine's /dev/vda and eth0: KTSTR_DISK(), KTSTR_NETWORK(). NULL:
	 * none. */
	const struct ktstr_disk *disk;
	const struct ktstr_network *network;

	/* Machines that make sense for it, where a run varies them. */
	uint32_t min_numa_nodes;
	uint32_t max_numa_nodes;
	uint32_t min_llcs;
	uint32_t max_llcs;
	uint32_t min_cpus;
	uint32_t max_cpus;
	bool requires_smt; /* at least two threads a core */
};

/* A dimension of the machine that the test leaves to its scheduler. */
#define KTSTR_OF_SCHEDULER UINT32_MAX

#define KTSTR_TEST_DEFAULTS_                                                   \
	.numa_nodes = KTSTR_OF_SCHEDULER, .llcs = KTSTR_OF_SCHEDULER,          \
	.cores = KTSTR_OF_SCHEDULER, .threads = KTSTR_OF_SCHEDULER,            \
	.memory_mib = 2048, .duration_s = 12, .watchdog_timeout_s = 5,         \
	.min_numa_nodes = 1, .max_numa_nodes = 1, .min_llcs = 1,               \
	.max_llcs = 12, .min_cpus = 1, .max_cpus = 192

#ifdef __clang__
#define KTSTR_TEST_OVERRIDE_                                                   \
	_Pragma("clang diagnostic ignored \"-Winitializer-overrides\"")
#else
#define KTSTR_TEST_OVERRIDE_                                                   \
	_Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#endif

/*
 * .bpf_map_writes and .n_bpf_map_writes in one:
 *
 *	KTSTR_MAP_WRITES({ .map = ".bss", .variable = "stall", .value = 1 })
 */
#define KTSTR_MAP_WRITES(...)                                                 \
	.bpf_map_writes =                                                     \
		(const struct ktstr_bpf_map_write[]){ __VA_ARGS__ },          \
	.n_bpf_map_writes =                                                   \
		sizeof((const struct ktstr_bpf_map_write[]){ __VA_ARGS__ }) / \
		sizeof(struct ktstr_bpf_map_write)

/*
 * KTSTR_TEST(name, attributes...) { body }: registers a test. The attributes
 * are members of struct ktstr_test; the body is a function that gets `ctx` and
 * returns a verdict.
 */
#define KTSTR_TEST(name_, ...)                                                 \
	static enum ktstr_verdict ktstr_test_run_##name_(                      \
		struct ktstr_context *ctx);                                    \
	_Pragma("GCC diagnostic push")                                         \
		KTSTR_TEST_OVERRIDE_ static const struct ktstr_test            \
			ktstr_test_##name_ = { KTSTR_TEST_DEFAULTS_,           \
					       .name = #name_,                 \
					       .file = __FILE__,               \
					       .line = __LINE__,               \
					       .function =                     \
						       ktstr_test_run_##name_, \
					       __VA_ARGS__ };                  \
	_Pragma("GCC diagnostic pop") __attribute__((                          \
		used, section("ktstr_tests"))) static const struct ktstr_test  \
		*const ktstr_test_entry_##name_ = &ktstr_test_##name_;         \
	static enum ktstr_verdict ktstr_test_run_##name_(                      \
		__attribute__((unused)) struct ktstr_context *ctx)

/*
 * Says something about the verdict: a line of the report, with a printf
 * format. The last words of a failing test should say what was wrong, the
 * value and the limit.
 */
void ktstr_note(struct ktstr_context *ctx, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A number for the report and the sidecar, such as a latency in `unit`. */
void ktstr_metric(struct ktstr_context *ctx, const char *name, double value,
		  const char *unit);

/* The declaration of the test that runs. */
const struct ktstr_test *ktstr_current(const struct ktstr_context *ctx);

/* Fails the test with the condition's text, file and line, if it is false. */
#define KTSTR_REQUIRE(ctx_, condition_)                                        \
	do {                                                                   \
		if (!(condition_)) {                                           \
			ktstr_note((ctx_), "%s:%d: not so: %s", __FILE__,      \
				   __LINE__, #condition_);                     \
			return KTSTR_FAIL;                                     \
		}                                                              \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif
