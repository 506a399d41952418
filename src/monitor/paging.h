/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The page tables of a guest's kernel, walked in its physical memory. What
 * differs between architectures and page sizes is a table of operations; that
 * of x86-64 follows the AMD64 manual, volume 2, 5.3 and 5.4, those of aarch64
 * the Arm ARM, D8.3 (VMSAv8-64 translation table format descriptors).
 *
 *	VA:  sign | index .. index | index | offset in the page
 *	            root                     page_shift bits
 *	            each but the root's: page_shift - 3 bits
 */

#include <stdbool.h>
#include <stdint.h>

#include "memory/guest_memory.h"

/* What an entry is: `level` counts from the pages, which are at 0. */
enum kt_entry_kind {
	KT_ENTRY_ABSENT, /* not mapped, or nothing that the CPU would take */
	KT_ENTRY_TABLE,
	KT_ENTRY_LEAF,
};

struct kt_paging_ops {
	const char *name;
	unsigned int page_shift;
	enum kt_entry_kind (*kind)(uint64_t entry, unsigned int level);
	/* The physical address in it, of a table or of what it maps. */
	uint64_t (*address)(uint64_t entry);
};

extern const struct kt_paging_ops kt_paging_x86_64;
extern const struct kt_paging_ops kt_paging_aarch64_4k;
extern const struct kt_paging_ops kt_paging_aarch64_16k;
extern const struct kt_paging_ops kt_paging_aarch64_64k;

/* The tables of one address space: of its kernel's half. */
struct kt_paging {
	const struct kt_paging_ops *ops;
	/* 48 or 57 on x86-64; 39 to 52 on aarch64, by CONFIG_ARM64_VA_BITS. */
	unsigned int va_bits;
	uint64_t root_gpa;
};

struct kt_translation {
	uint64_t gpa;
	uint64_t left_bytes; /* as many from there on are mapped alike */
};

/* How many tables lie on the way to a page. */
unsigned int kt_paging_levels(const struct kt_paging *paging);

/*
 * Where `va` lies. -EFAULT when it is not mapped, is none of the kernel's half,
 * or when a table is not in RAM. Takes no more steps than there are levels,
 * whatever the guest does to its tables meanwhile.
 */
int kt_paging_translate(const struct kt_paging *paging,
			const struct kt_guest_memory *memory, uint64_t va,
			struct kt_translation *ret);
