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
		messages_test("vmm_memory_layout"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
