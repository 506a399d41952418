// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "runner/output.h"

#define BOUND (KT_OUTPUT_FIRST_BYTES + KT_OUTPUT_LAST_BYTES)

static void what_is_short_is_whole(void **state)
{
	struct ktstr_vm_result result = { .output = (char *)"a\0b",
					  .output_bytes = 3 };
	struct kt_output output = kt_output_of(&result);

	(void)state;
	assert_int_equal(output.first_bytes, 3);
	assert_memory_equal(output.first, "a\0b", 3);
	assert_int_equal(output.last_bytes, 0);
	assert_int_equal(output.lost_bytes, 0);
	result = (struct ktstr_vm_result){};
	output = kt_output_of(&result);
	assert_int_equal(output.first_bytes + output.last_bytes, 0);
}

static void what_is_long_is_cut_between_its_ends(void **state)
{
	_cleanup_free_ char *text = malloc(BOUND + 8);
	struct ktstr_vm_result result = { .output = text };
	struct kt_output output;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', BOUND + 8);
	result.output_bytes = BOUND;
	output = kt_output_of(&result);
	assert_int_equal(output.first_bytes, BOUND);
	assert_int_equal(output.lost_bytes, 0);
	result.output_bytes = BOUND + 1;
	output = kt_output_of(&result);
	assert_int_equal(output.first_bytes, KT_OUTPUT_FIRST_BYTES);
	assert_int_equal(output.last_bytes, KT_OUTPUT_LAST_BYTES);
	assert_ptr_equal(output.last + output.last_bytes, text + BOUND + 1);
	assert_int_equal(output.lost_bytes, 1);
	/* What the machine had not kept is lost, too. */
	result.output_lost_bytes = 1000;
	output = kt_output_of(&result);
	assert_int_equal(output.lost_bytes, 1001);
}

static void no_character_is_cut(void **state)
{
	_cleanup_free_ char *text = malloc(BOUND + 8);
	struct ktstr_vm_result result = { .output = text,
					  .output_bytes = BOUND + 8 };
	struct kt_output output;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', BOUND + 8);
	memcpy(text + KT_OUTPUT_FIRST_BYTES - 1, "\303\251", 2);
	memcpy(text + KT_OUTPUT_FIRST_BYTES + 8 - 2, "\342\202\254", 3);
	output = kt_output_of(&result);
	assert_int_equal(output.first_bytes, KT_OUTPUT_FIRST_BYTES - 1);
	assert_int_equal(output.last_bytes, KT_OUTPUT_LAST_BYTES - 1);
	assert_int_equal(output.lost_bytes, 8 + 1 + 1);
	/* Bytes that are no character are not searched through for one. */
	memset(text, 0x80, BOUND + 8);
	output = kt_output_of(&result);
	assert_int_equal(output.first_bytes, KT_OUTPUT_FIRST_BYTES - 3);
	assert_int_equal(output.last_bytes, KT_OUTPUT_LAST_BYTES - 3);
}

static void expect_end(const char *text, size_t bytes, size_t max,
		       const char *expected)
{
	struct ktstr_vm_result result = { .output = (char *)text,
					  .output_bytes = bytes };
	_cleanup_strbuf_ struct kt_strbuf end = {};

	kt_output_add_end(&end, &result, max);
	assert_string_equal(kt_strbuf_text(&end), expected);
}

static void the_end_is_of_whole_lines(void **state)
{
	(void)state;
	expect_end(NULL, 0, 10, "");
	expect_end("one\ntwo\n", 8, 10, "one\ntwo\n");
	expect_end("one\ntwo\n", 8, 6, "two\n");
	expect_end("one\ntwo\n", 8, 3, "wo\n");
	expect_end("one\0two", 7, 10, "one?two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_short_is_whole),
		cmocka_unit_test(what_is_long_is_cut_between_its_ends),
		cmocka_unit_test(no_character_is_cut),
		cmocka_unit_test(the_end_is_of_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
