// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include "base/macro.h"
#include "gauntlet.h"
#include "runner/budget.h"

static char *no_args[] = { NULL };
static struct kt_profile profiles[] = {
	{ .name = (char *)"plain", .args = no_args },
	{ .name = (char *)"fast", .args = no_args },
};

static struct kt_test small, large;
static const struct kt_test *const tests[] = { &small, &large };

static int setup(void **state)
{
	(void)state;
	small = gauntlet_test("small", 4, 5);
	large = gauntlet_test("large", 12, 50);
	large.profiles = (struct kt_profiles){ profiles, 2 };
	return 0;
}

static void make(size_t n_tests, size_t n_kernels, struct kt_matrix *ret)
{
	const struct kt_matrix_input input = { .tests = tests,
					       .n_tests = n_tests,
					       .n_kernels = n_kernels,
					       .repeat = 1,
					       .gauntlet = true };

	assert_int_equal(kt_matrix_expand(&input, ret, NULL), 0);
}

static void choose(struct kt_matrix *matrix, uint64_t budget_ms,
		   struct kt_budget_result *ret)
{
	struct ktstr_error err = {};

	if (kt_budget_choose(matrix, budget_ms, ret, &err) < 0)
		fail_msg("%s", err.message);
}

/* small: tiny-1llc and tiny-2llc, on two kernels, 9400 ms each. */
static void the_first_covers_most_and_the_second_what_is_left(void **state)
{
	_cleanup_matrix_ struct kt_matrix matrix = {};
	struct kt_budget_result result;

	(void)state;
	make(1, 2, &matrix);
	choose(&matrix, 2 * 9400, &result);
	assert_int_equal(result.of, 4);
	assert_int_equal(result.estimate_ms, 2 * 9400);
	/*
	 * 2 presets, 2 kernels, 1 profile, no SMT, 1 node for the test: 7; 4 of
	 * presets and kernels, 2 of presets and kernels each with the profile.
	 */
	assert_int_equal(result.pairs, 7 + 4 + 2 + 2);
	assert_int_equal(matrix.n, 2);
	assert_int_equal(matrix.cells[0].pick, 1);
	assert_int_equal(matrix.cells[0].new_pairs, 8);
	assert_string_equal(matrix.cells[0].preset->name, "tiny-1llc");
	assert_int_equal(matrix.cells[0].kernel, 0);
	/* Another preset and another kernel at once. */
	assert_string_equal(matrix.cells[1].preset->name, "tiny-2llc");
	assert_int_equal(matrix.cells[1].kernel, 1);
	assert_int_equal(matrix.cells[1].pick, 2);
	assert_int_equal(matrix.cells[1].new_pairs, 5);
	assert_int_equal(result.covered, 13);
}

static void more_time_covers_more_and_all_is_all(void **state)
{
	size_t covered = 0;

	(void)state;
	for (uint64_t budget_ms = 10000;; budget_ms *= 2) {
		_cleanup_matrix_ struct kt_matrix matrix = {};
		struct kt_budget_result result;

		make(2, 2, &matrix);
		choose(&matrix, budget_ms, &result);
		assert_true(result.estimate_ms <= budget_ms);
		assert_true(result.covered >= covered);
		covered = result.covered;
		if (matrix.n == result.of) {
			assert_int_equal(covered, result.pairs);
			break;
		}
		/* All would have fitted otherwise. */
		assert_true(budget_ms < 100000000);
	}
}

/* What is not chosen does not fit behind what is. */
static void the_time_is_used(void **state)
{
	_cleanup_matrix_ struct kt_matrix all = {}, matrix = {};
	struct kt_budget_result result;
	uint64_t left_ms;
	size_t at = 0;

	(void)state;
	make(2, 2, &all);
	make(2, 2, &matrix);
	choose(&matrix, 300000, &result);
	left_ms = 300000 - result.estimate_ms;
	for (size_t i = 0; i < all.n; i++) {
		const struct kt_cell *cell = &all.cells[i];
		bool chosen =
			at < matrix.n && gauntlet_same(&matrix.cells[at], cell);

		at += chosen;
		assert_true(chosen || cell->estimate_ms > left_ms);
	}
	assert_int_equal(at, matrix.n);
}

static void the_most_worthwhile_is_chosen_first(void **state)
{
	_cleanup_matrix_ struct kt_matrix matrix = {};
	struct kt_budget_result result;
	uint32_t last = UINT32_MAX;
	uint64_t last_ms = 1;

	(void)state;
	make(2, 3, &matrix);
	choose(&matrix, UINT64_MAX, &result);
	assert_int_equal(matrix.n, result.of);
	/* By worth for its time, which only falls. */
	for (uint32_t pick = 1; pick <= matrix.n; pick++) {
		const struct kt_cell *found = NULL;

		for (size_t i = 0; i < matrix.n; i++) {
			if (matrix.cells[i].pick == pick)
				found = &matrix.cells[i];
		}
		assert_non_null(found);
		assert_true(found->new_pairs * last_ms <=
			    last * found->estimate_ms);
		last = found->new_pairs;
		last_ms = found->estimate_ms;
	}
}

static void it_is_the_same_each_time(void **state)
{
	_cleanup_matrix_ struct kt_matrix one = {}, other = {};
	struct kt_budget_result result;

	(void)state;
	make(2, 3, &one);
	make(2, 3, &other);
	choose(&one, 400000, &result);
	choose(&other, 400000, &result);
	assert_int_equal(one.n, other.n);
	for (size_t i = 0; i < one.n; i++) {
		assert_int_equal(one.cells[i].pick, other.cells[i].pick);
		assert_true(gauntlet_same(&one.cells[i], &other.cells[i]));
	}
}

static void too_little_time_is_refused(void **state)
{
	_cleanup_matrix_ struct kt_matrix matrix = {}, empty = {};
	struct kt_budget_result result;
	struct ktstr_error err = {};

	(void)state;
	make(1, 1, &matrix);
	assert_int_equal(kt_budget_choose(&matrix, 9399, &result, &err), -EINVAL);
	assert_contains(err.message,
			"9.399 s is too short: the shortest run takes about "
			"9.4 s");
	message_seen(err.message);
	choose(&matrix, 9400, &result);
	assert_int_equal(matrix.n, 1);
	/* Nothing at all, of an empty shard, is done in any time. */
	choose(&empty, 1, &result);
	assert_int_equal(result.of, 0);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(the_first_covers_most_and_the_second_what_is_left),
		cmocka_unit_test(more_time_covers_more_and_all_is_all),
		cmocka_unit_test(the_time_is_used),
		cmocka_unit_test(the_most_worthwhile_is_chosen_first),
		cmocka_unit_test(it_is_the_same_each_time),
		cmocka_unit_test(too_little_time_is_refused),
		messages_test("runner_budget"),
	};

	return cmocka_run_group_tests(all, setup, NULL);
}
