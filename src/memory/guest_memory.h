/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's physical memory as the host sees it: ascending ranges of guest
 * physical addresses (GPA), each backed by host memory (HVA). The guest is
 * hostile: whatever address it hands over goes through these functions, which
 * refuse anything that is not wholly inside RAM.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Address and size are multiples of 4 KiB, on both sides. */
struct kt_memory_region {
	uint64_t gpa;
	uint64_t size_bytes;
	uint8_t *hva;
	uint32_t node; /* guest NUMA node */
};

/*
 * Memory that is somewhere else, and comes here piece by piece: called before
 * `length` bytes at `hva`, all inside one region, are looked at. 0 or -errno.
 */
struct kt_memory_source {
	int (*fetch)(void *userdata, uint64_t gpa, uint8_t *hva, uint64_t length);
	void *userdata;
};

/* Plain view; who made the regions owns the memory behind them. */
struct kt_guest_memory {
	const struct kt_memory_region *regions; /* ascending, disjoint */
	size_t n_regions;
	const struct kt_memory_source *source; /* NULL: it is here */
};

/*
 * The host address of `length` bytes at `gpa` if they lie inside one region,
 * else NULL, as when they cannot be fetched. A zero length asks for the address
 * alone.
 */
void *kt_guest_memory_at(const struct kt_guest_memory *memory, uint64_t gpa,
			 uint64_t length);

/*
 * As above for as many bytes, up to `length`, as lie in one region from `gpa`
 * on; `ret_length` says how many. NULL when not even the first one is RAM.
 */
void *kt_guest_memory_piece(const struct kt_guest_memory *memory, uint64_t gpa,
			    uint64_t length, uint64_t *ret_length);

/* Copies across region borders; -EFAULT when any byte is not RAM. */
int kt_guest_memory_read(const struct kt_guest_memory *memory, uint64_t gpa,
			 void *data, uint64_t length);
int kt_guest_memory_write(const struct kt_guest_memory *memory, uint64_t gpa,
			  const void *data, uint64_t length);

/*
 * Reads `length` bytes of the file, from `offset` on, across region borders.
 * -EFAULT when any byte is not RAM, else as kt_pread_all().
 */
int kt_guest_memory_load(const struct kt_guest_memory *memory, uint64_t gpa,
			 int fd, uint64_t offset, uint64_t length);

/* Where the RAM that holds `gpa` ends, neighbouring regions included; 0: none. */
uint64_t kt_guest_memory_end(const struct kt_guest_memory *memory, uint64_t gpa);
