// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "images.h"
#include "kernel/cache.h"
#include "kernel/list.h"

struct fixture {
	char *root;
	struct kt_kernel_list list;
	struct kt_strbuf removed;
	struct ktstr_error err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_free_ char *cache = NULL;

	f->root = test_make_directory();
	cache = kt_path_join(f->root, "cache");
	setenv("KTSTR_CACHE_DIR", cache, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_kernel_list_deinit(&f->list);
	kt_strbuf_deinit(&f->removed);
	test_remove_directory(f->root);
	free(f);
	return 0;
}

static char *put(struct fixture *f, const char *name, const char *text)
{
	return test_write(f->root, name, text, strlen(text));
}

static char *put_image(struct fixture *f, const char *name, const char *release)
{
	_cleanup_strbuf_ struct kt_strbuf elf = { 0 }, image = { 0 };

	test_make_elf(&elf);
	test_make_bzimage(KT_COMPRESSION_ZSTD, &elf, &image);
	strcpy(image.data + 0x300, release);
	return test_write(f->root, name, image.data, image.length);
}

static bool is_there(struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = kt_path_join(f->root, name);

	return !access(path, F_OK);
}

static void kernels_are_listed_by_place_and_age(void **state)
{
	static const char *const wanted[] = { "9.10.1-x", "9.9.9-x", "9.99.1-x",
					      "9.2.1-x" };
	struct fixture *f = *state;

	free(put_image(f, "cache/kernels/9.9.9-x/vmlinuz", "9.9.9-x"));
	free(put_image(f, "cache/kernels/9.10.1-x/vmlinuz", "9.10.1-x"));
	free(put_image(f, "boot/vmlinuz-9.99.1-x", "9.99.1-x"));
	free(put_image(f, "usr/lib/modules/9.2.1-x/vmlinuz", "9.2.1-x"));
	/* Neither a directory without an image nor a stray file counts. */
	free(put(f, "cache/kernels/9.3.1-x/config", ""));
	free(put(f, "cache/kernels/.staging/vmlinuz", ""));
	free(put(f, "boot/vmlinuz.old", ""));
	assert_int_equal(kt_kernel_list(f->root, &f->list, NULL), 0);
	assert_int_equal(f->list.n, KT_ARRAY_SIZE(wanted));
	for (size_t i = 0; i < f->list.n; i++) {
		assert_string_equal(f->list.list[i].release, wanted[i]);
		assert_null(f->list.list[i].problem);
		assert_true(f->list.list[i].bytes > 0);
	}
	assert_int_equal(f->list.list[1].place, KT_KERNEL_IN_CACHE);
	assert_int_equal(f->list.list[2].place, KT_KERNEL_IN_BOOT);
	assert_int_equal(f->list.list[3].place, KT_KERNEL_IN_MODULES);
}

static void the_configuration_tells_what_a_kernel_has(void **state)
{
	struct fixture *f = *state;

	free(put_image(f, "boot/vmlinuz-9.3.1-x", "9.3.1-x"));
	free(put(f, "boot/config-9.3.1-x",
		 "CONFIG_SCHED_CLASS_EXT=y\n"
		 "# CONFIG_DEBUG_INFO_BTF is not set\n"));
	free(put_image(f, "boot/vmlinuz-9.2.1-x", "9.2.1-x"));
	free(put(f, "boot/config-9.2.1-x",
		 "# CONFIG_SCHED_CLASS_EXT=y\nCONFIG_SCHED_CLASS_EXT=ym\n"
		 "CONFIG_DEBUG_INFO_BTF=y"));
	free(put_image(f, "boot/vmlinuz-9.1.1-x", "9.1.1-x"));
	assert_int_equal(kt_kernel_list(f->root, &f->list, NULL), 0);
	assert_int_equal(f->list.n, 3);
	assert_int_equal(f->list.list[0].sched_ext, KT_YES);
	assert_int_equal(f->list.list[0].btf, KT_NO);
	assert_int_equal(f->list.list[1].sched_ext, KT_NO);
	assert_int_equal(f->list.list[1].btf, KT_YES);
	assert_int_equal(f->list.list[2].sched_ext, KT_UNKNOWN);
	assert_int_equal(f->list.list[2].btf, KT_UNKNOWN);
}

static void a_kernel_that_cannot_be_used_says_why(void **state)
{
	struct fixture *f = *state;

	free(put(f, "boot/vmlinuz-9.3.1-x", ""));
	assert_int_equal(kt_kernel_list(f->root, &f->list, NULL), 0);
	assert_int_equal(f->list.n, 1);
	assert_string_equal(f->list.list[0].release, "9.3.1-x");
	assert_string_equal(f->list.list[0].problem,
			    "not a kernel image: it is empty");
}

static void nothing_anywhere_is_an_empty_list(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kt_kernel_list(f->root, &f->list, NULL), 0);
	assert_int_equal(f->list.n, 0);
}

static void take_removed(void *userdata, const char *release, uint64_t bytes)
{
	struct fixture *f = userdata;

	assert_true(bytes > 0);
	kt_strbuf_addf(&f->removed, "%s ", release ? release : "rest");
}

static int clean(struct fixture *f, unsigned int keep)
{
	kt_strbuf_reset(&f->removed);
	return kt_kernel_clean(keep, take_removed, f, &f->err);
}

/* Three kernels, two of them unpacked, and everything else there can be. */
static void fill_cache(struct fixture *f)
{
	static const char *const releases[] = { "9.1.1-x", "9.2.1-x", "9.10.1-x" };
	char name[128];

	for (size_t i = 0; i < KT_ARRAY_SIZE(releases); i++) {
		_cleanup_free_ char *path = NULL;
		struct kt_kernel *kernel;

		snprintf(name, sizeof(name), "cache/kernels/%s/vmlinuz",
			 releases[i]);
		path = put_image(f, name, releases[i]);
		assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
		kt_kernel_close(kernel);
	}
	free(put(f, "cache/unpacked/.new-abcdef", "x"));
	free(put(f, "cache/kernels/.staging/unpacked/x", "x"));
	free(put(f, "cache/modules/0123/lib/x", "x"));
	free(put(f, "cache/apt/downloads/x.deb.part", "x"));
	free(put(f, "cache/initramfs/base", "another room's"));
	free(put(f, "beside", "x"));
}

static size_t count_unpacked(struct fixture *f)
{
	_cleanup_free_ char *path = kt_path_join(f->root, "cache/unpacked");
	_cleanup_closedir_ DIR *d = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	while (d && (entry = readdir(d)))
		n += entry->d_name[0] != '.';
	return n;
}

static void cleaning_removes_what_this_room_made(void **state)
{
	struct fixture *f = *state;

	fill_cache(f);
	assert_int_equal(count_unpacked(f), 3);
	assert_int_equal(clean(f, 0), 0);
	assert_string_equal(kt_strbuf_text(&f->removed),
			    "9.10.1-x 9.2.1-x 9.1.1-x rest ");
	assert_false(is_there(f, "cache/kernels/9.10.1-x"));
	assert_false(is_there(f, "cache/kernels/.staging"));
	assert_false(is_there(f, "cache/modules"));
	assert_false(is_there(f, "cache/apt"));
	assert_false(is_there(f, "cache/unpacked/.new-abcdef"));
	assert_int_equal(count_unpacked(f), 0);
	assert_true(is_there(f, "cache/initramfs/base"));
	assert_true(is_there(f, "beside"));
	/* Again: nothing. */
	assert_int_equal(clean(f, 0), 0);
	assert_string_equal(kt_strbuf_text(&f->removed), "");
}

static void the_newest_can_be_kept_with_their_unpacked_images(void **state)
{
	struct fixture *f = *state;

	fill_cache(f);
	assert_int_equal(clean(f, 2), 0);
	assert_string_equal(kt_strbuf_text(&f->removed), "9.1.1-x rest ");
	assert_true(is_there(f, "cache/kernels/9.10.1-x/vmlinuz"));
	assert_true(is_there(f, "cache/kernels/9.2.1-x/vmlinuz"));
	assert_int_equal(count_unpacked(f), 2);
	assert_int_equal(clean(f, 5), 0);
	assert_string_equal(kt_strbuf_text(&f->removed), "");
}

static void links_are_removed_and_not_followed(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *outside = put(f, "outside/file", "x");
	_cleanup_free_ char *link = kt_path_join(f->root, "cache/modules/link");

	fill_cache(f);
	*strrchr(outside, '/') = '\0';
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(clean(f, 0), 0);
	assert_false(is_there(f, "cache/modules"));
	assert_true(is_there(f, "outside/file"));
}

static void cleaning_waits_for_no_fetch(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *message = NULL;
	int lock = kt_cache_lock("fetch", 0, NULL, NULL, NULL);

	fill_cache(f);
	assert_int_equal(clean(f, 0), -EBUSY);
	assert_int_equal(f->err.kind, KTSTR_ERROR_CONTENTION);
	assert_true(asprintf(&message,
			     "a kernel is being fetched into %s/cache just "
			     "now; clean it when that is done",
			     f->root) > 0);
	assert_string_equal(f->err.message, message);
	assert_true(is_there(f, "cache/kernels/9.10.1-x"));
	close(lock);
}

static void cleaning_makes_no_cache(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(clean(f, 0), 0);
	assert_false(is_there(f, "cache"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kernels_are_listed_by_place_and_age),
		TEST(the_configuration_tells_what_a_kernel_has),
		TEST(a_kernel_that_cannot_be_used_says_why),
		TEST(nothing_anywhere_is_an_empty_list),
		TEST(cleaning_removes_what_this_room_made),
		TEST(the_newest_can_be_kept_with_their_unpacked_images),
		TEST(links_are_removed_and_not_followed),
		TEST(cleaning_waits_for_no_fetch),
		TEST(cleaning_makes_no_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
