// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdio.h>

#include "initramfs/modules.h"
#include "scratch.h"

static const char dep[] =
	"kernel/drivers/net/virtio_net.ko.xz: kernel/net/core/failover.ko.xz "
	"kernel/drivers/net/net-failover.ko.xz\n"
	"kernel/drivers/net/net-failover.ko.xz: "
	"kernel/net/core/failover.ko.xz\n"
	"kernel/net/core/failover.ko.xz:\n"
	"kernel/fs/btrfs/btrfs.ko.xz: kernel/lib/raid6_pq.ko.xz "
	"kernel/crypto/xor.ko.xz\n"
	"kernel/lib/raid6_pq.ko.xz:\n"
	"kernel/crypto/xor.ko.xz:\n";

static const char builtin[] = "kernel/drivers/virtio/virtio_pci.ko\n"
			      "kernel/fs/ext4/ext4.ko\n";

/* The list as "PATH PATH ...". */
static int resolve(const char *dep_text, const char *const *names, char *ret,
		   size_t ret_bytes, struct ktstr_error *err)
{
	_cleanup_module_list_ struct kt_module_list list = { 0 };
	size_t at = 0;
	int r;

	r = kt_modules_resolve_text("/m", dep_text, strlen(dep_text), builtin,
				    strlen(builtin), names, &list, err);
	*ret = '\0';
	for (size_t i = 0; i < list.n_paths; i++)
		at += (size_t)snprintf(ret + at, ret_bytes - at, "%s%s",
				       i ? " " : "", list.paths[i]);
	return r;
}

#define assert_lists(expected, ...)                                            \
	do {                                                                   \
		char text_[1024];                                              \
		struct ktstr_error err_;                                       \
		if (resolve(dep, (const char *const[]){ __VA_ARGS__, NULL },   \
			    text_, sizeof(text_), &err_) < 0)                  \
			fail_msg("%s", err_.message);                          \
		assert_string_equal(text_, expected);                          \
	} while (0)

#define assert_refuses(dep_text, code, expected, ...)                          \
	do {                                                                   \
		char text_[1024];                                              \
		struct ktstr_error err_;                                       \
		assert_int_equal(                                              \
			resolve(dep_text,                                      \
				(const char *const[]){ __VA_ARGS__, NULL },    \
				text_, sizeof(text_), &err_),                  \
			code);                                                 \
		assert_string_equal(err_.message, expected);                   \
	} while (0)

static void a_module_comes_behind_all_that_it_needs(void **state)
{
	(void)state;
	assert_lists("kernel/net/core/failover.ko.xz "
		     "kernel/drivers/net/net-failover.ko.xz "
		     "kernel/drivers/net/virtio_net.ko.xz",
		     "virtio_net");
}

static void a_shared_need_is_listed_once(void **state)
{
	(void)state;
	assert_lists("kernel/net/core/failover.ko.xz "
		     "kernel/drivers/net/net-failover.ko.xz "
		     "kernel/drivers/net/virtio_net.ko.xz",
		     "net_failover", "virtio_net", "failover");
}

static void dashes_and_underscores_are_the_same(void **state)
{
	(void)state;
	assert_lists("kernel/net/core/failover.ko.xz "
		     "kernel/drivers/net/net-failover.ko.xz",
		     "net_failover");
	assert_lists("kernel/lib/raid6_pq.ko.xz", "raid6-pq");
}

static void a_builtin_module_needs_no_file(void **state)
{
	(void)state;
	assert_lists("", "virtio-pci", "ext4");
}

static void modules_that_are_nowhere_are_all_named(void **state)
{
	(void)state;
	assert_refuses(dep, -ENOENT,
		       "/m has no module \"gone\", \"lost\", neither as a file "
		       "nor built into the kernel",
		       "gone", "btrfs", "lost");
}

static void a_need_without_a_line_is_refused(void **state)
{
	(void)state;
	assert_refuses("kernel/a.ko: kernel/b.ko\n", -EBADMSG,
		       "/m/modules.dep: \"kernel/a.ko\" needs \"kernel/b.ko\", "
		       "which it does not list",
		       "a");
}

static void a_circle_is_refused(void **state)
{
	(void)state;
	assert_refuses("kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/a.ko\n",
		       -ELOOP, "/m/modules.dep: \"kernel/a.ko\" needs itself",
		       "a");
}

static void a_line_without_a_colon_is_refused(void **state)
{
	(void)state;
	assert_refuses("kernel/a.ko:\nkernel/b.ko\n", -EBADMSG,
		       "/m/modules.dep line 2 has no colon: run depmod again",
		       "a");
}

static void a_path_that_leads_out_is_refused(void **state)
{
	(void)state;
	assert_refuses("kernel/../../a.ko:\n", -EBADMSG,
		       "/m/modules.dep line 1 names \"kernel/../../a.ko\", "
		       "which is not a path below that directory",
		       "a");
	assert_refuses(
		"/etc/a.ko:\n", -EBADMSG,
		"/m/modules.dep line 1 names \"/etc/a.ko\", which is not "
		"a path below that directory",
		"a");
}

static void a_directory_without_tables_says_how_to_make_them(void **state)
{
	_cleanup_module_list_ struct kt_module_list list = { 0 };
	const char *const names[] = { "a", NULL };
	struct ktstr_error err;
	char expected[1024];

	assert_int_equal(kt_modules_resolve(scratch_path(*state, "m"), names,
					    &list, &err),
			 -ENOENT);
	snprintf(expected, sizeof(expected),
		 "there is no %s: make it with depmod -b ROOT RELEASE, where "
		 "ROOT/lib/modules/RELEASE is that directory",
		 scratch_path(*state, "m/modules.dep"));
	assert_string_equal(err.message, expected);
}

static void a_directory_without_modules_builtin_will_do(void **state)
{
	_cleanup_module_list_ struct kt_module_list list = { 0 };
	const char *const names[] = { "a", NULL };

	scratch_text(*state, "m/modules.dep", "kernel/a.ko:\n");
	assert_int_equal(kt_modules_resolve(scratch_path(*state, "m"), names,
					    &list, NULL),
			 0);
	assert_int_equal(list.n_paths, 1);
	assert_string_equal(list.paths[0], "kernel/a.ko");
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_comes_behind_all_that_it_needs),
		cmocka_unit_test(a_shared_need_is_listed_once),
		cmocka_unit_test(dashes_and_underscores_are_the_same),
		cmocka_unit_test(a_builtin_module_needs_no_file),
		cmocka_unit_test(modules_that_are_nowhere_are_all_named),
		cmocka_unit_test(a_need_without_a_line_is_refused),
		cmocka_unit_test(a_circle_is_refused),
		cmocka_unit_test(a_line_without_a_colon_is_refused),
		cmocka_unit_test(a_path_that_leads_out_is_refused),
		SCRATCH_TEST(a_directory_without_tables_says_how_to_make_them),
		SCRATCH_TEST(a_directory_without_modules_builtin_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
