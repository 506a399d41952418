/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Thresholds, held against the samples as they come. One is violated when it is
 * broken in so many samples in a row; the row then goes on as one violation
 * until a sample keeps to it.
 */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/monitor.h>

#define KT_VIOLATIONS_MAX 256

/* A CPU that ran for less than this between two samples need not have had a
 * tick: two of the slowest, HZ=100. */
#define KT_STALL_RAN_NS 20000000ULL

struct kt_rule_row {
	uint32_t n;
	uint64_t from_ns;
	uint64_t until_ns;
	double worst;
	size_t violation; /* its index + 1, once there is one */
};

struct kt_rules {
	struct ktstr_monitor_thresholds thresholds;
	uint32_t n_cpus;
	/* Of the counters that have a rule: their index, or -1. */
	int fallback;
	int keep_last;

	struct kt_rule_row rows[KTSTR_N_RULES]; /* but for stalls: */
	struct kt_rule_row *stalls;             /* by CPU */
	bool has_before;
	struct ktstr_monitor_sample before; /* with `cpus` of its own */
	bool is_alive; /* memory was seen that a kernel has written to */

	struct ktstr_monitor_violation *violations;
	size_t n_violations;
	uint64_t n_violations_lost;
};

/* -ENOMEM. The names are the sampler's, to find the counters of rules. */
int kt_rules_init(struct kt_rules *rules,
		  const struct ktstr_monitor_thresholds *thresholds,
		  uint32_t n_cpus, char *const *counter_names, size_t n_counters);
void kt_rules_deinit(struct kt_rules *rules);

void kt_rules_add(struct kt_rules *rules,
		  const struct ktstr_monitor_sample *sample);

enum ktstr_verdict kt_rules_verdict(const struct kt_rules *rules);
