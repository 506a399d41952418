/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_TOPOLOGY_H
#define KTSTR_TOPOLOGY_H

/*
 * A guest's declared topology: NUMA node > last-level cache > core > thread.
 *
 * Two forms. Uniform: KTSTR_TOPOLOGY(nodes, llcs, cores, threads), where llcs
 * counts the whole machine. Explicit: a list of nodes, each with its own LLCs
 * and memory, and optionally a distance matrix:
 *
 *	static const struct ktstr_numa_node nodes[] = {
 *		{ .llcs = 2, .memory_mib = 512 },
 *		{ .llcs = 0, .memory_mib = 256 },	// memory only (CXL)
 *	};
 *	.topology = KTSTR_TOPOLOGY_NODES(nodes, 4, 1)
 *
 * CPU ids are sequential: thread fastest, then core, then LLC.
 */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* HMAT memory-side cache, ACPI 6.5 section 5.2.28.5; 4-bit values. */
enum ktstr_cache_associativity {
	KTSTR_CACHE_ASSOCIATIVITY_NONE = 0,
	KTSTR_CACHE_DIRECT_MAPPED = 1,
	KTSTR_CACHE_COMPLEX_INDEXING = 2,
};

enum ktstr_cache_write_policy {
	KTSTR_CACHE_WRITE_NONE = 0,
	KTSTR_CACHE_WRITE_BACK = 1,
	KTSTR_CACHE_WRITE_THROUGH = 2,
};

struct ktstr_memory_side_cache {
	uint64_t size_bytes; /* 0: the node has none */
	uint8_t associativity;
	uint8_t write_policy;
	uint16_t line_bytes;
};

struct ktstr_numa_node {
	uint32_t llcs;	     /* 0: a memory-only node */
	uint32_t memory_mib; /* may be 0 for a node with LLCs */
	uint32_t latency_ns; /* 0: 100 with CPUs, 300 without */
	uint32_t bandwidth_mbs; /* 0: 51200 with CPUs, 20480 without */
	struct ktstr_memory_side_cache cache;
};

/*
 * Plain data; the pointers are borrowed until ktstr_vm_build() has returned.
 * Either `nodes` is NULL and memory is shared out evenly, or it points to
 * `numa_nodes` entries whose LLCs sum to `llcs` and whose MiB sum to the
 * machine's memory. `distances` is NULL (10 on the diagonal, else 20) or
 * numa_nodes x numa_nodes values, row by row.
 */
struct ktstr_topology {
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t cores_per_llc;
	uint32_t threads_per_core;
	const struct ktstr_numa_node *nodes;
	const uint8_t *distances;
};

#define KTSTR_TOPOLOGY(numa_nodes_, llcs_, cores_, threads_)                   \
	((struct ktstr_topology){ .numa_nodes = (numa_nodes_),                 \
				  .llcs = (llcs_),                             \
				  .cores_per_llc = (cores_),                   \
				  .threads_per_core = (threads_) })

/* `node_list_` is an array; the LLC total is summed from it when built. */
#define KTSTR_TOPOLOGY_NODES(node_list_, cores_, threads_)                     \
	((struct ktstr_topology){                                              \
		.numa_nodes = sizeof(node_list_) / sizeof((node_list_)[0]),    \
		.cores_per_llc = (cores_),                                     \
		.threads_per_core = (threads_),                                \
		.nodes = (node_list_) })

#ifdef __cplusplus
}
#endif

#endif
