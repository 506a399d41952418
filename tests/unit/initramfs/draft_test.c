// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "initramfs/draft.h"
#include "scratch.h"

static int open_directory(const struct scratch *s)
{
	int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static size_t count_entries(const struct scratch *s)
{
	DIR *dir = opendir(s->directory);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *de; (de = readdir(dir));)
		n += strcmp(de->d_name, ".") && strcmp(de->d_name, "..");
	closedir(dir);
	return n;
}

static void assert_publishes(const struct scratch *s,
			     int (*begin)(struct kt_draft *, int),
			     size_t names_before)
{
	_cleanup_close_ int fd = open_directory(s);
	struct kt_draft draft = { .fd = -1 };
	_cleanup_free_ char *text = NULL;

	assert_int_equal(begin(&draft, fd), 0);
	assert_int_equal(count_entries(s), names_before);
	assert_int_equal(kt_write_all(draft.fd, "text", 4), 0);
	assert_int_equal(kt_draft_publish(&draft, "file"), 0);
	assert_int_equal(kt_draft_publish(&draft, "file"), -EEXIST);
	kt_draft_deinit(&draft);
	assert_int_equal(count_entries(s), 1);
	assert_int_equal(kt_read_file(scratch_path(s, "file"), 100, &text, NULL),
			 0);
	assert_string_equal(text, "text");
}

static void a_draft_has_no_name_until_it_is_published(void **state)
{
	assert_publishes(*state, kt_draft_open, 0);
}

static void a_named_draft_loses_that_name_in_the_end(void **state)
{
	assert_publishes(*state, kt_draft_open_named, 1);
}

static void a_draft_that_is_given_up_leaves_nothing(void **state)
{
	_cleanup_close_ int fd = open_directory(*state);
	struct kt_draft draft = { .fd = -1 }, named = { .fd = -1 };

	assert_int_equal(kt_draft_open(&draft, fd), 0);
	assert_int_equal(kt_draft_open_named(&named, fd), 0);
	kt_draft_deinit(&draft);
	kt_draft_deinit(&named);
	assert_int_equal(count_entries(*state), 0);
}

static void a_directory_that_takes_no_files_is_an_error(void **state)
{
	_cleanup_close_ int fd = open("/proc/self", O_RDONLY | O_CLOEXEC);
	struct kt_draft draft = { .fd = -1 };

	(void)state;
	assert_true(kt_draft_open(&draft, fd) < 0);
	kt_draft_deinit(&draft);
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(a_draft_has_no_name_until_it_is_published),
		SCRATCH_TEST(a_named_draft_loses_that_name_in_the_end),
		SCRATCH_TEST(a_draft_that_is_given_up_leaves_nothing),
		cmocka_unit_test(a_directory_that_takes_no_files_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
