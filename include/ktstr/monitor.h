/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_MONITOR_H
#define KTSTR_MONITOR_H

/*
 * What was seen of a guest's scheduler from outside: the host reads the
 * runqueues out of the guest's memory, ten times a second, and the guest does
 * nothing for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/defaults.h>
#include <ktstr/verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What counts as misbehaviour, when it shows in that many samples in a row. A
 * limit is broken by what is greater than it. Fill it in with
 * KTSTR_MONITOR_THRESHOLDS(), which puts the defaults in first.
 */
struct ktstr_monitor_thresholds {
	/* Of the longest runqueue to the shortest, which counts as 1 at least. */
	double max_imbalance_ratio;
	uint32_t max_local_dsq_depth;
	/* A CPU with tasks whose runqueue's clock stands still. */
	bool fail_on_stall;
	uint32_t sustained_samples; /* > 0 */
	/* Of SCX_EV_SELECT_CPU_FALLBACK and SCX_EV_DISPATCH_KEEP_LAST, a second. */
	double max_fallback_rate;
	double max_keep_last_rate;
};

#define KTSTR_MONITOR_THRESHOLDS(...)                                          \
	({                                                                     \
		_Pragma("GCC diagnostic push")                                 \
			KTSTR_ALLOW_OVERRIDE_ struct ktstr_monitor_thresholds  \
				ktstr_thresholds_ = {                          \
					.max_imbalance_ratio = 4.0,            \
					.max_local_dsq_depth = 50,             \
					.fail_on_stall = true,                 \
					.sustained_samples = 5,                \
					.max_fallback_rate = 200.0,            \
					.max_keep_last_rate = 100.0,           \
					__VA_ARGS__                            \
				};                                             \
		_Pragma("GCC diagnostic pop") ktstr_thresholds_;               \
	})

/*
 * One layer of thresholds, of which only some are set, as struct ktstr_checks
 * of <ktstr/check.h> is one of limits: defaults <- scheduler <- test.
 */
struct ktstr_monitor_limits {
	bool filled; /* by KTSTR_MONITOR() */
	struct ktstr_monitor_thresholds over_zero;
	struct ktstr_monitor_thresholds over_one;
};

/*
 * A layer in place: KTSTR_TEST(name, .monitor = KTSTR_MONITOR(
 * .max_imbalance_ratio = 2)). A test that has one, be it empty, fails by what
 * the monitor saw; otherwise that is reported only.
 */
#define KTSTR_MONITOR(...)                                                     \
	(&(const struct ktstr_monitor_limits){                                 \
		.filled = true,                                                \
		.over_zero = { __VA_ARGS__ },                                  \
		.over_one = { .max_imbalance_ratio = 1,                        \
			      .max_local_dsq_depth = 1,                        \
			      .fail_on_stall = true,                           \
			      .sustained_samples = 1,                          \
			      .max_fallback_rate = 1,                          \
			      .max_keep_last_rate = 1,                         \
			      __VA_ARGS__ } })

/* Numbers of a CPU in /proc/schedstat, in their order there. */
struct ktstr_schedstat {
	uint64_t yld_count;
	uint64_t sched_count;
	uint64_t sched_goidle;
	uint64_t ttwu_count;
	uint64_t ttwu_local;
	uint64_t cpu_time_ns;
	uint64_t run_delay_ns;
	uint64_t pcount;
};

/* One CPU, from its struct rq; `has` of the sample says what is filled in. */
struct ktstr_cpu_sample {
	uint32_t nr_running;
	uint32_t scx_nr_running;
	uint32_t local_dsq_depth;
	uint32_t scx_flags; /* enum scx_rq_flags of that kernel */
	uint64_t rq_clock_ns;
	struct ktstr_schedstat schedstat;
	/* Of the vCPU's thread, as the host counts, since it began. */
	uint64_t vcpu_ran_ns;
	uint64_t vcpu_stolen_ns; /* runnable, but kept waiting */
};

/* What a kernel need not have, or a sample could not read. */
enum ktstr_sample_has {
	KTSTR_SAMPLE_SCX = 1 << 0, /* the scx_ members and the DSQ's */
	KTSTR_SAMPLE_SCHEDSTAT = 1 << 1,
	KTSTR_SAMPLE_VCPU_TIME = 1 << 2,
	KTSTR_SAMPLE_COUNTERS = 1 << 3, /* a sched_ext scheduler's */
};

#define KTSTR_COUNTERS_MAX 32

struct ktstr_monitor_sample {
	uint64_t host_ns; /* when it began, on the host's CLOCK_MONOTONIC */
	uint64_t took_ns;
	unsigned int has; /* enum ktstr_sample_has */
	struct ktstr_cpu_sample *cpus;
	/* Sums over the CPUs, in the order of the report's counter_names. */
	int64_t counters[KTSTR_COUNTERS_MAX];
};

#define KTSTR_IDLE_TYPES   3
#define KTSTR_DOMAIN_STATS 45

/*
 * One scheduling domain (struct sched_domain). `stats` are the numbers of its
 * line in /proc/schedstat, version 17, in their order there.
 */
struct ktstr_sched_domain {
	char name[16];
	uint32_t level;
	uint32_t flags;            /* SD_... of that kernel */
	uint32_t span_weight;      /* CPUs in it */
	uint32_t balance_interval; /* ms */
	uint32_t nr_balance_failed;
	uint64_t max_newidle_lb_cost_ns;
	bool has_newidle; /* of kernels that count the next two */
	uint32_t newidle_call;
	uint32_t newidle_success;
	bool has_stats;
	uint32_t stats[KTSTR_DOMAIN_STATS];
};

/* All CPUs' domains at one time: once a second, and evenly spread like samples. */
struct ktstr_domain_snapshot {
	uint64_t host_ns; /* when it began, on the host's CLOCK_MONOTONIC */
	uint64_t took_ns;
	uint32_t *n_domains; /* by CPU */
	/* CPU after CPU, each from its lowest domain up. */
	struct ktstr_sched_domain *domains;
};

/* Over all samples; what no sample had is absent: 0, and `has` lacks its bit. */
struct ktstr_monitor_summary {
	uint64_t n_samples;
	uint64_t n_dropped; /* could not be read, or could not be true */
	unsigned int has;   /* enum ktstr_sample_has, of any sample */
	double max_imbalance_ratio;
	double avg_imbalance_ratio;
	uint32_t max_local_dsq_depth;
	double avg_local_dsq_depth;
	double avg_nr_running; /* of a CPU */
	uint64_t max_took_ns;
	double avg_took_ns;
	/* Of the time between the samples, on all vCPUs together. */
	double stolen_share;
	/* What the counters grew by, and by how much a second. */
	int64_t counters[KTSTR_COUNTERS_MAX];
	double counter_rates[KTSTR_COUNTERS_MAX];
};

enum ktstr_monitor_rule {
	KTSTR_RULE_IMBALANCE,
	KTSTR_RULE_LOCAL_DSQ_DEPTH,
	KTSTR_RULE_STALL,
	KTSTR_RULE_FALLBACK_RATE,
	KTSTR_RULE_KEEP_LAST_RATE,
	KTSTR_N_RULES,
};

/* A threshold that was broken for long enough; of many, the worst of a row. */
struct ktstr_monitor_violation {
	enum ktstr_monitor_rule rule;
	int32_t cpu;        /* -1: of no CPU alone */
	uint64_t from_ns;   /* host_ns of the first such sample in the row */
	uint64_t until_ns;  /* and of the last */
	uint32_t n_samples; /* in the row */
	double worst; /* of a stall: for how many ms the clock stood still */
	double limit; /* of a stall: 0 */
};

/*
 * The time that sched_ext gives a runnable task, set from outside. All zero
 * when there was nothing to set.
 */
struct ktstr_watchdog_report {
	uint64_t expected_jiffies;
	uint64_t observed_jiffies; /* read back, last */
	uint32_t hz;               /* jiffies a second */
	uint32_t n_writes; /* one for each scheduler, and more if it fought */
};

/* A BPF program of the guest's, as it was seen last. */
struct ktstr_bpf_program {
	uint32_t id; /* the kernel's, from 1 up */
	char name[16];
	char type[32]; /* as bpftool has it: "struct_ops" */
	uint32_t instructions;
	/* That the verifier went through, each path's anew. */
	uint32_t verified_instructions;
	uint32_t jited_bytes;
	/* On all CPUs, where kernel.bpf_stats_enabled is set, as it is for a
	 * scheduler under test; else 0. */
	uint64_t run_count;
	uint64_t run_time_ns;
	uint64_t recursion_misses;
};

/* What the monitor has to say of one run. */
struct ktstr_monitor_report {
	/* NULL, or why there was nothing to watch, or no longer. */
	char *unavailable;
	/* Pass, fail, or inconclusive where the memory was none yet. */
	enum ktstr_verdict verdict;
	struct ktstr_monitor_summary summary;
	struct ktstr_watchdog_report watchdog;
	struct ktstr_monitor_violation *violations; /* in order of time */
	size_t n_violations;
	uint64_t n_violations_lost; /* past a bound */
	/* Evenly spread over the run, if there were too many to keep all. */
	struct ktstr_monitor_sample *samples;
	size_t n_samples;
	struct ktstr_domain_snapshot *domain_snapshots;
	size_t n_domain_snapshots;
	struct ktstr_bpf_program *programs; /* in order of their ids */
	size_t n_programs;
	uint32_t n_cpus;
	char *counter_names[KTSTR_COUNTERS_MAX]; /* "SCX_EV_..." */
	size_t n_counters;
};

#pragma GCC visibility push(default)

/* "imbalance", "local_dsq_depth", "stall", "fallback_rate", "keep_last_rate". */
const char *ktstr_monitor_rule_name(enum ktstr_monitor_rule rule);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
