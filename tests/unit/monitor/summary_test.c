// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "monitor/sample_store.h"
#include "monitor/summary.h"

#define CPUS 2
#define MS   1000000ULL

static struct ktstr_monitor_sample sample_of(struct ktstr_cpu_sample *cpus,
					     uint64_t at_ms, unsigned int has)
{
	return (struct ktstr_monitor_sample){
		.host_ns = at_ms * MS,
		.took_ns = at_ms,
		.has = has,
		.cpus = cpus,
	};
}

static void numbers_are_over_all_samples(void **state)
{
	struct ktstr_cpu_sample cpus[CPUS] = { { .nr_running = 1 },
					       { .nr_running = 2 } };
	struct ktstr_monitor_sample sample =
		sample_of(cpus, 100, KTSTR_SAMPLE_SCX);
	struct ktstr_monitor_summary summary;
	struct kt_summary adding;

	(void)state;
	kt_summary_init(&adding, CPUS);
	kt_summary_add(&adding, &sample);
	cpus[0] = (struct ktstr_cpu_sample){ .local_dsq_depth = 9 };
	cpus[1] = (struct ktstr_cpu_sample){ .nr_running = 6,
					     .local_dsq_depth = 3 };
	sample = sample_of(cpus, 300, KTSTR_SAMPLE_SCX);
	kt_summary_add(&adding, &sample);
	kt_summary_drop(&adding);
	kt_summary_get(&adding, &summary);
	assert_int_equal(summary.n_samples, 2);
	assert_int_equal(summary.n_dropped, 1);
	assert_int_equal(summary.has, KTSTR_SAMPLE_SCX);
	assert_float_equal(summary.max_imbalance_ratio, 6, 1e-9);
	assert_float_equal(summary.avg_imbalance_ratio, 4, 1e-9);
	assert_float_equal(summary.avg_nr_running, 9.0 / 4, 1e-9);
	assert_int_equal(summary.max_local_dsq_depth, 9);
	assert_float_equal(summary.avg_local_dsq_depth, 3, 1e-9);
	assert_int_equal(summary.max_took_ns, 300);
	assert_float_equal(summary.avg_took_ns, 200, 1e-9);
	assert_float_equal(summary.stolen_share, 0, 1e-9);
}

static void a_counter_is_what_it_grew_by_under_each_scheduler(void **state)
{
	struct ktstr_cpu_sample cpus[CPUS] = { 0 };
	struct ktstr_monitor_sample sample =
		sample_of(cpus, 1000, KTSTR_SAMPLE_COUNTERS);
	struct ktstr_monitor_summary summary;
	struct kt_summary adding;

	(void)state;
	kt_summary_init(&adding, CPUS);
	sample.counters[1] = 50;
	kt_summary_add(&adding, &sample);
	sample.host_ns = 2000 * MS;
	sample.counters[1] = 80;
	kt_summary_add(&adding, &sample);
	/* It went, and when another comes there is nothing to compare with. */
	sample.host_ns = 3000 * MS;
	sample.has = 0;
	kt_summary_add(&adding, &sample);
	sample.host_ns = 4000 * MS;
	sample.has = KTSTR_SAMPLE_COUNTERS;
	sample.counters[1] = 7;
	kt_summary_add(&adding, &sample);
	/* Another one at once, which has counted to 4. */
	sample.host_ns = 5000 * MS;
	sample.counters[1] = 4;
	kt_summary_add(&adding, &sample);
	kt_summary_get(&adding, &summary);
	assert_int_equal(summary.counters[1], 34);
	assert_float_equal(summary.counter_rates[1], 17, 1e-9);
	assert_int_equal(summary.counters[0], 0);
}

static void steal_is_a_share_of_all_vcpus_time(void **state)
{
	struct ktstr_cpu_sample cpus[CPUS] = { { .vcpu_stolen_ns = 500 * MS } };
	struct ktstr_monitor_sample sample =
		sample_of(cpus, 1000, KTSTR_SAMPLE_VCPU_TIME);
	struct ktstr_monitor_summary summary;
	struct kt_summary adding;

	(void)state;
	kt_summary_init(&adding, CPUS);
	kt_summary_add(&adding, &sample);
	cpus[0].vcpu_stolen_ns += 30 * MS;
	cpus[1].vcpu_stolen_ns += 20 * MS;
	sample.host_ns += 100 * MS;
	kt_summary_add(&adding, &sample);
	kt_summary_get(&adding, &summary);
	assert_float_equal(summary.stolen_share, 0.25, 1e-9);
}

static void no_sample_is_no_number(void **state)
{
	struct ktstr_monitor_summary summary;
	struct kt_summary adding;

	(void)state;
	kt_summary_init(&adding, CPUS);
	kt_summary_get(&adding, &summary);
	assert_float_equal(summary.avg_imbalance_ratio, 0, 0);
	assert_float_equal(summary.avg_took_ns, 0, 0);
	assert_float_equal(summary.counter_rates[0], 0, 0);
}

static void samples_thin_out_evenly(void **state)
{
	struct ktstr_cpu_sample cpus[CPUS] = { 0 };
	struct kt_sample_store store;
	uint64_t step;

	(void)state;
	kt_sample_store_init(&store, CPUS,
			     20 * (sizeof(struct ktstr_monitor_sample) +
				   CPUS * sizeof(struct ktstr_cpu_sample)));
	for (uint64_t i = 0; i < 1000; i++) {
		struct ktstr_monitor_sample sample = sample_of(cpus, i, 0);

		cpus[1].nr_running = (uint32_t)i;
		assert_int_equal(kt_sample_store_add(&store, &sample), 0);
		assert_true(store.n <= 20);
		assert_int_equal(store.samples[0].host_ns, 0);
	}
	assert_true(store.n >= 10);
	step = store.samples[1].host_ns;
	assert_int_equal(step, 64 * MS);
	for (size_t i = 0; i < store.n; i++) {
		assert_int_equal(store.samples[i].host_ns, i * step);
		assert_int_equal(store.samples[i].cpus[1].nr_running,
				 i * step / MS);
	}
	kt_sample_store_deinit(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_over_all_samples),
		cmocka_unit_test(a_counter_is_what_it_grew_by_under_each_scheduler),
		cmocka_unit_test(steal_is_a_share_of_all_vcpus_time),
		cmocka_unit_test(no_sample_is_no_number),
		cmocka_unit_test(samples_thin_out_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
