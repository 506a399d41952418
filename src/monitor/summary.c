// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/summary.h"

double kt_imbalance_ratio(const struct ktstr_monitor_sample *sample,
			  uint32_t n_cpus)
{
	uint32_t least = UINT32_MAX, most = 0;

	for (uint32_t i = 0; i < n_cpus; i++) {
		least = KT_MIN(least, sample->cpus[i].nr_running);
		most = KT_MAX(most, sample->cpus[i].nr_running);
	}
	return (double)most / (double)KT_MAX(least, 1u);
}

uint32_t kt_longest_local_dsq(const struct ktstr_monitor_sample *sample,
			      uint32_t n_cpus)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < n_cpus; i++)
		most = KT_MAX(most, sample->cpus[i].local_dsq_depth);
	return most;
}

void kt_summary_init(struct kt_summary *summary, uint32_t n_cpus)
{
	*summary = (struct kt_summary){ .n_cpus = n_cpus };
}

/*
 * A counter that fell is another scheduler's: what the new one has counted is
 * then all its own.
 */
static void add_counters(struct kt_summary *summary,
			 const struct ktstr_monitor_sample *sample)
{
	if (!(sample->has & KTSTR_SAMPLE_COUNTERS)) {
		summary->has_counters = false;
		return;
	}
	if (summary->has_counters) {
		for (size_t i = 0; i < KTSTR_COUNTERS_MAX; i++) {
			int64_t now = sample->counters[i];
			int64_t before = summary->counters[i];

			summary->so_far.counters[i] +=
				now < before ? now : now - before;
		}
		summary->counted_s +=
			(double)(sample->host_ns - summary->counters_ns) / 1e9;
	}
	memcpy(summary->counters, sample->counters, sizeof(summary->counters));
	summary->counters_ns = sample->host_ns;
	summary->has_counters = true;
}

static void add_times(struct kt_summary *summary,
		      const struct ktstr_monitor_sample *sample)
{
	uint64_t stolen_ns = 0;

	if (!(sample->has & KTSTR_SAMPLE_VCPU_TIME))
		return;
	for (uint32_t i = 0; i < summary->n_cpus; i++)
		stolen_ns += sample->cpus[i].vcpu_stolen_ns;
	if (summary->has_times) {
		summary->stolen_sum_ns +=
			(double)(stolen_ns - summary->stolen_ns);
		summary->lived_sum_ns +=
			(double)(sample->host_ns - summary->times_ns) *
			summary->n_cpus;
	}
	summary->stolen_ns = stolen_ns;
	summary->times_ns = sample->host_ns;
	summary->has_times = true;
}

void kt_summary_add(struct kt_summary *summary,
		    const struct ktstr_monitor_sample *sample)
{
	struct ktstr_monitor_summary *so_far = &summary->so_far;
	double ratio = kt_imbalance_ratio(sample, summary->n_cpus);

	so_far->n_samples++;
	so_far->has |= sample->has;
	so_far->max_imbalance_ratio = KT_MAX(so_far->max_imbalance_ratio, ratio);
	summary->imbalance_sum += ratio;
	so_far->max_took_ns = KT_MAX(so_far->max_took_ns, sample->took_ns);
	summary->took_sum += (double)sample->took_ns;
	for (uint32_t i = 0; i < summary->n_cpus; i++)
		summary->running_sum += sample->cpus[i].nr_running;
	if (sample->has & KTSTR_SAMPLE_SCX) {
		uint32_t depth = kt_longest_local_dsq(sample, summary->n_cpus);

		so_far->max_local_dsq_depth =
			KT_MAX(so_far->max_local_dsq_depth, depth);
		for (uint32_t i = 0; i < summary->n_cpus; i++)
			summary->depth_sum += sample->cpus[i].local_dsq_depth;
		summary->n_with_depth++;
	}
	add_counters(summary, sample);
	add_times(summary, sample);
}

void kt_summary_drop(struct kt_summary *summary)
{
	summary->so_far.n_dropped++;
}

static double average(double sum, double n)
{
	return n > 0 ? sum / n : 0;
}

void kt_summary_get(const struct kt_summary *summary,
		    struct ktstr_monitor_summary *ret)
{
	double n = (double)summary->so_far.n_samples;

	*ret = summary->so_far;
	ret->avg_imbalance_ratio = average(summary->imbalance_sum, n);
	ret->avg_nr_running = average(summary->running_sum, n * summary->n_cpus);
	ret->avg_local_dsq_depth =
		average(summary->depth_sum,
			(double)summary->n_with_depth * summary->n_cpus);
	ret->avg_took_ns = average(summary->took_sum, n);
	ret->stolen_share =
		average(summary->stolen_sum_ns, summary->lived_sum_ns);
	for (size_t i = 0; i < KTSTR_COUNTERS_MAX; i++)
		ret->counter_rates[i] =
			average((double)ret->counters[i], summary->counted_s);
}
