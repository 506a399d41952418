/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Performance mode: which CPU of the host each vCPU has for itself. Every LLC
 * of the guest gets an LLC of the host, locked as a whole, so that nobody else
 * has a part in that cache. Pure: a plan locks nothing.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "host/host_topology.h"
#include "topology/topology.h"

struct kt_pinning {
	struct kt_host_cpu *cpus; /* by vCPU */
	size_t n_vcpus;
	struct kt_host_cpu service; /* for all threads that are no vCPUs */
	uint32_t *llcs;             /* to be locked, ascending */
	size_t n_llcs;
};

void kt_pinning_deinit(struct kt_pinning *pinning);
#define _cleanup_pinning_ _cleanup_(kt_pinning_deinit)

/*
 * The first check: all CPUs of as many LLCs of the host as the guest has, and
 * one service CPU, are there. -EBUSY, contention, with a hint.
 */
int kt_pinning_check(const struct kt_host_topology *host,
		     const struct kt_topology *guest, struct ktstr_error *err);

/* How many such guests fit side by side; 1 at least. */
uint32_t kt_pinning_slots(const struct kt_host_topology *host,
			  const struct kt_topology *guest);

/*
 * Plans with the host's LLC `offset` as the first to be taken; those with too
 * few CPUs that this process may use are passed over. Nodes of a guest that has
 * several go to nodes of the host that own enough LLCs, to others for each
 * slot, where there are such nodes.
 *
 * Within an LLC, threads of a core go to threads of a core where there are
 * enough of these. The service CPU lies in an LLC of the plan, on a core that
 * runs no vCPU; else outside, as far back as there is one; else where there is
 * a CPU left. -EBUSY, contention, where the guest does not fit; -ENOMEM.
 */
int kt_pinning_plan(const struct kt_host_topology *host,
		    const struct kt_topology *guest, uint32_t offset,
		    struct kt_pinning *ret, struct ktstr_error *err);

/*
 * By node of the guest, the host's nodes (by the kernel's numbers) on whose
 * CPUs its vCPUs are: where its memory belongs. None for a node without CPUs.
 * `nodes` has room for guest->n_nodes empty sets. 0 or -ENOMEM.
 */
int kt_pinning_nodes(const struct kt_pinning *pinning,
		     const struct kt_host_topology *host,
		     const struct kt_topology *guest, struct kt_bitmap *nodes);
