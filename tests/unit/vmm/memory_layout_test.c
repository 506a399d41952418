// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"
#include "messages.h"
#include "vmm/memory.h"
#include "vmm/x86_64/layout.h"

#define REGIONS_MAX 8

static void assert_region(const struct kt_memory_region *r, uint64_t gpa,
			  uint64_t size_bytes, uint32_t node)
{
	assert_true(r->gpa == gpa);
	assert_true(r->size_bytes == size_bytes);
	assert_int_equal(r->node, node);
}

static void one_small_node_is_one_region(void **state)
{
	const uint64_t nodes[] = { 256 * KT_MIB };
	struct kt_memory_region regions[REGIONS_MAX];

	(void)state;
	assert_int_equal(kt_memory_layout(nodes, 1, regions), 1);
	assert_region(&regions[0], 0, 256 * KT_MIB, 0);
}

static void nodes_follow_each_other(void **state)
{
	const uint64_t nodes[] = { 3 * KT_MIB, 0, 5 * KT_MIB };
	struct kt_memory_region regions[REGIONS_MAX];

	(void)state;
	assert_int_equal(kt_memory_layout(nodes, 3, regions), 2);
	assert_region(&regions[0], 0, 3 * KT_MIB, 0);
	assert_region(&regions[1], 3 * KT_MIB, 5 * KT_MIB, 2);
}

static void a_node_that_meets_the_hole_goes_on_behind_it(void **state)
{
	const uint64_t nodes[] = { 2 * KT_GIB, 2 * KT_GIB, KT_GIB };
	struct kt_memory_region regions[REGIONS_MAX];

	(void)state;
	assert_int_equal(kt_memory_layout(nodes, 3, regions), 4);
	assert_region(&regions[0], 0, 2 * KT_GIB, 0);
	assert_region(&regions[1], 2 * KT_GIB, KT_GIB, 1);
	assert_region(&regions[2], KT_HOLE_END, KT_GIB, 1);
	assert_region(&regions[3], KT_HOLE_END + KT_GIB, KT_GIB, 2);
}

static void a_node_that_ends_at_the_hole_is_not_split(void **state)
{
	const uint64_t nodes[] = { KT_HOLE_GPA, KT_MIB };
	struct kt_memory_region regions[REGIONS_MAX];

	(void)state;
	assert_int_equal(kt_memory_layout(nodes, 2, regions), 2);
	assert_region(&regions[0], 0, KT_HOLE_GPA, 0);
	assert_region(&regions[1], KT_HOLE_END, KT_MIB, 1);
}

static void no_memory_at_all_is_refused(void **state)
{
	const uint64_t nodes[] = { 0, 0 };
	struct ktstr_error err = {};
	struct kt_vm_memory memory;

	(void)state;
	assert_int_equal(kt_vm_memory_init(&memory, nodes, 2, &err), -EINVAL);
	assert_contains(err.message, "memory");
	message_seen(err.message);
	kt_vm_memory_deinit(&memory);
}

static void guest_addresses_are_host_addresses_with_one_offset(void **state)
{
	const uint64_t nodes[] = { 2 * KT_GIB, 2 * KT_GIB };
	struct kt_vm_memory memory;

	(void)state;
	assert_int_equal(kt_vm_memory_init(&memory, nodes, 2, NULL), 0);
	assert_int_equal((uintptr_t)memory.base % (2 * KT_MIB), 0);
	for (size_t i = 0; i < memory.n_regions; i++) {
		const struct kt_memory_region *r = &memory.regions[i];

		assert_ptr_equal(r->hva, memory.base + r->gpa);
		r->hva[0] = 1;
		r->hva[r->size_bytes - 1] = 1;
	}
	kt_vm_memory_deinit(&memory);
	kt_vm_memory_deinit(&memory);
}

static void a_mapped_file_is_shared_until_written(void **state)
{
	const uint64_t nodes[] = { 4 * KT_MIB };
	struct kt_vm_memory memory;
	char page[4096] = "archive";
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	assert_int_equal(kt_vm_memory_init(&memory, nodes, 1, NULL), 0);
	assert_int_equal(kt_vm_memory_map_file(&memory, 2 * KT_MIB, fd,
					       sizeof(page), NULL),
			 0);
	assert_string_equal((char *)memory.base + 2 * KT_MIB, "archive");
	memory.base[2 * KT_MIB] = 'A';
	assert_int_equal(pread(fd, page, sizeof(page), 0), sizeof(page));
	assert_string_equal(page, "archive");
	close(fd);
	kt_vm_memory_deinit(&memory);
}

static void a_file_outside_of_memory_is_not_mapped(void **state)
{
	const uint64_t nodes[] = { 4 * KT_MIB };
	struct ktstr_error err = {};
	struct kt_vm_memory memory;
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(kt_vm_memory_init(&memory, nodes, 1, NULL), 0);
	assert_int_equal(kt_vm_memory_map_file(&memory, 3 * KT_MIB, fd,
					       2 * KT_MIB, &err),
			 -EFAULT);
	assert_contains(err.message, "0x300000");
	message_seen(err.message);
	close(fd);
	kt_vm_memory_deinit(&memory);
}

/* How many of its pages are there. */
static size_t resident(const struct kt_vm_memory *memory)
{
	unsigned char pages[2048];
	size_t n = 0;

	assert_int_equal(mincore(memory->base, 8 * KT_MIB, pages), 0);
	for (size_t i = 0; i < sizeof(pages); i++)
		n += pages[i] & 1;
	return n;
}

static void memory_that_is_placed_is_there(void **state)
{
	const uint64_t nodes[] = { 4 * KT_MIB, 4 * KT_MIB };
	struct kt_vm_memory memory;

	(void)state;
	assert_int_equal(kt_vm_memory_init(&memory, nodes, 2, NULL), 0);
	assert_int_equal(resident(&memory), 0);
	assert_int_equal(kt_vm_memory_place(&memory, false, NULL), 0);
	assert_int_equal(resident(&memory), 2048);
	assert_false(memory.has_hugepages);
	kt_vm_memory_deinit(&memory);
}

/* Whether this machine has hugepages or not, and a node 0 or not. */
static void memory_that_is_placed_can_be_used(void **state)
{
	const uint64_t nodes[] = { 4 * KT_MIB, 3 * KT_MIB, 1 * KT_MIB };
	char page[4096] = "archive";
	struct kt_bitmap on[3] = { 0 };
	struct kt_vm_memory memory;
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	assert_int_equal(kt_bitmap_set(&on[0], 0), 0);
	/* A node that no machine has: told, and no harm. */
	assert_int_equal(kt_bitmap_set(&on[1], 900), 0);
	assert_int_equal(kt_vm_memory_init(&memory, nodes, 3, NULL), 0);
	assert_true(kt_vm_memory_place(&memory, true, on) < 0);
	assert_int_equal(resident(&memory), 2048);
	for (size_t i = 0; i < memory.n_regions; i++)
		memset(memory.regions[i].hva, 0x55,
		       memory.regions[i].size_bytes);
	assert_int_equal(kt_vm_memory_map_file(&memory, 2 * KT_MIB, fd,
					       sizeof(page), NULL),
			 0);
	assert_string_equal((char *)memory.base + 2 * KT_MIB, "archive");
	assert_int_equal(memory.base[2 * KT_MIB + 4096], 0x55);
	close(fd);
	for (size_t i = 0; i < 3; i++)
		kt_bitmap_deinit(&on[i]);
	kt_vm_memory_deinit(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_small_node_is_one_region),
		cmocka_unit_test(nodes_follow_each_other),
		cmocka_unit_test(a_node_that_meets_the_hole_goes_on_behind_it),
		cmocka_unit_test(a_node_that_ends_at_the_hole_is_not_split),
		cmocka_unit_test(no_memory_at_all_is_refused),
		cmocka_unit_test(
			guest_addresses_are_host_addresses_with_one_offset),
		cmocka_unit_test(a_mapped_file_is_shared_until_written),
		cmocka_unit_test(a_file_outside_of_memory_is_not_mapped),
		cmocka_unit_test(memory_that_is_placed_is_there),
		cmocka_unit_test(memory_that_is_placed_can_be_used),
		messages_test("vmm_memory_layout"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
