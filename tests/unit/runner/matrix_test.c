// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <stdlib.h>

#include "base/macro.h"
#include "gauntlet.h"

static char *no_args[] = { NULL };
static struct kt_profile profiles[] = {
	{ .name = (char *)"plain", .args = no_args },
	{ .name = (char *)"fast", .args = no_args },
};

static void expand(const struct kt_matrix_input *input, struct kt_matrix *ret)
{
	struct ktstr_error err = {};

	if (kt_matrix_expand(input, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void expect_names(const struct kt_matrix_input *input,
			 const struct kt_matrix *matrix,
			 const char *const *expected, size_t n)
{
	assert_int_equal(matrix->n, n);
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct kt_strbuf name = {};

		gauntlet_name(&name, input->tests, &matrix->cells[i]);
		assert_string_equal(kt_strbuf_text(&name), expected[i]);
	}
}

static void without_a_gauntlet_it_is_tests_by_kernels(void **state)
{
	static const char *const expected[] = { "a - 0 -", "a - 1 -", "b - 0 -",
						"b - 1 -" };
	const struct ktstr_topology other = KTSTR_TOPOLOGY(2, 4, 2, 2);
	struct kt_test a = gauntlet_test("a", 8, 5);
	struct kt_test b = gauntlet_test("b", 2, 5);
	const struct kt_test *const tests[] = { &a, &b };
	struct kt_matrix_input input = {
		.tests = tests, .n_tests = 2, .n_kernels = 2, .repeat = 3
	};
	_cleanup_matrix_ struct kt_matrix own = {}, given = {};

	(void)state;
	/* They are only for a gauntlet. */
	a.profiles = (struct kt_profiles){ profiles, 2 };
	expand(&input, &own);
	expect_names(&input, &own, expected, 4);
	assert_int_equal(own.cells[0].n_cpus, 2);
	assert_int_equal(own.cells[0].n_nodes, 1);
	assert_false(own.cells[0].smt);
	assert_int_equal(own.cells[0].estimate_ms,
			 3 * (2000 + 2 * 100 + 5000 + 2000));
	/* Also on what they are not meant for, which is told as a skip. */
	input.topology = &other;
	expand(&input, &given);
	expect_names(&input, &given, expected, 4);
	assert_int_equal(given.cells[3].n_cpus, 16);
	assert_int_equal(given.cells[3].n_nodes, 2);
	assert_true(given.cells[3].smt);
}

static void a_gauntlet_has_presets_and_profiles_within_constraints(void **state)
{
	static const char *const expected[] = {
		"few tiny-1llc 0 -",    "few tiny-1llc 1 -",
		"few tiny-2llc 0 -",    "few tiny-2llc 1 -",
		"smt smt-2llc 0 plain", "smt smt-2llc 0 fast",
		"smt smt-2llc 1 plain", "smt smt-2llc 1 fast",
		"alone - 0 -",          "alone - 1 -",
		"numa numa2-4llc 0 -",  "numa numa2-4llc 1 -",
	};
	struct kt_test few = gauntlet_test("few", 4, 5);
	struct kt_test smt = gauntlet_test("smt", 8, 5);
	struct kt_test alone = gauntlet_test("alone", 3, 5);
	struct kt_test numa = gauntlet_test("numa", 16, 5);
	const struct kt_test *const tests[] = { &few, &smt, &alone, &numa };
	const struct kt_matrix_input input = { .tests = tests,
					       .n_tests = 4,
					       .n_kernels = 2,
					       .repeat = 1,
					       .gauntlet = true };
	_cleanup_matrix_ struct kt_matrix matrix = {};

	(void)state;
	smt.constraints.requires_smt = true;
	smt.profiles = (struct kt_profiles){ profiles, 2 };
	numa.constraints.min_numa_nodes = 2;
	expand(&input, &matrix);
	expect_names(&input, &matrix, expected, KT_ARRAY_SIZE(expected));
}

/* The defaults of KTSTR_TEST(), and no limits at all. */
static void all_presets_are_tried(void **state)
{
	struct kt_test usual = gauntlet_test("usual", 192, 5);
	struct kt_test any = gauntlet_test("any", UINT32_MAX, 5);
	const struct kt_test *const tests[] = { &usual, &any };
	struct kt_matrix_input input = { .tests = tests,
					 .n_tests = 1,
					 .n_kernels = 1,
					 .repeat = 1,
					 .gauntlet = true };
	_cleanup_matrix_ struct kt_matrix few = {}, all = {};
	size_t n;

	(void)state;
	usual.constraints.max_numa_nodes = 1;
	usual.constraints.max_llcs = 12;
	expand(&input, &few);
	/* All but those of 15 and 14 LLCs and of several nodes. */
	assert_int_equal(few.n, 15);
	input.tests = &tests[1];
	expand(&input, &all);
	(void)kt_topology_presets(&n);
	assert_int_equal(all.n, n);
}

static void there_are_not_too_many(void **state)
{
	struct kt_test a = gauntlet_test("a", 8, 5);
	const struct kt_test **tests = calloc(KT_TESTS_MAX + 1, sizeof(*tests));
	struct kt_matrix_input input = { .tests = tests,
					 .n_tests = KT_TESTS_MAX,
					 .n_kernels = KT_KERNELS_MAX,
					 .repeat = 1 };
	_cleanup_matrix_ struct kt_matrix most = {}, matrix = {};
	struct ktstr_error err = {};

	(void)state;
	for (size_t i = 0; i < KT_TESTS_MAX + 1; i++)
		tests[i] = &a;
	expand(&input, &most);
	assert_int_equal(most.n, KT_CELLS_MAX);
	input.n_tests++;
	assert_int_equal(kt_matrix_expand(&input, &matrix, &err), -EINVAL);
	assert_contains(err.message, "more than 1000000 different runs");
	message_seen(err.message);
	free(tests);
}

static void a_shard_is_read(void **state)
{
	static const char *const wrong[] = {
		"",       "/",     "1",
		"1/",     "/2",    "0/2",
		"3/2",    "1/0",   "-1/2",
		"1/2/3",  "1 /2",  " 1/2",
		"1/1001", "1/2 ",  "4294967297/2",
		"+1/+2",  "0x1/2", "1/99999999999999999999",
	};
	uint32_t nth = 0, of = 0;

	(void)state;
	assert_int_equal(kt_shard_parse("2/4", &nth, &of, NULL), 0);
	assert_int_equal(nth, 2);
	assert_int_equal(of, 4);
	assert_int_equal(kt_shard_parse("1000/1000", &nth, &of, NULL), 0);
	assert_int_equal(nth, 1000);
	for (size_t i = 0; i < KT_ARRAY_SIZE(wrong); i++) {
		struct ktstr_error err = {};

		assert_int_equal(kt_shard_parse(wrong[i], &nth, &of, &err),
				 -EINVAL);
		assert_contains(err.message, "--shard must be I/N");
		message_seen(err.message);
	}
}

static uint64_t work_of(const struct kt_matrix *matrix)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < matrix->n; i++)
		sum += matrix->cells[i].estimate_ms * matrix->cells[i].n_cpus;
	return sum;
}

/* Each run is in one shard, in its old order, and none has much more to do. */
static void shards_share_all_that_there_is(void **state)
{
	struct kt_test a = gauntlet_test("a", UINT32_MAX, 5);
	struct kt_test b = gauntlet_test("b", 16, 60);
	const struct kt_test *const tests[] = { &a, &b };
	const struct kt_matrix_input input = { .tests = tests,
					       .n_tests = 2,
					       .n_kernels = 2,
					       .repeat = 1,
					       .gauntlet = true };
	_cleanup_matrix_ struct kt_matrix all = {};
	_cleanup_free_ unsigned int *seen = NULL;

	(void)state;
	a.profiles = (struct kt_profiles){ profiles, 2 };
	expand(&input, &all);
	for (uint32_t of = 1; of <= 5; of++) {
		uint64_t least = UINT64_MAX, most = 0, largest = 0;

		free(seen);
		seen = calloc(all.n, sizeof(*seen));
		for (uint32_t nth = 1; nth <= of; nth++) {
			_cleanup_matrix_ struct kt_matrix part = {};
			size_t from = 0;

			expand(&input, &part);
			assert_int_equal(kt_matrix_shard(&part, nth, of, NULL),
					 0);
			least = KT_MIN(least, work_of(&part));
			most = KT_MAX(most, work_of(&part));
			for (size_t i = 0; i < part.n; i++) {
				while (!gauntlet_same(&part.cells[i],
						      &all.cells[from]))
					from++;
				seen[from++]++;
			}
		}
		for (size_t i = 0; i < all.n; i++) {
			uint64_t work =
				all.cells[i].estimate_ms * all.cells[i].n_cpus;

			assert_int_equal(seen[i], 1);
			largest = KT_MAX(largest, work);
		}
		assert_true(most - least <= largest);
	}
}

static void runs_that_are_alike_are_not_dealt_regularly(void **state)
{
	struct kt_test a = gauntlet_test("a", 4, 5);
	const struct kt_test *tests[64];
	const struct kt_matrix_input input = {
		.tests = tests, .n_tests = 64, .n_kernels = 2, .repeat = 1
	};
	_cleanup_matrix_ struct kt_matrix part = {};
	size_t kernels[2] = {};

	(void)state;
	for (size_t i = 0; i < 64; i++)
		tests[i] = &a;
	expand(&input, &part);
	assert_int_equal(kt_matrix_shard(&part, 1, 2, NULL), 0);
	assert_int_equal(part.n, 64);
	for (size_t i = 0; i < part.n; i++)
		kernels[part.cells[i].kernel]++;
	assert_true(kernels[0] >= 16 && kernels[1] >= 16);
}

static void a_shard_may_be_empty(void **state)
{
	struct kt_test a = gauntlet_test("a", 8, 5);
	const struct kt_test *const tests[] = { &a };
	const struct kt_matrix_input input = {
		.tests = tests, .n_tests = 1, .n_kernels = 1, .repeat = 1
	};
	_cleanup_matrix_ struct kt_matrix matrix = {};

	(void)state;
	expand(&input, &matrix);
	assert_int_equal(kt_matrix_shard(&matrix, 2, 2, NULL), 0);
	assert_int_equal(matrix.n, 0);
	assert_int_equal(kt_matrix_shard(&matrix, 1, 2, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_gauntlet_it_is_tests_by_kernels),
		cmocka_unit_test(
			a_gauntlet_has_presets_and_profiles_within_constraints),
		cmocka_unit_test(all_presets_are_tried),
		cmocka_unit_test(there_are_not_too_many),
		cmocka_unit_test(a_shard_is_read),
		cmocka_unit_test(shards_share_all_that_there_is),
		cmocka_unit_test(runs_that_are_alike_are_not_dealt_regularly),
		cmocka_unit_test(a_shard_may_be_empty),
		messages_test("runner_matrix"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
