/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The numbers of all samples, added up as they come. */

#include <ktstr/monitor.h>

struct kt_summary {
	struct ktstr_monitor_summary so_far;
	uint32_t n_cpus;
	double imbalance_sum;
	double depth_sum; /* of all CPUs of all samples, as the next */
	double running_sum;
	double took_sum;
	uint64_t n_with_depth;
	/* For counters, which start anew with each scheduler. */
	bool has_counters;
	uint64_t counters_ns;
	double counted_s;
	int64_t counters[KTSTR_COUNTERS_MAX];
	bool has_times;
	uint64_t times_ns;
	uint64_t stolen_ns;
	double stolen_sum_ns;
	double lived_sum_ns;
};

/* Of the longest runqueue to the shortest, which counts as 1 at least. */
double kt_imbalance_ratio(const struct ktstr_monitor_sample *sample,
			  uint32_t n_cpus);

/* Of all CPUs' local DSQs. */
uint32_t kt_longest_local_dsq(const struct ktstr_monitor_sample *sample,
			      uint32_t n_cpus);

void kt_summary_init(struct kt_summary *summary, uint32_t n_cpus);
void kt_summary_add(struct kt_summary *summary,
		    const struct ktstr_monitor_sample *sample);
void kt_summary_drop(struct kt_summary *summary);
void kt_summary_get(const struct kt_summary *summary,
		    struct ktstr_monitor_summary *ret);
