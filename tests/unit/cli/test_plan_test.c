// SPDX-License-Identifier: GPL-2.0-only
/* What command lines mean; the test binary is a shell script. */
#include "test.h"

#include <stdlib.h>

#include "base/fd.h"
#include "base/macro.h"
#include "cli/test_plan.h"

#define TEST(name, line, memory, more)                                         \
	"{\"name\": \"" name "\", \"file\": \"t.c\", \"line\": " #line ", "    \
	"\"numa_nodes\": 1, \"llcs\": 1, \"cores\": 2, \"threads\": 1, "       \
	"\"memory_mib\": " #memory ", \"duration_s\": 4, \"timeout_s\": 0, "   \
	"\"expect_err\": false, \"include_files\": []" more "}"

#define FLAGS                                                                  \
	", \"max_cpus\": 4, \"scheduler\": {\"name\": \"s\", \"binary\": "     \
	"\"/bin/true\", \"args\": [], \"enable\": [], \"disable\": [], "           \
	"\"cmdline\": null, \"flags\": [{\"name\": \"fast\", "                 \
	"\"args\": [\"-f\", \"2\"], \"needs\": []}]}"

#define SMALL TEST("small", 1, 512, ", \"max_cpus\": 4")
#define LARGE TEST("large", 2, 3000, FLAGS)

static char directory[] = "/tmp/ktstr-test-plan-test.XXXXXX";
static char binary[64];

static int setup(void **state)
{
	static const char script[] =
		"#!/bin/sh\ncat <<'E'\n"
		"{\"ktstr_list\": 1, \"tests\": [" SMALL ", " LARGE "]}\nE\n";

	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(binary, sizeof(binary), "%s/tests", directory);
	return kt_write_file_atomic(binary, script, strlen(script), 0755);
}

static int teardown(void **state)
{
	(void)state;
	return kt_remove_tree(directory);
}

static struct kt_test_values defaults(void)
{
	return (struct kt_test_values){
		.repeat = 1,
		.jobs = KT_TEST_JOBS_AUTO,
		.budget_ms = KT_TEST_BUDGET_NONE,
	};
}

static void make(const struct kt_test_values *values, struct kt_test_plan *ret)
{
	const char *words[] = { binary };
	const struct kt_words binaries = { words, 1 };
	struct ktstr_error err = { 0 };

	if (kt_test_plan_init(ret, values, &binaries, &err) < 0)
		fail_msg("%s", err.message);
}

static void expect_memory_mib(const struct kt_test_values values,
			      uint32_t expected)
{
	_cleanup_test_plan_ struct kt_test_plan plan = { 0 };
	uint32_t seen = 1;

	make(&values, &plan);
	assert_int_equal(kt_test_plan_memory(&plan, &seen, NULL), 0);
	assert_int_equal(seen, expected);
}

static void memory_is_for_all_that_run_at_once(void **state)
{
	struct kt_test_values v = defaults();

	(void)state;
	expect_memory_mib(v, 3000);
	v.jobs = 1;
	expect_memory_mib(v, 3000);
	v.jobs = 2;
	expect_memory_mib(v, 3512);
	v.jobs = 1000;
	expect_memory_mib(v, 3512);
	/* A test can be there as often as it is repeated. */
	v.repeat = 3;
	expect_memory_mib(v, 3 * 3512);
	v.jobs = 2;
	expect_memory_mib(v, 6000);
	/* What is skipped needs none. */
	v.topology = "1n1l5c1t";
	expect_memory_mib(v, 0);
}

static void a_plain_run_is_as_it_was(void **state)
{
	const struct kt_test_values v = defaults();
	_cleanup_test_plan_ struct kt_test_plan plan = { 0 };
	struct kt_run_request request;

	(void)state;
	make(&v, &plan);
	assert_int_equal(kt_test_plan_runs(&plan), 2);
	request = kt_test_plan_request(&plan, &plan.matrix.cells[1]);
	assert_string_equal(request.test->name, "large");
	assert_string_equal(request.binary, binary);
	assert_null(request.topology);
	assert_null(request.profile_args);
	assert_null(request.labels.preset);
	assert_null(request.labels.kernel);
	assert_null(request.labels.profile);
}

static void a_gauntlets_run_has_its_preset_kernel_and_profile(void **state)
{
	const char *kernels[] = { "7.3", "/boot/linux" };
	struct kt_test_values v = defaults();
	_cleanup_test_plan_ struct kt_test_plan plan = { 0 };
	struct kt_run_request request;

	(void)state;
	v.gauntlet = true;
	v.repeat = 2;
	v.kernels = (struct kt_words){ kernels, 2 };
	make(&v, &plan);
	/* Two presets, two kernels; two profiles of the second test. */
	assert_int_equal(plan.matrix.n, 4 + 8);
	assert_int_equal(kt_test_plan_runs(&plan), 24);
	request = kt_test_plan_request(&plan, &plan.matrix.cells[11]);
	assert_string_equal(request.labels.preset, "tiny-2llc");
	assert_string_equal(request.labels.kernel, "boot_linux");
	assert_string_equal(request.labels.profile, "fast");
	assert_int_equal(request.topology->llcs, 2);
	assert_string_equal(request.profile_args[0], "-f");
	assert_string_equal(request.profile_args[1], "2");
	assert_null(request.profile_args[2]);
	request = kt_test_plan_request(&plan, &plan.matrix.cells[10]);
	assert_string_equal(request.labels.profile, "plain");
	assert_null(request.profile_args[0]);
}

/* A budget is one machine's time, or that of as many as --jobs says. */
static void a_budget_counts_what_runs_at_once(void **state)
{
	struct kt_test_values v = defaults();
	_cleanup_test_plan_ struct kt_test_plan one = { 0 }, two = { 0 };

	(void)state;
	v.gauntlet = true;
	v.budget_ms = 2 * 8400;
	make(&v, &one);
	assert_int_equal(one.matrix.n, 2);
	assert_int_equal(one.budget.of, 6);
	v.jobs = 2;
	make(&v, &two);
	assert_int_equal(two.matrix.n, 4);
}

static void shards_of_a_plan_are_parts_of_it(void **state)
{
	struct kt_test_values v = defaults();
	size_t runs = 0;

	(void)state;
	v.gauntlet = true;
	for (int i = 1; i <= 4; i++) {
		_cleanup_test_plan_ struct kt_test_plan plan = { 0 };
		char shard[16];

		snprintf(shard, sizeof(shard), "%d/4", i);
		v.shard = shard;
		make(&v, &plan);
		runs += kt_test_plan_runs(&plan);
	}
	assert_int_equal(runs, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_for_all_that_run_at_once),
		cmocka_unit_test(a_plain_run_is_as_it_was),
		cmocka_unit_test(a_gauntlets_run_has_its_preset_kernel_and_profile),
		cmocka_unit_test(a_budget_counts_what_runs_at_once),
		cmocka_unit_test(shards_of_a_plan_are_parts_of_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
