/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The host's CPUs, last-level caches and NUMA nodes, as hwloc sees them. So
 * hwloc's own means of pretending work too: HWLOC_SYNTHETIC, HWLOC_XMLFILE.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct kt_host_cpu {
	uint32_t id;   /* the kernel's number */
	uint32_t core; /* these are counted from 0, in hwloc's order */
	uint32_t llc;
	uint32_t node; /* index into `nodes` */
	bool allowed;  /* this process may run on it */
};

/*
 * An LLC is the outermost cache of its CPUs; where the host tells of no
 * caches, their package. It belongs to the node that most of its CPUs do.
 */
struct kt_host_llc {
	uint32_t node;      /* index into `nodes` */
	uint32_t first_cpu; /* index into `cpus`, where its CPUs lie together */
	uint32_t n_cpus;
	uint32_t n_allowed; /* of its CPUs */
};

struct kt_host_node {
	uint32_t id; /* the kernel's number */
	uint64_t memory_mib;
};

struct kt_host_topology {
	struct kt_host_cpu *cpus; /* by LLC, then core, then id */
	size_t n_cpus;
	size_t n_allowed;
	struct kt_host_llc *llcs;
	size_t n_llcs;
	struct kt_host_node *nodes;
	size_t n_nodes;
	uint32_t *distances; /* n_nodes x n_nodes, NULL where unknown */
	bool pretended;      /* hwloc was told of another machine than this */
};

/*
 * The CPUs that are online and that the process's control group lets it have.
 * -ENOMEM, or what the system answered.
 */
int kt_host_topology_read(struct kt_host_topology **ret, struct ktstr_error *err);

/*
 * All CPUs that are online: caches are then counted alike by every process,
 * whatever each may use.
 */
int kt_host_topology_read_whole(struct kt_host_topology **ret,
				struct ktstr_error *err);

/* From node to node, both indices; 10 and 20 where the host does not tell. */
uint32_t kt_host_distance(const struct kt_host_topology *host, uint32_t from,
			  uint32_t to);

/* NULL is fine. */
void kt_host_topology_free(struct kt_host_topology *host);
KT_DEFINE_CLEANUP(struct kt_host_topology *, kt_host_topology_free)
#define _cleanup_host_topology_ _cleanup_(kt_host_topology_free_cleanup)
