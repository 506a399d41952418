// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "images.h"
#include "kernel/resolve.h"

/* A machine's root directory and a cache, both empty. */
struct fixture {
	char *root;
	struct kt_strbuf elf;
	struct kt_kernel_ref ref;
	struct ktstr_error err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_free_ char *cache = NULL;

	f->root = test_make_directory();
	cache = kt_path_join(f->root, "cache");
	setenv("KTSTR_CACHE_DIR", cache, 1);
	test_make_elf(&f->elf);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_kernel_ref_deinit(&f->ref);
	test_remove_directory(f->root);
	kt_strbuf_deinit(&f->elf);
	free(f);
	return 0;
}

/* An image that names `release`; the path in the fixture's root is freed. */
static void put_image(struct fixture *f, const char *name, const char *release)
{
	_cleanup_strbuf_ struct kt_strbuf image = { 0 };
	_cleanup_free_ char *path = NULL;

	test_make_bzimage(KT_COMPRESSION_GZIP, &f->elf, &image);
	strcpy(image.data + 0x300, release);
	path = test_write(f->root, name, image.data, image.length);
}

static void put_file(struct fixture *f, const char *name, const char *text)
{
	free(test_write(f->root, name, text, strlen(text)));
}

static char *below(struct fixture *f, const char *name)
{
	char *path = kt_path_join(f->root, name);

	assert_non_null(path);
	return path;
}

static int resolve(struct fixture *f, const char *spec)
{
	kt_kernel_ref_deinit(&f->ref);
	return kt_kernel_resolve_below(f->root, spec, &f->ref, &f->err);
}

static void assert_found(struct fixture *f, const char *spec, const char *image,
			 const char *release)
{
	_cleanup_free_ char *wanted = below(f, image);

	if (resolve(f, spec))
		fail_msg("%s", f->err.message);
	assert_string_equal(f->ref.image, wanted);
	assert_string_equal(f->ref.release, release);
}

static void assert_refused(struct fixture *f, const char *spec, int code,
			   const char *message)
{
	assert_int_equal(resolve(f, spec), code);
	assert_string_equal(f->err.message, message);
	message_seen(f->err.message);
}

static void an_image_is_found_by_its_path(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = below(f, "some/image");

	put_image(f, "some/image", "9.1.2-x");
	assert_found(f, path, "some/image", "9.1.2-x");
	assert_null(f->ref.modules_dir);
	assert_null(f->ref.vmlinux);
}

static void a_built_tree_gives_its_image_and_vmlinux(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *tree = below(f, "tree"), *vmlinux = NULL;

	put_image(f, "tree/arch/x86/boot/bzImage", "9.1.2-x");
	put_file(f, "tree/Kconfig", "");
	assert_found(f, tree, "tree/arch/x86/boot/bzImage", "9.1.2-x");
	assert_null(f->ref.vmlinux);
	vmlinux = test_write(f->root, "tree/vmlinux", f->elf.data, f->elf.length);
	assert_found(f, tree, "tree/arch/x86/boot/bzImage", "9.1.2-x");
	assert_true(!access(f->ref.vmlinux, R_OK));
	assert_contains(f->ref.vmlinux, "/vmlinux");
}

static void an_elf_is_its_own_vmlinux(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path =
		test_write(f->root, "tree/vmlinux", f->elf.data, f->elf.length);

	assert_found(f, path, "tree/vmlinux", TEST_RELEASE);
	assert_string_equal(f->ref.vmlinux, path);
}

static void a_tree_that_is_not_built_says_how_to_build_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *tree = below(f, "tree"), *message = NULL;

	put_file(f, "tree/Kconfig", "");
	assert_true(asprintf(&message,
			     "the kernel tree %s is not built: it has no "
			     "arch/x86/boot/bzImage; `make -C %s -j$(nproc) "
			     "bzImage` makes it",
			     tree, tree) > 0);
	assert_refused(f, tree, -ENOENT, message);
}

static void a_tree_built_for_arm64_is_another_architecture(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *tree = below(f, "tree"), *message = NULL;

	put_file(f, "tree/arch/arm64/boot/Image", "x");
	assert_true(asprintf(&message,
			     "%s holds a kernel for another architecture "
			     "(arm64: arch/arm64/boot/Image); guests here are "
			     "x86-64, which would be arch/x86/boot/bzImage",
			     tree) > 0);
	assert_refused(f, tree, -ENOEXEC, message);
}

static void a_directory_without_a_kernel_says_what_was_looked_for(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *message = NULL;

	assert_true(asprintf(&message,
			     "%s holds no kernel: neither "
			     "arch/x86/boot/bzImage, as a built source tree "
			     "has, nor vmlinuz",
			     f->root) > 0);
	assert_refused(f, f->root, -ENOENT, message);
}

static void a_series_means_its_newest_point_release_at_hand(void **state)
{
	struct fixture *f = *state;

	put_image(f, "cache/kernels/9.1.9-x/vmlinuz", "9.1.9-x");
	put_image(f, "cache/kernels/9.1.10-x/vmlinuz", "9.1.10-x");
	put_image(f, "cache/kernels/9.11.3-x/vmlinuz", "9.11.3-x");
	put_image(f, "boot/vmlinuz-9.1.8-x", "9.1.8-x");
	assert_found(f, "9.1", "cache/kernels/9.1.10-x/vmlinuz", "9.1.10-x");
	assert_found(f, "9.1.9", "cache/kernels/9.1.9-x/vmlinuz", "9.1.9-x");
	assert_found(f, "9.1.8", "boot/vmlinuz-9.1.8-x", "9.1.8-x");
	assert_found(f, "9.11", "cache/kernels/9.11.3-x/vmlinuz", "9.11.3-x");
	put_image(f, "usr/lib/modules/9.1.12-x/vmlinuz", "9.1.12-x");
	assert_found(f, "9.1", "usr/lib/modules/9.1.12-x/vmlinuz", "9.1.12-x");
}

static void a_version_not_at_hand_names_the_fetch_command(void **state)
{
	struct fixture *f = *state;

	put_image(f, "boot/vmlinuz-9.1.8-x", "9.1.8-x");
	assert_refused(f, "7.3", -ENOENT,
		       "kernel 7.3 is not at hand, neither in the cache nor in "
		       "/boot; `ktstr kernel fetch 7.3` gets it");
}

static void without_a_name_the_cache_comes_before_boot(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, NULL, -ENOENT,
		       "there is no kernel, neither in the cache nor in /boot; "
		       "`ktstr kernel fetch latest` gets one");
	put_image(f, "boot/vmlinuz-9.9.9-x", "9.9.9-x");
	put_image(f, "boot/vmlinuz-9.10.1-x", "9.10.1-x");
	assert_found(f, NULL, "boot/vmlinuz-9.10.1-x", "9.10.1-x");
	put_image(f, "cache/kernels/6.1.0-x/vmlinuz", "6.1.0-x");
	assert_found(f, NULL, "cache/kernels/6.1.0-x/vmlinuz", "6.1.0-x");
}

static void a_kernel_that_cannot_be_used_is_passed_over(void **state)
{
	struct fixture *f = *state;

	put_file(f, "boot/vmlinuz-9.9.9-x", "junk");
	assert_int_equal(resolve(f, NULL), -ENOEXEC);
	assert_contains(f->err.message,
			"none of the 1 kernels at hand can be used (`ktstr "
			"kernel fetch latest` gets another), the last because: "
			"/");
	assert_contains(f->err.message, "not a kernel image");
	message_seen(f->err.message);
	put_image(f, "boot/vmlinuz-9.8.1-x", "9.8.1-x");
	assert_found(f, NULL, "boot/vmlinuz-9.8.1-x", "9.8.1-x");
}

static void what_is_no_file_and_no_version_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "nonesuch", -ENOENT,
		       "no kernel \"nonesuch\": neither a file, nor a "
		       "directory, nor a version such as 7.3");
	assert_refused(f, "./none/such", -ENOENT,
		       "no kernel at ./none/such: No such file or directory");
	assert_refused(f, "", -EINVAL,
		       "the kernel's name is empty; give an image, a source "
		       "tree or a version such as 7.3");
}

static void modules_are_found_in_every_layout(void **state)
{
	static const struct {
		const char *image, *modules;
	} layouts[] = {
		{ "cache/kernels/9.1.2-x/vmlinuz",
		  "cache/kernels/9.1.2-x/lib/modules/9.1.2-x" },
		{ "deb/usr/lib/modules/9.1.2-x/vmlinuz",
		  "deb/usr/lib/modules/9.1.2-x" },
		{ "deb2/boot/vmlinuz-9.1.2-x", "deb2/lib/modules/9.1.2-x" },
		{ "deb3/boot/vmlinuz-9.1.2-x", "deb3/usr/lib/modules/9.1.2-x" },
		/* The machine's own, last: it would serve all of these. */
		{ "elsewhere/image", "lib/modules/9.1.2-x" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < KT_ARRAY_SIZE(layouts); i++) {
		_cleanup_free_ char *image = below(f, layouts[i].image);
		_cleanup_free_ char *modules = below(f, layouts[i].modules);
		_cleanup_free_ char *dep = NULL, *inside = NULL;

		put_image(f, layouts[i].image, "9.1.2-x");
		assert_true(asprintf(&inside, "%s/kernel/x",
				     layouts[i].modules) > 0);
		assert_true(asprintf(&dep, "%s/modules.dep",
				     layouts[i].modules) > 0);
		put_file(f, inside, "");
		put_file(f, dep, "");
		assert_found(f, image, layouts[i].image, "9.1.2-x");
		assert_string_equal(f->ref.modules_dir, modules);
	}
}

static void a_modules_dep_is_made_in_the_cache_where_none_is(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *image = below(f, "boot/vmlinuz-9.1.2-x");
	_cleanup_free_ char *cache = below(f, "cache/modules/");
	_cleanup_free_ char *dep = NULL, *first = NULL, *original = NULL;

	put_image(f, "boot/vmlinuz-9.1.2-x", "9.1.2-x");
	put_file(f, "lib/modules/9.1.2-x/kernel/note", "");
	put_file(f, "lib/modules/9.1.2-x/modules.order", "");
	put_file(f, "lib/modules/9.1.2-x/modules.builtin", "");
	put_file(f, "lib/modules/9.1.2-x/modules.builtin.modinfo", "");
	assert_found(f, image, "boot/vmlinuz-9.1.2-x", "9.1.2-x");
	assert_contains(f->ref.modules_dir, cache);
	dep = kt_path_join(f->ref.modules_dir, "modules.dep");
	assert_int_equal(access(dep, R_OK), 0);
	original = below(f, "lib/modules/9.1.2-x/modules.dep");
	assert_true(access(original, F_OK) < 0);
	/* The next time it is there. */
	first = strdup(f->ref.modules_dir);
	assert_found(f, image, "boot/vmlinuz-9.1.2-x", "9.1.2-x");
	assert_string_equal(f->ref.modules_dir, first);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_found_by_its_path),
		TEST(a_built_tree_gives_its_image_and_vmlinux),
		TEST(an_elf_is_its_own_vmlinux),
		TEST(a_tree_that_is_not_built_says_how_to_build_it),
		TEST(a_tree_built_for_arm64_is_another_architecture),
		TEST(a_directory_without_a_kernel_says_what_was_looked_for),
		TEST(a_series_means_its_newest_point_release_at_hand),
		TEST(a_version_not_at_hand_names_the_fetch_command),
		TEST(without_a_name_the_cache_comes_before_boot),
		TEST(a_kernel_that_cannot_be_used_is_passed_over),
		TEST(what_is_no_file_and_no_version_is_refused),
		TEST(modules_are_found_in_every_layout),
		TEST(a_modules_dep_is_made_in_the_cache_where_none_is),
		messages_test("kernel_resolve"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
