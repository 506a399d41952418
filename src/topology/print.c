// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "topology/grammar.h"

/* A number with the largest unit that leaves nothing over. */
static void print_scaled(struct kt_strbuf *sb, uint64_t value, const char *units)
{
	while (units[1] && value && value % 1024 == 0) {
		value /= 1024;
		units++;
	}
	kt_strbuf_addf(sb, "%" PRIu64, value);
	if (*units != ' ')
		kt_strbuf_add_char(sb, *units);
}

static void print_cache(struct kt_strbuf *sb,
			const struct ktstr_memory_side_cache *cache)
{
	kt_strbuf_add(sb, ",cache=");
	print_scaled(sb, cache->size_bytes, " KMGT");
	if (cache->associativity == KTSTR_CACHE_DIRECT_MAPPED)
		kt_strbuf_add(sb, "/direct");
	else if (cache->associativity == KTSTR_CACHE_COMPLEX_INDEXING)
		kt_strbuf_add(sb, "/complex");
	else if (cache->associativity)
		kt_strbuf_addf(sb, "/a%u", cache->associativity);
	if (cache->write_policy == KTSTR_CACHE_WRITE_BACK)
		kt_strbuf_add(sb, "/wb");
	else if (cache->write_policy == KTSTR_CACHE_WRITE_THROUGH)
		kt_strbuf_add(sb, "/wt");
	else if (cache->write_policy)
		kt_strbuf_addf(sb, "/w%u", cache->write_policy);
	if (cache->line_bytes)
		kt_strbuf_addf(sb, "/%u", cache->line_bytes);
}

static void print_node(struct kt_strbuf *sb, const struct ktstr_numa_node *node)
{
	kt_strbuf_addf(sb, "(%ul", node->llcs);
	if (node->memory_mib) {
		kt_strbuf_add_char(sb, ',');
		print_scaled(sb, node->memory_mib, "MGT");
	}
	if (node->latency_ns)
		kt_strbuf_addf(sb, ",lat=%u", node->latency_ns);
	if (node->bandwidth_mbs)
		kt_strbuf_addf(sb, ",bw=%u", node->bandwidth_mbs);
	if (node->cache.size_bytes)
		print_cache(sb, &node->cache);
	kt_strbuf_add_char(sb, ')');
}

void kt_topology_print(struct kt_strbuf *sb, const struct ktstr_topology *declared)
{
	uint32_t n = declared->numa_nodes;

	kt_strbuf_addf(sb, "%un", n);
	if (declared->nodes) {
		for (uint32_t i = 0; i < n; i++)
			print_node(sb, &declared->nodes[i]);
	} else {
		kt_strbuf_addf(sb, "%ul", declared->llcs);
	}
	kt_strbuf_addf(sb, "%uc%ut", declared->cores_per_llc,
		       declared->threads_per_core);
	if (!declared->distances)
		return;
	for (size_t i = 0; i < (size_t)n * n; i++)
		kt_strbuf_addf(sb, "%s%u", i == 0 ? ";d=" : ",",
			       declared->distances[i]);
}
