// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/macro.h"
#include "monitor/rules.h"
#include "monitor/summary.h"

#define CPUS 2
#define MS   1000000ULL

static char *const counter_names[] = {
	(char *)"SCX_EV_BYPASS_DURATION",
	(char *)"SCX_EV_DISPATCH_KEEP_LAST",
	(char *)"SCX_EV_SELECT_CPU_FALLBACK",
};

struct run {
	struct kt_rules rules;
	struct ktstr_cpu_sample cpus[CPUS];
	struct ktstr_monitor_sample sample;
};

/* A guest in which all is well: one task a CPU, clocks that go on. */
static void start(struct run *run, struct ktstr_monitor_thresholds thresholds)
{
	*run = (struct run){ 0 };
	run->sample.host_ns = 1000 * MS;
	run->sample.has = KTSTR_SAMPLE_SCX | KTSTR_SAMPLE_COUNTERS |
			  KTSTR_SAMPLE_VCPU_TIME;
	run->sample.cpus = run->cpus;
	for (uint32_t i = 0; i < CPUS; i++)
		run->cpus[i] = (struct ktstr_cpu_sample){
			.nr_running = 1,
			.rq_clock_ns = 5000 + i,
		};
	assert_int_equal(kt_rules_init(&run->rules, &thresholds, CPUS,
				       counter_names,
				       KT_ARRAY_SIZE(counter_names)),
			 0);
}

/* The next one, 100 ms later, in which both vCPUs ran all the time. */
static void add(struct run *run)
{
	run->sample.host_ns += 100 * MS;
	for (uint32_t i = 0; i < CPUS; i++) {
		run->cpus[i].rq_clock_ns += 100 * MS;
		run->cpus[i].vcpu_ran_ns += 100 * MS;
	}
	kt_rules_add(&run->rules, &run->sample);
}

/* As above, but for the clock of one of them. */
static void add_stalled(struct run *run, uint32_t cpu)
{
	run->cpus[cpu].rq_clock_ns -= 100 * MS;
	add(run);
}

static void assert_violation(const struct run *run, size_t index,
			     struct ktstr_monitor_violation expected)
{
	const struct ktstr_monitor_violation *seen;

	assert_true(index < run->rules.n_violations);
	seen = &run->rules.violations[index];
	assert_int_equal(seen->rule, expected.rule);
	assert_int_equal(seen->cpu, expected.cpu);
	assert_int_equal(seen->n_samples, expected.n_samples);
	assert_int_equal(seen->from_ns / MS, expected.from_ns);
	assert_int_equal(seen->until_ns / MS, expected.until_ns);
	assert_float_equal(seen->worst, expected.worst, 0.001);
	assert_float_equal(seen->limit, expected.limit, 0.001);
}

static void a_guest_that_is_well_passes(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS());
	for (size_t i = 0; i < 20; i++)
		add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	assert_int_equal(run.rules.n_violations, 0);
	kt_rules_deinit(&run.rules);
}

static void a_threshold_is_to_be_broken_in_a_row(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.max_imbalance_ratio = 3,
					     .sustained_samples = 3));
	for (size_t round = 0; round < 4; round++) {
		run.cpus[1].nr_running = 4;
		add(&run);
		add(&run);
		run.cpus[1].nr_running = 3; /* as much as may be */
		add(&run);
	}
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	run.cpus[1].nr_running = 5;
	add(&run);
	run.cpus[1].nr_running = 8;
	add(&run);
	run.cpus[1].nr_running = 5;
	add(&run);
	add(&run);
	run.cpus[1].nr_running = 1;
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_FAIL);
	assert_int_equal(run.rules.n_violations, 1);
	assert_violation(&run, 0,
			 (struct ktstr_monitor_violation){
				 .rule = KTSTR_RULE_IMBALANCE,
				 .cpu = -1,
				 .from_ns = 2300,
				 .until_ns = 2600,
				 .n_samples = 4,
				 .worst = 8,
				 .limit = 3,
			 });
	kt_rules_deinit(&run.rules);
}

/* With an empty runqueue the ratio is to one, not to nothing. */
static void an_empty_runqueue_counts_as_one(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	run.cpus[0].nr_running = 0;
	run.cpus[1].nr_running = 4;
	assert_float_equal(kt_imbalance_ratio(&run.sample, CPUS), 4, 0.001);
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	run.cpus[1].nr_running = 5;
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_FAIL);
	kt_rules_deinit(&run.rules);
}

static void a_long_local_dsq_is_found_on_any_cpu(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 2));
	run.cpus[0].local_dsq_depth = 51;
	add(&run);
	run.cpus[0].local_dsq_depth = 0;
	run.cpus[1].local_dsq_depth = 60;
	add(&run);
	assert_violation(&run, 0,
			 (struct ktstr_monitor_violation){
				 .rule = KTSTR_RULE_LOCAL_DSQ_DEPTH,
				 .cpu = -1,
				 .from_ns = 1100,
				 .until_ns = 1200,
				 .n_samples = 2,
				 .worst = 60,
				 .limit = 50,
			 });
	kt_rules_deinit(&run.rules);
	/* What a kernel without sched_ext leaves there is nothing. */
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	run.sample.has = 0;
	run.cpus[0].local_dsq_depth = 51;
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	kt_rules_deinit(&run.rules);
}

static void a_stall_is_told_with_its_cpu_and_age(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS());
	add(&run); /* at 1100 */
	for (size_t i = 0; i < 5; i++)
		add_stalled(&run, 1);
	assert_int_equal(run.rules.n_violations, 1);
	assert_violation(&run, 0,
			 (struct ktstr_monitor_violation){
				 .rule = KTSTR_RULE_STALL,
				 .cpu = 1,
				 .from_ns = 1100,
				 .until_ns = 1600,
				 .n_samples = 5,
				 .worst = 500,
			 });
	add(&run);
	for (size_t i = 0; i < 4; i++)
		add_stalled(&run, 0);
	assert_int_equal(run.rules.n_violations, 1);
	add_stalled(&run, 0);
	assert_int_equal(run.rules.n_violations, 2);
	assert_int_equal(run.rules.violations[1].cpu, 0);
	kt_rules_deinit(&run.rules);
}

static void a_clock_may_stand_still(void **state)
{
	struct run run;

	(void)state;
	/* Nobody asked. */
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1,
					     .fail_on_stall = false));
	add(&run);
	add_stalled(&run, 1);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	kt_rules_deinit(&run.rules);
	/* Nothing to run. */
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	run.cpus[1].nr_running = 0;
	add(&run);
	add_stalled(&run, 1);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	run.cpus[1].nr_running = 1; /* now there is, and it has to go on */
	add_stalled(&run, 1);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_FAIL);
	kt_rules_deinit(&run.rules);
	/* The host kept the vCPU from running. */
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	add(&run);
	run.cpus[1].vcpu_ran_ns -= 81 * MS;
	add_stalled(&run, 1);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	run.cpus[1].vcpu_ran_ns -= 80 * MS;
	add_stalled(&run, 1);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_FAIL);
	kt_rules_deinit(&run.rules);
	/* Who does not know for how long it ran blames it. */
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	run.sample.has &= ~KTSTR_SAMPLE_VCPU_TIME;
	add(&run);
	run.cpus[1].vcpu_ran_ns = 0;
	add_stalled(&run, 1);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_FAIL);
	kt_rules_deinit(&run.rules);
}

static void rates_are_a_second_of_the_named_counters(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 2));
	add(&run);
	for (size_t i = 0; i < 3; i++) {
		run.sample.counters[0] += 1000000;
		run.sample.counters[1] += 10; /* 100 a second, as may be */
		run.sample.counters[2] += 20; /* 200 a second */
		add(&run);
	}
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	for (size_t i = 0; i < 2; i++) {
		run.sample.counters[1] += 11;
		run.sample.counters[2] += 25;
		add(&run);
	}
	assert_int_equal(run.rules.n_violations, 2);
	assert_violation(&run, 0,
			 (struct ktstr_monitor_violation){
				 .rule = KTSTR_RULE_FALLBACK_RATE,
				 .cpu = -1,
				 .from_ns = 1500,
				 .until_ns = 1600,
				 .n_samples = 2,
				 .worst = 250,
				 .limit = 200,
			 });
	assert_violation(&run, 1,
			 (struct ktstr_monitor_violation){
				 .rule = KTSTR_RULE_KEEP_LAST_RATE,
				 .cpu = -1,
				 .from_ns = 1500,
				 .until_ns = 1600,
				 .n_samples = 2,
				 .worst = 110,
				 .limit = 100,
			 });
	kt_rules_deinit(&run.rules);
}

/* Counters begin anew, and are gone in between. */
static void another_scheduler_is_not_a_rate(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	run.sample.counters[2] = 1000000;
	add(&run);
	run.sample.counters[2] = 5;
	add(&run);
	run.sample.has &= ~KTSTR_SAMPLE_COUNTERS;
	add(&run);
	run.sample.has |= KTSTR_SAMPLE_COUNTERS;
	run.sample.counters[2] = 1000000;
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_PASS);
	kt_rules_deinit(&run.rules);
}

static void memory_that_is_none_yet_proves_nothing(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_INCONCLUSIVE);
	run.cpus[0].rq_clock_ns = run.cpus[1].rq_clock_ns = 7;
	run.cpus[1].nr_running = 100;
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_INCONCLUSIVE);
	run.cpus[1].rq_clock_ns++;
	add(&run);
	assert_int_equal(kt_rules_verdict(&run.rules), KTSTR_FAIL);
	kt_rules_deinit(&run.rules);
}

static void so_many_violations_are_kept(void **state)
{
	struct run run;

	(void)state;
	start(&run, KTSTR_MONITOR_THRESHOLDS(.sustained_samples = 1));
	for (size_t i = 0; i < KT_VIOLATIONS_MAX + 10; i++) {
		run.cpus[1].nr_running = 9;
		add(&run);
		run.cpus[1].nr_running = 1;
		add(&run);
	}
	assert_int_equal(run.rules.n_violations, KT_VIOLATIONS_MAX);
	assert_int_equal(run.rules.n_violations_lost, 10);
	kt_rules_deinit(&run.rules);
}

static void rules_have_names(void **state)
{
	(void)state;
	for (enum ktstr_monitor_rule rule = 0; rule < KTSTR_N_RULES; rule++)
		assert_non_null(ktstr_monitor_rule_name(rule));
	assert_string_equal(ktstr_monitor_rule_name(KTSTR_RULE_STALL), "stall");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_is_well_passes),
		cmocka_unit_test(a_threshold_is_to_be_broken_in_a_row),
		cmocka_unit_test(an_empty_runqueue_counts_as_one),
		cmocka_unit_test(a_long_local_dsq_is_found_on_any_cpu),
		cmocka_unit_test(a_stall_is_told_with_its_cpu_and_age),
		cmocka_unit_test(a_clock_may_stand_still),
		cmocka_unit_test(rates_are_a_second_of_the_named_counters),
		cmocka_unit_test(another_scheduler_is_not_a_rate),
		cmocka_unit_test(memory_that_is_none_yet_proves_nothing),
		cmocka_unit_test(so_many_violations_are_kept),
		cmocka_unit_test(rules_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
