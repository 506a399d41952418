// SPDX-License-Identifier: GPL-2.0-only
/* Numbers into the arrays of a guest. */
#include "test.h"

#include <errno.h>
#include <linux/bpf.h>

#include "base/macro.h"
#include "made_up_kernel.h"
#include "messages.h"
#include "monitor/map_write.h"

#define IDR      (GUEST_IMAGE_VA + 0x180000)
#define MAP      (GUEST_IMAGE_VA + 0x181000)
#define VALUE    (MAP + ARRAY_VALUE)
#define BTF      (GUEST_IMAGE_VA + 0x183000)
#define BTF_BLOB (GUEST_IMAGE_VA + 0x184000)

struct world {
	struct made_up_kernel_guest made_up;
	struct btf *btf;
};

static void put32(struct world *world, uint64_t va, uint32_t value)
{
	made_up_guest_put32(&world->made_up.guest, va, value);
}

static void put64(struct world *world, uint64_t va, uint64_t value)
{
	made_up_guest_put64(&world->made_up.guest, va, value);
}

static uint64_t get64(struct world *world, uint64_t va)
{
	uint64_t value;

	memcpy(&value, made_up_guest_at(&world->made_up.guest, va), 8);
	return value;
}

static int good(int id)
{
	assert_true(id > 0);
	return id;
}

/* { u64 wide; u8 narrow; u32 bits : 3; void *pointer[2]; } */
static int add_type(struct btf *btf)
{
	int u64 = good(btf__add_int(btf, "u64", 8, 0));
	int u32 = good(btf__add_int(btf, "u32", 4, 0));
	int u8 = good(btf__add_int(btf, "u8", 1, 0)), both;

	both = good(btf__add_array(btf, u32, good(btf__add_ptr(btf, 0)), 2));
	good(btf__add_struct(btf, "value", 32));
	(void)btf__add_field(btf, "wide", u64, 0, 0);
	(void)btf__add_field(btf, "narrow", u8, 64, 0);
	(void)btf__add_field(btf, "bits", u32, 96, 3);
	(void)btf__add_field(btf, "pointers", both, 128, 0);
	return (int)btf__type_cnt(btf) - 1;
}

static void open_world(struct world *world)
{
	const void *blob;
	uint32_t bytes;
	int id;

	*world = (struct world){ .btf = btf__new_empty() };
	made_up_kernel_init(&world->made_up, KERNEL_NEW);
	world->made_up.kernel.symbols.address[KT_SYMBOL_MAP_IDR] = IDR;
	id = add_type(world->btf);
	blob = btf__raw_data(world->btf, &bytes);
	memcpy(made_up_guest_at(&world->made_up.guest, BTF_BLOB), blob, bytes);
	put64(world, BTF + BTF_DATA, BTF_BLOB);
	put32(world, BTF + BTF_SIZE, bytes);
	put64(world, IDR + IDR_HEAD, MAP);
	put32(world, MAP + MAP_TYPE, BPF_MAP_TYPE_ARRAY);
	put32(world, MAP + MAP_KEY_SIZE, 4);
	put32(world, MAP + MAP_VALUE_SIZE, 32);
	put32(world, MAP + MAP_ENTRIES, 1);
	put32(world, MAP + MAP_VALUE_TYPE, (uint32_t)id);
	put64(world, MAP + MAP_BTF, BTF);
	strcpy(made_up_guest_at(&world->made_up.guest, MAP + MAP_NAME),
	       "mine.bss");
}

static void close_world(struct world *world)
{
	btf__free(world->btf);
	made_up_kernel_deinit(&world->made_up);
}

static int write_all(struct world *world, const struct kt_map_write *writes,
		     size_t n, struct ktstr_error *err)
{
	struct kt_map_write_place places[4];
	int r = kt_map_writes_find(&world->made_up.kernel, writes, n, places,
				   err);

	return r ? r :
		   kt_map_writes_do(&world->made_up.kernel, writes, n, places,
				    err);
}

static void numbers_are_as_wide_as_their_places(void **state)
{
	static const struct kt_map_write writes[] = {
		{ .map = ".bss", .variable = "wide", .value = UINT32_MAX },
		{ .map = ".bss", .variable = "narrow", .value = 200 },
		{ .map = ".bss", .offset = 20, .value = 7 },
		{ .map = ".bss", .variable = "pointers[1]", .value = 9 },
	};
	struct ktstr_error err = { 0 };
	struct world world;

	(void)state;
	open_world(&world);
	for (size_t i = 0; i < 4; i++)
		put64(&world, VALUE + i * 8, UINT64_MAX);
	assert_int_equal(write_all(&world, writes, 4, &err), 0);
	assert_int_equal(get64(&world, VALUE), UINT32_MAX);
	assert_true(get64(&world, VALUE + 8) == (UINT64_MAX << 8 | 200));
	assert_true(get64(&world, VALUE + 16) == ((7ULL << 32) | UINT32_MAX));
	assert_int_equal(get64(&world, VALUE + 24), 9);
	close_world(&world);
}

/* One that cannot be done keeps the others from being done. */
static void what_has_no_place_is_told(void **state)
{
	static const struct {
		struct kt_map_write write;
		int error;
	} wrong[] = {
		{ { .map = "other" }, -EAGAIN },
		{ { .map = ".bss", .variable = "absent" }, -ENOENT },
		{ { .map = ".bss", .variable = "bits" }, -EINVAL },
		{ { .map = ".bss", .variable = "pointers" }, -EINVAL },
		{ { .map = ".bss", .variable = "narrow", .value = 256 }, -ERANGE },
		{ { .map = ".bss", .offset = 29 }, -ERANGE },
		{ { .map = ".bss", .offset = UINT32_MAX }, -ERANGE },
	};
	struct world world;

	(void)state;
	open_world(&world);
	for (size_t i = 0; i < KT_ARRAY_SIZE(wrong); i++) {
		const struct kt_map_write writes[] = {
			{ .map = ".bss", .variable = "wide", .value = 5 },
			wrong[i].write,
		};
		struct ktstr_error err = { 0 };

		assert_int_equal(write_all(&world, writes, 2, &err),
				 wrong[i].error);
		message_seen(err.message);
		assert_int_equal(get64(&world, VALUE), 0);
	}
	close_world(&world);
}

static void a_map_that_lies_is_not_written_beyond(void **state)
{
	const struct kt_map_write write = { .map = ".bss",
					    .variable = "pointers[1]" };
	struct ktstr_error err = { 0 };
	struct world world;

	(void)state;
	open_world(&world);
	put32(&world, MAP + MAP_VALUE_SIZE, 28);
	assert_int_equal(write_all(&world, &write, 1, &err), -ERANGE);
	message_seen(err.message);
	put32(&world, MAP + MAP_TYPE, BPF_MAP_TYPE_HASH);
	assert_int_equal(write_all(&world, &write, 1, &err), -EINVAL);
	message_seen(err.message);
	/* A table that is torn is looked at again. */
	put64(&world, IDR + IDR_HEAD, 0x1000);
	assert_int_equal(write_all(&world, &write, 1, &err), -EAGAIN);
	message_seen(err.message);
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_wide_as_their_places),
		cmocka_unit_test(what_has_no_place_is_told),
		cmocka_unit_test(a_map_that_lies_is_not_written_beyond),
		messages_test("monitor_map_write"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
