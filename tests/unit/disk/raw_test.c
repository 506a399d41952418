// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "disk/raw.h"

static int n_entries(const char *directory)
{
	_cleanup_closedir_ DIR *d = opendir(directory);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n - 2;
}

static int setup(void **state)
{
	static char directory[] = "/tmp/raw-disk-test-XXXXXX";

	if (!mkdtemp(directory))
		return -1;
	*state = directory;
	return setenv("TMPDIR", directory, 1);
}

static int teardown(void **state)
{
	return kt_remove_tree(*state);
}

static void it_is_sparse_nameless_and_zero(void **state)
{
	_cleanup_close_ int fd = -1;
	uint8_t bytes[512];
	struct stat st;

	assert_int_equal(kt_raw_disk_create(KT_GIB, &fd, NULL), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, KT_GIB);
	assert_int_equal(st.st_nlink, 0);
	assert_true(st.st_blocks < 64);
	assert_int_equal(n_entries(*state), 0);
	assert_int_equal(kt_pread_all(fd, bytes, sizeof(bytes),
				      (off_t)(KT_GIB - sizeof(bytes))),
			 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(kt_pwrite_all(fd, "x", 1, 4096), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void a_size_that_cannot_be_is_an_error(void **state)
{
	struct ktstr_error err = { 0 };
	int fd = -1;

	assert_int_equal(kt_raw_disk_create(UINT64_MAX, &fd, &err), -EFBIG);
	assert_contains(err.message, "18446744073709551615 bytes");
	assert_int_equal(fd, -1);
	assert_int_equal(n_entries(*state), 0);
}

static void a_missing_directory_is_told_by_name(void **state)
{
	struct ktstr_error err = { 0 };
	int fd = -1;

	setenv("TMPDIR", "/nowhere/at/all", 1);
	assert_int_equal(kt_raw_disk_create(KT_MIB, &fd, &err), -ENOENT);
	assert_contains(err.message, "/nowhere/at/all");
	assert_contains(err.message, "TMPDIR");
	setenv("TMPDIR", *state, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_sparse_nameless_and_zero),
		cmocka_unit_test(a_size_that_cannot_be_is_an_error),
		cmocka_unit_test(a_missing_directory_is_told_by_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
