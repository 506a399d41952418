// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.h"

#include <errno.h>

#include "base/cleanup.h"
#include "scenario/hotplug.h"

static void says(const struct sysfs *sysfs, const char *file, const char *text)
{
	_cleanup_free_ char *got = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/devices/system/%s", sysfs->root, file);
	assert_int_equal(kt_read_file(path, 64, &got, NULL), 0);
	assert_string_equal(got, text);
}

static void a_cpu_goes_and_comes_back(void **state)
{
	_cleanup_bitmap_ struct kt_bitmap online = { 0 };
	struct sysfs sysfs;

	(void)state;
	sysfs_init(&sysfs);
	sysfs_put(&sysfs, "cpu/cpu1/online", "1");
	assert_int_equal(kt_bitmap_set_range(&online, 0, 1), 0);
	sysfs_put(&sysfs, "cpu/cpu0/topology", "");
	/* One that is what it should be is left alone. */
	assert_int_equal(kt_cpu_set_online(sysfs.root, 0, true, &online, NULL),
			 0);
	assert_int_equal(kt_cpu_set_online(sysfs.root, 1, false, &online, NULL),
			 0);
	says(&sysfs, "cpu/cpu1/online", "0");
	assert_false(kt_bitmap_test(&online, 1));
	assert_int_equal(kt_cpu_set_online(sysfs.root, 1, true, &online, NULL),
			 0);
	says(&sysfs, "cpu/cpu1/online", "1");
	assert_true(kt_bitmap_test(&online, 1));
	sysfs_deinit(&sysfs);
}

static void what_cannot_go_is_named(void **state)
{
	_cleanup_bitmap_ struct kt_bitmap online = { 0 };
	struct ktstr_error err = { 0 };
	struct sysfs sysfs;

	(void)state;
	sysfs_init(&sysfs);
	sysfs_put(&sysfs, "cpu/cpu0/topology", "");
	assert_int_equal(kt_bitmap_set(&online, 0), 0);
	assert_int_equal(kt_cpu_set_online(sysfs.root, 0, false, &online, &err),
			 -EINVAL);
	assert_contains(err.message, "CPU 0 cannot be taken offline");
	assert_true(kt_bitmap_test(&online, 0));
	for (int on = 0; on < 2; on++) {
		assert_int_equal(
			kt_cpu_set_online(sysfs.root, 9, on, &online, &err),
			-EINVAL);
		assert_contains(err.message, "there is no CPU 9");
	}
	sysfs_deinit(&sysfs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_goes_and_comes_back),
		cmocka_unit_test(what_cannot_go_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
