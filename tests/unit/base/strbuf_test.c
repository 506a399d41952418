// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>

#include "base/strbuf.h"

static void appends_keep_order(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	(void)state;
	kt_strbuf_add(&sb, "a");
	kt_strbuf_addf(&sb, "%d-%s", 42, "b");
	kt_strbuf_add_char(&sb, '!');
	assert_string_equal(kt_strbuf_text(&sb), "a42-b!");
	assert_int_equal(sb.length, 6);
}

static void grows_past_its_first_size(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		kt_strbuf_add_char(&sb, (char)('a' + i % 26));
	assert_int_equal(sb.length, 10000);
	assert_int_equal(strlen(kt_strbuf_text(&sb)), 10000);
	assert_int_equal(sb.data[9999], 'a' + 9999 % 26);
}

static void empty_is_an_empty_text(void **state)
{
	struct kt_strbuf sb = { 0 };
	char *text;

	(void)state;
	assert_string_equal(kt_strbuf_text(&sb), "");
	text = kt_strbuf_steal(&sb);
	assert_string_equal(text, "");
	free(text);
}

static void a_failed_append_is_remembered(void **state)
{
	struct kt_strbuf sb = { 0 };

	(void)state;
	kt_strbuf_add(&sb, "x");
	kt_strbuf_add_bytes(&sb, "y", SIZE_MAX - 4);
	assert_true(kt_strbuf_failed(&sb));
	kt_strbuf_add(&sb, "z");
	assert_string_equal(kt_strbuf_text(&sb), "x");
	assert_null(kt_strbuf_steal(&sb));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_keep_order),
		cmocka_unit_test(grows_past_its_first_size),
		cmocka_unit_test(empty_is_an_empty_text),
		cmocka_unit_test(a_failed_append_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
