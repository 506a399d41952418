// SPDX-License-Identifier: GPL-2.0-only
/* What a declaration of CPUs means on a machine. */
#include "test.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/cpulist.h"
#include "base/macro.h"
#include "scenario/cpuset.h"

/* As many CPUs as there are, in caches of `per_llc` and nodes of `per_node`. */
static void make(struct kt_machine *machine, size_t n, size_t per_llc,
		 size_t per_node)
{
	*machine = (struct kt_machine){
		.n_llcs = n / per_llc,
		.n_nodes = n / per_node,
	};
	machine->llcs = calloc(machine->n_llcs, sizeof(*machine->llcs));
	machine->nodes = calloc(machine->n_nodes, sizeof(*machine->nodes));
	for (size_t cpu = 0; cpu < n; cpu++) {
		assert_int_equal(kt_bitmap_set(&machine->online, cpu), 0);
		assert_int_equal(
			kt_bitmap_set(&machine->llcs[cpu / per_llc], cpu), 0);
		assert_int_equal(
			kt_bitmap_set(&machine->nodes[cpu / per_node], cpu), 0);
	}
}

static void is(const struct kt_machine *machine, struct ktstr_cpuset spec,
	       const char *list)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	struct ktstr_error err = { 0 };

	if (kt_cpuset_resolve(&spec, machine, &cpus, &err) < 0)
		fail_msg("%s", err.message);
	kt_cpulist_print(&text, &cpus);
	assert_string_equal(kt_strbuf_text(&text), list);
}

static void is_not(const struct kt_machine *machine, struct ktstr_cpuset spec,
		   int code, const char *message)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	struct ktstr_error err = { 0 };

	assert_int_equal(kt_cpuset_resolve(&spec, machine, &cpus, &err), code);
	assert_contains(err.message, message);
}

static void places(void **state)
{
	_cleanup_machine_ struct kt_machine m = { 0 };

	(void)state;
	make(&m, 8, 2, 4);
	is(&m, (struct ktstr_cpuset){ 0 }, "");
	is(&m, KTSTR_CPUS_LLC(0), "0-1");
	is(&m, KTSTR_CPUS_LLC(2), "4-5");
	is(&m, KTSTR_CPUS_LLC(3), "6");
	is(&m, KTSTR_CPUS_NODE(0), "0-3");
	is(&m, KTSTR_CPUS_NODE(1), "4-6");
	is_not(&m, KTSTR_CPUS_LLC(4), -ERANGE, "LLC 4 of a machine that has 4");
	is_not(&m, KTSTR_CPUS_NODE(2), -ERANGE, "node 2 of a machine that has 2");
	is_not(&m, (struct ktstr_cpuset){ .kind = 77 }, -EINVAL, "kind 77");
}

static void a_place_may_have_nothing_to_use(void **state)
{
	_cleanup_machine_ struct kt_machine m = { 0 };

	(void)state;
	make(&m, 3, 1, 3);
	is(&m, KTSTR_CPUS_LLC(1), "1");
	is_not(&m, KTSTR_CPUS_LLC(2), -ERANGE, "LLC 2 has no usable CPU");
	kt_bitmap_clear(&m.online, 2);
	is(&m, KTSTR_CPUS_LLC(1), "1");
}

static void ranges(void **state)
{
	_cleanup_machine_ struct kt_machine m = { 0 };

	(void)state;
	make(&m, 9, 9, 9);
	is(&m, KTSTR_CPUS_RANGE(0, 1), "0-7");
	is(&m, KTSTR_CPUS_RANGE(0, 0.5), "0-3");
	is(&m, KTSTR_CPUS_RANGE(0.5, 1), "4-7");
	is(&m, KTSTR_CPUS_RANGE(0.25, 0.35), "2");
	is_not(&m, KTSTR_CPUS_RANGE(0.25, 0.26), -ERANGE,
	       "none of 8 usable CPUs");
	is_not(&m, KTSTR_CPUS_RANGE(0.5, 0.5), -EINVAL, "from 0.5 to 0.5");
	is_not(&m, KTSTR_CPUS_RANGE(-0.5, 0.5), -EINVAL, "0 <= from < to <= 1");
	is_not(&m, KTSTR_CPUS_RANGE(0, 1.5), -EINVAL, "to 1.5");
	is_not(&m, KTSTR_CPUS_RANGE(0, NAN), -EINVAL, "0 <= from < to <= 1");
	is_not(&m, KTSTR_CPUS_RANGE(NAN, 1), -EINVAL, "0 <= from < to <= 1");
}

static void parts(void **state)
{
	_cleanup_machine_ struct kt_machine m = { 0 };

	(void)state;
	make(&m, 8, 8, 8);
	is(&m, KTSTR_CPUS_DISJOINT(0, 2), "0-2");
	is(&m, KTSTR_CPUS_DISJOINT(1, 2), "3-6");
	is(&m, KTSTR_CPUS_DISJOINT(6, 7), "6");
	is_not(&m, KTSTR_CPUS_DISJOINT(0, 8), -ERANGE,
	       "7 usable CPUs cannot be divided into 8 parts");
	is_not(&m, KTSTR_CPUS_DISJOINT(2, 2), -EINVAL, "part 2 of 2 parts");
	is_not(&m, KTSTR_CPUS_DISJOINT(0, 0), -EINVAL, "part 0 of 0 parts");
	is(&m, KTSTR_CPUS_OVERLAP(0, 2, 0), "0-2");
	is(&m, KTSTR_CPUS_OVERLAP(0, 2, 0.5), "0-4");
	is(&m, KTSTR_CPUS_OVERLAP(0, 2, 0.01), "0-3");
	is(&m, KTSTR_CPUS_OVERLAP(0, 2, 1), "0-6");
	is(&m, KTSTR_CPUS_OVERLAP(1, 2, 1), "3-6");
	is_not(&m, KTSTR_CPUS_OVERLAP(0, 2, 1.5), -EINVAL, "an overlap of 1.5");
	is_not(&m, KTSTR_CPUS_OVERLAP(0, 2, NAN), -EINVAL, "an overlap of");
}

/* Whatever the sizes, parts are even, in order, and leave nothing out. */
static void parts_cover_each_cpu_once(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 20; n++) {
		_cleanup_machine_ struct kt_machine m = { 0 };
		size_t usable = n > 2 ? n - 1 : n;

		make(&m, n, n, n);
		for (uint32_t of = 1; of <= usable; of++) {
			size_t next = 0;

			for (uint32_t i = 0; i < of; i++) {
				const struct ktstr_cpuset spec =
					KTSTR_CPUS_DISJOINT(i, of);
				_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };

				assert_int_equal(kt_cpuset_resolve(&spec, &m,
								   &cpus, NULL),
						 0);
				assert_in_range(kt_bitmap_count(&cpus),
						usable / of,
						(usable + of - 1) / of);
				kt_bitmap_for_each (cpu, &cpus)
					assert_int_equal(cpu, next++);
			}
			assert_int_equal(next, usable);
		}
	}
}

static void exact_ones(void **state)
{
	_cleanup_machine_ struct kt_machine m = { 0 };

	(void)state;
	make(&m, 4, 4, 4);
	/* Also the one that is left free. */
	is(&m, KTSTR_CPUS_EXACT("0,2-3"), "0,2-3");
	is_not(&m, KTSTR_CPUS_EXACT("0,4"), -ERANGE, "CPU 4 of \"0,4\" is not");
	is_not(&m, KTSTR_CPUS_EXACT("0-"), -EINVAL, "cpuset: ");
	is_not(&m, KTSTR_CPUS_EXACT(""), -EINVAL, "an empty list");
	is_not(&m, KTSTR_CPUS_EXACT(NULL), -EINVAL, "without a list");
	kt_bitmap_clear(&m.online, 2);
	is_not(&m, KTSTR_CPUS_EXACT("2"), -ERANGE, "CPU 2");
}

static void nodes_of_cpus(void **state)
{
	static const struct {
		const char *cpus;
		const char *nodes;
	} cases[] = { { "0", "0" }, { "4-5", "1" }, { "3-4", "0-1" }, { "", "" } };
	_cleanup_machine_ struct kt_machine m = { 0 };

	(void)state;
	make(&m, 8, 2, 4);
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		_cleanup_bitmap_ struct kt_bitmap cpus = { 0 }, nodes = { 0 };
		_cleanup_strbuf_ struct kt_strbuf text = { 0 };

		assert_int_equal(kt_cpulist_parse(cases[i].cpus, &cpus, NULL), 0);
		assert_int_equal(kt_cpuset_nodes(&cpus, &m, &nodes, NULL), 0);
		kt_cpulist_print(&text, &nodes);
		assert_string_equal(kt_strbuf_text(&text), cases[i].nodes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(a_place_may_have_nothing_to_use),
		cmocka_unit_test(ranges),
		cmocka_unit_test(parts),
		cmocka_unit_test(parts_cover_each_cpu_once),
		cmocka_unit_test(exact_ones),
		cmocka_unit_test(nodes_of_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
