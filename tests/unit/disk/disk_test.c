// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "disk/disk.h"

static void test_defaults(void **state)
{
	struct ktstr_disk public = KTSTR_DISK_CONFIG();
	struct kt_throttle_limits limits;
	struct kt_disk disk;

	(void)state;
	assert_int_equal(kt_disk_init(&disk, &public, NULL), 0);
	assert_int_equal(kt_disk_bytes(&disk), 256 << 20);
	assert_false(disk.disk.read_only);
	assert_string_equal(disk.disk.name, "ktstr");
	limits = kt_disk_limits(&disk);
	assert_int_equal(limits.iops, 0);
	assert_int_equal(limits.bytes_per_s, 0);
	kt_disk_deinit(&disk);
}

static void test_its_copy_is_its_own(void **state)
{
	char name[] = "exactly-twenty-bytes";
	struct ktstr_disk public =
		KTSTR_DISK_CONFIG(.size_mib = UINT32_MAX, .name = name,
				  .iops = 1, .bytes_per_s = 2, .iops_burst = 3,
				  .bytes_burst = 4);
	struct kt_throttle_limits limits;
	struct kt_disk disk;

	(void)state;
	assert_int_equal(kt_disk_init(&disk, &public, NULL), 0);
	memset(name, 'x', 4);
	assert_string_equal(disk.disk.name, "exactly-twenty-bytes");
	assert_int_equal(kt_disk_bytes(&disk), 0xffffffffULL << 20);
	limits = kt_disk_limits(&disk);
	assert_int_equal(limits.iops, 1);
	assert_int_equal(limits.bytes_per_s, 2);
	assert_int_equal(limits.iops_burst, 3);
	assert_int_equal(limits.bytes_burst, 4);
	kt_disk_deinit(&disk);
}

static void test_what_makes_no_sense(void **state)
{
	static const struct {
		struct ktstr_disk disk;
		const char *message;
	} cases[] = {
		{ { .size_mib = 0 }, "disk.size_mib must be > 0" },
		{ { .size_mib = 1, .name = "one-and-twenty-bytes." },
		  "is 21 bytes long; a disk's name has at most 20" },
		{ { .size_mib = 1, .iops_burst = 1, .bytes_per_s = 1 },
		  "iops_burst is set but iops is not" },
		{ { .size_mib = 1, .bytes_burst = 1, .iops = 1 },
		  "bytes_burst is set but bytes_per_s is not" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct ktstr_error err = { 0 };
		struct kt_disk disk;

		assert_int_equal(kt_disk_init(&disk, &cases[i].disk, &err),
				 -EINVAL);
		assert_contains(err.message, cases[i].message);
		kt_disk_deinit(&disk);
	}
}

static int count_entries(const char *path)
{
	DIR *directory = opendir(path);
	int n = 0;

	assert_non_null(directory);
	while (readdir(directory))
		n++;
	closedir(directory);
	return n - 2;
}

static void test_a_file_of_holes_without_a_name(void **state)
{
	char directory[] = "/tmp/ktstr-disk-test-XXXXXX";
	struct ktstr_disk public = KTSTR_DISK_CONFIG(.size_mib = 3000);
	struct kt_disk disk;
	struct stat st;
	char byte = 1;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	setenv("TMPDIR", directory, 1);
	assert_int_equal(kt_disk_init(&disk, &public, NULL), 0);
	assert_int_equal(kt_disk_open(&disk, &fd, NULL), 0);
	assert_int_equal(count_entries(directory), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 3000LL << 20);
	assert_int_equal(st.st_blocks, 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(kt_pread_all(fd, &byte, 1, st.st_size - 1), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(kt_pwrite_all(fd, "x", 1, st.st_size - 1), 0);
	kt_close(fd);
	kt_disk_deinit(&disk);
	unsetenv("TMPDIR");
	rmdir(directory);
}

static void test_no_place_for_it(void **state)
{
	struct ktstr_disk public = KTSTR_DISK_CONFIG();
	struct ktstr_error err = { 0 };
	struct kt_disk disk;
	int fd;

	(void)state;
	setenv("TMPDIR", "/no/such/place", 1);
	assert_int_equal(kt_disk_init(&disk, &public, NULL), 0);
	assert_int_equal(kt_disk_open(&disk, &fd, &err), -ENOENT);
	assert_contains(err.message, "/no/such/place (TMPDIR)");
	kt_disk_deinit(&disk);
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_its_copy_is_its_own),
		cmocka_unit_test(test_what_makes_no_sense),
		cmocka_unit_test(test_a_file_of_holes_without_a_name),
		cmocka_unit_test(test_no_place_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
