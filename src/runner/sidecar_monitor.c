// SPDX-License-Identifier: GPL-2.0-only
#include "runner/sidecar_monitor.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"

/* What is larger than JSON's integers are here becomes a real. */
static json_t *number_of(uint64_t value)
{
	return value > INT64_MAX ? json_real((double)value) :
				   json_integer((json_int_t)value);
}

static void set_counters(json_t *object, const char *key,
			 const struct ktstr_monitor_report *report,
			 const int64_t *values)
{
	json_t *counters = json_object();

	for (size_t i = 0; i < report->n_counters; i++)
		json_object_set_new(counters, report->counter_names[i],
				    json_integer(values[i]));
	json_object_set_new(object, key, counters);
}

static void set_rates(json_t *object, const struct ktstr_monitor_report *report)
{
	json_t *rates = json_object();

	for (size_t i = 0; i < report->n_counters; i++)
		json_object_set_new(rates, report->counter_names[i],
				    json_real(report->summary.counter_rates[i]));
	json_object_set_new(object, "counter_rates", rates);
}

static json_t *make_summary(const struct ktstr_monitor_report *report)
{
	const struct ktstr_monitor_summary *summary = &report->summary;
	json_t *object =
		json_pack("{s:o, s:o, s:f, s:f, s:f, s:o, s:f}", "samples",
			  number_of(summary->n_samples), "dropped",
			  number_of(summary->n_dropped), "max_imbalance_ratio",
			  summary->max_imbalance_ratio, "avg_imbalance_ratio",
			  summary->avg_imbalance_ratio, "avg_nr_running",
			  summary->avg_nr_running, "max_took_ns",
			  number_of(summary->max_took_ns), "avg_took_ns",
			  summary->avg_took_ns);

	if (summary->has & KTSTR_SAMPLE_SCX) {
		json_object_set_new(object, "max_local_dsq_depth",
				    json_integer(summary->max_local_dsq_depth));
		json_object_set_new(object, "avg_local_dsq_depth",
				    json_real(summary->avg_local_dsq_depth));
	}
	if (summary->has & KTSTR_SAMPLE_VCPU_TIME)
		json_object_set_new(object, "stolen_share",
				    json_real(summary->stolen_share));
	if (summary->has & KTSTR_SAMPLE_COUNTERS) {
		set_counters(object, "counters", report, summary->counters);
		set_rates(object, report);
	}
	return object;
}

static json_t *make_violations(const struct ktstr_monitor_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->n_violations; i++) {
		const struct ktstr_monitor_violation *violation =
			&report->violations[i];
		json_t *entry =
			json_pack("{s:s, s:o, s:o, s:i, s:f, s:f}", "rule",
				  ktstr_monitor_rule_name(violation->rule),
				  "from_ns", number_of(violation->from_ns),
				  "until_ns", number_of(violation->until_ns),
				  "samples", (int)violation->n_samples, "worst",
				  violation->worst, "limit", violation->limit);

		if (violation->cpu >= 0)
			json_object_set_new(entry, "cpu",
					    json_integer(violation->cpu));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *make_programs(const struct ktstr_monitor_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->n_programs; i++) {
		const struct ktstr_bpf_program *program = &report->programs[i];

		json_array_append_new(
			list,
			json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}",
				  "id", (json_int_t)program->id, "name",
				  program->name, "type", program->type,
				  "instructions",
				  (json_int_t)program->instructions,
				  "verified_instructions",
				  (json_int_t)program->verified_instructions,
				  "jited_bytes",
				  (json_int_t)program->jited_bytes, "run_count",
				  number_of(program->run_count), "run_time_ns",
				  number_of(program->run_time_ns),
				  "recursion_misses",
				  number_of(program->recursion_misses)));
	}
	return list;
}

static json_t *make_watchdog(const struct ktstr_watchdog_report *watchdog)
{
	return json_pack("{s:o, s:o, s:I, s:I}", "expected_jiffies",
			 number_of(watchdog->expected_jiffies),
			 "observed_jiffies",
			 number_of(watchdog->observed_jiffies), "hz",
			 (json_int_t)watchdog->hz, "writes",
			 (json_int_t)watchdog->n_writes);
}

enum column {
	NR_RUNNING,
	RQ_CLOCK,
	SCX_NR_RUNNING,
	LOCAL_DSQ_DEPTH,
	SCX_FLAGS,
	VCPU_RAN,
	VCPU_STOLEN,
};

static const struct {
	const char *name;
	unsigned int needs; /* enum ktstr_sample_has; 0: nothing */
} columns[] = {
	[NR_RUNNING] = { "nr_running", 0 },
	[RQ_CLOCK] = { "rq_clock_ns", 0 },
	[SCX_NR_RUNNING] = { "scx_nr_running", KTSTR_SAMPLE_SCX },
	[LOCAL_DSQ_DEPTH] = { "local_dsq_depth", KTSTR_SAMPLE_SCX },
	[SCX_FLAGS] = { "scx_flags", KTSTR_SAMPLE_SCX },
	[VCPU_RAN] = { "vcpu_ran_ns", KTSTR_SAMPLE_VCPU_TIME },
	[VCPU_STOLEN] = { "vcpu_stolen_ns", KTSTR_SAMPLE_VCPU_TIME },
};

static uint64_t value_of(const struct ktstr_cpu_sample *cpu, enum column column)
{
	switch (column) {
	case NR_RUNNING:
		return cpu->nr_running;
	case RQ_CLOCK:
		return cpu->rq_clock_ns;
	case SCX_NR_RUNNING:
		return cpu->scx_nr_running;
	case LOCAL_DSQ_DEPTH:
		return cpu->local_dsq_depth;
	case SCX_FLAGS:
		return cpu->scx_flags;
	case VCPU_RAN:
		return cpu->vcpu_ran_ns;
	case VCPU_STOLEN:
		return cpu->vcpu_stolen_ns;
	}
	return 0;
}

static json_t *make_schedstat(const struct ktstr_monitor_report *report,
			      const struct ktstr_monitor_sample *sample)
{
	static const struct {
		const char *name;
		size_t offset;
	} parts[] = {
#define PART(member_) { #member_, offsetof(struct ktstr_schedstat, member_) }
		PART(yld_count),    PART(sched_count), PART(sched_goidle),
		PART(ttwu_count),   PART(ttwu_local),  PART(cpu_time_ns),
		PART(run_delay_ns), PART(pcount),
#undef PART
	};
	json_t *object = json_object();

	for (size_t i = 0; i < KT_ARRAY_SIZE(parts); i++) {
		json_t *list = json_array();

		for (uint32_t cpu = 0; cpu < report->n_cpus; cpu++) {
			uint64_t value;

			memcpy(&value,
			       (const char *)&sample->cpus[cpu].schedstat +
				       parts[i].offset,
			       sizeof(value));
			json_array_append_new(list, number_of(value));
		}
		json_object_set_new(object, parts[i].name, list);
	}
	return object;
}

/* A list by CPU for each number, which is a fifth of an object a CPU. */
static json_t *make_sample(const struct ktstr_monitor_report *report,
			   const struct ktstr_monitor_sample *sample)
{
	json_t *object = json_object();

	json_object_set_new(object, "host_ns", number_of(sample->host_ns));
	json_object_set_new(object, "took_ns", number_of(sample->took_ns));
	for (size_t i = 0; i < KT_ARRAY_SIZE(columns); i++) {
		json_t *list;

		if ((sample->has & columns[i].needs) != columns[i].needs)
			continue;
		list = json_array();
		for (uint32_t cpu = 0; cpu < report->n_cpus; cpu++)
			json_array_append_new(
				list, number_of(value_of(&sample->cpus[cpu],
							 (enum column)i)));
		json_object_set_new(object, columns[i].name, list);
	}
	if (sample->has & KTSTR_SAMPLE_SCHEDSTAT)
		json_object_set_new(object, "schedstat",
				    make_schedstat(report, sample));
	if (sample->has & KTSTR_SAMPLE_COUNTERS)
		set_counters(object, "counters", report, sample->counters);
	return object;
}

static json_t *make_domain(const struct ktstr_sched_domain *domain)
{
	json_t *object = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "name", domain->name,
		"level", (json_int_t)domain->level, "flags",
		(json_int_t)domain->flags, "span_weight",
		(json_int_t)domain->span_weight, "balance_interval",
		(json_int_t)domain->balance_interval, "nr_balance_failed",
		(json_int_t)domain->nr_balance_failed, "max_newidle_lb_cost_ns",
		number_of(domain->max_newidle_lb_cost_ns));
	json_t *stats;

	if (domain->has_newidle) {
		json_object_set_new(object, "newidle_call",
				    json_integer(domain->newidle_call));
		json_object_set_new(object, "newidle_success",
				    json_integer(domain->newidle_success));
	}
	if (!domain->has_stats)
		return object;
	stats = json_array();
	for (size_t i = 0; i < KTSTR_DOMAIN_STATS; i++)
		json_array_append_new(stats, json_integer(domain->stats[i]));
	json_object_set_new(object, "stats", stats);
	return object;
}

static json_t *make_snapshot(const struct ktstr_monitor_report *report,
			     const struct ktstr_domain_snapshot *snapshot)
{
	const struct ktstr_sched_domain *domain = snapshot->domains;
	json_t *cpus = json_array();

	for (uint32_t cpu = 0; cpu < report->n_cpus; cpu++) {
		json_t *chain = json_array();

		for (uint32_t i = 0; i < snapshot->n_domains[cpu]; i++)
			json_array_append_new(chain, make_domain(domain++));
		json_array_append_new(cpus, chain);
	}
	return json_pack("{s:o, s:o, s:o}", "host_ns",
			 number_of(snapshot->host_ns), "took_ns",
			 number_of(snapshot->took_ns), "cpus", cpus);
}

json_t *kt_sidecar_monitor(const struct ktstr_monitor_report *report)
{
	json_t *object = json_object(), *samples, *snapshots;

	json_object_set_new(object, "verdict",
			    json_string(ktstr_verdict_name(report->verdict)));
	if (report->unavailable) {
		json_object_set_new(object, "unavailable",
				    json_string(report->unavailable));
		return object;
	}
	json_object_set_new(object, "summary", make_summary(report));
	if (report->watchdog.hz)
		json_object_set_new(object, "watchdog",
				    make_watchdog(&report->watchdog));
	json_object_set_new(object, "violations", make_violations(report));
	if (report->n_violations_lost)
		json_object_set_new(object, "violations_lost",
				    number_of(report->n_violations_lost));
	samples = json_array();
	for (size_t i = 0; i < report->n_samples; i++)
		json_array_append_new(samples,
				      make_sample(report, &report->samples[i]));
	json_object_set_new(object, "samples", samples);
	snapshots = json_array();
	for (size_t i = 0; i < report->n_domain_snapshots; i++)
		json_array_append_new(
			snapshots,
			make_snapshot(report, &report->domain_snapshots[i]));
	json_object_set_new(object, "domains", snapshots);
	json_object_set_new(object, "programs", make_programs(report));
	return object;
}
