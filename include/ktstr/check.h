/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_CHECK_H
#define KTSTR_CHECK_H

/*
 * What a test demands of the scheduler, and the judgement on its workers.
 *
 *	KTSTR_DEFINE_CHECKS(mine, .max_gap_ms = 500, .not_stuck = false)
 *	ktstr_checks_resolve(layers, n_layers, &limits, &err);
 *	ktstr_check_workers(&limits, groups, n_groups, steal, &report, &err);
 *
 * Time told right. A vCPU that its host does not run looks to the guest like a
 * CPU that makes no progress. The host measures that time (steal) for each
 * vCPU, and no check of time fails where steal can explain what was seen:
 *
 * - The steal of a CPU in a window lies between `lo` and `hi`: `lo` is what was
 *   stolen between samples inside the window, `hi` what was stolen between the
 *   samples around it. Time that no sample bounds counts for `hi` as stolen,
 *   and neither is more than the window. So wide spacing, missing samples and
 *   a series that is out of order all widen the gap between the two.
 * - A worker that never migrated was stolen from on its one CPU. One that did
 *   may have dodged all steal or met all of it: its `lo` is 0, its `hi` the sum
 *   over the CPUs that it was seen on (all CPUs, when that was not recorded).
 * - What meets its limit as measured passes. So does what meets it whatever
 *   steal between lo and hi is subtracted. What breaks it even if all of hi is
 *   subtracted fails. All else is inconclusive, and the finding names the
 *   bounds. A percentile or a spread of wake latencies has no window: one
 *   latency may have met all the steal of the run. But two have not met the
 *   same: a 99th percentile fails if the wakes behind it are so many that all
 *   of hi would not have brought enough of them down to the limit.
 * - More steal lowers what is left after hi, so it never turns a pass into a
 *   failure. That a spread looks even as measured only since the host stole
 *   from the favoured worker is not looked for: it would break this rule.
 * - A record with no samples for a CPU: hi is the whole window, and nothing of
 *   time fails there. No record at all (NULL) means that there is no host
 *   below, as in a run on the machine itself: nothing is subtracted.
 *
 * A group may be excused for a time. That time is no time of its workers: it is
 * taken out of gaps, shares and rates before they are held against a limit. A
 * wake latency may have met all of it, as it may have met all of steal. Where
 * all the gaps that a worker kept are long for being excused, a shorter one
 * that is not may be lost: the finding is inconclusive.
 *
 * Whether a worker ended when told to is no matter of time here: who waits for
 * it has to allow for steal.
 *
 * What was not measured is not evaluated, and a finding says so. Where a kind of
 * work has no such number (wake latencies, pages) it is a skip, unless the
 * check judged no worker at all: then it is inconclusive, and so is always
 * what a worker should have left behind and did not.
 */

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/verdict.h>
#include <ktstr/work.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ktstr_check {
	KTSTR_CHECK_NOT_STUCK, /* its limit is max_gap_ms */
	KTSTR_CHECK_ISOLATION,
	KTSTR_CHECK_MAX_SPREAD_PCT,
	KTSTR_CHECK_MAX_THROUGHPUT_CV,
	KTSTR_CHECK_MIN_WORK_RATE,
	KTSTR_CHECK_MAX_P99_WAKE_LATENCY_NS,
	KTSTR_CHECK_MAX_WAKE_LATENCY_CV,
	KTSTR_CHECK_MIN_ITERATION_RATE,
	KTSTR_CHECK_MAX_MIGRATION_RATIO,
	KTSTR_CHECK_MIN_PAGE_LOCALITY,
	KTSTR_CHECK_MAX_CROSS_NODE_MIGRATION_RATIO,
	KTSTR_N_CHECKS,
};

const char *ktstr_check_name(enum ktstr_check check);

/*
 * The limits in force. A value that equals its limit is within it. A maximum of
 * INFINITY or a minimum of 0 can not be broken and is not looked at.
 */
struct ktstr_check_limits {
	bool not_stuck; /* every worker moved on, and ended when told to */
	bool isolation; /* workers ran on their group's CPUs only */
	double max_gap_ms;
	double max_spread_pct;    /* max - min share of time off the CPU */
	double max_throughput_cv; /* stddev / mean of work units a CPU second */
	double min_work_rate;     /* units a second of wall time */
	double max_p99_wake_latency_ns;
	double max_wake_latency_cv;
	double min_iteration_rate;  /* a second of wall time */
	double max_migration_ratio; /* migrations an iteration */
	double min_page_locality;   /* share of pages on the worker's node */
	double max_cross_node_migration_ratio; /* share of all migrations */
};

/*
 * One layer of limits, of which only some are set. KTSTR_CHECKS() writes the
 * same values over two different grounds: what reads alike in both was set, so
 * that no value is taken for "not set". Its arguments are evaluated twice. An
 * all-zero object is an empty layer.
 */
struct ktstr_checks {
	bool filled; /* by KTSTR_CHECKS() */
	struct ktstr_check_limits over_zero;
	struct ktstr_check_limits over_one;
};

/*
 * An initializer, at file scope too. It overrides initializers on purpose: a
 * declaration around it keeps -Woverride-init quiet as KTSTR_DEFINE_CHECKS().
 */
#define KTSTR_CHECKS(...)                                                      \
	{                                                                      \
		.filled = true, .over_zero = { __VA_ARGS__ }, .over_one = {    \
			.not_stuck = true,                                     \
			.isolation = true,                                     \
			.max_gap_ms = 1,                                       \
			.max_spread_pct = 1,                                   \
			.max_throughput_cv = 1,                                \
			.min_work_rate = 1,                                    \
			.max_p99_wake_latency_ns = 1,                          \
			.max_wake_latency_cv = 1,                              \
			.min_iteration_rate = 1,                               \
			.max_migration_ratio = 1,                              \
			.min_page_locality = 1,                                \
			.max_cross_node_migration_ratio = 1,                   \
			__VA_ARGS__                                            \
		}                                                              \
	}

/*
 * A layer in place, where a pointer to one is asked for:
 * KTSTR_TEST(name, .checks = KTSTR_LIMITS(.max_gap_ms = 500)).
 */
#define KTSTR_LIMITS(...)                                                      \
	(&(const struct ktstr_checks)KTSTR_CHECKS(__VA_ARGS__))

#ifdef __clang__
#define KTSTR_CHECKS_QUIET_                                                    \
	_Pragma("clang diagnostic ignored \"-Winitializer-overrides\"")
#else
#define KTSTR_CHECKS_QUIET_                                                    \
	_Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#endif

/* Defines a constant layer of that name. */
#define KTSTR_DEFINE_CHECKS(name, ...)                                         \
	_Pragma("GCC diagnostic push")                                         \
		KTSTR_CHECKS_QUIET_ static const struct ktstr_checks name =    \
			KTSTR_CHECKS(__VA_ARGS__);                             \
	_Pragma("GCC diagnostic pop")

/*
 * Lays the layers over the defaults, the first one lowest; a NULL is an empty
 * layer. -EINVAL when a limit that was set is negative or no number.
 */
int ktstr_checks_resolve(const struct ktstr_checks *const *layers,
			 size_t n_layers, struct ktstr_check_limits *ret,
			 struct ktstr_error *err);

/* Taken by the host: what it had stolen of a vCPU by then, since any start. */
struct ktstr_steal_sample {
	uint64_t time_ns; /* the guest's CLOCK_MONOTONIC */
	uint64_t stolen_ns;
};

struct ktstr_cpu_steal {
	const struct ktstr_steal_sample *samples; /* ascending in both */
	size_t n_samples;
};

struct ktstr_steal {
	const struct ktstr_cpu_steal *cpus; /* by the guest's CPU id */
	size_t n_cpus;
};

/* A time on CLOCK_MONOTONIC. */
struct ktstr_window {
	uint64_t from_ns;
	uint64_t to_ns;
};

struct ktstr_check_group {
	const char *name;
	const struct ktstr_worker_report *workers;
	size_t n_workers;
	const cpu_set_t *allowed_cpus; /* NULL: every CPU */
	const cpu_set_t *worker_cpus;  /* each one's own instead; or NULL */
	uint64_t started_ns;           /* its start gate on CLOCK_MONOTONIC */

	/* When its workers could not run by the test's own will, as in a cgroup
	 * that it froze: ascending, and none overlaps another. */
	const struct ktstr_window *excused;
	size_t n_excused;
};

struct ktstr_finding {
	enum ktstr_check check;
	enum ktstr_verdict verdict; /* a pass leaves no finding */
	const char *group;          /* the group's name, borrowed */
	int64_t worker;             /* its index; -1: the group as a whole */
	bool evaluated; /* false: the data were missing, value is void */
	double value;
	double limit;
	char text[256]; /* one line, no newline */
};

/*
 * Fails when a finding fails, else is inconclusive when one is, else passes.
 * Owned by the caller; names in it are borrowed from the groups.
 */
struct ktstr_check_report {
	enum ktstr_verdict verdict;
	struct ktstr_finding *findings;
	size_t n_findings;
};

/*
 * Judges the workers. `steal` may be NULL: no host below. 0 with `ret` filled
 * in, or -ENOMEM. A run without any worker is inconclusive.
 */
int ktstr_check_workers(const struct ktstr_check_limits *limits,
			const struct ktstr_check_group *groups, size_t n_groups,
			const struct ktstr_steal *steal,
			struct ktstr_check_report *ret, struct ktstr_error *err);
void ktstr_check_report_deinit(struct ktstr_check_report *report);

/*
 * Fresh text, to be freed by the caller; NULL when out of memory. The first
 * has a line a finding; the second is one JSON object, NULL too when a group's
 * name is not UTF-8.
 */
char *ktstr_check_report_text(const struct ktstr_check_report *report);
char *ktstr_check_report_json(const struct ktstr_check_report *report);

#ifdef __cplusplus
}
#endif

#endif
