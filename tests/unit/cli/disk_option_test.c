// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/macro.h"
#include "cli/disk_option.h"

static struct kt_disk_option parsed(const char *text)
{
	struct kt_disk_option option;
	struct ktstr_error err;

	if (kt_disk_option_parse(text, &option, &err))
		fail_msg("%s: %s", text, err.message);
	return option;
}

static void test_a_size_alone(void **state)
{
	struct kt_disk_option option = parsed("1G");

	(void)state;
	assert_int_equal(option.disk.size_mib, 1024);
	assert_false(option.disk.read_only);
	assert_null(option.disk.name);
	assert_int_equal(option.disk.iops, 0);
	assert_int_equal(option.disk.bytes_per_s, 0);
	assert_int_equal(parsed("64").disk.size_mib, 64);
}

static void test_every_word(void **state)
{
	struct kt_disk_option option;
	struct ktstr_error err;

	(void)state;
	assert_int_equal(
		kt_disk_option_parse("2G,fs=raw,iops=500,iops-burst=50,bps=20M,"
				     "bps-burst=64KiB,name=scratch,ro",
				     &option, &err),
		0);
	assert_int_equal(option.disk.size_mib, 2048);
	assert_true(option.disk.read_only);
	assert_string_equal(option.disk.name, "scratch");
	assert_int_equal(option.disk.iops, 500);
	assert_int_equal(option.disk.iops_burst, 50);
	assert_int_equal(option.disk.bytes_per_s, 20 << 20);
	assert_int_equal(option.disk.bytes_burst, 65536);
}

static void test_bytes(void **state)
{
	(void)state;
	assert_int_equal(parsed("1G,bps=1").disk.bytes_per_s, 1);
	assert_int_equal(parsed("1G,bps=4096").disk.bytes_per_s, 4096);
	assert_int_equal(parsed("1G,bps=3k").disk.bytes_per_s, 3072);
	assert_int_equal(parsed("1G,bps=2GiB").disk.bytes_per_s, 2ULL << 30);
}

static void test_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "must begin with a size such as 512M or 2G" },
		{ "0", "must begin with a size" },
		{ "ro", "must begin with a size such as 512M or 2G, not with "
			"\"ro\"" },
		{ "1G,", "\"\" is none of fs, iops" },
		{ "1G,rw", "\"rw\" is none of fs, iops, iops-burst, bps, "
			   "bps-burst, name and ro" },
		{ "1G,ro=1", "ro takes no value" },
		{ "1G,iops=0", "--disk: iops must be a number from 1" },
		{ "1G,iops", "--disk: iops must not be empty" },
		{ "1G,bps=0", "--disk: bps must be a number of bytes" },
		{ "1G,bps=", "not \"\"" },
		{ "1G,bps=-1", "not \"-1\"" },
		{ "1G,bps=1X", "not \"1X\"" },
		{ "1G,bps=1MB", "not \"1MB\"" },
		{ "1G,bps=99999999999999999999", "must be a number of bytes" },
		{ "1G,bps=99999999999T", "must be a number of bytes" },
		{ "1G,name=", "name must have 1 to 20 bytes" },
		{ "1G,name=123456789012345678901", "1 to 20 bytes" },
		{ "1G,fs=ext9", "fs must be raw, not \"ext9\"" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct kt_disk_option option;
		struct ktstr_error err = { 0 };

		assert_int_equal(
			kt_disk_option_parse(cases[i].text, &option, &err),
			-EINVAL);
		assert_contains(err.message, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_size_alone),
		cmocka_unit_test(test_every_word),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
