// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* A directory of this test's own, gone again at its end. */
static int make_directory(void **state)
{
	char *path = strdup("/tmp/ktstr-fd-test-XXXXXX");

	*state = mkdtemp(path);
	return *state ? 0 : -1;
}

static int remove_directory(void **state)
{
	int r = kt_remove_tree(*state);

	free(*state);
	return r;
}

static size_t count_entries(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

static void a_file_comes_back_as_written(void **state)
{
	_cleanup_free_ char *path = kt_path_join(*state, "file");
	_cleanup_free_ char *data = NULL;
	size_t length;

	assert_int_equal(kt_write_file_atomic(path, "a\0b", 3, 0640), 0);
	assert_int_equal(kt_read_file(path, 3, &data, &length), 0);
	assert_int_equal(length, 3);
	assert_memory_equal(data, "a\0b\0", 4);
}

static void a_replaced_file_leaves_no_temporary_behind(void **state)
{
	_cleanup_free_ char *path = kt_path_join(*state, "file");
	struct stat st;

	assert_int_equal(kt_write_file_atomic(path, "1", 1, 0644), 0);
	assert_int_equal(kt_write_file_atomic(path, "22", 2, 0600), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(count_entries(*state), 1);
}

static void a_failed_replacement_leaves_nothing_behind(void **state)
{
	_cleanup_free_ char *path = kt_path_join(*state, "taken");

	/* A directory in the way: the rename cannot succeed. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(kt_write_file_atomic(path, "1", 1, 0644), -EISDIR);
	assert_int_equal(count_entries(*state), 1);
}

static void a_file_over_the_limit_is_refused(void **state)
{
	_cleanup_free_ char *path = kt_path_join(*state, "file");
	char *data = NULL;

	assert_int_equal(kt_write_file_atomic(path, "1234", 4, 0644), 0);
	assert_int_equal(kt_read_file(path, 3, &data, NULL), -EFBIG);
	assert_null(data);
}

static void a_file_without_a_size_is_read_whole(void **state)
{
	_cleanup_free_ char *data = NULL;
	size_t length;

	(void)state;
	assert_int_equal(kt_read_file("/proc/self/status", 1 << 20, &data,
				      &length), 0);
	assert_true(length > 100);
	assert_int_equal(strlen(data), length);
	free(TAKE_PTR(data));
	assert_int_equal(kt_read_file("/proc/self/status", 10, &data, NULL),
			 -EFBIG);
}

static void a_short_file_is_no_full_read(void **state)
{
	_cleanup_free_ char *path = kt_path_join(*state, "file");
	_cleanup_close_ int fd = -1;
	char data[4];

	assert_int_equal(kt_write_file_atomic(path, "123", 3, 0644), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(kt_read_all(fd, data, 4), -ENODATA);
	assert_int_equal(kt_pread_all(fd, data, 3, 1), -ENODATA);
	assert_int_equal(kt_pread_all(fd, data, 2, 1), 0);
	assert_memory_equal(data, "23", 2);
}

static void directories_come_with_their_parents(void **state)
{
	_cleanup_free_ char *deep = kt_path_join(*state, "a/b/c");
	_cleanup_free_ char *file = kt_path_join(*state, "a/file");
	_cleanup_free_ char *below = kt_path_join(*state, "a/file/d");
	struct stat st;

	assert_int_equal(kt_mkdir_p(deep, 0700), 0);
	assert_int_equal(kt_mkdir_p(deep, 0700), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(kt_write_file_atomic(file, "", 0, 0644), 0);
	assert_int_equal(kt_mkdir_p(file, 0700), -ENOTDIR);
	assert_int_equal(kt_mkdir_p(below, 0700), -ENOTDIR);
}

static void a_removed_tree_is_gone_and_links_are_not_followed(void **state)
{
	_cleanup_free_ char *tree = kt_path_join(*state, "tree");
	_cleanup_free_ char *inner = kt_path_join(*state, "tree/x");
	_cleanup_free_ char *link = kt_path_join(*state, "tree/x/link");
	_cleanup_free_ char *kept = kt_path_join(*state, "kept");

	assert_int_equal(kt_mkdir_p(inner, 0700), 0);
	assert_int_equal(kt_mkdir_p(kept, 0700), 0);
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(kt_remove_tree(tree), 0);
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(kt_remove_tree(tree), 0);
}

static void paths_join_with_one_slash(void **state)
{
	static const char *const cases[][3] = {
		{ "a", "b", "a/b" },
		{ "a/", "b", "a/b" },
		{ "a//", "b", "a/b" },
		{ "/", "b", "/b" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *path =
			kt_path_join(cases[i][0], cases[i][1]);

		assert_string_equal(path, cases[i][2]);
	}
}

#define IN_DIRECTORY(f)                                                        \
	cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_file_comes_back_as_written),
		IN_DIRECTORY(a_replaced_file_leaves_no_temporary_behind),
		IN_DIRECTORY(a_failed_replacement_leaves_nothing_behind),
		IN_DIRECTORY(a_file_over_the_limit_is_refused),
		cmocka_unit_test(a_file_without_a_size_is_read_whole),
		IN_DIRECTORY(a_short_file_is_no_full_read),
		IN_DIRECTORY(directories_come_with_their_parents),
		IN_DIRECTORY(a_removed_tree_is_gone_and_links_are_not_followed),
		cmocka_unit_test(paths_join_with_one_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
