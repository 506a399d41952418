// SPDX-License-Identifier: GPL-2.0-only
/* Which machine a test gets; none is started here. */
#include "test.h"

#include "base/macro.h"
#include "runner/run.h"

static const struct kt_test small = {
	.name = (char *)"small",
	.topology = { 1, 1, 2, 1, NULL, NULL },
	.constraints = KT_CONSTRAINTS_NONE,
	.memory_mib = 100,
	.duration_s = 12,
};

static void plan(const struct kt_run_request *request, struct kt_run_plan *ret)
{
	struct ktstr_error err = {};

	if (kt_run_plan_init(ret, request, &err) < 0)
		fail_msg("%s", err.message);
}

static void the_machine_is_the_tests(void **state)
{
	const struct ktstr_include_file files[] = { { "a", "b" } };
	const struct kt_run_request request = {
		.test = &small,
		.binary = "dir/mytests",
		.kernel = "image",
		.include_files = files,
		.n_include_files = 1,
		.dmesg = true,
	};
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan p = {};

	(void)state;
	plan(&request, &p);
	assert_string_equal(p.config.kernel, "image");
	assert_string_equal(p.config.init_binary, "dir/mytests");
	assert_string_equal(p.config.run_args[0], "--ktstr-test-fn");
	assert_string_equal(p.config.run_args[1], "small");
	assert_null(p.config.run_args[2]);
	assert_int_equal(p.config.n_include_files, 1);
	assert_string_equal(p.config.include_files[0].archive_path, "a");
	assert_string_equal(p.config.include_files[0].host_path, "b");
	assert_true(p.config.dmesg);
	assert_false(p.config.busybox);
	assert_int_equal(p.config.stdio.input_fd, -1);
	assert_null(p.config.disk);
	assert_null(p.config.network);
	assert_string_equal(p.topology, "1n1l2c1t");
	assert_int_equal(p.n_cpus, 2);
}

static void its_devices_are_the_tests(void **state)
{
	const struct kt_test test = {
		.name = small.name,
		.topology = small.topology,
		.constraints = KT_CONSTRAINTS_NONE,
		.memory_mib = 100,
		.devices = { .has_disk = true,
			     .disk = { .size_mib = 9 },
			     .has_network = true,
			     .network = { .queue_pairs = 2 } },
	};
	const struct kt_run_request request = { .test = &test };
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan p = {};

	(void)state;
	plan(&request, &p);
	assert_int_equal(p.config.disk->size_mib, 9);
	assert_int_equal(p.config.network->queue_pairs, 2);
}

static void expect_memory_mib(const struct ktstr_topology *topology,
			      uint32_t declared, uint32_t expected)
{
	struct kt_test test = small;
	const struct kt_run_request request = { .test = &test,
						.topology = topology };
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan p = {};

	test.memory_mib = declared;
	plan(&request, &p);
	assert_int_equal(p.config.memory_mib, expected);
}

static void memory_is_what_the_test_or_the_cpus_need(void **state)
{
	const struct ktstr_topology large = KTSTR_TOPOLOGY(1, 4, 4, 2);
	const struct ktstr_numa_node nodes[] = { { .llcs = 1, .memory_mib = 300 },
						 { .memory_mib = 200 } };
	const struct ktstr_topology listed = KTSTR_TOPOLOGY_NODES(nodes, 2, 1);

	(void)state;
	expect_memory_mib(NULL, 100, 256);
	expect_memory_mib(NULL, 3000, 3000);
	expect_memory_mib(&large, 100, 32 * 64);
	expect_memory_mib(&large, 2049, 2049);
	/* What the user declares by node is final. */
	expect_memory_mib(&listed, 3000, 500);
}

static void expect_timeout(uint32_t timeout_s, uint32_t asked_ms, bool nested,
			   uint32_t expected_ms)
{
	struct kt_test test = small;
	const struct kt_run_request request = { .test = &test,
						.timeout_ms = asked_ms,
						.nested = nested };
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan p = {};

	test.timeout_s = timeout_s;
	plan(&request, &p);
	assert_int_equal(p.config.timeout_ms, expected_ms);
}

static void the_machine_outlives_its_test(void **state)
{
	(void)state;
	expect_timeout(0, 0, false, (60 + 12 + 30 + 30) * 1000);
	expect_timeout(100, 0, false, (60 + 100 + 30) * 1000);
	expect_timeout(100, 0, true, (300 + 100 + 30) * 1000);
	/* The longest that a list can have. */
	expect_timeout(604800, 0, true, (300 + 604800 + 30) * 1000u);
	/* Unless told otherwise. */
	expect_timeout(100, 1500, true, 1500);
}

/* A machine that the user asked for, and the test is not meant for. */
static void a_misfit_is_a_skip_with_the_reason(void **state)
{
	const struct ktstr_topology wide = KTSTR_TOPOLOGY(1, 1, 5, 1);
	struct kt_test test = small;
	struct kt_run_request request = { .test = &test,
					  .binary = "/nonexistent/tests",
					  .labels = { .kernel = "7.3" },
					  .topology = &wide,
					  .kernel = "/nonexistent/image" };
	_cleanup_test_run_ struct kt_test_run skipped = {}, failed = {};

	(void)state;
	test.constraints.max_cpus = 4;
	assert_int_equal(kt_test_run_once(&request, &skipped, NULL), 0);
	assert_string_equal(kt_outcome_name(&skipped.outcome), "skip");
	assert_string_equal(skipped.outcome.reason,
			    "the test is not meant for this machine: 5 cpus, "
			    "but max_cpus is 4");
	assert_string_equal(skipped.topology, "1n1l5c1t");
	assert_string_equal(skipped.labels.kernel, "7.3");
	assert_int_equal(skipped.n_cpus, 5);
	assert_null(skipped.machine);
	request.no_skip = true;
	assert_int_equal(kt_test_run_once(&request, &failed, NULL), 0);
	assert_string_equal(kt_outcome_name(&failed.outcome), "fail");
	assert_contains(failed.outcome.reason, "KTSTR_NO_SKIP_MODE");
	assert_contains(failed.outcome.reason, "max_cpus is 4");
}

static void expect_name(const struct kt_run_labels labels, uint32_t nth,
			uint32_t of, const char *expected)
{
	_cleanup_strbuf_ struct kt_strbuf name = {};

	kt_run_name(&name, &small, &labels, nth, of);
	assert_string_equal(kt_strbuf_text(&name), expected);
}

static void a_name_has_what_tells_runs_apart(void **state)
{
	const struct kt_run_labels none = {};
	const struct kt_run_labels kernel = { .kernel = "7.3" };
	const struct kt_run_labels all = { "tiny-1llc", "7.3", "a+b" };

	(void)state;
	expect_name(none, 1, 1, "small");
	expect_name(none, 2, 3, "small (2 of 3)");
	expect_name(kernel, 1, 1, "small (7.3)");
	expect_name(kernel, 2, 3, "small (7.3, 2 of 3)");
	expect_name(all, 1, 1, "small (tiny-1llc, 7.3, a+b)");
}

static void what_cannot_be_planned_is_broken(void **state)
{
	const struct ktstr_topology wrong = KTSTR_TOPOLOGY(2, 3, 1, 1);
	const struct kt_run_request request = { .test = &small,
						.binary = "mytests",
						.topology = &wrong };
	_cleanup_test_run_ struct kt_test_run run = {};

	(void)state;
	assert_int_equal(kt_test_run_once(&request, &run, NULL), 0);
	assert_string_equal(kt_outcome_name(&run.outcome), "broken");
	assert_contains(run.outcome.reason, "3 LLCs are not divisible");
	assert_string_equal(run.topology, "");
	assert_null(run.machine);
	assert_false(run.interrupted);
}

static void what_cannot_be_built_is_broken(void **state)
{
	const struct kt_run_request request = { .test = &small,
						.binary = "/nonexistent/tests",
						.kernel =
							"/nonexistent/image" };
	_cleanup_test_run_ struct kt_test_run run = {};

	(void)state;
	assert_int_equal(kt_test_run_once(&request, &run, NULL), 0);
	assert_string_equal(kt_outcome_name(&run.outcome), "broken");
	assert_contains(run.outcome.reason, "/nonexistent/image");
	assert_string_equal(run.topology, "1n1l2c1t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_is_the_tests),
		cmocka_unit_test(its_devices_are_the_tests),
		cmocka_unit_test(memory_is_what_the_test_or_the_cpus_need),
		cmocka_unit_test(the_machine_outlives_its_test),
		cmocka_unit_test(a_misfit_is_a_skip_with_the_reason),
		cmocka_unit_test(a_name_has_what_tells_runs_apart),
		cmocka_unit_test(what_cannot_be_planned_is_broken),
		cmocka_unit_test(what_cannot_be_built_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
