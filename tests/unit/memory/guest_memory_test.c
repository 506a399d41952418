// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "memory/guest_memory.h"

#define PAGE 0x1000

/* Two regions that touch, a hole, and one more. */
static uint8_t first[PAGE], second[2 * PAGE], third[PAGE];

static const struct kt_memory_region regions[] = {
	{ .gpa = 0x0000, .size_bytes = PAGE, .hva = first },
	{ .gpa = 0x1000, .size_bytes = 2 * PAGE, .hva = second, .node = 1 },
	{ .gpa = 0x100000, .size_bytes = PAGE, .hva = third, .node = 1 },
};

static const struct kt_guest_memory memory = { regions, 3, NULL };

static void an_address_is_found_in_its_region(void **state)
{
	(void)state;
	assert_ptr_equal(kt_guest_memory_at(&memory, 0, PAGE), first);
	assert_ptr_equal(kt_guest_memory_at(&memory, 0x1fff, 0x1001),
			 second + 0xfff);
	assert_ptr_equal(kt_guest_memory_at(&memory, 0x100010, 1), third + 16);
}

static void a_range_that_leaves_its_region_is_refused(void **state)
{
	(void)state;
	assert_null(kt_guest_memory_at(&memory, 0, PAGE + 1));
	assert_null(kt_guest_memory_at(&memory, 0xfff, 2));
	assert_null(kt_guest_memory_at(&memory, 0x2fff, 2));
	assert_null(kt_guest_memory_at(&memory, 0x100000, PAGE + 1));
	assert_null(kt_guest_memory_at(&memory, 0x100fff, UINT64_MAX));
}

static void an_address_outside_ram_is_refused(void **state)
{
	uint64_t length;

	(void)state;
	assert_null(kt_guest_memory_at(&memory, 0x3000, 1));
	assert_null(kt_guest_memory_at(&memory, 0x3000, 0));
	assert_null(kt_guest_memory_at(&memory, 0xfffff, 1));
	assert_null(kt_guest_memory_at(&memory, 0x101000, 0));
	assert_null(kt_guest_memory_at(&memory, UINT64_MAX, 1));
	assert_null(kt_guest_memory_piece(&memory, 0x3000, 1, &length));
}

static void a_piece_ends_where_its_region_ends(void **state)
{
	uint64_t length = 0;

	(void)state;
	assert_ptr_equal(kt_guest_memory_piece(&memory, 0xff0, 0x100, &length),
			 first + 0xff0);
	assert_int_equal(length, 0x10);
	assert_ptr_equal(kt_guest_memory_piece(&memory, 0x1000, 4, &length),
			 second);
	assert_int_equal(length, 4);
}

static void copies_cross_borders(void **state)
{
	uint8_t data[8];

	(void)state;
	assert_int_equal(kt_guest_memory_write(&memory, 0xffc, "abcdefgh", 8), 0);
	assert_memory_equal(first + 0xffc, "abcd", 4);
	assert_memory_equal(second, "efgh", 4);
	assert_int_equal(kt_guest_memory_read(&memory, 0xffc, data, 8), 0);
	assert_memory_equal(data, "abcdefgh", 8);
}

static void a_copy_that_leaves_ram_fails(void **state)
{
	uint8_t data[2 * PAGE] = { 0 };

	(void)state;
	assert_int_equal(kt_guest_memory_read(&memory, 0x2ffc, data, 8), -EFAULT);
	assert_int_equal(kt_guest_memory_write(&memory, 0x2ffc, data, 8),
			 -EFAULT);
	assert_int_equal(kt_guest_memory_read(&memory, 0x100000, data, 2 * PAGE),
			 -EFAULT);
	assert_int_equal(kt_guest_memory_read(&memory, UINT64_MAX, data, 1),
			 -EFAULT);
}

static void a_copy_does_not_wrap_around(void **state)
{
	/* RAM at both ends of the address space. */
	const struct kt_memory_region ends[] = {
		{ .gpa = 0, .size_bytes = PAGE, .hva = first },
		{ .gpa = -(uint64_t)PAGE, .size_bytes = PAGE, .hva = third },
	};
	const struct kt_guest_memory both = { ends, 2, NULL };
	uint8_t data[16];

	(void)state;
	assert_int_equal(kt_guest_memory_read(&both, UINT64_MAX - 7, data, 8), 0);
	assert_int_equal(kt_guest_memory_read(&both, UINT64_MAX - 7, data, 16),
			 -EFAULT);
}

static void ram_ends_at_the_next_hole(void **state)
{
	(void)state;
	assert_true(kt_guest_memory_end(&memory, regions[0].gpa) ==
		    regions[1].gpa + regions[1].size_bytes);
	assert_true(kt_guest_memory_end(&memory, regions[2].gpa) ==
		    regions[2].gpa + regions[2].size_bytes);
	assert_true(kt_guest_memory_end(
			    &memory, regions[1].gpa + regions[1].size_bytes) == 0);
}

static void an_empty_copy_touches_nothing(void **state)
{
	(void)state;
	assert_int_equal(kt_guest_memory_read(&memory, 0x3000, NULL, 0), 0);
	assert_int_equal(kt_guest_memory_write(&memory, 0x3000, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_found_in_its_region),
		cmocka_unit_test(a_range_that_leaves_its_region_is_refused),
		cmocka_unit_test(an_address_outside_ram_is_refused),
		cmocka_unit_test(a_piece_ends_where_its_region_ends),
		cmocka_unit_test(copies_cross_borders),
		cmocka_unit_test(a_copy_that_leaves_ram_fails),
		cmocka_unit_test(a_copy_does_not_wrap_around),
		cmocka_unit_test(ram_ends_at_the_next_hole),
		cmocka_unit_test(an_empty_copy_touches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
