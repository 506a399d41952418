// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/macro.h"
#include "initramfs/sizing.h"

static void nothing_to_boot_leaves_the_memory_to_work_with(void **state)
{
	const struct kt_sizing sizing = { 0 };

	(void)state;
	assert_int_equal(kt_sizing_memory_mib(&sizing), 256);
}

static void half_of_the_memory_holds_the_root(void **state)
{
	const struct kt_sizing sizing = {
		.unpacked_bytes = 10 * KT_MIB,
		.kernel_bytes = 2 * KT_MIB,
		.archive_bytes = 5 * KT_MIB,
	};

	(void)state;
	assert_int_equal(kt_sizing_memory_mib(&sizing), 284);
}

static void nine_tenths_need_less(void **state)
{
	const struct kt_sizing sizing = {
		.unpacked_bytes = 90 * KT_MIB,
		.share = KT_SIZING_SHARE_NINE_TENTHS,
	};

	(void)state;
	/* 100 / 63 * 64 = 101.6 */
	assert_int_equal(kt_sizing_memory_mib(&sizing), 102 + 256);
}

static void every_term_is_rounded_up_by_itself(void **state)
{
	const struct kt_sizing sizing = {
		.unpacked_bytes = 1,
		.kernel_bytes = 1,
		.archive_bytes = 1,
	};

	(void)state;
	/* 2 + 1 + 1 MiB, and a 63rd of that. */
	assert_int_equal(kt_sizing_memory_mib(&sizing), 5 + 256);
}

static void a_larger_minimum_wins(void **state)
{
	struct kt_sizing sizing = { .minimum_mib = 300 };

	(void)state;
	assert_int_equal(kt_sizing_memory_mib(&sizing), 300);
	sizing.minimum_mib = 255;
	assert_int_equal(kt_sizing_memory_mib(&sizing), 256);
}

static void sums_beyond_32_bits_stay_at_the_greatest(void **state)
{
	struct kt_sizing sizing = {
		.unpacked_bytes = UINT64_MAX,
		.kernel_bytes = UINT64_MAX,
		.archive_bytes = UINT64_MAX,
	};

	(void)state;
	assert_int_equal(kt_sizing_memory_mib(&sizing), UINT32_MAX);
	sizing.share = KT_SIZING_SHARE_NINE_TENTHS;
	assert_int_equal(kt_sizing_memory_mib(&sizing), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_boot_leaves_the_memory_to_work_with),
		cmocka_unit_test(half_of_the_memory_holds_the_root),
		cmocka_unit_test(nine_tenths_need_less),
		cmocka_unit_test(every_term_is_rounded_up_by_itself),
		cmocka_unit_test(a_larger_minimum_wins),
		cmocka_unit_test(sums_beyond_32_bits_stay_at_the_greatest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
