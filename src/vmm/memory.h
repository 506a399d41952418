/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The RAM of one VM. One stretch of host address space is reserved for all of
 * the guest's physical addresses, so that HVA = base + GPA holds everywhere;
 * each node's slice is mapped inside it, and what is not RAM stays without
 * access rights.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "memory/guest_memory.h"

struct kt_vm_memory {
	uint8_t *base; /* HVA of GPA 0, aligned to 2 MiB */
	struct kt_memory_region *regions;
	size_t n_regions;

	bool has_hugepages; /* some regions lie in such */

	void *reservation; /* as mmap() returned it */
	size_t reservation_bytes;
};

/*
 * Where each node's memory lies, in order of nodes: addresses ascend and skip
 * the hole below 4 GiB, so that one node may own two regions. `regions` has
 * room for n_nodes + 1 entries and `hva` is left NULL; returns how many were
 * filled in. Nodes without memory have none. Pure.
 */
size_t kt_memory_layout(const uint64_t *node_bytes, size_t n_nodes,
			struct kt_memory_region *regions);

/* Maps the RAM of these nodes, zeroed and not yet populated. */
int kt_vm_memory_init(struct kt_vm_memory *memory, const uint64_t *node_bytes,
		      size_t n_nodes, struct ktstr_error *err);
void kt_vm_memory_deinit(struct kt_vm_memory *memory);

/*
 * Populates the memory, each region with hugepages if it is to and can have
 * them, and on these nodes of the host: `nodes` is by node of the guest, NULL for
 * anywhere. Before anything is in it. 0, or -errno of memory that is not where
 * it should be; all of it can be used either way.
 */
int kt_vm_memory_place(struct kt_vm_memory *memory, bool hugepages,
		       const struct kt_bitmap *nodes);

/*
 * Puts the file's first `length` bytes at `gpa`, as private pages that are
 * shared with everyone who maps them until written; as a copy where there are
 * hugepages. All three are multiples of the page size, and the range lies inside
 * one region.
 */
int kt_vm_memory_map_file(struct kt_vm_memory *memory, uint64_t gpa, int fd,
			  uint64_t length, struct ktstr_error *err);

static inline struct kt_guest_memory kt_vm_memory_view(
	const struct kt_vm_memory *memory)
{
	return (struct kt_guest_memory){ memory->regions, memory->n_regions,
					 NULL };
}
