// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "guest/files.h"

/* As kt_read_file() leaves it: one NUL behind the last byte. */
static int take(struct kt_string_list *list, const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy, text, length);
	copy[length] = '\0';
	return kt_string_list_take(list, copy, length);
}

static void entries_end_with_a_nul(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(take(&list, "one\0two\n2\0", 10), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "one");
	assert_string_equal(list.items[1], "two\n2");
	assert_null(list.items[2]);
	kt_string_list_deinit(&list);
}

static void the_last_entry_may_lack_its_nul(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(take(&list, "one\0two", 7), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[1], "two");
	kt_string_list_deinit(&list);
}

static void an_entry_may_be_empty_and_so_may_a_list(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(take(&list, "\0a\0", 3), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "");
	assert_int_equal(take(&list, "", 0), 0);
	assert_int_equal(list.count, 0);
	assert_null(list.items[0]);
	kt_string_list_deinit(&list);
}

static void an_absent_file_is_an_empty_list(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(kt_string_list_read(&list, "/nowhere/list"), 0);
	assert_int_equal(list.count, 0);
	assert_null(list.items);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(kt_string_list_read(&list, "/"), -EISDIR);
}

static void a_list_file_is_read(void **state)
{
	char path[] = "/tmp/ktstr-files-test.XXXXXX";
	struct kt_string_list list = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(kt_write_all(fd, "a=1\0b", 6), 0);
	close(fd);
	assert_int_equal(kt_string_list_read(&list, path), 0);
	unlink(path);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "a=1");
	kt_string_list_deinit(&list);
}

static void entries_become_variables(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(take(&list, "KT_A=x=y\0KT_B=\0", 15), 0);
	assert_int_equal(kt_environment_apply(&list), 0);
	assert_string_equal(getenv("KT_A"), "x=y");
	assert_string_equal(getenv("KT_B"), "");
	assert_string_equal(list.items[0], "KT_A=x=y");
	kt_string_list_deinit(&list);
}

static void an_entry_that_is_no_variable_is_refused_alone(void **state)
{
	struct kt_string_list list = {0};

	(void)state;
	assert_int_equal(take(&list, "=x\0plain\0KT_C=1\0", 16), 0);
	assert_int_equal(kt_environment_apply(&list), -EINVAL);
	assert_string_equal(getenv("KT_C"), "1");
	kt_string_list_deinit(&list);
}

static void a_number_is_read_and_anything_else_is_not(void **state)
{
	static const struct {
		const char *text;
		unsigned int value;
	} cases[] = {
		{"80", 80}, {"1000", 1000}, {"1001", 0},
		{"0", 0},   {"", 0},        {"8x", 0},
		{"-1", 0},  {" 8", 0},      {"99999999999999999999", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("KT_N", cases[i].text, 1);
		assert_int_equal(kt_environment_number("KT_N", 1000),
				 cases[i].value);
	}
	unsetenv("KT_N");
	assert_int_equal(kt_environment_number("KT_N", 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_end_with_a_nul),
		cmocka_unit_test(the_last_entry_may_lack_its_nul),
		cmocka_unit_test(an_entry_may_be_empty_and_so_may_a_list),
		cmocka_unit_test(an_absent_file_is_an_empty_list),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
		cmocka_unit_test(a_list_file_is_read),
		cmocka_unit_test(entries_become_variables),
		cmocka_unit_test(an_entry_that_is_no_variable_is_refused_alone),
		cmocka_unit_test(a_number_is_read_and_anything_else_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
