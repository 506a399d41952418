// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "base/macro.h"
#include "shape.h"

/* Whether a CPU is up, and so has directories in sysfs. */
static bool is_up(const struct shape *shape, uint32_t cpu)
{
	if (cpu == 0 || !shape->extra_cpus)
		return true;
	for (size_t i = 0; i < shape->n_extra_cpus; i++) {
		if (shape->extra_cpus[i] == cpu)
			return true;
	}
	return false;
}

/* Those of CPUs [first, first + n) that are up, as the kernel writes lists. */
static const char *list(const struct shape *shape, uint32_t first, uint32_t n,
			struct kt_strbuf *text)
{
	uint32_t end = first + n;

	kt_strbuf_reset(text);
	for (uint32_t cpu = first; cpu < end; cpu++) {
		uint32_t last = cpu;

		if (!is_up(shape, cpu))
			continue;
		while (last + 1 < end && is_up(shape, last + 1))
			last++;
		kt_strbuf_addf(text, "%s%u", text->length ? "," : "", cpu);
		if (last > cpu)
			kt_strbuf_addf(text, "-%u", last);
		cpu = last;
	}
	return kt_strbuf_text(text);
}

static uint32_t llc_cpus(const struct shape *shape)
{
	return shape->cores * shape->threads;
}

static void add_cpu(const struct shape *shape, uint32_t cpu, struct kt_strbuf *ret)
{
	static const char *const of_core[] = {"core_cpus_list",
					      "thread_siblings_list"};
	static const char *const of_llc[] = {
		"die_cpus_list", "package_cpus_list", "core_siblings_list"};
	static const struct {
		uint32_t level;
		const char *type;
	} caches[] = {
		{1, "Data"},
		{1, "Instruction"},
		{2, "Unified"},
		{3, "Unified"},
	};
	_cleanup_strbuf_ struct kt_strbuf core = {0}, llc = {0};
	uint32_t llc_number = cpu / llc_cpus(shape);
	uint32_t first_of_llc = llc_number * llc_cpus(shape);
	uint32_t core_number = (cpu - first_of_llc) / shape->threads;

	list(shape, first_of_llc + core_number * shape->threads, shape->threads,
	     &core);
	list(shape, first_of_llc, llc_cpus(shape), &llc);
	kt_strbuf_addf(ret,
		       "cpu/cpu%u/topology/physical_package_id:%u\n"
		       "cpu/cpu%u/topology/die_id:%u\n"
		       "cpu/cpu%u/topology/core_id:%u\n",
		       cpu, llc_number, cpu, llc_number, cpu, core_number);
	for (size_t i = 0; i < KT_ARRAY_SIZE(of_core); i++)
		kt_strbuf_addf(ret, "cpu/cpu%u/topology/%s:%s\n", cpu,
			       of_core[i], kt_strbuf_text(&core));
	for (size_t i = 0; i < KT_ARRAY_SIZE(of_llc); i++)
		kt_strbuf_addf(ret, "cpu/cpu%u/topology/%s:%s\n", cpu,
			       of_llc[i], kt_strbuf_text(&llc));
	for (size_t i = 0; i < KT_ARRAY_SIZE(caches); i++) {
		bool private = caches[i].level < 3;

		kt_strbuf_addf(ret,
			       "cpu/cpu%u/cache/index%zu/level:%u\n"
			       "cpu/cpu%u/cache/index%zu/type:%s\n"
			       "cpu/cpu%u/cache/index%zu/shared_cpu_list:%s\n",
			       cpu, i, caches[i].level, cpu, i, caches[i].type,
			       cpu, i, kt_strbuf_text(private ? &core : &llc));
	}
}

/* The nearest node with CPUs, itself if it has some. */
static uint32_t initiator_of(const struct shape *shape, uint32_t node)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < shape->n_nodes; i++) {
		if (shape->nodes[i].llcs &&
		    (best == UINT32_MAX ||
		     shape_distance(shape, node, i) <
			     shape_distance(shape, node, best)))
			best = i;
	}
	return best;
}

/*
 * access0 is how the node's memory looks from its initiator; access1 is the
 * same, since all our initiators are CPUs.
 */
static void add_access(const struct shape *shape, uint32_t node,
		       struct kt_strbuf *ret)
{
	const struct shape_node *n = &shape->nodes[node];
	uint32_t initiator = initiator_of(shape, node);
	uint32_t d = shape_distance(shape, initiator, node);
	uint32_t latency = KT_MAX(n->latency_ns * d / 10, 1u);
	uint32_t bandwidth = KT_MAX(n->bandwidth_mbs * 10 / d, 1u);

	for (unsigned int access = 0; access < 2; access++) {
		const char *const ways[] = {"read", "write"};

		for (size_t i = 0; i < KT_ARRAY_SIZE(ways); i++)
			kt_strbuf_addf(ret,
				       "node/node%u/access%u/initiators/"
				       "%s_latency:%u\n"
				       "node/node%u/access%u/initiators/"
				       "%s_bandwidth:%u\n",
				       node, access, ways[i], latency, node,
				       access, ways[i], bandwidth);
		kt_strbuf_addf(ret,
			       "node/node%u/access%u/initiators/node%u:link\n",
			       node, access, initiator);
	}
}

static void add_side_cache(const struct shape_node *n, uint32_t node,
			   struct kt_strbuf *ret)
{
	const char *const dir = "memory_side_cache/index1";

	kt_strbuf_addf(ret,
		       "node/node%u/%s/size:%" PRIu64 "\n"
		       "node/node%u/%s/line_size:%u\n"
		       "node/node%u/%s/indexing:%u\n"
		       "node/node%u/%s/write_policy:%u\n",
		       node, dir, n->cache_bytes, node, dir, n->cache_line,
		       node, dir, n->cache_indexing, node, dir, n->cache_policy);
}

static void add_nodes(const struct shape *shape, struct kt_strbuf *ret)
{
	uint32_t first_cpu = 0;

	for (uint32_t node = 0; node < shape->n_nodes; node++) {
		_cleanup_strbuf_ struct kt_strbuf cpus = {0};
		const struct shape_node *n = &shape->nodes[node];
		uint32_t n_cpus = n->llcs * llc_cpus(shape);

		kt_strbuf_addf(ret, "node/node%u/cpulist:%s\n", node,
			       list(shape, first_cpu, n_cpus, &cpus));
		first_cpu += n_cpus;
		kt_strbuf_addf(ret, "node/node%u/distance:", node);
		for (uint32_t to = 0; to < shape->n_nodes; to++)
			kt_strbuf_addf(ret, "%s%u", to ? " " : "",
				       shape_distance(shape, node, to));
		kt_strbuf_add_char(ret, '\n');
		if (shape->n_nodes > 1 && n->memory_mib) {
			add_access(shape, node, ret);
			if (n->cache_bytes)
				add_side_cache(n, node, ret);
		}
	}
}

void shape_facts(const struct shape *shape, struct kt_strbuf *ret)
{
	_cleanup_strbuf_ struct kt_strbuf up = {0};
	uint32_t n = shape_cpus(shape);
	char present[32];

	snprintf(present, sizeof(present), n > 1 ? "0-%u" : "0", n - 1);
	kt_strbuf_addf(ret, "cpu/online:%s\ncpu/present:%s\ncpu/possible:%s\n",
		       list(shape, 0, n, &up), present, present);
	for (uint32_t cpu = 0; cpu < n; cpu++) {
		if (is_up(shape, cpu))
			add_cpu(shape, cpu, ret);
	}
	add_nodes(shape, ret);
}

void shape_memory_ranges(const struct shape *shape, struct kt_strbuf *ret)
{
	const uint64_t hole = 3 * KT_GIB, hole_end = 4 * KT_GIB;
	uint64_t at = 0;

	for (uint32_t node = 0; node < shape->n_nodes; node++) {
		uint64_t left = shape->nodes[node].memory_mib * KT_MIB;

		while (left) {
			uint64_t piece = left;

			if (at == hole)
				at = hole_end;
			if (at < hole)
				piece = KT_MIN(piece, hole - at);
			kt_strbuf_addf(ret,
				       "%u 0x%08" PRIx64 "-0x%08" PRIx64 "\n",
				       node, at, at + piece - 1);
			at += piece;
			left -= piece;
		}
	}
}
