// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's tables of numbered objects, and the maps and programs in them. */
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "made_up_kernel.h"
#include "monitor/bpf.h"
#include "monitor/xarray.h"

#define IDR      (GUEST_IMAGE_VA + 0x180000)
#define NODE(i_) (GUEST_IMAGE_VA + 0x181000 + (i_)*0x100ULL)
#define MAP(i_)  (GUEST_IMAGE_VA + 0x182000 + (i_)*0x100ULL)
#define PROG(i_) (GUEST_IMAGE_VA + 0x183000 + (i_)*0x100ULL)
#define AUX(i_)  (PROG(i_) + 0x40)
#define SEEN_MAX 8

/* The offset of a per-CPU variable, in made_up_kernel.c's areas. */
#define STATS 0x6000ULL

struct world {
	struct made_up_kernel_guest made_up;
	struct {
		uint32_t id;
		uint64_t object;
	} seen[SEEN_MAX];
	struct kt_bpf_map maps[SEEN_MAX];
	struct kt_bpf_program programs[SEEN_MAX];
	size_t n;
};

static void put32(struct world *world, uint64_t va, uint32_t value)
{
	made_up_guest_put32(&world->made_up.guest, va, value);
}

static void put64(struct world *world, uint64_t va, uint64_t value)
{
	made_up_guest_put64(&world->made_up.guest, va, value);
}

static void set_head(struct world *world, uint64_t entry)
{
	put64(world, IDR + IDR_HEAD, entry);
}

static void put_node(struct world *world, uint64_t i, uint8_t shift)
{
	*(uint8_t *)made_up_guest_at(&world->made_up.guest,
				     NODE(i) + XA_NODE_SHIFT) = shift;
	for (uint32_t slot = 0; slot < XA_SLOTS; slot++)
		put64(world, NODE(i) + XA_NODE_SLOTS + slot * 8, 0);
}

static void put_slot(struct world *world, uint64_t i, uint32_t slot,
		     uint64_t entry)
{
	put64(world, NODE(i) + XA_NODE_SLOTS + slot * 8, entry);
}

static uint64_t to_node(uint64_t i)
{
	return NODE(i) | 2;
}

/* Objects 2, 4 and 11, of which the last is in a third node. */
static void open_world(struct world *world)
{
	*world = (struct world){ .n = 0 };
	made_up_kernel_init(&world->made_up, KERNEL_NEW);
	world->made_up.kernel.symbols.address[KT_SYMBOL_MAP_IDR] = IDR;
	world->made_up.kernel.symbols.address[KT_SYMBOL_PROG_IDR] = IDR;
	put32(world, IDR + IDR_BASE, 0);
	set_head(world, to_node(0));
	put_node(world, 0, 2);
	put_node(world, 1, 0);
	put_node(world, 2, 0);
	put_node(world, 3, 0);
	put_slot(world, 0, 0, to_node(1));
	put_slot(world, 0, 1, to_node(2));
	put_slot(world, 0, 2, to_node(3));
	put_slot(world, 1, 2, MAP(0));
	put_slot(world, 2, 0, MAP(1));
	put_slot(world, 3, 3, MAP(2));
}

static int see(void *userdata, uint32_t id, uint64_t object)
{
	struct world *world = userdata;

	if (world->n < SEEN_MAX) {
		world->seen[world->n].id = id;
		world->seen[world->n].object = object;
	}
	world->n++;
	return 0;
}

static int walk(struct world *world)
{
	world->n = 0;
	return kt_idr_walk(&world->made_up.kernel, IDR, see, world);
}

static void objects_come_in_the_order_of_their_numbers(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 3);
	assert_int_equal(world.seen[0].id, 2);
	assert_int_equal(world.seen[0].object, MAP(0));
	assert_int_equal(world.seen[1].id, 4);
	assert_int_equal(world.seen[2].id, 11);
	assert_int_equal(world.seen[2].object, MAP(2));
	put32(&world, IDR + IDR_BASE, 100);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.seen[2].id, 111);
	made_up_kernel_deinit(&world.made_up);
}

static void a_table_of_one_or_none_has_no_node(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	set_head(&world, 0);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 0);
	set_head(&world, MAP(5));
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 1);
	assert_int_equal(world.seen[0].id, 0);
	made_up_kernel_deinit(&world.made_up);
}

static void marks_are_passed_over(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	put_slot(&world, 1, 3, 256 << 2 | 2); /* XA_RETRY_ENTRY */
	put_slot(&world, 2, 1, 2);            /* a sibling */
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 3);
	made_up_kernel_deinit(&world.made_up);
}

static void torn_trees_end_in_bounds(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	/* A node above itself. */
	put_slot(&world, 0, 1, to_node(0));
	assert_int_equal(walk(&world), -ERANGE);
	assert_int_equal(world.n, 1);
	put_slot(&world, 0, 1, 0xffff888000000002);
	assert_int_equal(walk(&world), -EFAULT);
	/* A number that no IDR has. */
	put_slot(&world, 0, 1, 0);
	put_node(&world, 0, 40);
	set_head(&world, to_node(0));
	put_slot(&world, 0, 1, MAP(0));
	assert_int_equal(walk(&world), -ERANGE);
	made_up_kernel_deinit(&world.made_up);
	/* What is no pointer. */
	open_world(&world);
	put_slot(&world, 2, 0, 0x1234);
	assert_int_equal(walk(&world), -ERANGE);
	assert_int_equal(world.n, 1);
	made_up_kernel_deinit(&world.made_up);
}

/* Each level may be full, and all of them the same node: no 2^32 visits. */
static void a_tree_without_end_is_left(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	for (uint64_t i = 0; i < 8; i++) {
		put_node(&world, i, (uint8_t)(28 - 4 * i));
		for (uint32_t slot = 0; slot < XA_SLOTS; slot++)
			put_slot(&world, i, slot,
				 i < 7 ? to_node(i + 1) : MAP(0));
	}
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 65536);
	for (uint64_t i = 0; i < 8; i++)
		put_node(&world, i, (uint8_t)(31 - 2 * i));
	for (uint64_t i = 0; i < 8; i++) {
		for (uint32_t slot = 0; slot < XA_SLOTS; slot++)
			put_slot(&world, i, slot, to_node(i + 1));
	}
	put_node(&world, 8, 0);
	put_slot(&world, 8, 0, to_node(0));
	assert_int_equal(walk(&world), -ERANGE);
	made_up_kernel_deinit(&world.made_up);
}

static void put_map(struct world *world, uint64_t i, uint32_t id, const char *name)
{
	put32(world, MAP(i) + MAP_ID, id);
	put32(world, MAP(i) + MAP_TYPE, 2);
	put32(world, MAP(i) + MAP_KEY_SIZE, 4);
	put32(world, MAP(i) + MAP_VALUE_SIZE, 24);
	put32(world, MAP(i) + MAP_ENTRIES, 7);
	put64(world, MAP(i) + MAP_BTF, 0);
	strcpy(made_up_guest_at(&world->made_up.guest, MAP(i) + MAP_NAME), name);
}

static void put_maps(struct world *world)
{
	put_map(world, 0, 2, "scx_simp.bss");
	put_map(world, 1, 4, "other_stats");
	put_map(world, 2, 11, "stats");
}

static int see_map(void *userdata, const struct kt_bpf_map *map)
{
	struct world *world = userdata;

	assert_true(world->n < SEEN_MAX);
	world->maps[world->n++] = *map;
	return 0;
}

static int walk_maps(struct world *world)
{
	world->n = 0;
	return kt_bpf_maps_walk(&world->made_up.kernel, see_map, world);
}

static void maps_are_as_they_were_made(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	put_maps(&world);
	assert_int_equal(walk_maps(&world), 0);
	assert_int_equal(world.n, 3);
	assert_int_equal(world.maps[2].id, 11);
	assert_int_equal(world.maps[2].type, 2);
	assert_int_equal(world.maps[2].key_size, 4);
	assert_int_equal(world.maps[2].value_size, 24);
	assert_int_equal(world.maps[2].max_entries, 7);
	assert_string_equal(world.maps[2].name, "stats");
	made_up_kernel_deinit(&world.made_up);
}

static void one_that_ends_is_passed_over(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	put_maps(&world);
	put32(&world, MAP(1) + MAP_ID, 0);
	assert_int_equal(walk_maps(&world), 0);
	assert_int_equal(world.n, 2);
	/* Another's memory by now. */
	put32(&world, MAP(1) + MAP_ID, 5);
	assert_int_equal(walk_maps(&world), -ERANGE);
	assert_int_equal(world.n, 1);
	made_up_kernel_deinit(&world.made_up);
}

static void a_map_is_found_by_the_end_of_its_name(void **state)
{
	struct world world;
	struct kt_bpf_map map;
	struct kt_guest_kernel *kernel = &world.made_up.kernel;

	(void)state;
	open_world(&world);
	put_maps(&world);
	assert_int_equal(kt_bpf_map_find(kernel, ".bss", &map), 0);
	assert_int_equal(map.id, 2);
	/* A whole name goes before the end of another. */
	assert_int_equal(kt_bpf_map_find(kernel, "stats", &map), 0);
	assert_int_equal(map.id, 11);
	assert_int_equal(kt_bpf_map_find(kernel, "r_stats", &map), 0);
	assert_int_equal(map.id, 4);
	assert_int_equal(kt_bpf_map_find(kernel, ".data", &map), -ENOENT);
	/* Cut like the kernel's. */
	put_map(&world, 1, 4, "a_name_of_fifte");
	assert_int_equal(
		kt_bpf_map_find(kernel, "a_name_of_fifteen_or_more", &map), 0);
	assert_int_equal(map.id, 4);
	made_up_kernel_deinit(&world.made_up);
}

static int see_program(void *userdata, const struct kt_bpf_program *program)
{
	struct world *world = userdata;

	assert_true(world->n < SEEN_MAX);
	world->programs[world->n++] = *program;
	return 0;
}

static void what_a_program_costs_is_the_sum_of_the_cpus(void **state)
{
	struct world world;
	const struct kt_bpf_program *seen = &world.programs[0];

	(void)state;
	open_world(&world);
	set_head(&world, PROG(0));
	put32(&world, PROG(0) + PROG_TYPE, 27);
	put32(&world, PROG(0) + PROG_LEN, 90);
	put32(&world, PROG(0) + PROG_JITED, 400);
	put64(&world, PROG(0) + PROG_AUX, AUX(0));
	put64(&world, PROG(0) + PROG_STATS, STATS);
	put32(&world, AUX(0) + AUX_ID, 0);
	put32(&world, AUX(0) + AUX_VERIFIED, 375);
	strcpy(made_up_guest_at(&world.made_up.guest, AUX(0) + AUX_NAME),
	       "dispatch");
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++) {
		uint64_t stats = kt_guest_kernel_per_cpu(&world.made_up.kernel,
							 STATS, cpu);

		put64(&world, stats + STATS_CNT, 10 + cpu);
		put64(&world, stats + STATS_NSECS, 1000 + cpu);
		put64(&world, stats + STATS_MISSES, cpu);
	}
	assert_int_equal(kt_bpf_programs_walk(&world.made_up.kernel,
					      see_program, &world),
			 0);
	assert_int_equal(world.n, 1);
	assert_string_equal(seen->name, "dispatch");
	assert_int_equal(seen->type, 27);
	assert_int_equal(seen->n_instructions, 90);
	assert_int_equal(seen->jited_bytes, 400);
	assert_int_equal(seen->verified_instructions, 375);
	assert_int_equal(seen->run_count, 33);
	assert_int_equal(seen->run_time_ns, 3003);
	assert_int_equal(seen->recursion_misses, 3);
	put64(&world, PROG(0) + PROG_AUX, 16);
	assert_int_equal(kt_bpf_programs_walk(&world.made_up.kernel,
					      see_program, &world),
			 -EFAULT);
	made_up_kernel_deinit(&world.made_up);
}

static void one_in_parts_is_as_long_as_they_are(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	set_head(&world, PROG(0));
	put64(&world, PROG(0) + PROG_AUX, AUX(0));
	put64(&world, PROG(0) + PROG_STATS, STATS);
	put64(&world, AUX(0) + AUX_PARTS, NODE(0));
	put32(&world, AUX(0) + AUX_N_PARTS, 2);
	put64(&world, NODE(0), PROG(1));
	put64(&world, NODE(0) + 8, PROG(2));
	put32(&world, PROG(1) + PROG_JITED, 300);
	put32(&world, PROG(2) + PROG_JITED, 45);
	assert_int_equal(kt_bpf_programs_walk(&world.made_up.kernel,
					      see_program, &world),
			 0);
	assert_int_equal(world.programs[0].jited_bytes, 345);
	put32(&world, AUX(0) + AUX_N_PARTS, 257);
	assert_int_equal(kt_bpf_programs_walk(&world.made_up.kernel,
					      see_program, &world),
			 -ERANGE);
	made_up_kernel_deinit(&world.made_up);
}

static void without_tables_there_is_nothing(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.made_up.kernel.symbols.address[KT_SYMBOL_MAP_IDR] = 0;
	assert_int_equal(walk_maps(&world), -ENOENT);
	made_up_kernel_deinit(&world.made_up);
	made_up_kernel_init(&world.made_up, KERNEL_NO_CLOCK);
	world.made_up.kernel.symbols.address[KT_SYMBOL_MAP_IDR] = IDR;
	assert_int_equal(walk_maps(&world), -ENOENT);
	made_up_kernel_deinit(&world.made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_come_in_the_order_of_their_numbers),
		cmocka_unit_test(a_table_of_one_or_none_has_no_node),
		cmocka_unit_test(marks_are_passed_over),
		cmocka_unit_test(torn_trees_end_in_bounds),
		cmocka_unit_test(a_tree_without_end_is_left),
		cmocka_unit_test(maps_are_as_they_were_made),
		cmocka_unit_test(one_that_ends_is_passed_over),
		cmocka_unit_test(a_map_is_found_by_the_end_of_its_name),
		cmocka_unit_test(what_a_program_costs_is_the_sum_of_the_cpus),
		cmocka_unit_test(one_in_parts_is_as_long_as_they_are),
		cmocka_unit_test(without_tables_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
