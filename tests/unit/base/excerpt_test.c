// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/excerpt.h"

/* Adds the text in pieces of that many bytes, and says what is left of it. */
static void expect(const char *text, size_t piece, const char *kept, uint64_t lost)
{
	_cleanup_excerpt_ struct kt_excerpt e = { .first_max_bytes = 3,
						  .last_max_bytes = 4 };
	_cleanup_free_ char *found = NULL;
	uint64_t found_lost;
	size_t bytes;

	for (size_t i = 0; i < strlen(text); i += piece)
		kt_excerpt_add(&e, text + i, KT_MIN(piece, strlen(text) - i));
	assert_int_equal(e.bytes, strlen(text));
	found = kt_excerpt_steal(&e, &bytes, &found_lost);
	assert_non_null(found);
	assert_string_equal(found, kept);
	assert_int_equal(bytes, strlen(kept));
	assert_int_equal(found_lost, lost);
}

static void what_is_short_is_kept_whole(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 8; piece++) {
		expect("", piece, "", 0);
		expect("abc", piece, "abc", 0);
		expect("abcd", piece, "abcd", 0);
		expect("abcdefg", piece, "abcdefg", 0);
	}
}

static void of_what_is_long_both_ends_are_kept(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (size_t piece = 1; piece < 30; piece++) {
		expect("abcdefgh", piece, "abcefgh", 1);
		expect("abcdefghijklmnop", piece, "abcmnop", 9);
		expect(letters, piece, "abcwxyz", 19);
	}
}

static void it_does_not_grow(void **state)
{
	_cleanup_excerpt_ struct kt_excerpt e = { .first_max_bytes = 10,
						  .last_max_bytes = 1000 };

	(void)state;
	for (int i = 0; i < 100000; i++) {
		kt_excerpt_add(&e, "some", 4);
		assert_true(e.last.length <= 2 * e.last_max_bytes);
	}
	assert_int_equal(e.first.length, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_short_is_kept_whole),
		cmocka_unit_test(of_what_is_long_both_ends_are_kept),
		cmocka_unit_test(it_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
