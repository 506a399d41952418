// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/macro.h"
#include "base/suggest.h"

static void distances_count_single_changes(void **state)
{
	(void)state;
	assert_int_equal(kt_edit_distance("", ""), 0);
	assert_int_equal(kt_edit_distance("", "abc"), 3);
	assert_int_equal(kt_edit_distance("abc", ""), 3);
	assert_int_equal(kt_edit_distance("shell", "shell"), 0);
	assert_int_equal(kt_edit_distance("shel", "shell"), 1);
	assert_int_equal(kt_edit_distance("shlel", "shell"), 1);
	assert_int_equal(kt_edit_distance("ahell", "shell"), 1);
	assert_int_equal(kt_edit_distance("kitten", "sitting"), 3);
}

static void a_word_too_long_is_far_from_everything(void **state)
{
	char word[65];

	(void)state;
	memset(word, 'a', 64);
	word[64] = '\0';
	assert_true(kt_edit_distance(word, word) == SIZE_MAX);
	word[63] = '\0';
	assert_int_equal(kt_edit_distance(word, word), 0);
}

static const char *suggest(const char *word)
{
	static const char *const words[] = {"shell", "kernel", "topo", "help"};
	struct kt_suggestion s = {.word = word};

	for (size_t i = 0; i < KT_ARRAY_SIZE(words); i++)
		kt_suggestion_offer(&s, words[i]);
	return s.best;
}

static void the_nearest_word_is_suggested_if_near_enough(void **state)
{
	(void)state;
	assert_string_equal(suggest("shel"), "shell");
	assert_string_equal(suggest("kernle"), "kernel");
	assert_string_equal(suggest("tpoo"), "topo");
	assert_string_equal(suggest("hel"), "help");
	assert_null(suggest("xyzzy"));
	assert_null(suggest(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_single_changes),
		cmocka_unit_test(a_word_too_long_is_far_from_everything),
		cmocka_unit_test(the_nearest_word_is_suggested_if_near_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
