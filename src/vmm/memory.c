// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "vmm/memory.h"
#include "vmm/x86_64/layout.h"

#define HUGE_PAGE_BYTES (2 * KT_MIB)

size_t kt_memory_layout(const uint64_t *node_bytes, size_t n_nodes,
			struct kt_memory_region *regions)
{
	uint64_t gpa = 0;
	size_t n = 0;

	for (size_t node = 0; node < n_nodes; node++) {
		uint64_t left = node_bytes[node];

		while (left) {
			uint64_t size = left;

			if (gpa == KT_HOLE_GPA)
				gpa = KT_HOLE_END;
			if (gpa < KT_HOLE_GPA)
				size = KT_MIN(left, KT_HOLE_GPA - gpa);
			regions[n++] = (struct kt_memory_region){
				.gpa = gpa,
				.size_bytes = size,
				.node = (uint32_t)node,
			};
			gpa += size;
			left -= size;
		}
	}
	return n;
}

/* Reserves addresses for [0, end) and aligns them for huge pages. */
static int reserve(struct kt_vm_memory *memory, uint64_t end,
		   struct ktstr_error *err)
{
	size_t bytes = end + HUGE_PAGE_BYTES;
	void *at = mmap(NULL, bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return kt_err_errno(err, -errno,
				    "cannot reserve %llu MiB of addresses for "
				    "guest memory; give it less (memory_mib, "
				    "--memory), or raise the limit (ulimit -v)",
				    (unsigned long long)(bytes / KT_MIB));
	memory->reservation = at;
	memory->reservation_bytes = bytes;
	memory->base = (uint8_t *)KT_ALIGN_UP((uintptr_t)at, HUGE_PAGE_BYTES);
	return 0;
}

static int map_region(struct kt_vm_memory *memory, struct kt_memory_region *r,
		      struct ktstr_error *err)
{
	void *at = memory->base + r->gpa;

	if (mmap(at, r->size_bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		return kt_err_errno(err, -errno,
				    "cannot map %llu MiB of guest memory for "
				    "node %u",
				    (unsigned long long)(r->size_bytes / KT_MIB),
				    r->node);
	/* Only speed depends on these: the kernel may lack either. */
	madvise(at, r->size_bytes, MADV_HUGEPAGE);
	madvise(at, r->size_bytes, MADV_DONTDUMP);
	r->hva = at;
	return 0;
}

static int bind_region(const struct kt_memory_region *r,
		       const struct kt_bitmap *nodes)
{
	/* The kernel reads one bit less than it is told. */
	if (syscall(SYS_mbind, r->hva, r->size_bytes, MPOL_BIND, nodes->words,
		    nodes->n_words * 64 + 1, 0) < 0)
		return -errno;
	return 0;
}

/* Only where whole pages fit: what is mapped there cannot be cut later. */
static bool map_hugepages(const struct kt_memory_region *r)
{
	if (r->gpa % HUGE_PAGE_BYTES || r->size_bytes % HUGE_PAGE_BYTES)
		return false;
	return mmap(r->hva, r->size_bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB |
			    MAP_HUGE_2MB,
		    -1, 0) != MAP_FAILED;
}

/*
 * A hugepage that is not there on its node is an error here, and no signal.
 * `ret_bound` is whether the nodes are as they should be.
 */
static int populate(const struct kt_memory_region *r,
		    const struct kt_bitmap *nodes, int *ret_bound)
{
	*ret_bound = nodes && kt_bitmap_count(nodes) ? bind_region(r, nodes) : 0;
	if (madvise(r->hva, r->size_bytes, MADV_POPULATE_WRITE) < 0 &&
	    errno != EINVAL) /* before Linux 5.14 */
		return -errno;
	return 0;
}

static int place_region(struct kt_vm_memory *memory, struct kt_memory_region *r,
			bool hugepages, const struct kt_bitmap *nodes)
{
	int bound, result;

	if (hugepages && map_hugepages(r)) {
		madvise(r->hva, r->size_bytes, MADV_DONTDUMP);
		if (populate(r, nodes, &bound) == 0) {
			memory->has_hugepages = true;
			return bound;
		}
	}
	/* What failed may have left a hole. */
	if (hugepages && map_region(memory, r, NULL) < 0)
		return -ENOMEM;
	result = populate(r, nodes, &bound);
	return result ?: bound;
}

int kt_vm_memory_place(struct kt_vm_memory *memory, bool hugepages,
		       const struct kt_bitmap *nodes)
{
	int result = 0;

	for (size_t i = 0; i < memory->n_regions; i++) {
		struct kt_memory_region *region = &memory->regions[i];
		int r = place_region(memory, region, hugepages,
				     nodes ? &nodes[region->node] : NULL);

		if (r < 0 && !result)
			result = r;
	}
	return result;
}

int kt_vm_memory_init(struct kt_vm_memory *memory, const uint64_t *node_bytes,
		      size_t n_nodes, struct ktstr_error *err)
{
	const struct kt_memory_region *last;
	int r;

	*memory = (struct kt_vm_memory){};
	memory->regions = calloc(n_nodes + 1, sizeof(*memory->regions));
	if (!memory->regions)
		return kt_err_errno(err, -ENOMEM, "no memory for %zu regions",
				    n_nodes + 1);
	memory->n_regions =
		kt_memory_layout(node_bytes, n_nodes, memory->regions);
	if (!memory->n_regions) {
		kt_vm_memory_deinit(memory);
		return kt_err(err, -EINVAL, "no node has any memory");
	}
	last = &memory->regions[memory->n_regions - 1];
	r = reserve(memory, last->gpa + last->size_bytes, err);
	for (size_t i = 0; !r && i < memory->n_regions; i++)
		r = map_region(memory, &memory->regions[i], err);
	if (r)
		kt_vm_memory_deinit(memory);
	return r;
}

void kt_vm_memory_deinit(struct kt_vm_memory *memory)
{
	if (memory->reservation)
		munmap(memory->reservation, memory->reservation_bytes);
	free(memory->regions);
	*memory = (struct kt_vm_memory){};
}

int kt_vm_memory_map_file(struct kt_vm_memory *memory, uint64_t gpa, int fd,
			  uint64_t length, struct ktstr_error *err)
{
	struct kt_guest_memory view = kt_vm_memory_view(memory);
	void *at = kt_guest_memory_at(&view, gpa, length);

	if (!at)
		return kt_err(
			err, -EFAULT,
			"guest memory has no room for %llu bytes at %#llx",
			(unsigned long long)length, (unsigned long long)gpa);
	if (memory->has_hugepages) {
		int r = kt_pread_all(fd, at, length, 0);

		return r ? kt_err_errno(err, r,
					"cannot read a file into guest memory") :
			   0;
	}
	if (mmap(at, length, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED)
		return kt_err_errno(err, -errno,
				    "cannot map a file into guest memory");
	return 0;
}
