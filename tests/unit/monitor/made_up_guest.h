/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A guest that never ran: RAM in which tables map what a test wants, and BTF
 * that a test writes. Everything fails the test where it cannot be done.
 */

#include <bpf/btf.h>
#include <stdint.h>

#include "memory/guest_memory.h"
#include "monitor/kernel_symbols.h"
#include "monitor/paging.h"

#define GUEST_RAM_BYTES   (32u << 20)
#define GUEST_RAM_GPA     0x1000000ULL
#define GUEST_LINK_BASE   0xffffffff80000000ULL
/* Where its image is, linked and loaded; both multiples of 2 MiB. */
#define GUEST_IMAGE_VA    0xffffffff81000000ULL
#define GUEST_IMAGE_GPA   0x1400000ULL
#define GUEST_IMAGE_BYTES (4u << 20)

struct made_up_guest {
	struct kt_memory_region region;
	struct kt_guest_memory memory;
	struct kt_paging paging;
	uint64_t free_gpa; /* for tables */
	struct kt_kernel_symbols symbols;
	struct btf *btf;
};

/* Tables of those operations and bits that map nothing yet. */
void made_up_guest_init(struct made_up_guest *guest,
			const struct kt_paging_ops *ops, unsigned int va_bits);
void made_up_guest_deinit(struct made_up_guest *guest);

/* Maps a page at that level, 0: the smallest. */
void made_up_guest_map(struct made_up_guest *guest, uint64_t va, uint64_t gpa,
		       unsigned int level);

/* A guest as x86-64 has it, with its image mapped and phys_base in it. */
void made_up_guest_init_kernel(struct made_up_guest *guest);

/* The host's address of a byte in the image, and its physical one. */
void *made_up_guest_at(struct made_up_guest *guest, uint64_t va);
uint64_t made_up_guest_gpa(uint64_t va);

void made_up_guest_put32(struct made_up_guest *guest, uint64_t va,
			 uint32_t value);
void made_up_guest_put64(struct made_up_guest *guest, uint64_t va,
			 uint64_t value);
