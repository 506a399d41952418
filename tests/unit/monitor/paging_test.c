// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "made_up_guest.h"
#include "monitor/paging.h"

#define PAGE_GPA (GUEST_RAM_GPA + 0x10000ULL)

/* Each architecture's ways, with a page of each size that it has. */
static const struct way {
	const char *name;
	const struct kt_paging_ops *ops;
	unsigned int va_bits;
	unsigned int levels;
	uint64_t va;
	uint64_t block_bytes[2]; /* at level 1 and 2; 0: none */
} ways[] = {
	{ "x86-64, 4 levels",
	  &kt_paging_x86_64,
	  48,
	  4,
	  0xffff888012345000,
	  { 2u << 20, 1u << 30 } },
	{ "x86-64, 5 levels",
	  &kt_paging_x86_64,
	  57,
	  5,
	  0xff11000012345000,
	  { 2u << 20, 1u << 30 } },
	{ "4K, 39 bits",
	  &kt_paging_aarch64_4k,
	  39,
	  3,
	  0xffffff8012345000,
	  { 2u << 20, 1u << 30 } },
	{ "4K, 48 bits",
	  &kt_paging_aarch64_4k,
	  48,
	  4,
	  0xffff000012345000,
	  { 2u << 20, 1u << 30 } },
	{ "16K, 47 bits",
	  &kt_paging_aarch64_16k,
	  47,
	  3,
	  0xffff800012344000,
	  { 32u << 20, 0 } },
	{ "16K, 48 bits",
	  &kt_paging_aarch64_16k,
	  48,
	  4,
	  0xffff000012344000,
	  { 32u << 20, 0 } },
	{ "64K, 42 bits",
	  &kt_paging_aarch64_64k,
	  42,
	  2,
	  0xfffffc0012340000,
	  { 512u << 20, 0 } },
	{ "64K, 48 bits",
	  &kt_paging_aarch64_64k,
	  48,
	  3,
	  0xffff000012340000,
	  { 512u << 20, 0 } },
	{ "64K, 52 bits",
	  &kt_paging_aarch64_64k,
	  52,
	  3,
	  0xfff0000012340000,
	  { 512u << 20, 0 } },
};

static uint64_t page_bytes(const struct way *way)
{
	return 1ULL << way->ops->page_shift;
}

static void a_page_is_found_and_its_neighbours_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];
		struct made_up_guest guest;
		struct kt_translation found;

		made_up_guest_init(&guest, way->ops, way->va_bits);
		print_message("%s\n", way->name);
		assert_int_equal(kt_paging_levels(&guest.paging), way->levels);
		made_up_guest_map(&guest, way->va, PAGE_GPA, 0);
		assert_int_equal(kt_paging_translate(&guest.paging, &guest.memory,
						     way->va + 0x123, &found),
				 0);
		assert_int_equal(found.gpa, PAGE_GPA + 0x123);
		assert_int_equal(found.left_bytes, page_bytes(way) - 0x123);
		assert_int_equal(
			kt_paging_translate(&guest.paging, &guest.memory,
					    way->va + page_bytes(way), &found),
			-EFAULT);
		assert_int_equal(kt_paging_translate(&guest.paging, &guest.memory,
						     way->va - 1, &found),
				 -EFAULT);
		made_up_guest_deinit(&guest);
	}
}

static void a_block_maps_all_of_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(ways); i++) {
		for (unsigned int level = 1; level <= 2; level++) {
			const struct way *way = &ways[i];
			uint64_t bytes = way->block_bytes[level - 1], va, gpa;
			struct made_up_guest guest;
			struct kt_translation found;

			if (level >= way->levels)
				continue;
			made_up_guest_init(&guest, way->ops, way->va_bits);
			print_message("%s, level %u\n", way->name, level);
			/* Where no such block is, the size does not matter. */
			va = way->va & ~((bytes ? bytes : 1ULL << 36) - 1);
			/* Not RAM, and no business of a walk. */
			gpa = 4ULL << 39;
			made_up_guest_map(&guest, va, gpa, level);
			if (!bytes) {
				assert_int_equal(
					kt_paging_translate(&guest.paging,
							    &guest.memory,
							    way->va, &found),
					-EFAULT);
			} else {
				assert_int_equal(kt_paging_translate(
							 &guest.paging,
							 &guest.memory,
							 va + bytes - 8, &found),
						 0);
				assert_true(found.gpa == gpa + bytes - 8);
				assert_int_equal(found.left_bytes, 8);
			}
			made_up_guest_deinit(&guest);
		}
	}
}

static void what_is_not_the_kernels_half_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];
		uint64_t low = way->va & ((1ULL << way->va_bits) - 1);
		struct made_up_guest guest;
		struct kt_translation found;

		made_up_guest_init(&guest, way->ops, way->va_bits);
		made_up_guest_map(&guest, way->va, PAGE_GPA, 0);
		assert_int_equal(kt_paging_translate(&guest.paging,
						     &guest.memory, low, &found),
				 -EFAULT);
		assert_int_equal(
			kt_paging_translate(&guest.paging, &guest.memory,
					    way->va ^ 1ULL << 62, &found),
			-EFAULT);
		made_up_guest_deinit(&guest);
	}
}

/* The address bits of an entry are 48 to 52; all of them may be set. */
static void tables_outside_ram_end_the_walk(void **state)
{
	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(ways); i++) {
		const struct way *way = &ways[i];
		struct made_up_guest guest;
		struct kt_translation found;
		uint64_t *root;

		made_up_guest_init(&guest, way->ops, way->va_bits);
		root = kt_guest_memory_at(&guest.memory, guest.paging.root_gpa,
					  page_bytes(way));
		for (size_t j = 0; j < page_bytes(way) / 8; j++)
			root[j] = UINT64_MAX & ~(1ULL << 7);
		assert_int_equal(kt_paging_translate(&guest.paging, &guest.memory,
						     way->va, &found),
				 -EFAULT);
		guest.paging.root_gpa = 0;
		assert_int_equal(kt_paging_translate(&guest.paging, &guest.memory,
						     way->va, &found),
				 -EFAULT);
		guest.paging.root_gpa = UINT64_MAX - 7;
		assert_int_equal(kt_paging_translate(&guest.paging, &guest.memory,
						     way->va, &found),
				 -EFAULT);
		made_up_guest_deinit(&guest);
	}
}

/* A table that names itself is walked as often as there are levels. */
static void a_table_that_holds_itself_ends(void **state)
{
	struct made_up_guest guest;
	struct kt_translation found;
	uint64_t *root;

	(void)state;
	made_up_guest_init(&guest, &kt_paging_x86_64, 57);
	root = kt_guest_memory_at(&guest.memory, guest.paging.root_gpa, 4096);
	for (size_t i = 0; i < 512; i++)
		root[i] = guest.paging.root_gpa | 0x63;
	assert_int_equal(kt_paging_translate(&guest.paging, &guest.memory,
					     0xffffffffffffffff, &found),
			 0);
	assert_int_equal(found.gpa, guest.paging.root_gpa + 0xfff);
	made_up_guest_deinit(&guest);
}

static void a_64k_entry_holds_bits_above_48(void **state)
{
	(void)state;
	assert_true(kt_paging_aarch64_64k.address(0x0000ffffffff5003) ==
		    0x5ffffffff0000);
	assert_true(kt_paging_aarch64_16k.address(0xf000fffffffff003) ==
		    0xffffffffc000);
	assert_true(kt_paging_x86_64.address(0xfff0000012345fff) ==
		    0x0000000012345000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_found_and_its_neighbours_are_not),
		cmocka_unit_test(a_block_maps_all_of_itself),
		cmocka_unit_test(what_is_not_the_kernels_half_is_refused),
		cmocka_unit_test(tables_outside_ram_end_the_walk),
		cmocka_unit_test(a_table_that_holds_itself_ends),
		cmocka_unit_test(a_64k_entry_holds_bits_above_48),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
