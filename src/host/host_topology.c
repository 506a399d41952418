// SPDX-License-Identifier: GPL-2.0-only
#include <hwloc.h>
#include <sched.h>
#include <stdlib.h>

#include "base/macro.h"
#include "host/host_topology.h"

#define DISTANCE_SELF  10u
#define DISTANCE_OTHER 20u

/* Room for more CPUs than glibc's fixed set. */
#define AFFINITY_SETS 8
#define AFFINITY_CPUS (AFFINITY_SETS * CPU_SETSIZE)

KT_DEFINE_CLEANUP(hwloc_topology_t, hwloc_topology_destroy)

void kt_host_topology_free(struct kt_host_topology *host)
{
	if (!host)
		return;
	free(host->cpus);
	free(host->llcs);
	free(host->nodes);
	free(host->distances);
	free(host);
}

static hwloc_obj_t llc_of(hwloc_topology_t topology, hwloc_obj_t pu)
{
	hwloc_obj_t package = NULL, cache = NULL;

	for (hwloc_obj_t o = pu->parent; o; o = o->parent) {
		if (hwloc_obj_type_is_dcache(o->type))
			cache = o;
		if (o->type == HWLOC_OBJ_PACKAGE)
			package = o;
	}
	if (!cache)
		cache = package;
	return cache ? cache : hwloc_get_root_obj(topology);
}

/*
 * Several nodes may be local to a CPU: its own, one that a larger group
 * shares, and memory of another kind. The most local of them is its own, the
 * first one if there are more.
 */
static uint32_t node_of(hwloc_topology_t topology, hwloc_obj_t pu)
{
	hwloc_obj_t node = NULL;
	uint32_t index = 0, best = 0;
	int best_weight = 0;

	while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE,
						  node))) {
		int weight = hwloc_bitmap_weight(node->cpuset);

		if (hwloc_bitmap_isset(node->cpuset, pu->os_index) &&
		    (best_weight == 0 || weight < best_weight)) {
			best = index;
			best_weight = weight;
		}
		index++;
	}
	return best;
}

/* PUs come in logical order: those of an LLC, and of a core, side by side. */
static void read_cpus(struct kt_host_topology *host, hwloc_topology_t topology)
{
	hwloc_obj_t pu = NULL, last_core = NULL, last_llc = NULL;
	uint32_t core = 0, llc = 0;

	for (size_t i = 0; i < host->n_cpus; i++) {
		hwloc_obj_t pu_core, pu_llc;

		pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu);
		pu_core = hwloc_get_ancestor_obj_by_type(topology,
							 HWLOC_OBJ_CORE, pu);
		if (!pu_core)
			pu_core = pu;
		pu_llc = llc_of(topology, pu);
		if (last_core && pu_core != last_core)
			core++;
		if (last_llc && pu_llc != last_llc)
			llc++;
		last_core = pu_core;
		last_llc = pu_llc;
		host->cpus[i] = (struct kt_host_cpu){
			.id = pu->os_index,
			.core = core,
			.llc = llc,
			.node = node_of(topology, pu),
		};
	}
	host->n_llcs = host->n_cpus ? llc + 1 : 0;
}

/* A pretended machine has no threads of ours: its own word is taken. */
static void read_allowed(struct kt_host_topology *host, hwloc_topology_t topology)
{
	hwloc_const_cpuset_t may = hwloc_topology_get_allowed_cpuset(topology);
	cpu_set_t runs[AFFINITY_SETS];
	bool known = !host->pretended &&
		     sched_getaffinity(0, sizeof(runs), runs) == 0;

	for (size_t i = 0; i < host->n_cpus; i++) {
		struct kt_host_cpu *cpu = &host->cpus[i];

		cpu->allowed = hwloc_bitmap_isset(may, cpu->id);
		if (known)
			cpu->allowed = cpu->id < AFFINITY_CPUS &&
				       CPU_ISSET_S(cpu->id, sizeof(runs), runs);
		host->n_allowed += cpu->allowed;
	}
}

static void read_llcs(struct kt_host_topology *host, uint32_t *votes)
{
	uint32_t first = 0;

	for (size_t llc = 0; llc < host->n_llcs; llc++) {
		struct kt_host_llc *to = &host->llcs[llc];
		uint32_t best = 0;

		for (size_t i = 0; i < host->n_nodes; i++)
			votes[i] = 0;
		to->first_cpu = first;
		for (; first < host->n_cpus && host->cpus[first].llc == llc;
		     first++) {
			to->n_cpus++;
			to->n_allowed += host->cpus[first].allowed;
			votes[host->cpus[first].node]++;
		}
		for (uint32_t i = 0; i < host->n_nodes; i++) {
			if (votes[i] > votes[best])
				best = i;
		}
		to->node = best;
	}
}

static void read_nodes(struct kt_host_topology *host, hwloc_topology_t topology)
{
	hwloc_obj_t node = NULL;

	for (size_t i = 0; i < host->n_nodes; i++) {
		node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE,
						  node);
		host->nodes[i] = (struct kt_host_node){
			.id = node->os_index,
			.memory_mib = node->attr->numanode.local_memory / KT_MIB,
		};
	}
}

/* Left out where the host does not tell. 0 or -ENOMEM. */
static int read_distances(struct kt_host_topology *host, hwloc_topology_t topology)
{
	size_t n = host->n_nodes;
	struct hwloc_distances_s *found = NULL;
	unsigned int count = 1;
	int r = 0;

	if (hwloc_distances_get_by_type(
		    topology, HWLOC_OBJ_NUMANODE, &count, &found,
		    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) < 0 ||
	    count == 0)
		return 0;
	if (found->nbobjs == n) {
		host->distances = calloc(n * n, sizeof(*host->distances));
		if (!host->distances)
			r = -ENOMEM;
		for (size_t i = 0; r == 0 && i < n * n; i++)
			host->distances[i] = (uint32_t)found->values[i];
	}
	hwloc_distances_release(topology, found);
	return r;
}

static int read_topology(unsigned long flags, struct kt_host_topology **ret,
			 struct ktstr_error *err)
{
	_cleanup_(hwloc_topology_destroy_cleanup) hwloc_topology_t topology =
		NULL;
	_cleanup_host_topology_ struct kt_host_topology *host = NULL;
	_cleanup_free_ uint32_t *votes = NULL;

	if (hwloc_topology_init(&topology) < 0)
		return kt_err_errno(err, -ENOMEM, "host topology");
	/*
	 * What the kernel tells, and no more: hwloc's own look at CPUID needs
	 * to run on every CPU, and would count caches otherwise for a process
	 * that may not.
	 */
	if (hwloc_topology_set_components(
		    topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86") <
		    0 ||
	    hwloc_topology_set_flags(topology, flags) < 0 ||
	    hwloc_topology_load(topology) < 0)
		return kt_err_errno(err, -errno ?: -EIO,
				    "hwloc cannot read the host's topology");
	host = calloc(1, sizeof(*host));
	if (!host)
		return kt_err_errno(err, -ENOMEM, "host topology");
	host->n_cpus = (size_t)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
	host->n_nodes =
		(size_t)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
	host->cpus = calloc(host->n_cpus, sizeof(*host->cpus));
	host->llcs = calloc(host->n_cpus, sizeof(*host->llcs));
	host->nodes = calloc(host->n_nodes, sizeof(*host->nodes));
	votes = calloc(host->n_nodes, sizeof(*votes));
	if (!host->cpus || !host->llcs || !host->nodes || !votes)
		return kt_err_errno(err, -ENOMEM, "host topology");
	read_nodes(host, topology);
	host->pretended = !hwloc_topology_is_thissystem(topology);
	read_cpus(host, topology);
	read_allowed(host, topology);
	read_llcs(host, votes);
	if (host->n_nodes > 1 && read_distances(host, topology) < 0)
		return kt_err_errno(err, -ENOMEM, "host topology");
	*ret = TAKE_PTR(host);
	return 0;
}

int kt_host_topology_read(struct kt_host_topology **ret, struct ktstr_error *err)
{
	return read_topology(0, ret, err);
}

int kt_host_topology_read_whole(struct kt_host_topology **ret,
				struct ktstr_error *err)
{
	return read_topology(HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED, ret, err);
}

uint32_t kt_host_distance(const struct kt_host_topology *host, uint32_t from,
			  uint32_t to)
{
	if (host->distances)
		return host->distances[from * host->n_nodes + to];
	return from == to ? DISTANCE_SELF : DISTANCE_OTHER;
}
