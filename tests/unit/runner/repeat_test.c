// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/macro.h"
#include "runner/repeat.h"

/* Three digits, as tables of the interval have them. */
static void expect(uint32_t passed, uint32_t n, double low, double high)
{
	double got_low, got_high;

	kt_wilson(passed, n, &got_low, &got_high);
	assert_float_equal(got_low, low, 0.0005);
	assert_float_equal(got_high, high, 0.0005);
}

static void the_interval_is_wilsons(void **state)
{
	(void)state;
	/* R's prop.test(..., correct = FALSE) gives these. */
	expect(9, 10, 0.596, 0.982);
	expect(5, 10, 0.237, 0.763);
	expect(0, 10, 0, 0.278);
	expect(10, 10, 0.722, 1);
	expect(1, 1, 0.207, 1);
	expect(0, 1, 0, 0.793);
	expect(81, 263, 0.255, 0.366); /* Newcombe, 1998, table I */
}

static void the_interval_holds_the_share_and_stays_within(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 300; n++) {
		for (uint32_t passed = 0; passed <= n; passed++) {
			double low, high, share = (double)passed / n;

			kt_wilson(passed, n, &low, &high);
			assert_true(low >= 0 && low <= share);
			assert_true(high <= 1 && high >= share);
		}
	}
}

static void runs_without_a_verdict_do_not_count(void **state)
{
	static const struct {
		struct kt_tally tally;
		const char *text;
	} cases[] = {
		{ { .passed = 9, .failed = 1 },
		  "9 of 10 passed (90.0 %, 95 % interval 59.6 to 98.2 %)" },
		{ { .passed = 1, .skipped = 2, .inconclusive = 3, .broken = 4 },
		  "1 of 1 passed (100.0 %, 95 % interval 20.7 to 100.0 %), "
		  "3 inconclusive, 2 skipped, 4 broken" },
		{ { .skipped = 2 }, "0 of 0 passed, 2 skipped" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct kt_strbuf sb = {};

		kt_tally_print_rate(&sb, &cases[i].tally);
		assert_string_equal(kt_strbuf_text(&sb), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_is_wilsons),
		cmocka_unit_test(the_interval_holds_the_share_and_stays_within),
		cmocka_unit_test(runs_without_a_verdict_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
