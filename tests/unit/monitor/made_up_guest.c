// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <endian.h>
#include <stdlib.h>

#include "base/macro.h"
#include "made_up_guest.h"

#define PAGE 4096ULL

/* Places in the image. */
#define PHYS_BASE_OFFSET  0x12340
#define ROOT_TABLE_OFFSET 0x200000

void made_up_guest_init(struct made_up_guest *guest,
			const struct kt_paging_ops *ops, unsigned int va_bits)
{
	void *ram = NULL;

	assert_int_equal(posix_memalign(&ram, 2u << 20, GUEST_RAM_BYTES), 0);
	memset(ram, 0, GUEST_RAM_BYTES);
	*guest = (struct made_up_guest){
		.region = { .gpa = GUEST_RAM_GPA,
			    .size_bytes = GUEST_RAM_BYTES,
			    .hva = ram },
		.paging = { .ops = ops, .va_bits = va_bits },
		.free_gpa = GUEST_RAM_GPA + GUEST_RAM_BYTES,
	};
	guest->memory = (struct kt_guest_memory){ &guest->region, 1, NULL };
	guest->free_gpa -= 1ULL << ops->page_shift;
	guest->paging.root_gpa = guest->free_gpa;
}

void made_up_guest_deinit(struct made_up_guest *guest)
{
	btf__free(guest->btf);
	free(guest->region.hva);
}

static uint64_t *entry_at(struct made_up_guest *guest, uint64_t gpa)
{
	uint64_t *entry = kt_guest_memory_at(&guest->memory, gpa, 8);

	assert_non_null(entry);
	return entry;
}

/* As each architecture writes them. */
static uint64_t table_entry(const struct made_up_guest *guest, uint64_t gpa)
{
	return guest->paging.ops == &kt_paging_x86_64 ? gpa | 0x63 : gpa | 3;
}

static uint64_t leaf_entry(const struct made_up_guest *guest, uint64_t gpa,
			   unsigned int level)
{
	if (guest->paging.ops == &kt_paging_x86_64)
		return gpa | 1ULL << 63 | 0x163 | (level ? 1u << 7 : 0);
	return gpa | (1ULL << 54) | 0x700 | (level ? 1 : 3);
}

void made_up_guest_map(struct made_up_guest *guest, uint64_t va, uint64_t gpa,
		       unsigned int level)
{
	unsigned int page_shift = guest->paging.ops->page_shift;
	unsigned int bits = page_shift - 3;
	unsigned int at = kt_paging_levels(&guest->paging);
	uint64_t table = guest->paging.root_gpa;

	va &= (1ULL << guest->paging.va_bits) - 1;
	while (at-- > 0) {
		uint64_t index =
			va >> (page_shift + at * bits) & ((1ULL << bits) - 1);
		uint64_t *entry = entry_at(guest, table + index * 8);

		if (at == level) {
			*entry = htole64(leaf_entry(guest, gpa, level));
			return;
		}
		if (!*entry) {
			guest->free_gpa -= 1ULL << page_shift;
			*entry = htole64(table_entry(guest, guest->free_gpa));
		}
		table = guest->paging.ops->address(le64toh(*entry));
	}
}

void made_up_guest_init_kernel(struct made_up_guest *guest)
{
	uint64_t phys_base = GUEST_IMAGE_VA + PHYS_BASE_OFFSET;

	made_up_guest_init(guest, &kt_paging_x86_64, 48);
	guest->paging.root_gpa = GUEST_IMAGE_GPA + ROOT_TABLE_OFFSET;
	for (uint64_t at = 0; at < GUEST_IMAGE_BYTES; at += 2u << 20)
		made_up_guest_map(guest, GUEST_IMAGE_VA + at,
				  GUEST_IMAGE_GPA + at, 1);
	guest->symbols.address[KT_SYMBOL_ROOT_TABLE] =
		GUEST_IMAGE_VA + ROOT_TABLE_OFFSET;
	guest->symbols.address[KT_SYMBOL_PHYS_BASE] = phys_base;
	made_up_guest_put64(guest, phys_base,
			    GUEST_IMAGE_GPA - (GUEST_IMAGE_VA - GUEST_LINK_BASE));
}

uint64_t made_up_guest_gpa(uint64_t va)
{
	assert_true(va >= GUEST_IMAGE_VA &&
		    va < GUEST_IMAGE_VA + GUEST_IMAGE_BYTES);
	return va - GUEST_IMAGE_VA + GUEST_IMAGE_GPA;
}

void *made_up_guest_at(struct made_up_guest *guest, uint64_t va)
{
	void *at = kt_guest_memory_at(&guest->memory, made_up_guest_gpa(va), 8);

	assert_non_null(at);
	return at;
}

void made_up_guest_put32(struct made_up_guest *guest, uint64_t va, uint32_t value)
{
	value = htole32(value);
	memcpy(made_up_guest_at(guest, va), &value, sizeof(value));
}

void made_up_guest_put64(struct made_up_guest *guest, uint64_t va, uint64_t value)
{
	value = htole64(value);
	memcpy(made_up_guest_at(guest, va), &value, sizeof(value));
}
