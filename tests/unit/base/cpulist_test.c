// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include "base/cpulist.h"

static void round_trips_to(const char *text, const char *expected)
{
	_cleanup_bitmap_ struct kt_bitmap bitmap = { 0 };
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	assert_int_equal(kt_cpulist_parse(text, &bitmap, NULL), 0);
	kt_cpulist_print(&sb, &bitmap);
	assert_string_equal(kt_strbuf_text(&sb), expected);
}

static void lists_are_read_and_printed(void **state)
{
	(void)state;
	round_trips_to("", "");
	round_trips_to("\n", "");
	round_trips_to("0", "0");
	round_trips_to("0-3,8,10-11\n", "0-3,8,10-11");
	round_trips_to("63-64", "63-64");
	round_trips_to("65535", "65535");
	round_trips_to("3,1,2,2,0", "0-3");
	round_trips_to("5-5,6", "5-6");
	round_trips_to("0-1,2-3", "0-3");
}

static void refuses(const char *text, const char *message)
{
	_cleanup_bitmap_ struct kt_bitmap bitmap = { 0 };
	struct ktstr_error err = { 0 };

	kt_bitmap_set(&bitmap, 7);
	assert_int_equal(kt_cpulist_parse(text, &bitmap, &err), -EINVAL);
	assert_contains(err.message, message);
	message_seen(err.message);
	assert_int_equal(kt_bitmap_count(&bitmap), 1);
}

static void bad_lists_are_refused_with_their_part(void **state)
{
	(void)state;
	refuses("a", "\"a\" in \"a\"");
	refuses("0,x-3", "\"x-3\" in");
	refuses("0-", "\"0-\" in");
	refuses("-3", "\"-3\" in");
	refuses("3-1", "\"3-1\" in");
	refuses("0,,1", "\"\" in");
	refuses("0,", "\"\" in");
	refuses(",", "\"\" in");
	refuses("0 1", "\"0 1\" in");
	refuses("65536", "\"65536\" in");
	refuses("99999999999999999999999", "up to 65535");
	refuses("0-3:1/2", "\"0-3:1/2\" in");
	refuses("0\n1", "\"0\" in");
}

static void a_bitmap_grows_and_keeps_its_bits(void **state)
{
	_cleanup_bitmap_ struct kt_bitmap bitmap = { 0 };
	size_t seen = 0;

	(void)state;
	for (size_t bit = 0; bit < 1000; bit += 7)
		assert_int_equal(kt_bitmap_set(&bitmap, bit), 0);
	kt_bitmap_for_each (bit, &bitmap)
		assert_int_equal(bit, 7 * seen++);
	assert_int_equal(seen, 143);
	assert_int_equal(kt_bitmap_count(&bitmap), 143);
	assert_true(kt_bitmap_test(&bitmap, 70));
	assert_false(kt_bitmap_test(&bitmap, 71));
	assert_false(kt_bitmap_test(&bitmap, 1 << 20));
	kt_bitmap_clear(&bitmap, 70);
	kt_bitmap_clear(&bitmap, 1 << 20);
	assert_false(kt_bitmap_test(&bitmap, 70));
}

static void bitmaps_are_equal_by_their_bits_alone(void **state)
{
	_cleanup_bitmap_ struct kt_bitmap a = { 0 }, b = { 0 };

	(void)state;
	assert_true(kt_bitmap_equal(&a, &b));
	kt_bitmap_set(&a, 3);
	assert_false(kt_bitmap_equal(&a, &b));
	kt_bitmap_set(&b, 500);
	kt_bitmap_clear(&b, 500);
	kt_bitmap_set(&b, 3);
	assert_true(kt_bitmap_equal(&a, &b));
	assert_int_equal(kt_bitmap_set_range(&b, 5, 4), 0);
	assert_true(kt_bitmap_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_and_printed),
		cmocka_unit_test(bad_lists_are_refused_with_their_part),
		cmocka_unit_test(a_bitmap_grows_and_keeps_its_bits),
		cmocka_unit_test(bitmaps_are_equal_by_their_bits_alone),
		messages_test("base_cpulist"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
