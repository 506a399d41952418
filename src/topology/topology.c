// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "topology/topology.h"

/* A node's memory attributes where the declaration leaves them out. */
#define CPU_NODE_LATENCY_NS       100u
#define CPU_NODE_BANDWIDTH_MBS    51200u
#define MEMORY_NODE_LATENCY_NS    300u
#define MEMORY_NODE_BANDWIDTH_MBS 20480u

/* HMAT's memory-side cache attributes are fields of four bits. */
#define CACHE_ATTRIBUTE_MAX 15u

static int check_dimensions(const struct ktstr_topology *d, uint32_t llcs,
			    struct ktstr_error *err)
{
	uint32_t cpus;

	if (llcs == 0)
		return kt_err(err, -EINVAL, "llcs must be > 0%s",
			      d->nodes ? ", but no node has one" : "");
	if (d->cores_per_llc == 0)
		return kt_err(err, -EINVAL, "cores_per_llc must be > 0");
	if (d->threads_per_core == 0)
		return kt_err(err, -EINVAL, "threads_per_core must be > 0");
	if (d->numa_nodes == 0)
		return kt_err(err, -EINVAL, "numa_nodes must be > 0");
	if (d->numa_nodes > KT_TOPOLOGY_MAX_NODES)
		return kt_err(err, -EINVAL,
			      "numa_nodes is %u, Linux knows at most %u",
			      d->numa_nodes, KT_TOPOLOGY_MAX_NODES);
	if (__builtin_mul_overflow(llcs, d->cores_per_llc, &cpus) ||
	    __builtin_mul_overflow(cpus, d->threads_per_core, &cpus))
		return kt_err(
			err, -EINVAL,
			"%u LLCs x %u cores x %u threads overflow 32 bits",
			llcs, d->cores_per_llc, d->threads_per_core);
	if (cpus > KT_TOPOLOGY_MAX_CPUS)
		return kt_err(err, -EINVAL,
			      "%u LLCs x %u cores x %u threads make %u CPUs, "
			      "Linux knows at most %u",
			      llcs, d->cores_per_llc, d->threads_per_core, cpus,
			      KT_TOPOLOGY_MAX_CPUS);
	if (!d->nodes && llcs % d->numa_nodes != 0)
		return kt_err(err, -EINVAL,
			      "%u llcs are not divisible by %u numa_nodes; "
			      "list the nodes one by one for an uneven machine",
			      llcs, d->numa_nodes);
	return 0;
}

static int check_cache(uint32_t i, const struct ktstr_memory_side_cache *cache,
		       struct ktstr_error *err)
{
	if (cache->size_bytes == 0) {
		if (cache->associativity || cache->write_policy ||
		    cache->line_bytes)
			return kt_err(err, -EINVAL,
				      "node %u gives attributes of "
				      "a memory-side cache, "
				      "but its size_bytes is 0",
				      i);
		return 0;
	}
	if (cache->associativity > CACHE_ATTRIBUTE_MAX)
		return kt_err(
			err, -EINVAL,
			"node %u: cache associativity is %u, must be <= %u", i,
			cache->associativity, CACHE_ATTRIBUTE_MAX);
	if (cache->write_policy > CACHE_ATTRIBUTE_MAX)
		return kt_err(
			err, -EINVAL,
			"node %u: cache write_policy is %u, must be <= %u", i,
			cache->write_policy, CACHE_ATTRIBUTE_MAX);
	return 0;
}

/* Sums up the explicit nodes; `ret_memory_mib` is 0 if none declares any. */
static int check_nodes(const struct ktstr_topology *d, uint32_t *ret_llcs,
		       uint32_t *ret_memory_mib, struct ktstr_error *err)
{
	uint32_t llcs = 0, memory_mib = 0;
	int r;

	for (uint32_t i = 0; i < d->numa_nodes; i++) {
		const struct ktstr_numa_node *node = &d->nodes[i];

		if (node->llcs == 0 && node->memory_mib == 0)
			return kt_err(err, -EINVAL,
				      "node %u has neither LLCs nor memory; "
				      "a memory-only node needs memory_mib > 0",
				      i);
		if (__builtin_add_overflow(llcs, node->llcs, &llcs))
			return kt_err(err, -EINVAL,
				      "the LLCs of the nodes overflow 32 bits");
		if (__builtin_add_overflow(memory_mib, node->memory_mib,
					   &memory_mib))
			return kt_err(err, -EINVAL,
				      "the MiB of the nodes overflow 32 bits");
		r = check_cache(i, &node->cache, err);
		if (r < 0)
			return r;
	}
	/* KTSTR_TOPOLOGY_NODES() leaves the total to be summed. */
	if (d->llcs != 0 && d->llcs != llcs)
		return kt_err(err, -EINVAL, "llcs is %u, but the nodes sum to %u",
			      d->llcs, llcs);
	*ret_llcs = llcs;
	*ret_memory_mib = memory_mib;
	return 0;
}

static int check_distances(const struct ktstr_topology *d, struct ktstr_error *err)
{
	uint32_t n = d->numa_nodes;

	if (!d->distances)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			uint8_t there = d->distances[(size_t)i * n + j];
			uint8_t back = d->distances[(size_t)j * n + i];

			if (i == j && there != KT_TOPOLOGY_DISTANCE_SELF)
				return kt_err(err, -EINVAL,
					      "the distance of node %u to "
					      "itself must be exactly 10, "
					      "not %u",
					      i, there);
			if (i != j && there <= KT_TOPOLOGY_DISTANCE_SELF)
				return kt_err(err, -EINVAL,
					      "the distance from node %u to "
					      "%u must be > 10, not %u",
					      i, j, there);
			if (there != back)
				return kt_err(err, -EINVAL,
					      "distances must be symmetric: "
					      "node %u to %u is %u, but %u to "
					      "%u is %u",
					      i, j, there, j, i, back);
		}
	}
	return 0;
}

static int check(const struct ktstr_topology *d, uint32_t *ret_llcs,
		 uint32_t *ret_memory_mib, struct ktstr_error *err)
{
	uint32_t llcs = d->llcs, memory_mib = 0;
	int r;

	/* The bound on nodes keeps the walk inside what a caller can mean. */
	if (d->nodes && d->numa_nodes <= KT_TOPOLOGY_MAX_NODES) {
		r = check_nodes(d, &llcs, &memory_mib, err);
		if (r < 0)
			return r;
	}
	r = check_dimensions(d, llcs, err);
	if (r < 0)
		return r;
	r = check_distances(d, err);
	if (r < 0)
		return r;
	*ret_llcs = llcs;
	*ret_memory_mib = memory_mib;
	return 0;
}

static void fill_node(struct kt_topology_node *node,
		      const struct ktstr_numa_node *declared)
{
	bool has_cpus = node->n_llcs > 0;

	if (declared) {
		node->memory_mib = declared->memory_mib;
		node->latency_ns = declared->latency_ns;
		node->bandwidth_mbs = declared->bandwidth_mbs;
		node->cache = declared->cache;
	}
	if (node->latency_ns == 0)
		node->latency_ns =
			has_cpus ? CPU_NODE_LATENCY_NS : MEMORY_NODE_LATENCY_NS;
	if (node->bandwidth_mbs == 0)
		node->bandwidth_mbs = has_cpus ? CPU_NODE_BANDWIDTH_MBS
					       : MEMORY_NODE_BANDWIDTH_MBS;
}

/* Lays the LLCs out over the nodes; every count was checked before. */
static void fill(struct kt_topology *t, const struct ktstr_topology *d)
{
	uint32_t llc = 0, cpu = 0;

	for (uint32_t i = 0; i < t->n_nodes; i++) {
		struct kt_topology_node *node = &t->nodes[i];

		node->first_llc = llc;
		node->first_cpu = cpu;
		node->n_llcs =
			d->nodes ? d->nodes[i].llcs : t->n_llcs / t->n_nodes;
		for (uint32_t j = 0; j < node->n_llcs; j++, llc++) {
			t->llcs[llc] = (struct kt_topology_llc){
				.node = i,
				.n_cores = d->cores_per_llc,
				.threads_per_core = d->threads_per_core,
				.first_cpu = cpu,
				.n_cpus = d->cores_per_llc * d->threads_per_core,
			};
			cpu += t->llcs[llc].n_cpus;
		}
		node->n_cpus = cpu - node->first_cpu;
		fill_node(node, d->nodes ? &d->nodes[i] : NULL);
		for (uint32_t j = 0; j < t->n_nodes; j++) {
			size_t at = (size_t)i * t->n_nodes + j;

			t->distances[at] = d->distances ? d->distances[at]
					   : i == j ? KT_TOPOLOGY_DISTANCE_SELF
						    : KT_TOPOLOGY_DISTANCE_OTHER;
		}
	}
	t->n_cpus = cpu;
	t->max_cores_per_llc = d->cores_per_llc;
	t->max_threads_per_core = d->threads_per_core;
}

int kt_topology_from_public(const struct ktstr_topology *declared,
			    struct kt_topology **ret, struct ktstr_error *err)
{
	_cleanup_topology_ struct kt_topology *t = NULL;
	uint32_t llcs, memory_mib;
	int r;

	r = check(declared, &llcs, &memory_mib, err);
	if (r < 0)
		return kt_err_context(err, r, "invalid topology");

	t = calloc(1, sizeof(*t));
	if (!t)
		return kt_err_errno(err, -ENOMEM, "topology");
	t->n_nodes = declared->numa_nodes;
	t->n_llcs = llcs;
	t->has_declared_memory = memory_mib > 0;
	t->nodes = calloc(t->n_nodes, sizeof(*t->nodes));
	t->llcs = calloc(t->n_llcs, sizeof(*t->llcs));
	t->distances = calloc(t->n_nodes, t->n_nodes);
	if (!t->nodes || !t->llcs || !t->distances)
		return kt_err_errno(err, -ENOMEM, "topology");
	fill(t, declared);
	*ret = TAKE_PTR(t);
	return 0;
}

void kt_topology_free(struct kt_topology *topology)
{
	if (!topology)
		return;
	free(topology->nodes);
	free(topology->llcs);
	free(topology->distances);
	free(topology);
}

int kt_topology_assign_memory(struct kt_topology *topology, uint32_t total_mib,
			      struct ktstr_error *err)
{
	uint32_t n = topology->n_nodes;

	if (topology->has_declared_memory) {
		uint32_t declared = kt_topology_memory_mib(topology);

		if (declared != total_mib)
			return kt_err(
				err,
				-EINVAL, "memory_mib is %u, but the nodes of the topology sum to %u MiB",
				total_mib, declared);
		return 0;
	}
	if (total_mib < n)
		return kt_err(
			err,
			-EINVAL, "memory_mib is %u, which leaves some of %u NUMA nodes without memory",
			total_mib, n);
	for (uint32_t i = 0; i < n; i++)
		topology->nodes[i].memory_mib =
			total_mib / n + (i < total_mib % n);
	return 0;
}

uint32_t kt_topology_memory_mib(const struct kt_topology *topology)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < topology->n_nodes; i++)
		sum += topology->nodes[i].memory_mib;
	return sum;
}

struct kt_topology_place kt_topology_cpu(const struct kt_topology *topology,
					 uint32_t cpu)
{
	uint32_t low = 0, high = topology->n_llcs;
	const struct kt_topology_llc *llc;
	uint32_t within;

	assert(cpu < topology->n_cpus);
	/* The last LLC that starts at or before the CPU. */
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (topology->llcs[middle].first_cpu <= cpu)
			low = middle;
		else
			high = middle;
	}
	llc = &topology->llcs[low];
	within = cpu - llc->first_cpu;
	return (struct kt_topology_place){
		.node = llc->node,
		.llc = low,
		.core = within / llc->threads_per_core,
		.thread = within % llc->threads_per_core,
	};
}
