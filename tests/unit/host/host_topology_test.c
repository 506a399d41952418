// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <hwloc.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/host_topology.h"
#include "sysfs.h"

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
	assert_int_equal(host->llcs[2].first_cpu, 12);
	assert_int_equal(host->llcs[2].n_cpus, 6);
	assert_int_equal(host->llcs[2].n_allowed, 6);
	assert_int_equal(host->n_allowed, 24);
	assert_true(host->pretended);
	assert_int_equal(kt_host_distance(host, 0, 0), 10);
	assert_int_equal(kt_host_distance(host, 0, 1), 20);
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

/* By hwloc itself, as its own program would. */
static void export_xml(const char *description, const char *path)
{
	hwloc_topology_t topology;

	assert_int_equal(hwloc_topology_init(&topology), 0);
	assert_int_equal(hwloc_topology_set_synthetic(topology, description), 0);
	assert_int_equal(hwloc_topology_load(topology), 0);
	assert_int_equal(hwloc_topology_export_xml(topology, path, 0), 0);
	hwloc_topology_destroy(topology);
}

static void a_host_comes_from_xml(void **state)
{
	static const char description[] =
		"numa:2(memory=1073741824) l3:2 core:3 pu:2";
	_cleanup_host_topology_ struct kt_host_topology *plain =
		read_synthetic(description);
	_cleanup_host_topology_ struct kt_host_topology *host = NULL;
	char path[] = "/tmp/ktstr-host-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	export_xml(description, path);
	setenv("HWLOC_XMLFILE", path, 1);
	assert_int_equal(kt_host_topology_read_whole(&host, NULL), 0);
	unsetenv("HWLOC_XMLFILE");
	unlink(path);
	assert_true(host->pretended);
	assert_int_equal(host->n_cpus, plain->n_cpus);
	assert_int_equal(host->n_llcs, plain->n_llcs);
	assert_int_equal(host->n_nodes, plain->n_nodes);
	for (size_t i = 0; i < host->n_cpus; i++) {
		assert_int_equal(host->cpus[i].id, plain->cpus[i].id);
		assert_int_equal(host->cpus[i].llc, plain->cpus[i].llc);
		assert_int_equal(host->cpus[i].node, plain->cpus[i].node);
	}
}

/* Four LLCs of two CPUs, and CPUs 2-3 and 6 for us. */
static struct kt_host_topology *read_boxed(
	int (*read)(struct kt_host_topology **ret, struct ktstr_error *err))
{
	struct sysfs_machine *m = calloc(1, sizeof(*m));
	char root[] = "/tmp/ktstr-host-XXXXXX";
	struct kt_host_topology *host = NULL;

	assert_non_null(m);
	for (uint32_t i = 0; i < 8; i++)
		m->cpus[i] = (struct sysfs_cpu){ .core = i, .l2 = i, .l3 = i / 2 };
	m->n_cpus = 8;
	m->n_nodes = 1;
	m->distances[0][0] = 10;
	m->cgroup_cpus = "2-3,6\n";
	assert_non_null(mkdtemp(root));
	sysfs_write(root, m);
	free(m);
	setenv("HWLOC_FSROOT", root, 1);
	assert_int_equal(read(&host, NULL), 0);
	unsetenv("HWLOC_FSROOT");
	assert_int_equal(kt_remove_tree(root), 0);
	return host;
}

static void a_control_group_hides_cpus_or_marks_them(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *ours =
		read_boxed(kt_host_topology_read);
	_cleanup_host_topology_ struct kt_host_topology *whole =
		read_boxed(kt_host_topology_read_whole);

	(void)state;
	assert_int_equal(ours->n_cpus, 3);
	assert_int_equal(ours->n_llcs, 2);
	assert_int_equal(ours->cpus[2].id, 6);
	assert_int_equal(whole->n_cpus, 8);
	assert_int_equal(whole->n_llcs, 4);
	assert_int_equal(whole->n_allowed, 3);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(whole->cpus[i].allowed,
				 i == 2 || i == 3 || i == 6);
	assert_int_equal(whole->llcs[0].n_allowed, 0);
	assert_int_equal(whole->llcs[1].n_allowed, 2);
	assert_int_equal(whole->llcs[3].n_allowed, 1);
}

static void a_thread_s_affinity_is_what_is_allowed(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host = NULL;
	cpu_set_t before, one;
	size_t first = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(first, &before))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(kt_host_topology_read_whole(&host, NULL), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_false(host->pretended);
	assert_int_equal(host->n_allowed, 1);
	for (size_t i = 0; i < host->n_cpus; i++)
		assert_int_equal(host->cpus[i].allowed,
				 host->cpus[i].id == first);
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
		cmocka_unit_test(a_host_comes_from_xml),
		cmocka_unit_test(a_control_group_hides_cpus_or_marks_them),
		cmocka_unit_test(a_thread_s_affinity_is_what_is_allowed),
		cmocka_unit_test(this_host_has_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
