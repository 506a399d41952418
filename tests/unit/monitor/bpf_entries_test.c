// SPDX-License-Identifier: GPL-2.0-only
/* What is in a map, of each kind that can be read, and where it is torn. */
#include "test.h"

#include <errno.h>
#include <linux/bpf.h>

#include "made_up_kernel.h"
#include "monitor/bpf_entries.h"

#define MAP         (GUEST_IMAGE_VA + 0x180000)
#define BUCKETS     (GUEST_IMAGE_VA + 0x181000)
#define ELEMENT(i_) (GUEST_IMAGE_VA + 0x182000 + (i_)*0x40ULL)
#define BTF         (GUEST_IMAGE_VA + 0x183000)
#define BTF_BLOB    (GUEST_IMAGE_VA + 0x184000)
#define PER_CPU     0x6000ULL
#define SEEN_MAX    8

struct world {
	struct made_up_kernel_guest made_up;
	struct kt_bpf_map map;
	struct {
		uint32_t key;
		uint32_t n_values;
		uint64_t values[MADE_UP_CPUS];
	} seen[SEEN_MAX];
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

static void open_world(struct world *world, uint32_t type)
{
	*world = (struct world){ .n = 0 };
	made_up_kernel_init(&world->made_up, KERNEL_NEW);
	world->map = (struct kt_bpf_map){
		.address = MAP,
		.type = type,
		.key_size = 4,
		.value_size = 12,
		.max_entries = 3,
		.name = "made_up",
	};
	put32(world, MAP + ARRAY_ELEMENT, 16);
}

static int see(void *userdata, const struct kt_bpf_entry *entry)
{
	struct world *world = userdata;

	if (world->n < SEEN_MAX) {
		memcpy(&world->seen[world->n].key, entry->key, 4);
		world->seen[world->n].n_values = entry->n_values;
		assert_true(entry->n_values <= MADE_UP_CPUS);
		memcpy(world->seen[world->n].values, entry->values,
		       entry->n_values * sizeof(uint64_t));
	}
	world->n++;
	return 0;
}

static int walk(struct world *world)
{
	world->n = 0;
	return kt_bpf_entries_walk(&world->made_up.kernel, &world->map, see,
				   world);
}

static void an_array_has_one_value_an_index(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 3);
	assert_int_equal(world.seen[2].key, 2);
	assert_int_equal(world.seen[2].n_values, 1);
	assert_int_equal(world.seen[2].values[0], MAP + ARRAY_VALUE + 32);
	/* Elements that would overlap. */
	put32(&world, MAP + ARRAY_ELEMENT, 8);
	assert_int_equal(walk(&world), -ERANGE);
	world.map.key_size = 8;
	assert_int_equal(walk(&world), -ERANGE);
	made_up_kernel_deinit(&world.made_up);
}

static void an_array_of_each_cpu_has_one_a_cpu(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, BPF_MAP_TYPE_PERCPU_ARRAY);
	for (uint32_t i = 0; i < 3; i++)
		put64(&world, MAP + ARRAY_VALUE + i * 8, PER_CPU + i * 16);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 3);
	assert_int_equal(world.seen[1].n_values, MADE_UP_CPUS);
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++)
		assert_int_equal(world.seen[1].values[cpu],
				 kt_guest_kernel_per_cpu(&world.made_up.kernel,
							 PER_CPU + 16, cpu));
	made_up_kernel_deinit(&world.made_up);
}

static void put_element(struct world *world, uint64_t i, uint32_t key,
			uint64_t next)
{
	put64(world, ELEMENT(i), next);
	put32(world, ELEMENT(i) + ELEMENT_KEY, key);
}

/* Two in the first of two buckets, one in the other. */
static void open_hash(struct world *world, uint32_t type)
{
	open_world(world, type);
	put64(world, MAP + HTAB_BUCKETS, BUCKETS);
	put32(world, MAP + HTAB_N_BUCKETS, 2);
	put64(world, BUCKETS, ELEMENT(0));
	put64(world, BUCKETS + BUCKET_BYTES, ELEMENT(2));
	put_element(world, 0, 70, ELEMENT(1));
	put_element(world, 1, 71, 0 << 1 | 1);
	put_element(world, 2, 72, 1 << 1 | 1);
}

static void a_hash_is_the_lists_of_its_buckets(void **state)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_HASH,
					  BPF_MAP_TYPE_LRU_HASH };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world world;

		open_hash(&world, types[i]);
		assert_int_equal(walk(&world), 0);
		assert_int_equal(world.n, 3);
		assert_int_equal(world.seen[0].key, 70);
		assert_int_equal(world.seen[1].key, 71);
		assert_int_equal(world.seen[2].key, 72);
		/* The value behind the key, on a border of 8. */
		assert_int_equal(world.seen[2].values[0],
				 ELEMENT(2) + ELEMENT_KEY + 8);
		put64(&world, BUCKETS, 1);
		assert_int_equal(walk(&world), 0);
		assert_int_equal(world.n, 1);
		made_up_kernel_deinit(&world.made_up);
	}
}

static void a_hash_of_each_cpu_holds_pointers(void **state)
{
	struct world world;

	(void)state;
	open_hash(&world, BPF_MAP_TYPE_PERCPU_HASH);
	for (uint64_t i = 0; i < 3; i++)
		put64(&world, ELEMENT(i) + ELEMENT_KEY + 8, PER_CPU + i * 8);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 3);
	assert_int_equal(world.seen[2].n_values, MADE_UP_CPUS);
	assert_int_equal(world.seen[2].values[1],
			 kt_guest_kernel_per_cpu(&world.made_up.kernel,
						 PER_CPU + 16, 1));
	made_up_kernel_deinit(&world.made_up);
}

static void torn_lists_end_in_bounds(void **state)
{
	struct world world;

	(void)state;
	open_hash(&world, BPF_MAP_TYPE_HASH);
	put64(&world, ELEMENT(1), ELEMENT(0));
	assert_int_equal(walk(&world), -ELOOP);
	assert_true(world.n <= 8);
	put64(&world, ELEMENT(1), 0);
	assert_int_equal(walk(&world), -EFAULT);
	assert_int_equal(world.n, 2);
	put64(&world, MAP + HTAB_BUCKETS, 0x1000);
	assert_int_equal(walk(&world), -EFAULT);
	assert_int_equal(world.n, 0);
	world.map.key_size = UINT32_MAX;
	assert_int_equal(walk(&world), -ERANGE);
	made_up_kernel_deinit(&world.made_up);
}

static void a_huge_map_is_not_gone_through(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, BPF_MAP_TYPE_ARRAY);
	world.map.max_entries = UINT32_MAX;
	assert_int_equal(walk(&world), -ELOOP);
	assert_int_equal(world.n, KT_BPF_ENTRIES_MAX);
	made_up_kernel_deinit(&world.made_up);
}

static void other_maps_are_told_apart(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, BPF_MAP_TYPE_RINGBUF);
	assert_int_equal(walk(&world), -EOPNOTSUPP);
	made_up_kernel_deinit(&world.made_up);
}

static void types_are_those_of_the_maps_maker(void **state)
{
	struct btf *btf = btf__new_empty();
	struct ktstr_error err = { 0 };
	struct kt_bpf_types types;
	struct world world;
	const void *blob;
	uint32_t bytes;
	int id;

	(void)state;
	open_world(&world, BPF_MAP_TYPE_ARRAY);
	assert_non_null(btf);
	id = btf__add_int(btf, "answer", 4, 0);
	assert_true(id > 0);
	blob = btf__raw_data(btf, &bytes);
	memcpy(made_up_guest_at(&world.made_up.guest, BTF_BLOB), blob, bytes);
	put64(&world, BTF + BTF_DATA, BTF_BLOB);
	put32(&world, BTF + BTF_SIZE, bytes);
	put32(&world, BTF + BTF_KERNEL, 0);

	assert_int_equal(kt_bpf_types_init(&types, &world.made_up.kernel,
					   &world.map, &err),
			 -ENOENT);
	assert_string_equal(err.message, "map made_up was made without BTF");
	world.map.btf = BTF;
	world.map.value_type_id = (uint32_t)id;
	assert_int_equal(kt_bpf_types_init(&types, &world.made_up.kernel,
					   &world.map, &err),
			 0);
	assert_int_equal(btf__find_by_name(types.types->btf, "answer"), id);
	kt_bpf_types_deinit(&types);

	put32(&world, BTF_BLOB, 0);
	assert_int_equal(kt_bpf_types_init(&types, &world.made_up.kernel,
					   &world.map, &err),
			 -EBADMSG);
	put32(&world, BTF + BTF_SIZE, UINT32_MAX);
	assert_int_equal(kt_bpf_types_init(&types, &world.made_up.kernel,
					   &world.map, &err),
			 -EBADMSG);
	put32(&world, BTF + BTF_SIZE, 1 << 23);
	assert_int_equal(kt_bpf_types_init(&types, &world.made_up.kernel,
					   &world.map, &err),
			 -EFAULT);
	put32(&world, BTF + BTF_KERNEL, 1);
	assert_int_equal(kt_bpf_types_init(&types, &world.made_up.kernel,
					   &world.map, &err),
			 -EOPNOTSUPP);
	btf__free(btf);
	made_up_kernel_deinit(&world.made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_has_one_value_an_index),
		cmocka_unit_test(an_array_of_each_cpu_has_one_a_cpu),
		cmocka_unit_test(a_hash_is_the_lists_of_its_buckets),
		cmocka_unit_test(a_hash_of_each_cpu_holds_pointers),
		cmocka_unit_test(torn_lists_end_in_bounds),
		cmocka_unit_test(a_huge_map_is_not_gone_through),
		cmocka_unit_test(other_maps_are_told_apart),
		cmocka_unit_test(types_are_those_of_the_maps_maker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
