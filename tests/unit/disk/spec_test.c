// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "disk/spec.h"

static struct kt_disk_spec spec;

static const struct ktstr_disk_config *parse(const char *text)
{
	struct ktstr_error err = { 0 };

	if (kt_disk_spec_parse(text, &spec, &err))
		fail_msg("%s: %s", text, err.message);
	return &spec.config;
}

static void a_size_alone_is_a_disk(void **state)
{
	(void)state;
	assert_int_equal(parse("1G")->size_mib, 1024);
	assert_int_equal(parse("512")->size_mib, 512);
	assert_int_equal(parse("3M")->size_mib, 3);
	assert_int_equal(parse("2048k")->size_mib, 2);
	assert_int_equal(parse("2t")->size_mib, 2 * 1024 * 1024);
	assert_false(spec.config.read_only);
	assert_string_equal(spec.config.name, "ktstr");
	assert_int_equal(spec.config.filesystem, KTSTR_DISK_RAW);
	assert_int_equal(spec.config.iops, 0);
	assert_int_equal(spec.config.bytes_per_s, 0);
}

static void options_come_in_any_order(void **state)
{
	const struct ktstr_disk_config *c =
		parse("1G,ro,bps=20M,name=a "
		      "b,iops-burst=7,fs=raw,iops=500,bps-burst=1");

	(void)state;
	assert_int_equal(c->size_mib, 1024);
	assert_true(c->read_only);
	assert_int_equal(c->bytes_per_s, 20 << 20);
	assert_int_equal(c->bytes_burst, 1);
	assert_int_equal(c->iops, 500);
	assert_int_equal(c->iops_burst, 7);
	assert_string_equal(c->name, "a b");
	assert_string_equal(parse("1,name=12345678901234567890")->name,
			    "12345678901234567890");
}

static void what_is_wrong_is_told(void **state)
{
	const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "not with \"\"" },
		{ "0", "not with \"0\"" },
		{ "G", "not with \"G\"" },
		{ "1X", "not with \"1X\"" },
		{ "1GG", "not with \"1GG\"" },
		{ "-1", "not with \"-1\"" },
		{ "1K", "in whole MiB" },
		{ "99999999999999999999", "begins with its size" },
		{ "18446744073709551615T", "begins with its size" },
		{ "4194304T", "begins with its size" },
		{ "iops=5", "not with \"iops=5\"" },
		{ "1G,", "no option \"\"" },
		{ "1G,,ro", "no option \"\"" },
		{ "1G,rw", "no option \"rw\"" },
		{ "1G,r", "no option \"r\"" },
		{ "1G,ro,ro", "ro is given twice" },
		{ "1G,iops=1,iops=1", "iops is given twice" },
		{ "1G,ro=", "ro takes no value" },
		{ "1G,iops", "iops needs a value" },
		{ "1G,iops=", "not \"\"" },
		{ "1G,iops=0", "iops must be a number above 0, not \"0\"" },
		{ "1G,iops=5k", "not \"5k\"" },
		{ "1G,bps=5Q", "of bytes, such as 20M, not \"5Q\"" },
		{ "1G,bps=99999999999999999T", "bps must be" },
		{ "1G,fs=btrfs", "fs must be raw, not \"btrfs\"" },
		{ "1G,fs=ra", "fs must be raw" },
		{ "1G,name=", "1 to 20 bytes, not 0" },
		{ "1G,name=123456789012345678901", "1 to 20 bytes, not 21" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct ktstr_error err = { 0 };

		if (kt_disk_spec_parse(cases[i].text, &spec, &err) != -EINVAL)
			fail_msg("%s is taken", cases[i].text);
		assert_contains(err.message, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_alone_is_a_disk),
		cmocka_unit_test(options_come_in_any_order),
		cmocka_unit_test(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
