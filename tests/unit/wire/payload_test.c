// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "wire/payload.h"

static struct kt_payload payload_of(const struct kt_strbuf *sb)
{
	return (struct kt_payload){(const uint8_t *)sb->data, sb->length};
}

static void values_come_out_as_they_went_in(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	struct kt_payload p;
	const char *text;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int32_t i32;

	(void)state;
	kt_payload_add_u16(&sb, 0x1234);
	kt_payload_add_u32(&sb, 0xdeadbeef);
	kt_payload_add_i32(&sb, -7);
	kt_payload_add_u64(&sb, 0xffffffff81000000);
	kt_payload_add_string(&sb, "scx_root");
	kt_payload_add_string(&sb, "");
	p = payload_of(&sb);
	assert_true(kt_payload_get_u16(&p, &u16));
	assert_true(kt_payload_get_u32(&p, &u32));
	assert_true(kt_payload_get_i32(&p, &i32));
	assert_true(kt_payload_get_u64(&p, &u64));
	assert_int_equal(u16, 0x1234);
	assert_int_equal(u32, 0xdeadbeef);
	assert_int_equal(i32, -7);
	assert_true(u64 == 0xffffffff81000000);
	assert_true(kt_payload_get_string(&p, &text));
	assert_string_equal(text, "scx_root");
	assert_false(kt_payload_at_end(&p));
	assert_true(kt_payload_get_string(&p, &text));
	assert_string_equal(text, "");
	assert_true(kt_payload_at_end(&p));
}

static void numbers_are_little_endian(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_payload_add_u32(&sb, 0x01020304);
	assert_memory_equal(sb.data, "\4\3\2\1", 4);
}

static void a_short_payload_gives_nothing_and_stays(void **state)
{
	struct kt_payload p = {(const uint8_t *)"\1\2\3\4\5\6\7", 7};
	uint64_t u64 = 42;
	uint32_t u32;
	uint16_t u16;

	(void)state;
	assert_false(kt_payload_get_u64(&p, &u64));
	assert_int_equal(u64, 42);
	assert_int_equal(p.length, 7);
	assert_true(kt_payload_get_u32(&p, &u32));
	assert_false(kt_payload_get_u32(&p, &u32));
	assert_true(kt_payload_get_u16(&p, &u16));
	assert_false(kt_payload_get_u16(&p, &u16));
	assert_int_equal(p.length, 1);
}

static void a_string_without_an_end_is_refused(void **state)
{
	struct kt_payload p = {(const uint8_t *)"abc", 3};
	struct kt_payload none = {NULL, 0};
	const char *text = "before";

	(void)state;
	assert_false(kt_payload_get_string(&p, &text));
	assert_false(kt_payload_get_string(&none, &text));
	assert_string_equal(text, "before");
	assert_int_equal(p.length, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_out_as_they_went_in),
		cmocka_unit_test(numbers_are_little_endian),
		cmocka_unit_test(a_short_payload_gives_nothing_and_stays),
		cmocka_unit_test(a_string_without_an_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
