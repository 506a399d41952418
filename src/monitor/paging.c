// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <stddef.h>

#include "monitor/paging.h"

#define ENTRY_BYTES 8
#define ENTRY_SHIFT 3

#define BITS(high, low) (((2ULL << ((high) - (low))) - 1) << (low))

#define X86_PRESENT (1ULL << 0)
#define X86_LARGE   (1ULL << 7)
#define X86_ADDRESS BITS(51, 12)

static enum kt_entry_kind x86_64_kind(uint64_t entry, unsigned int level)
{
	if (!(entry & X86_PRESENT))
		return KT_ENTRY_ABSENT;
	if (level == 0)
		return KT_ENTRY_LEAF;
	if (!(entry & X86_LARGE))
		return KT_ENTRY_TABLE;
	/* 2 MiB and 1 GiB; above them the bit is reserved. */
	return level <= 2 ? KT_ENTRY_LEAF : KT_ENTRY_ABSENT;
}

static uint64_t x86_64_address(uint64_t entry)
{
	return entry & X86_ADDRESS;
}

const struct kt_paging_ops kt_paging_x86_64 = {
	.name = "x86-64",
	.page_shift = 12,
	.kind = x86_64_kind,
	.address = x86_64_address,
};

#define ARM_VALID (1ULL << 0)
#define ARM_TABLE (1ULL << 1) /* at level 0: a page */

static enum kt_entry_kind aarch64_kind(uint64_t entry, unsigned int level,
				       unsigned int highest_block)
{
	if (!(entry & ARM_VALID))
		return KT_ENTRY_ABSENT;
	if (entry & ARM_TABLE)
		return level == 0 ? KT_ENTRY_LEAF : KT_ENTRY_TABLE;
	return level >= 1 && level <= highest_block ? KT_ENTRY_LEAF :
						      KT_ENTRY_ABSENT;
}

static enum kt_entry_kind aarch64_4k_kind(uint64_t entry, unsigned int level)
{
	return aarch64_kind(entry, level, 2); /* 2 MiB, 1 GiB */
}

/* 32 MiB and 512 MiB. */
static enum kt_entry_kind aarch64_big_kind(uint64_t entry, unsigned int level)
{
	return aarch64_kind(entry, level, 1);
}

static uint64_t aarch64_4k_address(uint64_t entry)
{
	return entry & BITS(47, 12);
}

static uint64_t aarch64_16k_address(uint64_t entry)
{
	return entry & BITS(47, 14);
}

/* With FEAT_LPA the four bits that are left name those above bit 47. */
static uint64_t aarch64_64k_address(uint64_t entry)
{
	return (entry & BITS(47, 16)) | (entry & BITS(15, 12)) << 36;
}

const struct kt_paging_ops kt_paging_aarch64_4k = {
	.name = "aarch64 with pages of 4 KiB",
	.page_shift = 12,
	.kind = aarch64_4k_kind,
	.address = aarch64_4k_address,
};

const struct kt_paging_ops kt_paging_aarch64_16k = {
	.name = "aarch64 with pages of 16 KiB",
	.page_shift = 14,
	.kind = aarch64_big_kind,
	.address = aarch64_16k_address,
};

const struct kt_paging_ops kt_paging_aarch64_64k = {
	.name = "aarch64 with pages of 64 KiB",
	.page_shift = 16,
	.kind = aarch64_big_kind,
	.address = aarch64_64k_address,
};

unsigned int kt_paging_levels(const struct kt_paging *paging)
{
	unsigned int bits = paging->ops->page_shift - ENTRY_SHIFT;

	return (paging->va_bits - paging->ops->page_shift + bits - 1) / bits;
}

/* All bits above those that are looked up are set, in the upper half. */
static bool is_kernels(const struct kt_paging *paging, uint64_t va)
{
	unsigned int bits = paging->va_bits;

	/* On x86-64 the topmost of them is such a sign too. */
	if (paging->ops == &kt_paging_x86_64)
		bits--;
	return va >> bits == UINT64_MAX >> bits;
}

static int read_entry(const struct kt_guest_memory *memory, uint64_t gpa,
		      uint64_t *ret)
{
	const volatile uint64_t *entry =
		kt_guest_memory_at(memory, gpa, ENTRY_BYTES);

	if (!entry)
		return -EFAULT;
	*ret = le64toh(*entry);
	return 0;
}

int kt_paging_translate(const struct kt_paging *paging,
			const struct kt_guest_memory *memory, uint64_t va,
			struct kt_translation *ret)
{
	unsigned int bits = paging->ops->page_shift - ENTRY_SHIFT;
	unsigned int level = kt_paging_levels(paging);
	uint64_t table = paging->root_gpa;

	if (!is_kernels(paging, va) || table % ENTRY_BYTES)
		return -EFAULT;
	while (level-- > 0) {
		unsigned int shift = paging->ops->page_shift + level * bits;
		uint64_t offset = va & ((1ULL << shift) - 1);
		/* The root's has fewer bits where they do not come out even. */
		uint64_t index = (va & ((1ULL << paging->va_bits) - 1)) >> shift;
		uint64_t entry;

		index &= (1ULL << bits) - 1;
		if (read_entry(memory, table + index * ENTRY_BYTES, &entry) < 0)
			return -EFAULT;
		switch (paging->ops->kind(entry, level)) {
		case KT_ENTRY_ABSENT:
			return -EFAULT;
		case KT_ENTRY_TABLE:
			table = paging->ops->address(entry);
			break;
		case KT_ENTRY_LEAF:
			ret->gpa = (paging->ops->address(entry) &
				    ~((1ULL << shift) - 1)) +
				   offset;
			ret->left_bytes = (1ULL << shift) - offset;
			return 0;
		}
	}
	return -EFAULT;
}
