// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include "base/macro.h"
#include "runner/constraints.h"
#include "topology/grammar.h"

/* NULL: allowed. */
static void expect(const struct kt_constraints *constraints, const char *text,
		   const char *why)
{
	_cleanup_topology_text_ struct kt_topology_text parsed = {};
	_cleanup_topology_ struct kt_topology *topology = NULL;
	_cleanup_strbuf_ struct kt_strbuf said = {};
	bool allowed;

	assert_int_equal(kt_topology_parse(text, &parsed, NULL), 0);
	assert_int_equal(
		kt_topology_from_public(&parsed.topology, &topology, NULL), 0);
	allowed = kt_constraints_allow(constraints, topology, &said);
	assert_int_equal(kt_constraints_allow(constraints, topology, NULL),
			 allowed);
	assert_string_equal(kt_strbuf_text(&said), why ?: "");
	assert_int_equal(allowed, !why);
}

static void without_any_all_machines_are_right(void **state)
{
	const struct kt_constraints none = KT_CONSTRAINTS_NONE;

	(void)state;
	assert_int_equal(kt_constraints_check(&none, NULL), 0);
	expect(&none, "1n1l1c1t", NULL);
	expect(&none, "numa4-12llc", NULL);
}

static void each_end_is_allowed_and_what_is_past_it_is_not(void **state)
{
	const struct kt_constraints c = {
		.min_numa_nodes = 2,
		.max_numa_nodes = 4,
		.min_llcs = 4,
		.max_llcs = 8,
		.min_cpus = 12,
		.max_cpus = 32,
	};

	(void)state;
	expect(&c, "2n4l3c1t", NULL);
	expect(&c, "4n8l2c2t", NULL);
	expect(&c, "1n4l3c1t", "1 numa_nodes, but min_numa_nodes is 2");
	expect(&c, "5n5l3c1t", "5 numa_nodes, but max_numa_nodes is 4");
	expect(&c, "3n3l4c1t", "3 llcs, but min_llcs is 4");
	expect(&c, "3n9l2c1t", "9 llcs, but max_llcs is 8");
	expect(&c, "2n4l2c1t", "8 cpus, but min_cpus is 12");
	expect(&c, "2n4l9c1t", "36 cpus, but max_cpus is 32");
	/* Memory without CPUs is a node as well. */
	expect(&c, "5n(1l)(1l)(1l)(1l)(0l,64M)3c1t",
	       "5 numa_nodes, but max_numa_nodes is 4");
}

static void smt_means_two_threads_a_core(void **state)
{
	struct kt_constraints c = KT_CONSTRAINTS_NONE;

	(void)state;
	c.requires_smt = true;
	expect(&c, "1n1l1c2t", NULL);
	expect(&c, "1n1l2c1t", "one thread a core, but requires_smt is set");
}

static void what_no_machine_meets_is_refused(void **state)
{
	static const char *const names[] = { "numa_nodes", "llcs", "cpus" };

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++) {
		struct kt_constraints c = KT_CONSTRAINTS_NONE;
		uint32_t *min[] = { &c.min_numa_nodes, &c.min_llcs, &c.min_cpus };
		uint32_t *max[] = { &c.max_numa_nodes, &c.max_llcs, &c.max_cpus };
		struct ktstr_error err = {};

		*min[i] = *max[i] = 3;
		assert_int_equal(kt_constraints_check(&c, &err), 0);
		*max[i] = 2;
		assert_int_equal(kt_constraints_check(&c, &err), -EINVAL);
		assert_contains(err.message, names[i]);
		assert_contains(err.message, "is 3 and max_");
		message_seen(err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_all_machines_are_right),
		cmocka_unit_test(each_end_is_allowed_and_what_is_past_it_is_not),
		cmocka_unit_test(smt_means_two_threads_a_core),
		cmocka_unit_test(what_no_machine_meets_is_refused),
		messages_test("runner_constraints"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
