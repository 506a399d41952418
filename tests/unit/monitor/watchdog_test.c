// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "made_up_kernel.h"
#include "monitor/watchdog.h"

static const enum made_up_kernel mechanisms[] = { KERNEL_NEW, KERNEL_OLDER };

/* A scheduler with a time of its own, at 250 jiffies a second. */
static void attach(struct made_up_kernel_guest *made_up,
		   enum made_up_kernel which, uint32_t timeout_ms,
		   uint64_t jiffies)
{
	struct made_up_guest *guest = &made_up->guest;

	made_up_guest_put32(guest, made_up_scx_sched() + SCX_SCHED_TIMEOUT_MS,
			    timeout_ms);
	made_up_guest_put64(guest, made_up_watchdog(which), jiffies);
	made_up_guest_put64(guest, made_up_scx_root(), made_up_scx_sched());
}

static uint64_t jiffies_of(struct made_up_kernel_guest *made_up,
			   enum made_up_kernel which)
{
	uint64_t value;

	memcpy(&value, made_up_guest_at(&made_up->guest, made_up_watchdog(which)),
	       sizeof(value));
	return value;
}

static void it_is_set_in_either_place_and_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct made_up_kernel_guest made_up = { 0 };
		struct kt_watchdog watchdog = { .timeout_ms = 5000 };

		made_up_kernel_init(&made_up, mechanisms[i]);
		/* Before there is a scheduler there is nothing to set. */
		made_up_guest_put64(&made_up.guest,
				    made_up_watchdog(mechanisms[i]), 77);
		kt_watchdog_tick(&watchdog, &made_up.kernel);
		assert_int_equal(jiffies_of(&made_up, mechanisms[i]), 77);
		assert_int_equal(watchdog.report.hz, 0);
		attach(&made_up, mechanisms[i], 20000, 5000);
		kt_watchdog_tick(&watchdog, &made_up.kernel);
		kt_watchdog_tick(&watchdog, &made_up.kernel);
		assert_int_equal(jiffies_of(&made_up, mechanisms[i]), 1250);
		assert_int_equal(watchdog.report.hz, 250);
		assert_int_equal(watchdog.report.expected_jiffies, 1250);
		assert_int_equal(watchdog.report.observed_jiffies, 1250);
		assert_int_equal(watchdog.report.n_writes, 1);
		/* The kernel, or another scheduler, sets it anew. */
		attach(&made_up, mechanisms[i], 20000, 5000);
		kt_watchdog_tick(&watchdog, &made_up.kernel);
		assert_int_equal(jiffies_of(&made_up, mechanisms[i]), 1250);
		assert_int_equal(watchdog.report.n_writes, 2);
		made_up_kernel_deinit(&made_up);
	}
}

static void jiffies_are_told_by_the_schedulers_own_time(void **state)
{
	static const struct {
		uint32_t timeout_ms;
		uint64_t jiffies;
		uint32_t hz;
	} cases[] = {
		{ 0, 30000, 1000 }, { 0, 3000, 100 },   { 0, 7500, 250 },
		{ 0, 9000, 300 },   { 2000, 500, 250 }, { 1001, 301, 300 },
		{ 0, 7501, 0 },     { 2000, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made_up_kernel_guest made_up = { 0 };
		struct kt_watchdog watchdog = { .timeout_ms = 1001 };

		made_up_kernel_init(&made_up, KERNEL_NEW);
		attach(&made_up, KERNEL_NEW, cases[i].timeout_ms,
		       cases[i].jiffies);
		kt_watchdog_tick(&watchdog, &made_up.kernel);
		assert_int_equal(watchdog.report.hz, cases[i].hz);
		/* Where it is not known nothing is written. */
		assert_int_equal(jiffies_of(&made_up, KERNEL_NEW),
				 cases[i].hz ? (1001 * cases[i].hz + 999) / 1000 :
					       cases[i].jiffies);
		made_up_kernel_deinit(&made_up);
	}
}

/* Where it is one variable for all, it is set after the scheduler is seen. */
static void its_own_time_may_come_late(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct kt_watchdog watchdog = { .timeout_ms = 5000 };

	(void)state;
	made_up_kernel_init(&made_up, KERNEL_OLDER);
	attach(&made_up, KERNEL_OLDER, 2000, 0);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(watchdog.report.n_writes, 0);
	attach(&made_up, KERNEL_OLDER, 2000, 500);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(jiffies_of(&made_up, KERNEL_OLDER), 1250);
	/* What a second has of jiffies stays: this would be 1000 else. */
	attach(&made_up, KERNEL_OLDER, 1250, 1250);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	attach(&made_up, KERNEL_OLDER, 1250, 313);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(jiffies_of(&made_up, KERNEL_OLDER), 1250);
	assert_int_equal(watchdog.report.hz, 250);
	made_up_kernel_deinit(&made_up);
}

static void one_that_ends_is_left_alone(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct kt_watchdog watchdog = { .timeout_ms = 5000 };

	(void)state;
	made_up_kernel_init(&made_up, KERNEL_NEW);
	attach(&made_up, KERNEL_NEW, 20000, 5000);
	made_up_guest_put32(&made_up.guest,
			    made_up_scx_sched() + SCX_SCHED_EXIT_KIND, 1025);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(jiffies_of(&made_up, KERNEL_NEW), 5000);
	made_up_guest_put64(&made_up.guest, made_up_scx_root(),
			    0xffff888000000000);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(watchdog.report.n_writes, 0);
	made_up_kernel_deinit(&made_up);
}

static void nobody_asked(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct kt_watchdog watchdog = { .timeout_ms = 0 };

	(void)state;
	made_up_kernel_init(&made_up, KERNEL_NEW);
	attach(&made_up, KERNEL_NEW, 20000, 5000);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(jiffies_of(&made_up, KERNEL_NEW), 5000);
	made_up_kernel_deinit(&made_up);
	/* Or there is no sched_ext at all. */
	watchdog.timeout_ms = 5000;
	made_up_kernel_init(&made_up, KERNEL_NO_SCX);
	kt_watchdog_tick(&watchdog, &made_up.kernel);
	assert_int_equal(watchdog.report.hz, 0);
	made_up_kernel_deinit(&made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_set_in_either_place_and_read_back),
		cmocka_unit_test(jiffies_are_told_by_the_schedulers_own_time),
		cmocka_unit_test(its_own_time_may_come_late),
		cmocka_unit_test(one_that_ends_is_left_alone),
		cmocka_unit_test(nobody_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
