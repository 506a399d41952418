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

/* A declaration under examination. */
struct check {
	const struct ktstr_topology *declared;
	const struct kt_topology_words *words;
	struct kt_topology_fault *fault; /* never NULL */
	struct ktstr_error *err;
	uint32_t llcs;
	uint32_t memory_mib; /* 0 if no node declares any */
};

static const struct kt_topology_words field_names = {
	.numa_nodes = "numa_nodes",
	.llcs = "llcs",
	.cores_per_llc = "cores_per_llc",
	.threads_per_core = "threads_per_core",
	.memory = "memory_mib > 0",
};

#define refuse(c, what, at, ...)                                               \
	(*(c)->fault = (struct kt_topology_fault){ what, at },                 \
	 kt_err((c)->err, -EINVAL, __VA_ARGS__))

static int check_dimensions(struct check *c)
{
	const struct ktstr_topology *d = c->declared;
	const struct kt_topology_words *words = c->words;
	uint32_t cpus;

	if (c->llcs == 0)
		return refuse(c, KT_TOPOLOGY_PART_LLCS, 0, "%s must be > 0%s",
			      words->llcs,
			      d->nodes ? ", but no node has one" : "");
	if (d->cores_per_llc == 0)
		return refuse(c, KT_TOPOLOGY_PART_CORES, 0, "%s must be > 0",
			      words->cores_per_llc);
	if (d->threads_per_core == 0)
		return refuse(c, KT_TOPOLOGY_PART_THREADS, 0, "%s must be > 0",
			      words->threads_per_core);
	if (d->numa_nodes == 0)
		return refuse(c, KT_TOPOLOGY_PART_NODES, 0, "%s must be > 0",
			      words->numa_nodes);
	if (d->numa_nodes > KT_TOPOLOGY_MAX_NODES)
		return refuse(c, KT_TOPOLOGY_PART_NODES, 0,
			      "%s is %u, Linux knows at most %u",
			      words->numa_nodes, d->numa_nodes,
			      KT_TOPOLOGY_MAX_NODES);
	if (__builtin_mul_overflow(c->llcs, d->cores_per_llc, &cpus) ||
	    __builtin_mul_overflow(cpus, d->threads_per_core, &cpus))
		return refuse(
			c, KT_TOPOLOGY_PART_LLCS, 0,
			"%u LLCs x %u cores x %u threads overflow 32 bits",
			c->llcs, d->cores_per_llc, d->threads_per_core);
	if (cpus > KT_TOPOLOGY_MAX_CPUS)
		return refuse(c, KT_TOPOLOGY_PART_LLCS, 0,
			      "%u LLCs x %u cores x %u threads make %u CPUs, "
			      "Linux knows at most %u",
			      c->llcs, d->cores_per_llc, d->threads_per_core,
			      cpus, KT_TOPOLOGY_MAX_CPUS);
	if (!d->nodes && c->llcs % d->numa_nodes != 0)
		return refuse(c, KT_TOPOLOGY_PART_LLCS, 0,
			      "%u LLCs are not divisible by %u NUMA nodes; "
			      "list the nodes one by one for an uneven machine",
			      c->llcs, d->numa_nodes);
	return 0;
}

static int check_cache(struct check *c, uint32_t i)
{
	const struct ktstr_memory_side_cache *cache =
		&c->declared->nodes[i].cache;

	if (cache->size_bytes == 0) {
		if (cache->associativity || cache->write_policy ||
		    cache->line_bytes)
			return refuse(c, KT_TOPOLOGY_PART_NODE, i,
				      "node %u gives attributes of "
				      "a memory-side cache, "
				      "but its size_bytes is 0",
				      i);
		return 0;
	}
	if (cache->associativity > CACHE_ATTRIBUTE_MAX)
		return refuse(
			c, KT_TOPOLOGY_PART_NODE, i,
			"node %u: cache associativity is %u, must be <= %u", i,
			cache->associativity, CACHE_ATTRIBUTE_MAX);
	if (cache->write_policy > CACHE_ATTRIBUTE_MAX)
		return refuse(
			c, KT_TOPOLOGY_PART_NODE, i,
			"node %u: cache write_policy is %u, must be <= %u", i,
			cache->write_policy, CACHE_ATTRIBUTE_MAX);
	return 0;
}

/* Sums up the explicit nodes. */
static int check_nodes(struct check *c)
{
	const struct ktstr_topology *d = c->declared;
	int r;

	c->llcs = 0;
	for (uint32_t i = 0; i < d->numa_nodes; i++) {
		const struct ktstr_numa_node *node = &d->nodes[i];

		if (node->llcs == 0 && node->memory_mib == 0)
			return refuse(c, KT_TOPOLOGY_PART_NODE, i,
				      "node %u has neither LLCs nor memory; "
				      "a memory-only node needs %s",
				      i, c->words->memory);
		if (__builtin_add_overflow(c->llcs, node->llcs, &c->llcs))
			return refuse(c, KT_TOPOLOGY_PART_NODE, i,
				      "the LLCs of the nodes overflow 32 bits");
		if (__builtin_add_overflow(c->memory_mib, node->memory_mib,
					   &c->memory_mib))
			return refuse(c, KT_TOPOLOGY_PART_NODE, i,
				      "the MiB of the nodes overflow 32 bits");
		r = check_cache(c, i);
		if (r < 0)
			return r;
	}
	/* KTSTR_TOPOLOGY_NODES() leaves the total to be summed. */
	if (d->llcs != 0 && d->llcs != c->llcs)
		return refuse(c, KT_TOPOLOGY_PART_LLCS, 0,
			      "%s is %u, but the nodes sum to %u",
			      c->words->llcs, d->llcs, c->llcs);
	return 0;
}

static int check_distance(struct check *c, uint32_t i, uint32_t j)
{
	uint32_t n = c->declared->numa_nodes;
	size_t at = (size_t)i * n + j;
	uint8_t there = c->declared->distances[at];
	uint8_t back = c->declared->distances[(size_t)j * n + i];

	if (i == j && there != KT_TOPOLOGY_DISTANCE_SELF)
		return refuse(c, KT_TOPOLOGY_PART_DISTANCE, at,
			      "the distance of node %u to itself must be "
			      "exactly 10, not %u",
			      i, there);
	if (i != j && there <= KT_TOPOLOGY_DISTANCE_SELF)
		return refuse(c, KT_TOPOLOGY_PART_DISTANCE, at,
			      "the distance from node %u to %u must be > 10, "
			      "not %u",
			      i, j, there);
	if (there != back)
		return refuse(c, KT_TOPOLOGY_PART_DISTANCE, at,
			      "distances must be symmetric: node %u to %u is "
			      "%u, but %u to %u is %u",
			      i, j, there, j, i, back);
	return 0;
}

static int check_distances(struct check *c)
{
	uint32_t n = c->declared->numa_nodes;
	int r;

	for (uint32_t i = 0; c->declared->distances && i < n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			r = check_distance(c, i, j);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int check(struct check *c)
{
	const struct ktstr_topology *d = c->declared;
	int r;

	c->llcs = d->llcs;
	/* The bound on nodes keeps the walk inside what a caller can mean. */
	if (d->nodes && d->numa_nodes <= KT_TOPOLOGY_MAX_NODES) {
		r = check_nodes(c);
		if (r < 0)
			return r;
	}
	r = check_dimensions(c);
	return r < 0 ? r : check_distances(c);
}

int kt_topology_check(const struct ktstr_topology *declared,
		      const struct kt_topology_words *words,
		      struct kt_topology_fault *ret_fault,
		      struct ktstr_error *err)
{
	struct kt_topology_fault fault;
	struct check c = {
		.declared = declared,
		.words = words ?: &field_names,
		.fault = ret_fault ?: &fault,
		.err = err,
	};

	return check(&c);
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
	struct kt_topology_fault fault;
	struct check c = {
		.declared = declared,
		.words = &field_names,
		.fault = &fault,
		.err = err,
	};
	int r;

	r = check(&c);
	if (r < 0)
		return kt_err_context(err, r, "invalid topology");

	t = calloc(1, sizeof(*t));
	if (!t)
		return kt_err_errno(err, -ENOMEM, "topology");
	t->n_nodes = declared->numa_nodes;
	t->n_llcs = c.llcs;
	t->has_declared_memory = c.memory_mib > 0;
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
				-EINVAL, "the memory is to be %u MiB (memory_mib, --memory), but the nodes of the topology sum to %u MiB",
				total_mib, declared);
		return 0;
	}
	if (total_mib < n)
		return kt_err(
			err,
			-EINVAL, "%u MiB of memory leave some of %u NUMA nodes without any; give it more (memory_mib, --memory)",
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
