// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "guest/modules.h"
#include "guest/port.h"

static void add_port(const char *class_dir, const char *device, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", class_dir, device);
	assert_int_equal(kt_mkdir_p(path, 0700), 0);
	if (!name)
		return;
	snprintf(path, sizeof(path), "%s/%s/name", class_dir, device);
	assert_int_equal(kt_write_file_atomic(path, name, strlen(name), 0600), 0);
}

static void a_port_is_found_by_its_whole_name(void **state)
{
	char dir[] = "/tmp/ktstr-port-test.XXXXXX";
	char *device = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	add_port(dir, "vport0p0", NULL);
	add_port(dir, "vport0p1", "other.wire\n");
	add_port(dir, "vport0p2", "test.wire2\n");
	assert_int_equal(kt_port_find(dir, "test.wire", &device), -ENOENT);
	assert_null(device);
	add_port(dir, "vport0p3", "test.wire\n");
	assert_int_equal(kt_port_find(dir, "test.wire", &device), 0);
	assert_string_equal(device, "vport0p3");
	free(device);
	assert_int_equal(kt_remove_tree(dir), 0);
}

static void without_the_driver_there_is_no_port(void **state)
{
	char *device = NULL;

	(void)state;
	assert_int_equal(kt_port_find("/nowhere/class", "a", &device), -ENOENT);
	assert_null(device);
}

static void only_a_plain_module_goes_to_the_kernel_as_it_is(void **state)
{
	(void)state;
	assert_false(kt_module_compressed("/lib/modules/a.ko"));
	assert_true(kt_module_compressed("/lib/modules/a.ko.xz"));
	assert_true(kt_module_compressed("/lib/modules/a.ko.zst"));
	assert_true(kt_module_compressed("/lib/modules/a"));
}

static void a_module_that_is_missing_is_named(void **state)
{
	char path[] = "/tmp/ktstr-modules-test.XXXXXX";
	struct ktstr_error err = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(kt_write_all(fd, "/nowhere/a.ko\0/nowhere/b.ko\0", 28),
			 0);
	kt_close(fd);
	assert_int_equal(kt_modules_load_list(path, &err), -ENOENT);
	assert_string_equal(
		err.message,
		"cannot open module /nowhere/a.ko: No such file or directory");
	kt_remove_tree(path);
	assert_int_equal(kt_modules_load_list(path, &err), 0);
}

static void what_is_no_module_is_refused_by_name(void **state)
{
	struct ktstr_error err = {0};

	(void)state;
	/* Without the right to load any it is EPERM, else ENOEXEC. */
	assert_true(kt_module_load("/dev/null", &err) < 0);
	assert_contains(err.message, "cannot load module /dev/null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_found_by_its_whole_name),
		cmocka_unit_test(without_the_driver_there_is_no_port),
		cmocka_unit_test(only_a_plain_module_goes_to_the_kernel_as_it_is),
		cmocka_unit_test(a_module_that_is_missing_is_named),
		cmocka_unit_test(what_is_no_module_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
