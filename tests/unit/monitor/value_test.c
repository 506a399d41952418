// SPDX-License-Identifier: GPL-2.0-only
/* Values by their types, as they are shown, and found by a path. */
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "monitor/value.h"

/* Laid out like this, with whose types the BTF below is made. */
enum colour {
	RED,
	BLUE = 7,
};

struct inner {
	int32_t x;
	uint16_t list[3];
};

struct whole {
	uint64_t big;
	enum colour colour;
	uint32_t low : 3;
	uint32_t middle : 7;
	int32_t negative : 5;
	char text[8];
	void *pointer;
	struct inner inner[2];
	union {
		uint32_t word;
		uint8_t bytes[4];
	};
	bool yes;
	double real;
};

struct world {
	struct kt_types types;
	int whole, inner, section, circle, deep, u8, u32;
};

static int good(int id)
{
	if (id < 0)
		fail_msg("%s", strerror(-id));
	return id;
}

static void field(struct btf *btf, const char *name, int type, size_t offset)
{
	good(btf__add_field(btf, name, type, (uint32_t)offset * 8, 0));
}

static void add_whole(struct world *world, struct btf *btf)
{
	int u64 = good(btf__add_int(btf, "u64", 8, 0));
	int s32 = good(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	int u16 = good(btf__add_int(btf, "u16", 2, 0));
	int chr = good(btf__add_int(btf, "char", 1, BTF_INT_SIGNED));
	int boolean = good(btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL));
	int real = good(btf__add_float(btf, "double", 8));
	int pointer = good(btf__add_ptr(btf, 0)), colour, inner_2, both;
	int three = good(btf__add_array(btf, u64, u16, 3));
	int text = good(btf__add_array(btf, u64, chr, 8)), four;
	uint32_t bits = 8 * (offsetof(struct whole, colour) + 4);

	world->u32 = good(btf__add_int(btf, "u32", 4, 0));
	world->u8 = good(btf__add_int(btf, "u8", 1, 0));
	four = good(btf__add_array(btf, u64, world->u8, 4));
	colour = good(btf__add_enum(btf, "colour", 4));
	good(btf__add_enum_value(btf, "RED", RED));
	good(btf__add_enum_value(btf, "BLUE", BLUE));
	world->inner = good(btf__add_struct(btf, "inner", sizeof(struct inner)));
	field(btf, "x", s32, offsetof(struct inner, x));
	field(btf, "list", three, offsetof(struct inner, list));
	inner_2 = good(btf__add_array(
		btf, u64, good(btf__add_const(btf, world->inner)), 2));
	both = good(btf__add_union(btf, NULL, 4));
	field(btf, "word", world->u32, 0);
	field(btf, "bytes", four, 0);
	world->whole = good(btf__add_struct(btf, "whole", sizeof(struct whole)));
	field(btf, "big", u64, offsetof(struct whole, big));
	field(btf, "colour", colour, offsetof(struct whole, colour));
	good(btf__add_field(btf, "low", world->u32, bits, 3));
	good(btf__add_field(btf, "middle", world->u32, bits + 3, 7));
	good(btf__add_field(btf, "negative", s32, bits + 10, 5));
	field(btf, "text", text, offsetof(struct whole, text));
	field(btf, "pointer", pointer, offsetof(struct whole, pointer));
	field(btf, "inner", inner_2, offsetof(struct whole, inner));
	field(btf, NULL, both, offsetof(struct whole, word));
	field(btf, "yes", boolean, offsetof(struct whole, yes));
	field(btf, "real", real, offsetof(struct whole, real));
}

/* Two variables; a struct that holds itself; arrays of arrays. */
static void add_others(struct world *world, struct btf *btf)
{
	int first = good(btf__add_var(btf, "first", BTF_VAR_STATIC, world->u32));
	int second =
		good(btf__add_var(btf, "second", BTF_VAR_STATIC, world->inner));

	world->section = good(btf__add_datasec(btf, ".bss", 32));
	good(btf__add_datasec_var_info(btf, first, 4, 4));
	good(btf__add_datasec_var_info(btf, second, 8, sizeof(struct inner)));
	world->circle = (int)btf__type_cnt(btf);
	good(btf__add_struct(btf, "circle", 8));
	field(btf, "again", world->circle, 0);
	world->deep = good(btf__add_struct(btf, "nothing", 0));
	for (int i = 0; i < 3; i++)
		world->deep =
			good(btf__add_array(btf, world->u32, world->deep, 1000));
}

static void open_world(struct world *world)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	*world = (struct world){ .u8 = 0 };
	add_whole(world, btf);
	add_others(world, btf);
	world->types.btf = btf;
}

static const struct whole example = {
	.big = UINT64_MAX,
	.colour = BLUE,
	.low = 5,
	.middle = 100,
	.negative = -3,
	.text = "abc",
	.pointer = (void *)0xffff888000001230,
	.inner = { { -7, { 1, 2, 3 } }, { 8, { 4, 5, 65535 } } },
	.word = 0x01020304,
	.yes = true,
	.real = 0.5,
};

static void assert_shown(const struct world *world, int type, const void *data,
			 size_t bytes, const char *wanted)
{
	json_t *value = NULL;
	char *text;

	assert_int_equal(kt_value_json(&world->types, (uint32_t)type, data,
				       bytes, &value),
			 0);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(value);
}

static void a_struct_shows_its_members(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	assert_shown(
		&world, world.whole, &example, sizeof(example),
		"{\"big\":\"18446744073709551615\",\"colour\":\"BLUE\","
		"\"low\":5,\"middle\":100,\"negative\":-3,\"text\":\"abc\","
		"\"pointer\":\"0xffff888000001230\","
		"\"inner\":[{\"x\":-7,\"list\":[1,2,3]},"
		"{\"x\":8,\"list\":[4,5,65535]}],"
		"\"word\":16909060,\"bytes\":[4,3,2,1],\"yes\":true,"
		"\"real\":0.5}");
	kt_types_deinit(&world.types);
}

static void what_is_no_text_or_name_is_numbers(void **state)
{
	struct world world;
	struct whole other = example;

	(void)state;
	open_world(&world);
	memcpy(other.text, "ab\0c", 4);
	other.colour = (enum colour)3;
	assert_shown(&world, world.whole, &other, sizeof(other),
		     "{\"big\":\"18446744073709551615\",\"colour\":3,"
		     "\"low\":5,\"middle\":100,\"negative\":-3,"
		     "\"text\":[97,98,0,99,0,0,0,0],"
		     "\"pointer\":\"0xffff888000001230\","
		     "\"inner\":[{\"x\":-7,\"list\":[1,2,3]},"
		     "{\"x\":8,\"list\":[4,5,65535]}],"
		     "\"word\":16909060,\"bytes\":[4,3,2,1],\"yes\":true,"
		     "\"real\":0.5}");
	kt_types_deinit(&world.types);
}

static void a_section_shows_its_variables(void **state)
{
	const uint32_t data[8] = { 9, 42, (uint32_t)-2, 0x00020001, 3 };
	struct world world;

	(void)state;
	open_world(&world);
	assert_shown(&world, world.section, data, sizeof(data),
		     "{\"first\":42,\"second\":{\"x\":-2,\"list\":[1,2,3]}}");
	kt_types_deinit(&world.types);
}

static void bytes_without_a_type_are_hexadecimal(void **state)
{
	const uint8_t data[] = { 0x0a, 0xff, 0 };
	json_t *value = kt_value_json_bytes(data, sizeof(data));

	(void)state;
	assert_string_equal(json_string_value(value), "0a ff 00");
	json_decref(value);
}

/* Of each length that is too short, none is read beyond its end. */
static void a_type_larger_than_its_value_is_refused(void **state)
{
	struct world world;
	json_t *value;

	(void)state;
	open_world(&world);
	for (size_t bytes = 0; bytes < offsetof(struct whole, real) + 8; bytes++) {
		void *copy = malloc(bytes ?: 1);

		memcpy(copy, &example, bytes);
		assert_int_equal(kt_value_json(&world.types, (uint32_t)world.whole,
					       copy, bytes, &value),
				 -ERANGE);
		free(copy);
	}
	assert_int_equal(kt_value_json(&world.types, 100000, &example, 8, &value),
			 -ERANGE);
	kt_types_deinit(&world.types);
}

static void types_without_end_are_left(void **state)
{
	struct world world;
	json_t *value;

	(void)state;
	open_world(&world);
	assert_int_equal(kt_value_json(&world.types, (uint32_t)world.circle,
				       &example, sizeof(example), &value),
			 -E2BIG);
	assert_int_equal(kt_value_json(&world.types, (uint32_t)world.deep,
				       &example, sizeof(example), &value),
			 -E2BIG);
	kt_types_deinit(&world.types);
}

static void a_path_finds_a_part(void **state)
{
	static const struct {
		const char *path;
		size_t offset, bytes;
	} cases[] = {
		{ "big", offsetof(struct whole, big), 8 },
		{ "inner[1]", offsetof(struct whole, inner[1]), 12 },
		{ "inner[1].list[2]", offsetof(struct whole, inner[1].list[2]),
		  2 },
		{ "bytes[3]", offsetof(struct whole, bytes[3]), 1 },
		{ "", 0, 0 },
	};
	struct kt_member found;
	struct world world;

	(void)state;
	open_world(&world);
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		assert_int_equal(kt_value_find(&world.types, (uint32_t)world.whole,
					       cases[i].path, &found),
				 0);
		assert_int_equal(kt_member_offset(&found), cases[i].offset);
		assert_int_equal(kt_member_bytes(&found), cases[i].bytes);
	}
	assert_int_equal(kt_value_find(&world.types, (uint32_t)world.whole,
				       "middle", &found),
			 0);
	assert_int_equal(found.bit_size, 7);
	assert_int_equal(found.bit_offset % 8, 3);
	assert_int_equal(kt_value_find(&world.types, (uint32_t)world.section,
				       "second.list[1]", &found),
			 0);
	assert_int_equal(kt_member_offset(&found), 14);
	kt_types_deinit(&world.types);
}

static void a_wrong_path_finds_nothing(void **state)
{
	static const struct {
		const char *path;
		int error;
	} cases[] = {
		{ "small", -ENOENT },
		{ "big.more", -ENOENT },
		{ "inner[2]", -ERANGE },
		{ "inner[-1]", -ENOENT },
		{ "inner[", -ENOENT },
		{ "inner[1", -ENOENT },
		{ "inner[1]x", -ENOENT },
		{ "big[0]", -ENOENT },
		{ ".big", -ENOENT },
		{ "big.", -ENOENT },
		{ "inner[1]..x", -ENOENT },
		{ "pointer.x", -ENOENT },
		{ "inner[99999999999999999999]", -ERANGE },
	};
	struct kt_member found;
	struct world world;

	(void)state;
	open_world(&world);
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++)
		assert_int_equal(kt_value_find(&world.types, (uint32_t)world.whole,
					       cases[i].path, &found),
				 cases[i].error);
	assert_int_equal(kt_value_find(&world.types, (uint32_t)world.section,
				       "third", &found),
			 -ENOENT);
	kt_types_deinit(&world.types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_struct_shows_its_members),
		cmocka_unit_test(what_is_no_text_or_name_is_numbers),
		cmocka_unit_test(a_section_shows_its_variables),
		cmocka_unit_test(bytes_without_a_type_are_hexadecimal),
		cmocka_unit_test(a_type_larger_than_its_value_is_refused),
		cmocka_unit_test(types_without_end_are_left),
		cmocka_unit_test(a_path_finds_a_part),
		cmocka_unit_test(a_wrong_path_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
