// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/macro.h"
#include "disk/throttle.h"

#define SECOND 1000000000ULL
#define START  (77 * SECOND + 3)

static struct kt_throttle made(struct kt_throttle_limits limits)
{
	struct kt_throttle throttle;

	kt_throttle_init(&throttle, &limits, START);
	return throttle;
}

/* Sends requests one behind the other, each as soon as it may go. */
static uint64_t send(struct kt_throttle *throttle, uint64_t now, uint64_t n,
		     uint64_t bytes)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t wait = kt_throttle_admit(throttle, bytes, now);

		if (wait) {
			/* Not a nanosecond earlier than it said. */
			assert_true(kt_throttle_admit(throttle, bytes,
						      now + wait - 1) > 0);
			now += wait;
			assert_int_equal(kt_throttle_admit(throttle, bytes, now),
					 0);
		}
	}
	return now;
}

static void test_no_limit_never_waits(void **state)
{
	struct kt_throttle t = made((struct kt_throttle_limits){ 0 });

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(kt_throttle_admit(&t, UINT64_MAX, START), 0);
}

static void test_starts_full_with_a_second_of_burst(void **state)
{
	struct kt_throttle t = made((struct kt_throttle_limits){ .iops = 500 });

	(void)state;
	for (int i = 0; i < 500; i++)
		assert_int_equal(kt_throttle_admit(&t, 4096, START), 0);
	assert_int_equal(kt_throttle_admit(&t, 4096, START), SECOND / 500);
}

static void test_a_declared_burst_counts(void **state)
{
	struct kt_throttle t = made((struct kt_throttle_limits){
		.iops = 500,
		.iops_burst = 3,
	});

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_throttle_admit(&t, 0, START), 0);
	assert_int_equal(kt_throttle_admit(&t, 0, START), SECOND / 500);
	/* And a rest brings back no more than that. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_throttle_admit(&t, 0, START + 60 * SECOND),
				 0);
	assert_true(kt_throttle_admit(&t, 0, START + 60 * SECOND) > 0);
}

static void test_iops_over_ten_seconds(void **state)
{
	static const uint64_t rates[] = { 1, 7, 333, 1000, 99991 };

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(rates); i++) {
		struct kt_throttle t =
			made((struct kt_throttle_limits){ .iops = rates[i] });
		uint64_t end = send(&t, START, 11 * rates[i], 4096);

		/* A second's worth at once, then ten seconds for the rest. */
		assert_true(end >= START + 10 * SECOND - 1);
		assert_true(end <= START + 10 * SECOND + 11 * rates[i]);
	}
}

static void test_bytes_over_ten_seconds(void **state)
{
	static const uint64_t sizes[] = { 512, 4096, 1 << 20, 24 << 20 };
	const uint64_t rate = 8 << 20;

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(sizes); i++) {
		struct kt_throttle t =
			made((struct kt_throttle_limits){ .bytes_per_s = rate });
		uint64_t n = 24 * rate / sizes[i];
		uint64_t end = send(&t, START, n, sizes[i]);
		uint64_t fair = (n * sizes[i] - rate) * SECOND / rate;

		/* What is larger than the bucket pays afterwards. */
		if (sizes[i] > rate)
			fair -= (sizes[i] - rate) * SECOND / rate;
		assert_true(end >= START + fair - 1);
		assert_true(end <= START + fair + n);
	}
}

static void test_larger_than_the_bucket_goes_and_owes(void **state)
{
	struct kt_throttle t =
		made((struct kt_throttle_limits){ .bytes_per_s = 1000 });

	(void)state;
	assert_int_equal(kt_throttle_admit(&t, 5000, START), 0);
	/* 4000 owed, and the bucket has to be full once more. */
	assert_int_equal(kt_throttle_admit(&t, 5000, START), 5 * SECOND);
	assert_int_equal(kt_throttle_admit(&t, 1, START + SECOND),
			 3 * SECOND + SECOND / 1000);
}

static void test_both_buckets_must_have_enough(void **state)
{
	struct kt_throttle t = made((struct kt_throttle_limits){
		.iops = 10,
		.bytes_per_s = 1000,
	});

	(void)state;
	assert_int_equal(kt_throttle_admit(&t, 1000, START), 0);
	/* Refused for its bytes, it has not paid an operation: nine are left. */
	for (int i = 0; i < 20; i++)
		assert_int_equal(kt_throttle_admit(&t, 100, START), SECOND / 10);
	for (int i = 0; i < 9; i++)
		assert_int_equal(kt_throttle_admit(&t, 0, START), 0);
	assert_int_equal(kt_throttle_admit(&t, 0, START), SECOND / 10);
}

static void test_no_bytes_pay_an_operation_only(void **state)
{
	struct kt_throttle t =
		made((struct kt_throttle_limits){ .bytes_per_s = 1 });

	(void)state;
	assert_int_equal(kt_throttle_admit(&t, 1000000, START), 0);
	assert_int_equal(kt_throttle_admit(&t, 0, START), 0);
	assert_true(kt_throttle_admit(&t, 1, START) > 0);
}

static void test_time_that_goes_back_brings_nothing(void **state)
{
	struct kt_throttle t = made((struct kt_throttle_limits){ .iops = 1 });

	(void)state;
	assert_int_equal(kt_throttle_admit(&t, 0, START), 0);
	assert_int_equal(kt_throttle_admit(&t, 0, START - 10 * SECOND), SECOND);
	assert_int_equal(kt_throttle_admit(&t, 0, 0), SECOND);
	assert_int_equal(kt_throttle_admit(&t, 0, START + SECOND), 0);
}

static void test_greatest_numbers(void **state)
{
	struct kt_throttle t = made((struct kt_throttle_limits){
		.iops = UINT64_MAX,
		.bytes_per_s = UINT64_MAX,
		.bytes_burst = UINT64_MAX,
	});
	struct kt_throttle slow =
		made((struct kt_throttle_limits){ .bytes_per_s = 1 });

	(void)state;
	assert_int_equal(kt_throttle_admit(&t, UINT64_MAX, START), 0);
	assert_int_equal(kt_throttle_admit(&t, UINT64_MAX, START), SECOND);
	assert_int_equal(kt_throttle_admit(&t, UINT64_MAX, UINT64_MAX), 0);

	assert_int_equal(kt_throttle_admit(&slow, UINT64_MAX, START), 0);
	assert_true(kt_throttle_admit(&slow, 1, START) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_limit_never_waits),
		cmocka_unit_test(test_starts_full_with_a_second_of_burst),
		cmocka_unit_test(test_a_declared_burst_counts),
		cmocka_unit_test(test_iops_over_ten_seconds),
		cmocka_unit_test(test_bytes_over_ten_seconds),
		cmocka_unit_test(test_larger_than_the_bucket_goes_and_owes),
		cmocka_unit_test(test_both_buckets_must_have_enough),
		cmocka_unit_test(test_no_bytes_pay_an_operation_only),
		cmocka_unit_test(test_time_that_goes_back_brings_nothing),
		cmocka_unit_test(test_greatest_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
