// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "disk/throttle.h"

#define SECOND 1000000000ULL

static struct kt_throttle make(struct kt_throttle_limits limits, uint64_t now)
{
	struct kt_throttle throttle;

	kt_throttle_init(&throttle, &limits, now);
	return throttle;
}

/* Sends requests without a pause for `duration`; returns how many went. */
static uint64_t drive(struct kt_throttle *t, uint64_t bytes, uint64_t *now,
		      uint64_t duration)
{
	const uint64_t end = *now + duration;
	uint64_t n = 0;

	for (;;) {
		uint64_t wait = kt_throttle_take(t, bytes, *now);

		if (!wait) {
			n++;
		} else if (wait > end - *now) {
			*now = end;
			return n;
		} else {
			*now += wait;
		}
	}
}

static void no_limit_never_waits(void **state)
{
	struct kt_throttle t = make((struct kt_throttle_limits){ 0 }, 7);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(kt_throttle_take(&t, UINT64_MAX, 7), 0);
}

static void it_is_full_at_the_start(void **state)
{
	struct kt_throttle t =
		make((struct kt_throttle_limits){ .iops = 10 }, 5 * SECOND);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(kt_throttle_take(&t, 512, 5 * SECOND), 0);
	assert_int_equal(kt_throttle_take(&t, 512, 5 * SECOND), SECOND / 10);
	/* Asking costs nothing. */
	assert_int_equal(kt_throttle_take(&t, 512, 5 * SECOND), SECOND / 10);
}

static void it_waits_as_long_as_it_says(void **state)
{
	struct kt_throttle t = make((struct kt_throttle_limits){ .iops = 3 }, 0);
	uint64_t wait;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_throttle_take(&t, 0, 0), 0);
	wait = kt_throttle_take(&t, 0, 0);
	assert_int_equal(wait, 333333334);
	assert_int_equal(kt_throttle_take(&t, 0, wait - 1), 1);
	assert_int_equal(kt_throttle_take(&t, 0, wait), 0);
}

static void it_holds_no_more_than_the_burst(void **state)
{
	struct kt_throttle t = make(
		(struct kt_throttle_limits){ .iops = 100, .iops_burst = 5 }, 0);
	uint64_t now = 1000 * SECOND;

	(void)state;
	assert_int_equal(drive(&t, 0, &now, 0), 5);
}

static void the_rate_is_kept_over_time(void **state)
{
	struct kt_throttle t =
		make((struct kt_throttle_limits){ .iops = 1000 }, 0);
	uint64_t now = 0;

	(void)state;
	assert_int_equal(drive(&t, 4096, &now, 0), 1000);
	assert_int_equal(drive(&t, 4096, &now, 10 * SECOND), 10000);
}

static void bytes_are_counted_as_well(void **state)
{
	struct kt_throttle t =
		make((struct kt_throttle_limits){ .bytes_per_s = 1 << 20 }, 0);
	uint64_t now = 0;

	(void)state;
	assert_int_equal(drive(&t, 4096, &now, 0), 256);
	assert_int_equal(drive(&t, 4096, &now, 10 * SECOND), 2560);
	/* What moves none passes. */
	assert_int_equal(kt_throttle_take(&t, 0, now), 0);
}

static void the_tighter_of_two_counts(void **state)
{
	const struct kt_throttle_limits limits = { .iops = 100,
						   .bytes_per_s = 100 * 4096 };
	struct kt_throttle t = make(limits, 0);
	uint64_t now = 0;

	(void)state;
	drive(&t, 8192, &now, 0);
	assert_int_equal(drive(&t, 8192, &now, 10 * SECOND), 500);
	t = make(limits, now);
	drive(&t, 512, &now, 0);
	assert_int_equal(drive(&t, 512, &now, 10 * SECOND), 1000);
}

/* One who finds the bytes' bucket empty pays no operation meanwhile. */
static void a_refusal_takes_nothing(void **state)
{
	struct kt_throttle t = make(
		(struct kt_throttle_limits){ .iops = 2, .bytes_per_s = 512 }, 0);

	(void)state;
	assert_int_equal(kt_throttle_take(&t, 512, 0), 0);
	for (int i = 0; i < 9; i++)
		assert_int_not_equal(kt_throttle_take(&t, 512, 0), 0);
	assert_int_equal(kt_throttle_take(&t, 0, 0), 0);
	assert_int_not_equal(kt_throttle_take(&t, 0, 0), 0);
}

static void a_request_larger_than_the_burst_goes_and_is_paid_for(void **state)
{
	struct kt_throttle t =
		make((struct kt_throttle_limits){ .bytes_per_s = 1000,
						  .bytes_burst = 500 },
		     0);
	uint64_t now = 0;

	(void)state;
	assert_int_equal(kt_throttle_take(&t, 10000, 0), 0);
	/* 9500 in debt: the next one waits until it is full again. */
	assert_int_equal(kt_throttle_take(&t, 10000, 0), 10 * SECOND);
	assert_int_equal(drive(&t, 10000, &now, 100 * SECOND), 10);
}

static void time_that_goes_back_stands_still(void **state)
{
	struct kt_throttle t =
		make((struct kt_throttle_limits){ .iops = 1 }, 100 * SECOND);

	(void)state;
	assert_int_equal(kt_throttle_take(&t, 0, 100 * SECOND), 0);
	assert_int_equal(kt_throttle_take(&t, 0, 1), SECOND);
	assert_int_equal(kt_throttle_take(&t, 0, 101 * SECOND), 0);
}

static void the_largest_numbers_do_not_overflow(void **state)
{
	struct kt_throttle t = make(
		(struct kt_throttle_limits){
			.iops = UINT64_MAX,
			.bytes_per_s = UINT64_MAX,
			.iops_burst = UINT64_MAX,
			.bytes_burst = UINT64_MAX,
		},
		0);

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		kt_throttle_take(&t, UINT64_MAX, UINT64_MAX / 100 * i);
	t = make((struct kt_throttle_limits){ .bytes_per_s = 1,
					      .bytes_burst = UINT64_MAX },
		 0);
	assert_int_equal(kt_throttle_take(&t, UINT64_MAX, 0), 0);
	assert_int_equal(kt_throttle_take(&t, UINT64_MAX, 0), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit_never_waits),
		cmocka_unit_test(it_is_full_at_the_start),
		cmocka_unit_test(it_waits_as_long_as_it_says),
		cmocka_unit_test(it_holds_no_more_than_the_burst),
		cmocka_unit_test(the_rate_is_kept_over_time),
		cmocka_unit_test(bytes_are_counted_as_well),
		cmocka_unit_test(the_tighter_of_two_counts),
		cmocka_unit_test(a_refusal_takes_nothing),
		cmocka_unit_test(
			a_request_larger_than_the_burst_goes_and_is_paid_for),
		cmocka_unit_test(time_that_goes_back_stands_still),
		cmocka_unit_test(the_largest_numbers_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
