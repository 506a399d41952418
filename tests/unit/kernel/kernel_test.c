// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "images.h"
#include "base/bytes.h"
#include "kernel/kernel.h"

struct fixture {
	char *directory;
	struct kt_strbuf elf;
	struct kt_strbuf image;
	unsigned int notices, warnings;
	char last[1024];
	struct ktstr_log log;
};

static void count_log(void *userdata, enum ktstr_log_level level,
		      const char *message)
{
	struct fixture *f = userdata;

	if (level == KTSTR_LOG_WARNING)
		f->warnings++;
	else
		f->notices++;
	snprintf(f->last, sizeof(f->last), "%s", message);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_free_ char *cache = NULL;

	f->directory = test_make_directory();
	f->log = (struct ktstr_log){ count_log, f };
	cache = kt_path_join(f->directory, "cache");
	setenv("KTSTR_CACHE_DIR", cache, 1);
	test_make_elf(&f->elf);
	test_make_bzimage(KT_COMPRESSION_ZSTD, &f->elf, &f->image);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	test_remove_directory(f->directory);
	kt_strbuf_deinit(&f->elf);
	kt_strbuf_deinit(&f->image);
	free(f);
	return 0;
}

static char *write_image(struct fixture *f)
{
	return test_write(f->directory, "bzImage", f->image.data,
			  f->image.length);
}

/* The only entry of the cache; caller frees. */
static char *cached_entry(struct fixture *f)
{
	_cleanup_free_ char *directory =
		kt_path_join(f->directory, "cache/unpacked");
	_cleanup_closedir_ DIR *d = opendir(directory);
	struct dirent *entry;
	char *found = NULL;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' && strlen(entry->d_name) <= 2)
			continue;
		assert_null(found);
		found = kt_path_join(directory, entry->d_name);
	}
	assert_non_null(found);
	return found;
}

static void open_and_compare(struct fixture *f, const char *path)
{
	struct kt_kernel *kernel = NULL;
	struct ktstr_error err = { 0 };

	if (kt_kernel_open(path, &f->log, &kernel, &err))
		fail_msg("%s", err.message);
	assert_int_equal(kernel->elf_bytes, f->elf.length);
	assert_memory_equal(kernel->elf, f->elf.data, f->elf.length);
	assert_int_equal(kernel->entry, TEST_ELF_ENTRY);
	assert_int_equal(kernel->n_segments, 2);
	assert_string_equal(kernel->release, TEST_RELEASE);
	assert_true(kernel->elf_fd >= 0);
	kt_kernel_close(kernel);
}

static void assert_refused(struct fixture *f, const char *path, int code,
			   const char *message)
{
	_cleanup_free_ char *whole = NULL;
	struct ktstr_error err = { 0 };
	struct kt_kernel *kernel;

	assert_true(asprintf(&whole, "%s: %s", path, message) > 0);
	assert_int_equal(kt_kernel_open(path, &f->log, &kernel, &err), code);
	assert_string_equal(err.message, whole);
	message_seen(err.message);
}

static void a_bzimage_is_unpacked_once(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *entry = NULL;

	open_and_compare(f, path);
	assert_int_equal(f->notices, 1);
	assert_string_equal(f->last, "unpacking kernel " TEST_RELEASE
				     " (zstd, 0 MiB), once");
	open_and_compare(f, path);
	open_and_compare(f, path);
	assert_int_equal(f->notices, 1);
	assert_int_equal(f->warnings, 0);
	entry = cached_entry(f);
}

static void long_zeros_take_no_room_in_the_cache(void **state)
{
	static const uint8_t mebibyte[1 << 20];
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL, *entry = NULL;
	struct stat st;

	for (int i = 0; i < 4; i++)
		kt_strbuf_add_bytes(&f->elf, mebibyte, sizeof(mebibyte));
	kt_strbuf_add(&f->elf, "the end");
	f->image.length = 0;
	test_make_bzimage(KT_COMPRESSION_ZSTD, &f->elf, &f->image);
	test_put32(&f->image, 0x260, 8 << 20); /* init_size */
	path = write_image(f);
	open_and_compare(f, path);
	entry = cached_entry(f);
	assert_int_equal(stat(entry, &st), 0);
	assert_true((size_t)st.st_size > f->elf.length);
	assert_true((size_t)st.st_blocks * 512 < f->elf.length / 2);
	open_and_compare(f, path);
	assert_int_equal(f->notices, 1);
}

static void the_header_of_a_bzimage_comes_with_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f);
	struct kt_kernel *kernel;

	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_int_equal(kernel->init_size, 64 << 10);
	assert_int_equal(kernel->bzimage_bytes, f->image.length);
	assert_memory_equal(kernel->bzimage, f->image.data, f->image.length);
	assert_string_equal(kernel->why_not_unpacked, "");
	kt_kernel_close(kernel);
}

static void a_changed_image_is_another_kernel(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *again = NULL;

	open_and_compare(f, path);
	/* Same length, same release, other code. */
	f->elf.data[TEST_ELF_PHDR(3) + 128] ^= 0xff;
	kt_strbuf_reset(&f->image);
	test_make_bzimage(KT_COMPRESSION_ZSTD, &f->elf, &f->image);
	again = write_image(f);
	open_and_compare(f, again);
	assert_int_equal(f->notices, 2);
}

static void a_truncated_cache_entry_is_made_anew(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *entry = NULL;

	open_and_compare(f, path);
	entry = cached_entry(f);
	for (off_t bytes = 0; bytes < (off_t)f->elf.length; bytes += 100) {
		assert_int_equal(chmod(entry, 0644), 0);
		assert_int_equal(truncate(entry, bytes), 0);
		f->notices = 0;
		open_and_compare(f, path);
		assert_int_equal(f->notices, 1);
	}
}

static void a_cache_entry_that_was_written_to_is_made_anew(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *entry = NULL;
	struct stat st;

	open_and_compare(f, path);
	entry = cached_entry(f);
	assert_int_equal(stat(entry, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 16) {
		uint8_t byte;
		int fd;

		assert_int_equal(chmod(entry, 0644), 0);
		fd = open(entry, O_RDWR);
		/* Another value than is there: parts of it are the time. */
		assert_int_equal(kt_pread_all(fd, &byte, 1, at), 0);
		byte ^= 0xa5;
		assert_int_equal(kt_pwrite_all(fd, &byte, 1, at), 0);
		/* A moment of its own, whatever the file system's clock. */
		assert_int_equal(
			futimens(fd, (struct timespec[2]){ { .tv_sec = 1 },
							   { .tv_sec = 1 } }),
			0);
		close(fd);
		f->notices = 0;
		open_and_compare(f, path);
		assert_int_equal(f->notices, 1);
	}
}

static void a_copied_cache_entry_is_verified_and_used(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *entry = NULL;

	open_and_compare(f, path);
	entry = cached_entry(f);
	assert_int_equal(utimensat(AT_FDCWD, entry,
				   (struct timespec[2]){ { .tv_sec = 1 },
							 { .tv_sec = 1 } },
				   0),
			 0);
	open_and_compare(f, path);
	assert_int_equal(f->notices, 1);
}

static void a_cache_that_cannot_be_used_is_a_warning(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *cache = NULL;

	cache = test_write(f->directory, "cache", "a file", 6);
	open_and_compare(f, path);
	assert_int_equal(f->warnings, 1);
	assert_int_equal(f->notices, 1);
	open_and_compare(f, path);
	assert_int_equal(f->notices, 2);
}

static void an_entry_that_cannot_be_stored_is_a_warning(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *entry = NULL;

	open_and_compare(f, path);
	entry = cached_entry(f);
	assert_int_equal(unlink(entry), 0);
	assert_int_equal(mkdir(entry, 0755), 0);
	open_and_compare(f, path);
	assert_int_equal(f->warnings, 1);
	assert_contains(f->last, "it will be unpacked again each time");
}

/* Eight at once, started by one byte each from a pipe. */
static void processes_that_come_together_all_get_the_kernel(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f), *entry = NULL;
	pid_t children[8];
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < KT_ARRAY_SIZE(children); i++) {
		children[i] = fork();
		if (!children[i]) {
			struct kt_kernel *kernel;
			char go;
			int r;

			r = kt_read_all(gate[0], &go, 1);
			if (!r)
				r = kt_kernel_open(path, NULL, &kernel, NULL);
			if (!r)
				r = memcmp(kernel->elf, f->elf.data,
					   f->elf.length);
			_exit(r ? 1 : 0);
		}
	}
	assert_int_equal(kt_write_all(gate[1], "gogogogo", 8), 0);
	for (size_t i = 0; i < KT_ARRAY_SIZE(children); i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	close(gate[0]);
	close(gate[1]);
	entry = cached_entry(f);
}

static void a_plain_vmlinux_is_used_in_place(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path =
		test_write(f->directory, "vmlinux", f->elf.data, f->elf.length);
	struct kt_kernel *kernel;

	open_and_compare(f, path);
	assert_int_equal(f->notices, 0);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_null(kernel->bzimage);
	assert_int_equal(kernel->init_size, 0);
	kt_kernel_close(kernel);
}

static void btf_comes_from_the_image(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = write_image(f);
	_cleanup_strbuf_ struct kt_strbuf wanted = { 0 };
	struct kt_kernel *kernel;
	const uint8_t *btf;
	size_t bytes;

	test_make_btf(&wanted);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_int_equal(kt_kernel_btf(kernel, &btf, &bytes, NULL), 0);
	assert_int_equal(bytes, wanted.length);
	assert_memory_equal(btf, wanted.data, bytes);
	kt_kernel_close(kernel);
}

static void a_kernel_without_btf_says_so(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL;
	struct ktstr_error err;
	struct kt_kernel *kernel;
	const uint8_t *btf;
	size_t bytes;

	test_put32(&f->elf, TEST_ELF_SHDR(&f->elf, 1), 6);
	path = test_write(f->directory, "vmlinux", f->elf.data, f->elf.length);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_int_equal(kt_kernel_btf(kernel, &btf, &bytes, &err), -ENOENT);
	assert_string_equal(err.message, "the kernel has no .BTF section");
	message_seen(err.message);
	kt_kernel_close(kernel);
}

static void a_kernel_tells_which_words_it_reads(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL;
	struct kt_kernel *kernel;

	path = test_write(f->directory, "vmlinux", f->elf.data, f->elf.length);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_true(kt_kernel_takes_word(kernel, "quiet"));
	assert_true(kt_kernel_takes_word(kernel, "rdinit="));
	assert_true(kt_kernel_takes_word(kernel, "rdroot="));
	assert_false(kt_kernel_takes_word(kernel, "rdini"));
	assert_false(kt_kernel_takes_word(kernel, "init="));
	assert_false(kt_kernel_takes_word(kernel, "absent="));
	kt_kernel_close(kernel);
	/* Without the section. */
	test_put32(&f->elf, TEST_ELF_SHDR(&f->elf, 3), 6);
	free(path);
	path = test_write(f->directory, "vmlinux", f->elf.data, f->elf.length);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_false(kt_kernel_takes_word(kernel, "quiet"));
	kt_kernel_close(kernel);
}

static void an_unknown_compression_leaves_the_bzimage(void **state)
{
	static const char why[] =
		"the kernel is compressed in an unknown way: its payload "
		"begins with 3f 3f 3f 3f, where gzip, bzip2, lzma, xz, lzo, "
		"lz4 and zstd are known";
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL;
	struct ktstr_error err;
	struct kt_kernel *kernel;
	const uint8_t *btf;
	size_t bytes;

	kt_strbuf_reset(&f->image);
	test_make_bzimage(KT_COMPRESSION_UNKNOWN, &f->elf, &f->image);
	path = write_image(f);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, NULL), 0);
	assert_null(kernel->elf);
	assert_int_equal(kernel->elf_fd, -1);
	assert_non_null(kernel->bzimage);
	assert_string_equal(kernel->why_not_unpacked, why);
	assert_int_equal(kt_kernel_btf(kernel, &btf, &bytes, &err), -ENOENT);
	assert_contains(err.message, why);
	message_seen(err.message);
	kt_kernel_close(kernel);
}

static void what_is_no_kernel_is_told_what_it_is(void **state)
{
	static const struct {
		size_t at;
		const char *magic;
		const char *message;
	} files[] = {
		{ 0x38, "ARM\x64",
		  "a kernel for another architecture (arm64); guests here are "
		  "x86-64" },
		{ 0x38, "RSC\x05",
		  "a kernel for another architecture (riscv); guests here are "
		  "x86-64" },
		{ 4, "zimg",
		  "a kernel for another architecture (EFI zboot, as arm64, "
		  "riscv and loongarch have); guests here are x86-64" },
		{ 0, "\x1f\x8b\x08",
		  "a gzip-compressed file, not a kernel image; if it holds "
		  "one, "
		  "unpack it first" },
		{ 0, "\x28\xb5\x2f\xfd",
		  "a zstd-compressed file, not a kernel image; if it holds "
		  "one, "
		  "unpack it first" },
		{ 0, "#!/bin/sh",
		  "not a kernel image: neither a bzImage nor an ELF vmlinux "
		  "(128 bytes)" },
	};
	struct fixture *f = *state;
	_cleanup_free_ char *empty = test_write(f->directory, "empty", "", 0);

	for (size_t i = 0; i < KT_ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = NULL;
		char bytes[128] = { 0 };

		memcpy(bytes + files[i].at, files[i].magic,
		       strlen(files[i].magic));
		path = test_write(f->directory, "some", bytes, sizeof(bytes));
		assert_refused(f, path, -ENOEXEC, files[i].message);
	}
	assert_refused(f, empty, -ENOEXEC, "not a kernel image: it is empty");
}

static void what_cannot_be_read_is_told_why(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *missing = kt_path_join(f->directory, "missing");
	_cleanup_free_ char *fifo = kt_path_join(f->directory, "fifo");

	assert_refused(f, missing, -ENOENT,
		       "cannot open the kernel: No such file or directory");
	assert_refused(f, f->directory, -EINVAL, "not a regular file");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_refused(f, fifo, -EINVAL, "not a regular file");
}

static void a_truncated_image_is_told_by_how_much(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL, *message = NULL;
	size_t whole = f->image.length;

	f->image.length = 1500;
	path = write_image(f);
	assert_true(asprintf(&message,
			     "the kernel image is truncated: it has 1500 bytes "
			     "of the %zu that its header announces",
			     whole) > 0);
	assert_refused(f, path, -EBADMSG, message);
}

static void a_damaged_payload_never_enters_the_cache(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL, *unpacked = NULL;
	struct ktstr_error err;
	struct kt_kernel *kernel;

	/* The size announced is one more than there is. */
	test_put32(&f->image,
		   2 * 512 + 32 + kt_le32_at(f->image.data + 0x24c) - 4,
		   (uint32_t)f->elf.length + 1);
	path = write_image(f);
	assert_int_equal(kt_kernel_open(path, NULL, &kernel, &err), -EBADMSG);
	assert_contains(err.message, "the zstd data is damaged: it holds less "
				     "than it announced");
	message_seen(err.message);
	unpacked = kt_path_join(f->directory, "cache/unpacked");
	assert_int_equal(rmdir(unpacked), 0);
}

static void a_program_is_no_kernel(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL;
	char *banner = memmem(f->elf.data, f->elf.length, "Linux version", 13);

	banner[0] = 'l';
	path = test_write(f->directory, "program", f->elf.data, f->elf.length);
	assert_refused(f, path, -ENOEXEC,
		       "an ELF file that is not a Linux kernel: it holds no "
		       "\"Linux version\" text");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bzimage_is_unpacked_once),
		TEST(long_zeros_take_no_room_in_the_cache),
		TEST(the_header_of_a_bzimage_comes_with_it),
		TEST(a_changed_image_is_another_kernel),
		TEST(a_truncated_cache_entry_is_made_anew),
		TEST(a_cache_entry_that_was_written_to_is_made_anew),
		TEST(a_copied_cache_entry_is_verified_and_used),
		TEST(a_cache_that_cannot_be_used_is_a_warning),
		TEST(an_entry_that_cannot_be_stored_is_a_warning),
		TEST(processes_that_come_together_all_get_the_kernel),
		TEST(a_plain_vmlinux_is_used_in_place),
		TEST(btf_comes_from_the_image),
		TEST(a_kernel_without_btf_says_so),
		TEST(a_kernel_tells_which_words_it_reads),
		TEST(an_unknown_compression_leaves_the_bzimage),
		TEST(what_is_no_kernel_is_told_what_it_is),
		TEST(what_cannot_be_read_is_told_why),
		TEST(a_truncated_image_is_told_by_how_much),
		TEST(a_damaged_payload_never_enters_the_cache),
		TEST(a_program_is_no_kernel),
		messages_test("kernel_kernel"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
