// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/initramfs.h"
#include "scratch.h"

/* The smallest thing that serves as init and as busybox here. */
static const char script[] = "#!/bin/sh\necho bin/ls\necho usr/bin/env\n";

struct built {
	struct kt_initramfs *initramfs;
	struct unpacked *base;
	struct unpacked *run;
};

static struct built build(const struct kt_initramfs_spec *spec)
{
	struct ktstr_error err = { 0 };
	struct built built = { 0 };

	if (kt_initramfs_build(spec, NULL, &built.initramfs, &err) < 0)
		fail_msg("%s", err.message);
	built.base =
		unpack_fd(built.initramfs->base_fd, built.initramfs->base_bytes);
	built.run = unpack(built.initramfs->run, built.initramfs->run_bytes);
	return built;
}

static void built_free(struct built *built)
{
	unpacked_free(built->base);
	unpacked_free(built->run);
	kt_initramfs_free(built->initramfs);
}

static void assert_member_text(const struct unpacked *unpacked,
			       const char *path, const char *text, size_t bytes)
{
	const struct unpacked_member *m = unpacked_find(unpacked, path);

	if (!m)
		fail_msg("no member %s", path);
	assert_int_equal(m->bytes, bytes);
	assert_memory_equal(m->data, text, bytes);
}

static void the_run_part_holds_what_init_reads(void **state)
{
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_file(*state, "init", script,
					    strlen(script), 0755),
		.run_args = (const char *const[]){ "a b", "", "c\n", NULL },
		.exec_cmd = "echo 'x'",
		.environment = (const char *const[]){ "A=1", NULL },
	};
	struct built built = build(&spec);

	assert_member_text(built.run, "init", script, strlen(script));
	assert_int_equal(unpacked_find(built.run, "init")->mode, S_IFREG | 0755);
	assert_member_text(built.run, "etc/ktstr/args", "a b\0\0c\n\0", 8);
	assert_member_text(built.run, "etc/ktstr/env", "A=1\0", 4);
	assert_member_text(built.run, "etc/ktstr/exec", "echo 'x'", 8);
	assert_null(unpacked_find(built.run, "etc/ktstr/modules"));
	built_free(&built);
}

static void the_sentinel_is_the_last_member_of_all(void **state)
{
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
	};
	struct built built = build(&spec);

	assert_null(unpacked_find(built.run, "etc/ktstr/sentinel"));
	assert_string_equal(built.base->members[built.base->n - 1].path,
			    "etc/ktstr/sentinel");
	built_free(&built);
}

static void the_run_part_is_padded_to_whole_pages(void **state)
{
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
	};
	struct built built = build(&spec);
	const struct kt_initramfs *initramfs = built.initramfs;

	assert_true(initramfs->run_bytes > 0);
	assert_int_equal(initramfs->run_bytes % 4096, 0);
	assert_int_equal(initramfs->run[initramfs->run_bytes - 1], 0);
	built_free(&built);
}

static void the_run_part_brings_its_own_directories(void **state)
{
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
		.exec_cmd = "true",
	};
	struct built built = build(&spec);
	const struct unpacked_member *directory =
		unpacked_find(built.run, "etc/ktstr");

	assert_non_null(directory);
	assert_true(S_ISDIR(directory->mode));
	assert_true(unpacked_find(built.run, "etc") < directory);
	assert_true(directory < unpacked_find(built.run, "etc/ktstr/exec"));
	built_free(&built);
}

static void the_base_is_padded_to_whole_pages(void **state)
{
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
	};
	struct built built = build(&spec);
	char last;

	assert_true(built.initramfs->base_bytes > 0);
	assert_int_equal(built.initramfs->base_bytes % 4096, 0);
	assert_int_equal(pread(built.initramfs->base_fd, &last, 1,
			       (off_t)built.initramfs->base_bytes - 1),
			 1);
	assert_int_equal(last, 0);
	built_free(&built);
}

static void directories_come_before_what_lies_in_them(void **state)
{
	const struct kt_initramfs_file file = { "opt/a/b/c",
						scratch_text(*state, "c", "c") };
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
		.include_files = &file,
		.n_include_files = 1,
	};
	struct built built = build(&spec);
	const struct unpacked_member *parent =
		unpacked_find(built.base, "opt/a/b");
	const struct unpacked_member *c =
		unpacked_find(built.base, "opt/a/b/c");

	assert_non_null(parent);
	assert_true(S_ISDIR(parent->mode));
	assert_non_null(c);
	assert_true(parent < c);
	built_free(&built);
}

static void busybox_comes_with_links_to_its_applets(void **state)
{
	char path[600];
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
		.busybox = true,
	};
	struct built built;

	scratch_file(*state, "path/busybox", script, strlen(script), 0755);
	snprintf(path, sizeof(path), "%s:%s", scratch_path(*state, "path"),
		 getenv("PATH"));
	setenv("PATH", path, 1);
	built = build(&spec);
	assert_member_text(built.base, "bin/busybox", script, strlen(script));
	assert_string_equal(unpacked_find(built.base, "bin/ls")->target,
			    "/bin/busybox");
	assert_string_equal(unpacked_find(built.base, "usr/bin/env")->target,
			    "/bin/busybox");
	built_free(&built);
}

static void modules_are_packed_as_they_are_and_listed_in_order(void **state)
{
	const char *dep = scratch_text(*state, "m/modules.dep",
				       "kernel/a.ko.xz: kernel/b.ko.xz\n"
				       "kernel/b.ko.xz:\n");
	const struct kt_initramfs_spec spec = {
		.init_binary = scratch_text(*state, "init", script),
		.kernel_release = "7.3.4-x",
		.modules_dir = scratch_path(*state, "m"),
		.modules = (const char *const[]){ "a", NULL },
	};
	struct built built;

	(void)dep;
	scratch_text(*state, "m/kernel/a.ko.xz", "A");
	scratch_text(*state, "m/kernel/b.ko.xz", "B");
	built = build(&spec);
	assert_member_text(built.base, "lib/modules/7.3.4-x/kernel/a.ko.xz",
			   "A", 1);
	assert_member_text(built.run, "etc/ktstr/modules",
			   "/lib/modules/7.3.4-x/kernel/b.ko.xz\0"
			   "/lib/modules/7.3.4-x/kernel/a.ko.xz\0",
			   72);
	built_free(&built);
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(the_run_part_holds_what_init_reads),
		SCRATCH_TEST(the_sentinel_is_the_last_member_of_all),
		SCRATCH_TEST(the_run_part_is_padded_to_whole_pages),
		SCRATCH_TEST(the_run_part_brings_its_own_directories),
		SCRATCH_TEST(the_base_is_padded_to_whole_pages),
		SCRATCH_TEST(directories_come_before_what_lies_in_them),
		SCRATCH_TEST(busybox_comes_with_links_to_its_applets),
		SCRATCH_TEST(modules_are_packed_as_they_are_and_listed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
