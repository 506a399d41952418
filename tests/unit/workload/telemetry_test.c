// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <unistd.h>

#include "workload/telemetry.h"

static void a_reservoir_sums_up(void **state)
{
	struct kt_reservoir reservoir;
	struct ktstr_wake_latency latency;

	(void)state;
	kt_reservoir_init(&reservoir, 1);
	assert_int_equal(kt_reservoir_summary(&reservoir).samples, 0);
	for (uint64_t i = 1; i <= 100; i++)
		kt_reservoir_add(&reservoir, (i * 37) % 101 * 10);
	latency = kt_reservoir_summary(&reservoir);
	assert_int_equal(latency.samples, 100);
	assert_int_equal(latency.mean_ns, 505);
	assert_int_equal(latency.p50_ns, 500);
	assert_int_equal(latency.p99_ns, 990);
	assert_int_equal(latency.tail_ns[9], 900);
	assert_int_equal(latency.tail_ns[KTSTR_WAKE_TAIL - 1], 500);
	assert_int_equal(latency.max_ns, 1000);
	assert_int_equal(latency.stddev_ns, 288); /* sqrt((100^2 - 1) / 12) */
}

static void a_reservoir_is_bounded_and_repeats(void **state)
{
	static struct kt_reservoir a, b, c;
	struct ktstr_wake_latency latency;

	(void)state;
	kt_reservoir_init(&a, 7);
	kt_reservoir_init(&b, 7);
	kt_reservoir_init(&c, 8);
	for (uint64_t i = 0; i < 100000; i++) {
		kt_reservoir_add(&a, i);
		kt_reservoir_add(&b, i);
		kt_reservoir_add(&c, i);
	}
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(a.kept, c.kept, sizeof(a.kept));
	latency = kt_reservoir_summary(&a);
	assert_int_equal(latency.samples, 100000);
	assert_int_equal(latency.max_ns, 99999);
	/* The median of 512 out of a ramp: 10 standard errors either way. */
	assert_in_range(latency.p50_ns, 28000, 72000);
	assert_in_range(latency.p99_ns, 90000, 99999);
}

static void schedstat_is_read(void **state)
{
	uint64_t cpu_ns = 1, delay_ns = 2;

	(void)state;
	assert_false(kt_schedstat_parse("", &cpu_ns, &delay_ns));
	assert_false(kt_schedstat_parse("5 6\n", &cpu_ns, &delay_ns));
	assert_false(kt_schedstat_parse("5 x 7\n", &cpu_ns, &delay_ns));
	assert_int_equal(cpu_ns, 1);
	assert_int_equal(delay_ns, 2);
	assert_true(kt_schedstat_parse("983118 3445934 10\n", &cpu_ns, &delay_ns));
	assert_int_equal(cpu_ns, 983118);
	assert_int_equal(delay_ns, 3445934);
	assert_false(kt_schedstat_read(-1, &cpu_ns, &delay_ns));
}

static struct kt_slot slot;

static void begin(void)
{
	memset(&slot, 0, sizeof(slot));
	kt_slot_prepare(&slot, 0);
	kt_slot_begin(&slot, 1000);
	slot.cpu = 0;
	slot.base_cpu_ns = 50;
	slot.base_run_delay_ns = 5;
}

static void the_worst_gap_is_kept(void **state)
{
	(void)state;
	begin();
	kt_slot_sign(&slot, 1100, 0);
	kt_slot_sign(&slot, 5100, 3);
	kt_slot_sign(&slot, 7100, 3);
	assert_int_equal(slot.max_gap_ns, 4000);
	assert_int_equal(slot.max_gap_at_ns, 4100);
	assert_int_equal(slot.max_gap_cpu, 3);
	assert_int_equal(slot.migrations, 1);
	kt_slot_sign(&slot, 7200, 0);
	assert_int_equal(slot.migrations, 2);
	assert_true(slot.cross_node_migrations <= 2);
	assert_true(CPU_ISSET(3, &slot.cpus_seen));
	assert_false(CPU_ISSET(2, &slot.cpus_seen));
}

static void the_next_gaps_are_kept_in_order(void **state)
{
	static const uint64_t gaps[] = { 50, 10, 90, 20, 90, 30,
					 70, 40, 60, 80, 5,  65 };
	static const uint64_t kept[KTSTR_NEXT_GAPS] = { 90, 80, 70, 65,
							60, 50, 40 };
	struct ktstr_worker_report report = { .index = 4 };
	uint64_t now = 1000;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		kt_slot_sign(&slot, now += gaps[i], (uint32_t)i);
	/* It dies while the longest one lasts. */
	kt_slot_report(&slot, now + 100, 10050, 205, &report);
	assert_int_equal(report.max_gap_ns, 100);
	assert_int_equal(report.next_gaps[0].ns, 90);
	assert_int_equal(report.next_gaps[0].cpu, 4);
	assert_int_equal(report.next_gaps[0].at_ns, 260);
	for (size_t i = 1; i < KTSTR_NEXT_GAPS; i++)
		assert_int_equal(report.next_gaps[i].ns, kept[i - 1]);
	assert_int_equal(report.next_gaps[1].cpu, 2);
}

static void the_first_gap_begins_at_the_gate(void **state)
{
	(void)state;
	begin();
	kt_slot_sign(&slot, 9000, 0);
	assert_int_equal(slot.max_gap_ns, 8000);
	assert_int_equal(slot.migrations, 0);
}

static void a_killed_worker_is_charged_up_to_its_end(void **state)
{
	struct ktstr_worker_report report = { .index = 4 };

	(void)state;
	begin();
	slot.work_units = 9;
	kt_slot_sign(&slot, 1100, 2);
	kt_slot_report(&slot, 61000, 10050, 205, &report);
	assert_false(report.finished);
	assert_int_equal(report.index, 4);
	assert_int_equal(report.work_units, 9);
	assert_int_equal(report.wall_ns, 60000);
	assert_int_equal(report.cpu_ns, 10000);
	assert_int_equal(report.off_cpu_ns, 50000);
	assert_int_equal(report.run_delay_ns, 200);
	assert_int_equal(report.max_gap_ns, 59900);
	assert_int_equal(report.max_gap_at_ns, 60000);
	assert_int_equal(report.max_gap_cpu, 2);
}

static void a_worker_that_never_began_did_nothing(void **state)
{
	struct ktstr_worker_report report = { .index = 4 };

	(void)state;
	memset(&slot, 0, sizeof(slot));
	atomic_store(&slot.state, KT_SLOT_READY);
	kt_slot_report(&slot, 61000, 10050, 205, &report);
	assert_false(report.finished);
	assert_int_equal(report.wall_ns, 0);
	assert_int_equal(report.max_gap_ns, 0);
	assert_int_equal(report.max_gap_cpu, -1);
	assert_int_equal(report.wake.samples, 0);
}

static void slots_share_no_cache_line(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct kt_slot) % 128, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reservoir_sums_up),
		cmocka_unit_test(a_reservoir_is_bounded_and_repeats),
		cmocka_unit_test(schedstat_is_read),
		cmocka_unit_test(the_worst_gap_is_kept),
		cmocka_unit_test(the_next_gaps_are_kept_in_order),
		cmocka_unit_test(the_first_gap_begins_at_the_gate),
		cmocka_unit_test(a_killed_worker_is_charged_up_to_its_end),
		cmocka_unit_test(a_worker_that_never_began_did_nothing),
		cmocka_unit_test(slots_share_no_cache_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
