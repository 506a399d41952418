// SPDX-License-Identifier: GPL-2.0-only
#include "golden.h"

#include <unistd.h>

#define NAME   "x86_64/mptable-1n1l1c1t.txt"
#define ACTUAL "x86_64-mptable-1n1l1c1t.txt.actual"

static char *golden_text(void)
{
	char *text = NULL;

	assert_int_equal(kt_read_file(KTSTR_SOURCE_ROOT "/tests/golden/" NAME,
				      GOLDEN_MAX_BYTES, &text, NULL),
			 0);
	return text;
}

static void the_same_text_passes(void **state)
{
	_cleanup_free_ char *text = golden_text();
	_cleanup_strbuf_ struct kt_strbuf report = { 0 };

	(void)state;
	assert_true(golden_equals(NAME, text, &report));
	assert_int_equal(report.length, 0);
}

static void one_other_byte_is_noticed_and_kept(void **state)
{
	_cleanup_free_ char *text = golden_text(), *kept = NULL;
	_cleanup_strbuf_ struct kt_strbuf report = { 0 };
	size_t at = 0;

	(void)state;
	for (int line = 1; line < 3; line++)
		at += strcspn(text + at, "\n") + 1;
	text[at] ^= 1;
	assert_false(golden_equals(NAME, text, &report));
	assert_contains(report.data, "differs from line 3 on");
	assert_contains(report.data, "what came out is in " ACTUAL);
	assert_int_equal(kt_read_file(ACTUAL, GOLDEN_MAX_BYTES, &kept, NULL), 0);
	assert_string_equal(kept, text);
	unlink(ACTUAL);
}

static void a_text_that_breaks_off_is_noticed(void **state)
{
	_cleanup_free_ char *text = golden_text();
	_cleanup_strbuf_ struct kt_strbuf report = { 0 };

	(void)state;
	text[strlen(text) - 1] = '\0';
	assert_false(golden_equals(NAME, text, &report));
	unlink(ACTUAL);
}

static void a_missing_file_is_no_excuse(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf report = { 0 };

	(void)state;
	assert_false(golden_equals("x86_64/none.txt", "", &report));
	assert_contains(report.data, "cannot read ");
	assert_contains(report.data, "No such file or directory");
	unlink("x86_64-none.txt.actual");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_text_passes),
		cmocka_unit_test(one_other_byte_is_noticed_and_kept),
		cmocka_unit_test(a_text_that_breaks_off_is_noticed),
		cmocka_unit_test(a_missing_file_is_no_excuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
