// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include "topology/topology.h"

static struct kt_topology *make(const struct ktstr_topology *declared)
{
	struct kt_topology *t = NULL;
	struct ktstr_error err = { 0 };

	if (kt_topology_from_public(declared, &t, &err) < 0)
		fail_msg("refused: %s", err.message);
	return t;
}

static void refuses(const struct ktstr_topology *declared, const char *message)
{
	struct kt_topology *t = NULL;
	struct ktstr_error err = { 0 };

	assert_int_equal(kt_topology_from_public(declared, &t, &err), -EINVAL);
	assert_null(t);
	assert_int_equal(err.kind, KTSTR_ERROR_INVALID);
	assert_int_equal(err.code, -EINVAL);
	assert_contains(err.message, message);
	message_seen(err.message);
	/* The message may be of no interest to the caller. */
	assert_int_equal(kt_topology_from_public(declared, &t, NULL), -EINVAL);
}

static void uniform_llcs_are_shared_out_over_the_nodes(void **state)
{
	struct ktstr_topology declared = KTSTR_TOPOLOGY(2, 4, 3, 2);
	_cleanup_topology_ struct kt_topology *t = make(&declared);

	(void)state;
	assert_int_equal(t->n_nodes, 2);
	assert_int_equal(t->n_llcs, 4);
	assert_int_equal(t->n_cpus, 24);
	assert_int_equal(t->max_cores_per_llc, 3);
	assert_int_equal(t->max_threads_per_core, 2);
	assert_false(t->has_declared_memory);
	assert_int_equal(t->nodes[1].first_llc, 2);
	assert_int_equal(t->nodes[1].n_llcs, 2);
	assert_int_equal(t->nodes[1].first_cpu, 12);
	assert_int_equal(t->nodes[1].n_cpus, 12);
	assert_int_equal(t->llcs[3].node, 1);
	assert_int_equal(t->llcs[3].first_cpu, 18);
	assert_int_equal(t->llcs[3].n_cpus, 6);
	assert_int_equal(kt_topology_distance(t, 0, 0), 10);
	assert_int_equal(kt_topology_distance(t, 0, 1), 20);
}

static void cpu_ids_run_by_thread_then_core_then_llc(void **state)
{
	struct ktstr_topology declared = KTSTR_TOPOLOGY(2, 6, 3, 2);
	_cleanup_topology_ struct kt_topology *t = make(&declared);
	uint32_t cpu = 0;

	(void)state;
	for (uint32_t llc = 0; llc < 6; llc++) {
		for (uint32_t core = 0; core < 3; core++) {
			for (uint32_t thread = 0; thread < 2; thread++) {
				struct kt_topology_place place =
					kt_topology_cpu(t, cpu++);

				assert_int_equal(place.node, llc / 3);
				assert_int_equal(place.llc, llc);
				assert_int_equal(place.core, core);
				assert_int_equal(place.thread, thread);
			}
		}
	}
	assert_int_equal(cpu, t->n_cpus);
}

static void unequal_llcs_place_their_cpus_too(void **state)
{
	/* Not to be declared yet, but what the model is made for. */
	struct kt_topology_llc llcs[] = {
		{ .node = 0,
		  .n_cores = 1,
		  .threads_per_core = 1,
		  .first_cpu = 0,
		  .n_cpus = 1 },
		{ .node = 0,
		  .n_cores = 2,
		  .threads_per_core = 2,
		  .first_cpu = 1,
		  .n_cpus = 4 },
		{ .node = 1,
		  .n_cores = 3,
		  .threads_per_core = 1,
		  .first_cpu = 5,
		  .n_cpus = 3 },
	};
	struct kt_topology t = { .llcs = llcs, .n_llcs = 3, .n_cpus = 8 };
	struct kt_topology_place place = kt_topology_cpu(&t, 4);

	(void)state;
	assert_int_equal(place.llc, 1);
	assert_int_equal(place.core, 1);
	assert_int_equal(place.thread, 1);
	place = kt_topology_cpu(&t, 7);
	assert_int_equal(place.node, 1);
	assert_int_equal(place.core, 2);
	assert_int_equal(place.thread, 0);
}

static void explicit_nodes_keep_what_they_declare(void **state)
{
	static const struct ktstr_numa_node nodes[] = {
		{ .llcs = 3, .memory_mib = 512, .latency_ns = 80 },
		{ .llcs = 0,
		  .memory_mib = 256,
		  .cache = { .size_bytes = 1 << 20,
			     .associativity = 1,
			     .write_policy = 1,
			     .line_bytes = 64 } },
		{ .llcs = 1, .memory_mib = 0, .bandwidth_mbs = 7 },
	};
	static const uint8_t distances[] = { 10, 21, 30, 21, 10, 40, 30, 40, 10 };
	struct ktstr_topology declared = KTSTR_TOPOLOGY_NODES(nodes, 2, 1);
	_cleanup_topology_ struct kt_topology *t = NULL;

	(void)state;
	declared.distances = distances;
	t = make(&declared);
	assert_int_equal(t->n_llcs, 4);
	assert_int_equal(t->n_cpus, 8);
	assert_true(t->has_declared_memory);
	assert_int_equal(kt_topology_memory_mib(t), 768);
	assert_int_equal(t->nodes[0].latency_ns, 80);
	assert_int_equal(t->nodes[0].bandwidth_mbs, 51200);
	assert_int_equal(t->nodes[1].n_cpus, 0);
	assert_int_equal(t->nodes[1].latency_ns, 300);
	assert_int_equal(t->nodes[1].bandwidth_mbs, 20480);
	assert_int_equal(t->nodes[1].cache.size_bytes, 1 << 20);
	assert_int_equal(t->nodes[2].latency_ns, 100);
	assert_int_equal(t->nodes[2].bandwidth_mbs, 7);
	assert_int_equal(t->llcs[3].node, 2);
	assert_int_equal(kt_topology_cpu(t, 6).node, 2);
	assert_int_equal(kt_topology_distance(t, 2, 1), 40);
}

static void memory_is_shared_evenly_with_the_rest_to_the_first(void **state)
{
	struct ktstr_topology declared = KTSTR_TOPOLOGY(3, 3, 1, 1);
	_cleanup_topology_ struct kt_topology *t = make(&declared);

	(void)state;
	assert_int_equal(kt_topology_memory_mib(t), 0);
	assert_int_equal(kt_topology_assign_memory(t, 257, NULL), 0);
	assert_int_equal(t->nodes[0].memory_mib, 86);
	assert_int_equal(t->nodes[1].memory_mib, 86);
	assert_int_equal(t->nodes[2].memory_mib, 85);
	/* Deferred sizing assigns anew. */
	assert_int_equal(kt_topology_assign_memory(t, 300, NULL), 0);
	assert_int_equal(kt_topology_memory_mib(t), 300);
}

static void memory_too_small_for_the_nodes_is_refused(void **state)
{
	struct ktstr_topology declared = KTSTR_TOPOLOGY(4, 4, 1, 1);
	_cleanup_topology_ struct kt_topology *t = make(&declared);
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_topology_assign_memory(t, 3, &err), -EINVAL);
	assert_contains(err.message,
			"3 MiB of memory leave some of 4 NUMA nodes");
	message_seen(err.message);
	assert_int_equal(kt_topology_assign_memory(t, 4, &err), 0);
}

static void declared_memory_must_be_the_total(void **state)
{
	static const struct ktstr_numa_node nodes[] = {
		{ .llcs = 1, .memory_mib = 512 },
		{ .llcs = 1, .memory_mib = 100 },
	};
	struct ktstr_topology declared = KTSTR_TOPOLOGY_NODES(nodes, 1, 1);
	_cleanup_topology_ struct kt_topology *t = make(&declared);
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_topology_assign_memory(t, 612, &err), 0);
	assert_int_equal(t->nodes[0].memory_mib, 512);
	assert_int_equal(kt_topology_assign_memory(t, 613, &err), -EINVAL);
	assert_contains(err.message, "the memory is to be 613 MiB");
	assert_contains(err.message, "sum to 612 MiB");
	message_seen(err.message);
}

static void unequal_nodes_may_leave_their_memory_open(void **state)
{
	static const struct ktstr_numa_node nodes[] = {
		{ .llcs = 3 },
		{ .llcs = 1 },
	};
	struct ktstr_topology declared = KTSTR_TOPOLOGY_NODES(nodes, 1, 1);
	_cleanup_topology_ struct kt_topology *t = make(&declared);

	(void)state;
	assert_false(t->has_declared_memory);
	assert_int_equal(kt_topology_assign_memory(t, 512, NULL), 0);
	assert_int_equal(t->nodes[1].memory_mib, 256);
}

static void a_dimension_of_zero_is_refused_by_name(void **state)
{
	struct ktstr_topology nodes = KTSTR_TOPOLOGY(0, 1, 1, 1);
	struct ktstr_topology llcs = KTSTR_TOPOLOGY(1, 0, 1, 1);
	struct ktstr_topology cores = KTSTR_TOPOLOGY(1, 1, 0, 1);
	struct ktstr_topology threads = KTSTR_TOPOLOGY(1, 1, 1, 0);

	(void)state;
	refuses(&nodes, "numa_nodes must be > 0");
	refuses(&llcs, "llcs must be > 0");
	refuses(&cores, "cores_per_llc must be > 0");
	refuses(&threads, "threads_per_core must be > 0");
}

static void a_product_past_32_bits_is_refused(void **state)
{
	struct ktstr_topology two = KTSTR_TOPOLOGY(1, 65536, 65536, 1);
	struct ktstr_topology three = KTSTR_TOPOLOGY(1, 65536, 256, 256);

	(void)state;
	refuses(&two, "overflow 32 bits");
	refuses(&three, "overflow 32 bits");
}

static void more_than_linux_knows_is_refused(void **state)
{
	struct ktstr_topology most = KTSTR_TOPOLOGY(1024, 1024, 4, 2);
	struct ktstr_topology cpus = KTSTR_TOPOLOGY(1, 8193, 1, 1);
	struct ktstr_topology nodes = KTSTR_TOPOLOGY(1025, 1025, 1, 1);

	(void)state;
	kt_topology_free(make(&most));
	refuses(&cpus, "make 8193 CPUs");
	refuses(&nodes, "numa_nodes is 1025");
}

static void llcs_that_the_nodes_do_not_divide_are_refused(void **state)
{
	struct ktstr_topology declared = KTSTR_TOPOLOGY(2, 3, 1, 1);

	(void)state;
	refuses(&declared, "3 LLCs are not divisible by 2 NUMA nodes");
}

static void explicit_nodes_that_do_not_add_up_are_refused(void **state)
{
	struct ktstr_numa_node nodes[] = {
		{ .llcs = 2, .memory_mib = 512 },
		{ .llcs = 1, .memory_mib = 256 },
	};
	struct ktstr_topology declared = KTSTR_TOPOLOGY_NODES(nodes, 1, 1);

	(void)state;
	declared.llcs = 4;
	refuses(&declared, "llcs is 4, but the nodes sum to 3");
	declared.llcs = 3;
	kt_topology_free(make(&declared));

	nodes[0].llcs = UINT32_MAX;
	refuses(&declared, "LLCs of the nodes overflow");
	nodes[0].llcs = 2;
	nodes[0].memory_mib = UINT32_MAX;
	refuses(&declared, "MiB of the nodes overflow");
}

static void a_node_with_nothing_is_refused(void **state)
{
	struct ktstr_numa_node nodes[] = { { .llcs = 1 }, { .llcs = 0 } };
	struct ktstr_topology declared = KTSTR_TOPOLOGY_NODES(nodes, 1, 1);

	(void)state;
	refuses(&declared, "node 1 has neither LLCs nor memory");
	nodes[0] = (struct ktstr_numa_node){ .memory_mib = 1 };
	nodes[1] = (struct ktstr_numa_node){ .memory_mib = 1 };
	refuses(&declared, "llcs must be > 0, but no node has one");
}

static void cache_attributes_past_four_bits_are_refused(void **state)
{
	struct ktstr_numa_node node = {
		.llcs = 1,
		.cache = { .size_bytes = 4096, .associativity = 16 },
	};
	struct ktstr_topology declared = KTSTR_TOPOLOGY(1, 1, 1, 1);

	(void)state;
	declared.nodes = &node;
	refuses(&declared, "associativity is 16");
	node.cache.associativity = 15;
	node.cache.write_policy = 16;
	refuses(&declared, "write_policy is 16");
	node.cache.write_policy = 15;
	kt_topology_free(make(&declared));
	node.cache.size_bytes = 0;
	refuses(&declared, "size_bytes is 0");
}

static void a_distance_that_acpi_forbids_is_refused(void **state)
{
	uint8_t distances[] = { 10, 20, 20, 10 };
	struct ktstr_topology declared = KTSTR_TOPOLOGY(2, 2, 1, 1);

	(void)state;
	declared.distances = distances;
	kt_topology_free(make(&declared));
	distances[3] = 11;
	refuses(&declared, "node 1 to itself must be exactly 10, not 11");
	distances[3] = 10;
	distances[1] = distances[2] = 10;
	refuses(&declared, "from node 0 to 1 must be > 10, not 10");
	distances[1] = 21;
	distances[2] = 22;
	refuses(&declared, "symmetric: node 0 to 1 is 21, but 1 to 0 is 22");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uniform_llcs_are_shared_out_over_the_nodes),
		cmocka_unit_test(cpu_ids_run_by_thread_then_core_then_llc),
		cmocka_unit_test(unequal_llcs_place_their_cpus_too),
		cmocka_unit_test(explicit_nodes_keep_what_they_declare),
		cmocka_unit_test(
			memory_is_shared_evenly_with_the_rest_to_the_first),
		cmocka_unit_test(memory_too_small_for_the_nodes_is_refused),
		cmocka_unit_test(declared_memory_must_be_the_total),
		cmocka_unit_test(unequal_nodes_may_leave_their_memory_open),
		cmocka_unit_test(a_dimension_of_zero_is_refused_by_name),
		cmocka_unit_test(a_product_past_32_bits_is_refused),
		cmocka_unit_test(more_than_linux_knows_is_refused),
		cmocka_unit_test(llcs_that_the_nodes_do_not_divide_are_refused),
		cmocka_unit_test(explicit_nodes_that_do_not_add_up_are_refused),
		cmocka_unit_test(a_node_with_nothing_is_refused),
		cmocka_unit_test(cache_attributes_past_four_bits_are_refused),
		cmocka_unit_test(a_distance_that_acpi_forbids_is_refused),
		messages_test("topology_topology"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
