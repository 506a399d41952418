// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <math.h>

#include <ktstr/check.h>

KTSTR_DEFINE_CHECKS(nothing)
KTSTR_DEFINE_CHECKS(scheduler, .max_gap_ms = 500, .min_work_rate = 7,
		    .isolation = false)
KTSTR_DEFINE_CHECKS(test_layer, .max_gap_ms = 0, .not_stuck = false,
		    .isolation = true)
/* The very values of the grounds that KTSTR_CHECKS() writes over. */
KTSTR_DEFINE_CHECKS(ones, .max_gap_ms = 1, .max_spread_pct = 1,
		    .min_page_locality = 1, .not_stuck = true)
KTSTR_DEFINE_CHECKS(zeros, .max_spread_pct = 0, .min_work_rate = 0,
		    .not_stuck = false)

static struct ktstr_check_limits resolve(const struct ktstr_checks *a,
					 const struct ktstr_checks *b)
{
	const struct ktstr_checks *layers[] = { a, b };
	struct ktstr_check_limits limits;

	assert_int_equal(ktstr_checks_resolve(layers, 2, &limits, NULL), 0);
	return limits;
}

static void defaults_hold_where_nothing_is_set(void **state)
{
	static const struct ktstr_checks zero;
	struct ktstr_check_limits limits = resolve(&zero, &nothing);

	(void)state;
	assert_true(limits.not_stuck);
	assert_true(limits.isolation);
	assert_true(limits.max_gap_ms == 2000);
	assert_true(limits.max_spread_pct == 15);
	assert_true(isinf(limits.max_throughput_cv));
	assert_true(limits.min_work_rate == 0);
	assert_true(isinf(limits.max_p99_wake_latency_ns));
	assert_true(isinf(limits.max_wake_latency_cv));
	assert_true(limits.min_iteration_rate == 0);
	assert_true(isinf(limits.max_migration_ratio));
	assert_true(limits.min_page_locality == 0);
	assert_true(isinf(limits.max_cross_node_migration_ratio));
}

/* As a test's declaration has it among its attributes. */
static void a_layer_can_be_a_member(void **state)
{
	KTSTR_DEFINE_CHECKS(alone, .max_gap_ms = 500)
	struct {
		const char *name;
		struct ktstr_checks checks;
	} declared = { .name = "name", .checks = alone };
	struct ktstr_check_limits limits = resolve(&declared.checks, NULL);

	(void)state;
	assert_true(limits.max_gap_ms == 500);
	assert_true(limits.max_spread_pct == 15);
}

static void the_last_layer_that_sets_a_limit_wins(void **state)
{
	struct ktstr_check_limits limits = resolve(&scheduler, &test_layer);

	(void)state;
	assert_true(limits.max_gap_ms == 0);
	assert_true(limits.min_work_rate == 7);
	assert_false(limits.not_stuck);
	assert_true(limits.isolation);
	assert_true(limits.max_spread_pct == 15);
	limits = resolve(&test_layer, &scheduler);
	assert_true(limits.max_gap_ms == 500);
	assert_false(limits.isolation);
	assert_false(limits.not_stuck);
}

static void no_value_stands_for_not_set(void **state)
{
	struct ktstr_check_limits limits = resolve(&zeros, &ones);

	(void)state;
	assert_true(limits.max_gap_ms == 1);
	assert_true(limits.max_spread_pct == 1);
	assert_true(limits.min_page_locality == 1);
	assert_true(limits.not_stuck);
	limits = resolve(&scheduler, &zeros);
	assert_true(limits.max_spread_pct == 0);
	assert_true(limits.min_work_rate == 0);
	assert_false(limits.not_stuck);
	assert_true(limits.max_gap_ms == 500);
}

static void what_is_no_limit_is_refused(void **state)
{
	KTSTR_DEFINE_CHECKS(negative, .min_page_locality = -0.5)
	KTSTR_DEFINE_CHECKS(nan_gap, .max_gap_ms = NAN)
	const struct ktstr_checks *layer = &negative;
	struct ktstr_check_limits limits = { .max_gap_ms = 42 };
	struct ktstr_error err;

	(void)state;
	assert_int_equal(ktstr_checks_resolve(&layer, 1, &limits, &err), -EINVAL);
	assert_string_equal(err.message,
			    "min_page_locality = -0.5 is no limit: give a "
			    "number from 0 up, or INFINITY");
	layer = &nan_gap;
	assert_int_equal(ktstr_checks_resolve(&layer, 1, &limits, &err), -EINVAL);
	assert_contains(err.message, "max_gap_ms = ");
	assert_true(limits.max_gap_ms == 42);
}

static void verdicts_have_names_and_codes(void **state)
{
	(void)state;
	assert_int_equal(ktstr_verdict_exit_code(KTSTR_PASS), 0);
	assert_int_equal(ktstr_verdict_exit_code(KTSTR_FAIL), 1);
	assert_int_equal(ktstr_verdict_exit_code(KTSTR_SKIP), 77);
	assert_int_equal(ktstr_verdict_exit_code(KTSTR_INCONCLUSIVE), 2);
	assert_string_equal(ktstr_verdict_name(KTSTR_PASS), "pass");
	assert_string_equal(ktstr_verdict_name(KTSTR_FAIL), "fail");
	assert_string_equal(ktstr_verdict_name(KTSTR_SKIP), "skip");
	assert_string_equal(ktstr_verdict_name(KTSTR_INCONCLUSIVE),
			    "inconclusive");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_where_nothing_is_set),
		cmocka_unit_test(a_layer_can_be_a_member),
		cmocka_unit_test(the_last_layer_that_sets_a_limit_wins),
		cmocka_unit_test(no_value_stands_for_not_set),
		cmocka_unit_test(what_is_no_limit_is_refused),
		cmocka_unit_test(verdicts_have_names_and_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
