/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's topology as every other room sees it: flat lists of nodes and
 * last-level caches (LLCs), made once from the public declaration, checked,
 * and constant from then on but for the memory of its nodes. Pure: no I/O.
 *
 * CPU ids are sequential, thread fastest, then core, then LLC; LLCs are
 * sequential by node. LLCs carry their own counts of cores and threads: do
 * not assume that all are alike.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/topology.h>

#include "base/cleanup.h"
#include "base/error.h"

/* What Linux can be built for at most: NR_CPUS and 1 << NODES_SHIFT. */
#define KT_TOPOLOGY_MAX_CPUS  8192u
#define KT_TOPOLOGY_MAX_NODES 1024u

#define KT_TOPOLOGY_DISTANCE_SELF  10u
#define KT_TOPOLOGY_DISTANCE_OTHER 20u

struct kt_topology_node {
	uint32_t first_llc;
	uint32_t n_llcs; /* 0: memory only */
	uint32_t first_cpu;
	uint32_t n_cpus;
	uint32_t memory_mib;    /* final after kt_topology_assign_memory() */
	uint32_t latency_ns;    /* never 0: the default is filled in */
	uint32_t bandwidth_mbs; /* as above */
	struct ktstr_memory_side_cache cache; /* size_bytes 0: none */
};

struct kt_topology_llc {
	uint32_t node;
	uint32_t n_cores;
	uint32_t threads_per_core;
	uint32_t first_cpu;
	uint32_t n_cpus; /* n_cores * threads_per_core */
};

struct kt_topology {
	struct kt_topology_node *nodes;
	uint32_t n_nodes;
	struct kt_topology_llc *llcs;
	uint32_t n_llcs;
	uint32_t n_cpus;
	uint32_t max_cores_per_llc;    /* over all LLCs */
	uint32_t max_threads_per_core; /* over all LLCs */
	bool has_declared_memory;      /* the declaration gave MiB by node */
	uint8_t *distances;            /* n_nodes x n_nodes, row by row */
};

/* Where a CPU is; each number but `thread` and `core` is machine-wide. */
struct kt_topology_place {
	uint32_t node;
	uint32_t llc;
	uint32_t core;   /* within its LLC */
	uint32_t thread; /* within its core */
};

/* What of a declaration a refusal is about. */
enum kt_topology_part {
	KT_TOPOLOGY_PART_NODES, /* their number */
	KT_TOPOLOGY_PART_LLCS,
	KT_TOPOLOGY_PART_CORES,
	KT_TOPOLOGY_PART_THREADS,
	KT_TOPOLOGY_PART_NODE,     /* the one with that index */
	KT_TOPOLOGY_PART_DISTANCE, /* as above */
};

struct kt_topology_fault {
	enum kt_topology_part part;
	size_t index;
};

/* What the parts are called by whoever declared them. */
struct kt_topology_words {
	const char *numa_nodes;
	const char *llcs;
	const char *cores_per_llc;
	const char *threads_per_core;
	const char *memory; /* "a node needs ..." */
};

/*
 * Checks the declaration. -EINVAL with what is wrong; the message names it in
 * the given words, by the fields' names if NULL. `ret_fault` may be NULL.
 */
int kt_topology_check(const struct ktstr_topology *declared,
		      const struct kt_topology_words *words,
		      struct kt_topology_fault *ret_fault,
		      struct ktstr_error *err);

/*
 * Checks the declaration and copies all of it. -EINVAL with a message that
 * names the field; -ENOMEM.
 */
int kt_topology_from_public(const struct ktstr_topology *declared,
			    struct kt_topology **ret, struct ktstr_error *err);

/* NULL is fine. */
void kt_topology_free(struct kt_topology *topology);
KT_DEFINE_CLEANUP(struct kt_topology *, kt_topology_free)
#define _cleanup_topology_ _cleanup_(kt_topology_free_cleanup)

/*
 * Gives every node its memory. Without declared memory: an even share, what is
 * left over one MiB each to the first nodes. With it: `total_mib` must be the
 * sum of what was declared. May be called again with another total.
 */
int kt_topology_assign_memory(struct kt_topology *topology, uint32_t total_mib,
			      struct ktstr_error *err);

/* The sum over all nodes; 0 before memory was declared or assigned. */
uint32_t kt_topology_memory_mib(const struct kt_topology *topology);

/* The place of a CPU; `cpu` must be below n_cpus. */
struct kt_topology_place kt_topology_cpu(const struct kt_topology *topology,
					 uint32_t cpu);

static inline uint8_t kt_topology_distance(const struct kt_topology *topology,
					   uint32_t from, uint32_t to)
{
	return topology->distances[(size_t)from * topology->n_nodes + to];
}
