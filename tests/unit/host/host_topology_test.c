// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>

#include "host/host_topology.h"

static struct kt_host_topology *read_synthetic(const char *description)
{
	struct kt_host_topology *host = NULL;
	struct ktstr_error err = {0};

	setenv("HWLOC_SYNTHETIC", description, 1);
	if (kt_host_topology_read(&host, &err) < 0)
		fail_msg("\"%s\": %s", description, err.message);
	unsetenv("HWLOC_SYNTHETIC");
	return host;
}

static void a_synthetic_host_is_read_level_by_level(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host =
		read_synthetic("numa:2(memory=1073741824) l3:2 core:3 pu:2");

	(void)state;
	assert_int_equal(host->n_nodes, 2);
	assert_int_equal(host->n_llcs, 4);
	assert_int_equal(host->n_cpus, 24);
	assert_int_equal(host->nodes[1].id, 1);
	assert_int_equal(host->nodes[1].memory_mib, 1024);
	for (uint32_t i = 0; i < 24; i++) {
		assert_int_equal(host->cpus[i].id, i);
		assert_int_equal(host->cpus[i].core, i / 2);
		assert_int_equal(host->cpus[i].llc, i / 6);
		assert_int_equal(host->cpus[i].node, i / 12);
	}
	assert_int_equal(host->llcs[2].node, 1);
	assert_int_equal(host->llcs[2].n_cpus, 6);
}

static void interleaved_cpu_numbers_stay_with_their_cores(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host =
		read_synthetic("l3:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");

	(void)state;
	assert_int_equal(host->n_llcs, 2);
	assert_int_equal(host->cpus[0].id, 0);
	assert_int_equal(host->cpus[1].id, 4);
	assert_int_equal(host->cpus[1].core, 0);
	assert_int_equal(host->cpus[2].id, 1);
	assert_int_equal(host->cpus[2].core, 1);
}

static void without_an_l3_the_outermost_cache_counts(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *l2 =
		read_synthetic("package:1 l2:3 core:2 pu:1");

	(void)state;
	assert_int_equal(l2->n_llcs, 3);
}

static void without_caches_the_package_counts(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host =
		read_synthetic("package:2 core:2 pu:1");

	(void)state;
	assert_int_equal(host->n_llcs, 2);
	assert_int_equal(host->n_cpus, 4);
}

static void an_llc_of_several_nodes_belongs_to_one(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host =
		read_synthetic("l3:1 numa:2 core:2 pu:1");

	(void)state;
	assert_int_equal(host->n_nodes, 2);
	assert_int_equal(host->n_llcs, 1);
	assert_int_equal(host->llcs[0].n_cpus, 4);
	assert_int_equal(host->llcs[0].node, 0);
	assert_int_equal(host->cpus[3].node, 1);
}

static void this_host_has_cpus(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host = NULL;
	struct ktstr_error err = {0};

	(void)state;
	assert_int_equal(kt_host_topology_read(&host, &err), 0);
	assert_true(host->n_cpus > 0);
	assert_true(host->n_llcs > 0);
	assert_true(host->n_nodes > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_synthetic_host_is_read_level_by_level),
		cmocka_unit_test(interleaved_cpu_numbers_stay_with_their_cores),
		cmocka_unit_test(without_an_l3_the_outermost_cache_counts),
		cmocka_unit_test(without_caches_the_package_counts),
		cmocka_unit_test(an_llc_of_several_nodes_belongs_to_one),
		cmocka_unit_test(this_host_has_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
