// SPDX-License-Identifier: GPL-2.0-only
/* The topology of made-up machines. */
#include "sysfs.h"

#include <errno.h>

#include "base/cpulist.h"
#include "scenario/machine.h"

static void is_set(const struct kt_bitmap *set, const char *list)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	kt_cpulist_print(&text, set);
	assert_string_equal(kt_strbuf_text(&text), list);
}

static void usable_is(const struct kt_machine *machine, const char *list)
{
	_cleanup_bitmap_ struct kt_bitmap usable = { 0 };

	assert_int_equal(kt_machine_usable(machine, &usable, NULL), 0);
	is_set(&usable, list);
}

static void two_nodes_of_two_caches(void **state)
{
	_cleanup_machine_ struct kt_machine machine = { 0 };
	struct sysfs sysfs;

	(void)state;
	sysfs_init(&sysfs);
	sysfs_put(&sysfs, "cpu/online", "0-7\n");
	for (int cpu = 0; cpu < 8; cpu++) {
		const char *const llcs[] = { "0-1\n", "2-3\n", "4-5\n", "6-7\n" };

		sysfs_put_caches(&sysfs, cpu, llcs[cpu / 2]);
	}
	sysfs_put(&sysfs, "node/online", "0-2\n");
	sysfs_put(&sysfs, "node/node0/cpulist", "0-3\n");
	sysfs_put(&sysfs, "node/node1/cpulist", "\n");
	sysfs_put(&sysfs, "node/node2/cpulist", "4-7\n");
	assert_int_equal(kt_machine_read(sysfs.root, &machine, NULL), 0);
	is_set(&machine.online, "0-7");
	assert_int_equal(machine.n_llcs, 4);
	is_set(&machine.llcs[0], "0-1");
	is_set(&machine.llcs[3], "6-7");
	assert_int_equal(machine.n_nodes, 3);
	is_set(&machine.nodes[0], "0-3");
	is_set(&machine.nodes[1], "");
	is_set(&machine.nodes[2], "4-7");
	usable_is(&machine, "0-6");
	sysfs_deinit(&sysfs);
}

static void a_machine_that_tells_of_no_caches_and_no_nodes(void **state)
{
	_cleanup_machine_ struct kt_machine machine = { 0 };
	struct sysfs sysfs;

	(void)state;
	sysfs_init(&sysfs);
	sysfs_put(&sysfs, "cpu/online", "0,2-3\n");
	assert_int_equal(kt_machine_read(sysfs.root, &machine, NULL), 0);
	assert_int_equal(machine.n_llcs, 1);
	is_set(&machine.llcs[0], "0,2-3");
	assert_int_equal(machine.n_nodes, 1);
	assert_true(kt_bitmap_test(&machine.nodes[0], 3));
	usable_is(&machine, "0,2");
	sysfs_deinit(&sysfs);
}

static void the_last_cpu_is_left_free_where_there_are_more_than_two(void **state)
{
	struct kt_machine machine = { 0 };

	(void)state;
	assert_int_equal(kt_bitmap_set(&machine.online, 0), 0);
	usable_is(&machine, "0");
	assert_int_equal(kt_bitmap_set(&machine.online, 5), 0);
	usable_is(&machine, "0,5");
	assert_int_equal(kt_bitmap_set(&machine.online, 7), 0);
	usable_is(&machine, "0,5");
	kt_machine_deinit(&machine);
}

static void refuses(const char *file, const char *text, int code,
		    const char *message)
{
	_cleanup_machine_ struct kt_machine machine = { 0 };
	struct ktstr_error err = { 0 };
	struct sysfs sysfs;

	sysfs_init(&sysfs);
	if (strcmp(file, "cpu/online") != 0)
		sysfs_put(&sysfs, "cpu/online", "0\n");
	sysfs_put(&sysfs, file, text);
	assert_int_equal(kt_machine_read(sysfs.root, &machine, &err), code);
	assert_contains(err.message, message);
	assert_int_equal(machine.n_llcs, 0);
	sysfs_deinit(&sysfs);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	refuses("cpu/online", "\n", -EINVAL, "names no CPU");
	refuses("cpu/online", "0-x\n", -EINVAL, "cpu/online");
	refuses("node/online", "0,5000\n", -EINVAL, "nodes from 1024 up");
}

static void without_sysfs_it_says_so(void **state)
{
	_cleanup_machine_ struct kt_machine machine = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_machine_read("/nowhere", &machine, &err), -ENOENT);
	assert_contains(err.message, "sysfs must be mounted on /nowhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_nodes_of_two_caches),
		cmocka_unit_test(a_machine_that_tells_of_no_caches_and_no_nodes),
		cmocka_unit_test(
			the_last_cpu_is_left_free_where_there_are_more_than_two),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(without_sysfs_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
