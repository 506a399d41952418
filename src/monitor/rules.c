// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/rules.h"
#include "monitor/summary.h"

static const char *const rule_names[KTSTR_N_RULES] = {
	[KTSTR_RULE_IMBALANCE] = "imbalance",
	[KTSTR_RULE_LOCAL_DSQ_DEPTH] = "local_dsq_depth",
	[KTSTR_RULE_STALL] = "stall",
	[KTSTR_RULE_FALLBACK_RATE] = "fallback_rate",
	[KTSTR_RULE_KEEP_LAST_RATE] = "keep_last_rate",
};

const char *ktstr_monitor_rule_name(enum ktstr_monitor_rule rule)
{
	return rule_names[rule];
}

static int find_counter(char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

int kt_rules_init(struct kt_rules *rules,
		  const struct ktstr_monitor_thresholds *thresholds,
		  uint32_t n_cpus, char *const *counter_names, size_t n_counters)
{
	*rules = (struct kt_rules){
		.thresholds = *thresholds,
		.n_cpus = n_cpus,
		.fallback = find_counter(counter_names, n_counters,
					 "SCX_EV_SELECT_CPU_FALLBACK"),
		.keep_last = find_counter(counter_names, n_counters,
					  "SCX_EV_DISPATCH_KEEP_LAST"),
		.stalls = calloc(n_cpus, sizeof(*rules->stalls)),
		.before.cpus = calloc(n_cpus, sizeof(*rules->before.cpus)),
	};
	if (rules->stalls && rules->before.cpus)
		return 0;
	kt_rules_deinit(rules);
	return -ENOMEM;
}

void kt_rules_deinit(struct kt_rules *rules)
{
	free(rules->stalls);
	free(rules->before.cpus);
	free(rules->violations);
	*rules = (struct kt_rules){ 0 };
}

static struct ktstr_monitor_violation *add_violation(struct kt_rules *rules)
{
	struct ktstr_monitor_violation *grown;

	if (rules->n_violations == KT_VIOLATIONS_MAX)
		return NULL;
	grown = reallocarray(rules->violations, rules->n_violations + 1,
			     sizeof(*grown));
	if (!grown)
		return NULL;
	rules->violations = grown;
	return &grown[rules->n_violations++];
}

/*
 * The row has another sample in it that breaks the rule, at `until_ns`, which
 * it did from `from_ns` on if this is the first.
 */
static void go_on(struct kt_rules *rules, struct kt_rule_row *row,
		  enum ktstr_monitor_rule rule, int32_t cpu, uint64_t from_ns,
		  uint64_t until_ns, double value, double limit)
{
	struct ktstr_monitor_violation *violation;

	if (row->n++ == 0)
		*row = (struct kt_rule_row){ .n = 1, .from_ns = from_ns };
	row->until_ns = until_ns;
	row->worst = KT_MAX(row->worst, value);
	if (row->n < rules->thresholds.sustained_samples)
		return;
	if (row->n == rules->thresholds.sustained_samples) {
		if (add_violation(rules))
			row->violation = rules->n_violations;
		else
			rules->n_violations_lost++;
	}
	if (!row->violation)
		return;
	violation = &rules->violations[row->violation - 1];
	*violation = (struct ktstr_monitor_violation){
		.rule = rule,
		.cpu = cpu,
		.from_ns = row->from_ns,
		.until_ns = row->until_ns,
		.n_samples = row->n,
		.worst = row->worst,
		.limit = limit,
	};
}

static void hold(struct kt_rules *rules, enum ktstr_monitor_rule rule,
		 uint64_t host_ns, double value, double limit)
{
	struct kt_rule_row *row = &rules->rows[rule];

	if (value > limit)
		go_on(rules, row, rule, -1, host_ns, host_ns, value, limit);
	else
		row->n = 0;
}

static void hold_rate(struct kt_rules *rules, enum ktstr_monitor_rule rule,
		      const struct ktstr_monitor_sample *sample, int counter,
		      double limit)
{
	double seconds = (double)(sample->host_ns - rules->before.host_ns) / 1e9;
	int64_t grown;

	if (counter < 0 || seconds <= 0 ||
	    !(sample->has & rules->before.has & KTSTR_SAMPLE_COUNTERS)) {
		rules->rows[rule].n = 0;
		return;
	}
	/* Less than before: another scheduler's. */
	grown = sample->counters[counter] - rules->before.counters[counter];
	hold(rules, rule, sample->host_ns,
	     (double)KT_MAX(grown, (int64_t)0) / seconds, limit);
}

/*
 * A clock that stands still is a stall unless there was nothing to run in both
 * samples (it is not updated then), or the host gave the vCPU no time to.
 */
static bool is_stalled(const struct kt_rules *rules,
		       const struct ktstr_monitor_sample *sample, uint32_t cpu)
{
	const struct ktstr_cpu_sample *now = &sample->cpus[cpu];
	const struct ktstr_cpu_sample *before = &rules->before.cpus[cpu];

	if (now->rq_clock_ns != before->rq_clock_ns)
		return false;
	if (now->nr_running == 0 && before->nr_running == 0)
		return false;
	return !(sample->has & rules->before.has & KTSTR_SAMPLE_VCPU_TIME) ||
	       now->vcpu_ran_ns - before->vcpu_ran_ns >= KT_STALL_RAN_NS;
}

static void hold_stalls(struct kt_rules *rules,
			const struct ktstr_monitor_sample *sample)
{
	for (uint32_t cpu = 0; cpu < rules->n_cpus; cpu++) {
		struct kt_rule_row *row = &rules->stalls[cpu];
		uint64_t from_ns;

		if (!is_stalled(rules, sample, cpu)) {
			row->n = 0;
			continue;
		}
		from_ns = row->n ? row->from_ns : rules->before.host_ns;
		go_on(rules, row, KTSTR_RULE_STALL, (int32_t)cpu, from_ns,
		      sample->host_ns,
		      (double)(sample->host_ns - from_ns) / 1e6, 0);
	}
}

/* Clocks are nanoseconds: no two CPUs' of a kernel that runs are alike. */
static bool is_alive(const struct ktstr_monitor_sample *sample, uint32_t n_cpus)
{
	for (uint32_t i = 1; i < n_cpus; i++) {
		if (sample->cpus[i].rq_clock_ns != sample->cpus[0].rq_clock_ns)
			return true;
	}
	return n_cpus == 1 && sample->cpus[0].rq_clock_ns != 0;
}

static void keep(struct kt_rules *rules, const struct ktstr_monitor_sample *sample)
{
	struct ktstr_cpu_sample *cpus = rules->before.cpus;

	rules->before = *sample;
	rules->before.cpus = cpus;
	memcpy(cpus, sample->cpus, rules->n_cpus * sizeof(*cpus));
	rules->has_before = true;
}

void kt_rules_add(struct kt_rules *rules,
		  const struct ktstr_monitor_sample *sample)
{
	const struct ktstr_monitor_thresholds *limits = &rules->thresholds;

	if (is_alive(sample, rules->n_cpus))
		rules->is_alive = true;
	hold(rules, KTSTR_RULE_IMBALANCE, sample->host_ns,
	     kt_imbalance_ratio(sample, rules->n_cpus),
	     limits->max_imbalance_ratio);
	if (sample->has & KTSTR_SAMPLE_SCX)
		hold(rules, KTSTR_RULE_LOCAL_DSQ_DEPTH, sample->host_ns,
		     kt_longest_local_dsq(sample, rules->n_cpus),
		     limits->max_local_dsq_depth);
	if (rules->has_before) {
		hold_rate(rules, KTSTR_RULE_FALLBACK_RATE, sample,
			  rules->fallback, limits->max_fallback_rate);
		hold_rate(rules, KTSTR_RULE_KEEP_LAST_RATE, sample,
			  rules->keep_last, limits->max_keep_last_rate);
		if (limits->fail_on_stall)
			hold_stalls(rules, sample);
	}
	keep(rules, sample);
}

enum ktstr_verdict kt_rules_verdict(const struct kt_rules *rules)
{
	if (!rules->is_alive)
		return KTSTR_INCONCLUSIVE;
	return rules->n_violations || rules->n_violations_lost ? KTSTR_FAIL :
								 KTSTR_PASS;
}
