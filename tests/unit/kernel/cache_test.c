// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "images.h"
#include "kernel/cache.h"
#include "kernel/kernel.h"

static void assert_root(const char *wanted)
{
	_cleanup_free_ char *root = NULL;
	struct ktstr_error err;

	if (kt_cache_root(&root, &err))
		fail_msg("%s", err.message);
	assert_string_equal(root, wanted);
}

static void the_root_is_the_first_of_three_variables(void **state)
{
	(void)state;
	setenv("KTSTR_CACHE_DIR", "/one", 1);
	setenv("XDG_CACHE_HOME", "/two", 1);
	setenv("HOME", "/three", 1);
	assert_root("/one");
	setenv("KTSTR_CACHE_DIR", "", 1);
	assert_root("/two/ktstr");
	unsetenv("XDG_CACHE_HOME");
	assert_root("/three/.cache/ktstr");
}

static void no_place_for_a_cache_is_said(void **state)
{
	struct ktstr_error err;
	char *root;

	(void)state;
	unsetenv("KTSTR_CACHE_DIR");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	assert_int_equal(kt_cache_root(&root, &err), -ENOENT);
	assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
	assert_string_equal(err.message,
			    "there is no place for the cache: neither "
			    "KTSTR_CACHE_DIR nor XDG_CACHE_HOME nor HOME is "
			    "set; set KTSTR_CACHE_DIR to a directory of yours");
	message_seen(err.message);
}

static void a_relative_root_is_refused(void **state)
{
	struct ktstr_error err;
	char *root;

	(void)state;
	setenv("KTSTR_CACHE_DIR", "here", 1);
	assert_int_equal(kt_cache_root(&root, &err), -EINVAL);
	assert_string_equal(err.message, "KTSTR_CACHE_DIR must be an absolute "
					 "path, not \"here\"");
	message_seen(err.message);
}

static void directories_are_made_on_demand(void **state)
{
	char *directory = test_make_directory();
	_cleanup_free_ char *root = kt_path_join(directory, "a/b");
	_cleanup_free_ char *path = NULL, *file = NULL;
	struct ktstr_error err;

	(void)state;
	setenv("KTSTR_CACHE_DIR", root, 1);
	assert_int_equal(kt_cache_path("c", &path, NULL), 0);
	assert_true(access(path, F_OK) < 0);
	free(TAKE_PTR(path));
	assert_int_equal(kt_cache_dir("c", &path, NULL), 0);
	assert_int_equal(access(path, W_OK), 0);
	free(TAKE_PTR(path));
	file = test_write(root, "file", "", 0);
	assert_true(kt_cache_dir("file", &path, &err) < 0);
	assert_contains(err.message, "cannot make the cache directory ");
	assert_contains(err.message, "set KTSTR_CACHE_DIR to use another");
	message_seen(err.message);
	test_remove_directory(directory);
}

static void a_lock_is_held_by_one_and_given_up_on_in_time(void **state)
{
	char *directory = test_make_directory();
	struct ktstr_error err;
	int first, status;
	pid_t child;

	(void)state;
	setenv("KTSTR_CACHE_DIR", directory, 1);
	first = kt_cache_lock("x", 0, NULL, NULL, NULL);
	assert_true(first >= 0);
	child = fork();
	if (!child)
		_exit(kt_cache_lock("x", 30, NULL, NULL, NULL) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(kt_cache_lock("x", 0, NULL, NULL, &err), -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "another ktstr has held ");
	message_seen(err.message);
	close(kt_cache_lock("y", 0, NULL, NULL, NULL));
	close(first);
	first = kt_cache_lock("x", 0, NULL, NULL, NULL);
	assert_true(first >= 0);
	close(first);
	test_remove_directory(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_is_the_first_of_three_variables),
		cmocka_unit_test(no_place_for_a_cache_is_said),
		cmocka_unit_test(a_relative_root_is_refused),
		cmocka_unit_test(directories_are_made_on_demand),
		cmocka_unit_test(a_lock_is_held_by_one_and_given_up_on_in_time),
		messages_test("kernel_cache"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
