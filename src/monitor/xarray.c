// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "monitor/xarray.h"

/* Numbers of an IDR are ints: of 31 bits, and a node takes at least four. */
#define MAX_DEPTH  8
#define INDEX_BITS 32

/* Below it, what looks like a node is a mark: sibling, retry, zero. */
#define MARKS_END 4096

struct walk {
	struct kt_guest_kernel *kernel;
	int (*visit)(void *userdata, uint32_t id, uint64_t object);
	void *userdata;
	uint64_t base;
	uint32_t n_slots; /* of a node */
	uint32_t n_steps;
};

static bool is_internal(uint64_t entry)
{
	return (entry & 3) == 2;
}

static int walk_entry(struct walk *walk, uint64_t entry, uint64_t index,
		      uint32_t parent_shift, unsigned int depth);

static int walk_node(struct walk *walk, uint64_t node, uint64_t index,
		     uint32_t parent_shift, unsigned int depth)
{
	struct kt_guest_kernel *kernel = walk->kernel;
	const struct kt_member *slots = &kernel->layout->member[KT_XA_NODE_SLOTS];
	uint64_t shift;
	int r = kt_guest_kernel_get(kernel, node, KT_XA_NODE_SHIFT, &shift);

	/* Each level is nearer to the objects than the one above. */
	if (!r && (shift >= parent_shift || depth > MAX_DEPTH))
		r = -ERANGE;
	for (uint32_t i = 0; !r && i < walk->n_slots; i++) {
		uint64_t entry;

		if (++walk->n_steps > KT_XARRAY_STEPS_MAX)
			return -ELOOP;
		r = kt_view_u64(&kernel->view,
				node + kt_member_offset(slots) + i * sizeof(entry),
				&entry);
		if (!r && entry)
			r = walk_entry(walk, entry,
				       index + ((uint64_t)i << shift),
				       (uint32_t)shift, depth);
	}
	return r;
}

static int walk_entry(struct walk *walk, uint64_t entry, uint64_t index,
		      uint32_t parent_shift, unsigned int depth)
{
	if (is_internal(entry)) {
		if (entry < MARKS_END)
			return 0;
		return walk_node(walk, entry - 2, index, parent_shift, depth + 1);
	}
	if (!kt_guest_kernel_is_address(entry) || index + walk->base > UINT32_MAX)
		return -ERANGE;
	return walk->visit(walk->userdata, (uint32_t)(index + walk->base), entry);
}

int kt_idr_walk(struct kt_guest_kernel *kernel, uint64_t idr,
		int (*visit)(void *userdata, uint32_t id, uint64_t object),
		void *userdata)
{
	const struct kt_layout *layout = kernel->layout;
	struct walk walk = { .kernel = kernel,
			     .visit = visit,
			     .userdata = userdata };
	uint64_t head;
	int r;

	if (!idr || !layout->has[KT_IDR_ROOT] || !layout->has[KT_XA_NODE_SLOTS])
		return -ENOENT;
	walk.n_slots = kt_member_bytes(&layout->member[KT_XA_NODE_SLOTS]) /
		       sizeof(uint64_t);
	r = kt_guest_kernel_get(kernel, idr, KT_IDR_BASE, &walk.base);
	if (!r)
		r = kt_guest_kernel_get(
			kernel,
			idr + kt_member_offset(&layout->member[KT_IDR_ROOT]),
			KT_XA_HEAD, &head);
	return r || !head ? r : walk_entry(&walk, head, 0, INDEX_BITS, 0);
}
