// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "made_up_kernel.h"
#include "messages.h"
#include "monitor/image.h"

static char path[] = "/tmp/ktstr-image-XXXXXX";

static int make_path(void **state)
{
	(void)state;
	strcpy(path, "/tmp/ktstr-image-XXXXXX");
	return kt_close(mkstemp(path)) == -1 ? 0 : -1;
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void save(struct made_up_kernel_guest *made_up)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	struct kt_image image = {
		.memory = made_up->guest.memory,
		.symbols = made_up->guest.symbols,
		.btf = made_up->btf,
		.btf_bytes = made_up->btf_bytes,
		.n_cpus = MADE_UP_CPUS,
		.release = "6.18.1-made-up",
	};

	assert_int_equal(kt_image_write(&image, fd, NULL), 0);
}

static void what_was_saved_is_opened(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	_cleanup_image_ struct kt_image image = { 0 };
	struct kt_guest_kernel kernel;
	struct ktstr_error err = { 0 };
	struct stat st;
	uint64_t value;

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	made_up_guest_put64(&made_up.guest, made_up_rq(2) + RQ_CLOCK, 4711);
	save(&made_up);
	assert_int_equal(kt_image_open(&image, path, &err), 0);
	assert_int_equal(image.n_cpus, MADE_UP_CPUS);
	assert_string_equal(image.release, "6.18.1-made-up");
	assert_int_equal(image.memory.n_regions, 1);
	assert_int_equal(image.regions[0].gpa, GUEST_RAM_GPA);
	assert_memory_equal(image.regions[0].hva, made_up.guest.region.hva,
			    GUEST_RAM_BYTES);
	assert_int_equal(image.btf_bytes, made_up.btf_bytes);
	assert_memory_equal(image.btf, made_up.btf, made_up.btf_bytes);
	assert_memory_equal(&image.symbols, &made_up.guest.symbols,
			    sizeof(image.symbols));
	assert_int_equal(kt_guest_kernel_init(&kernel, &image.memory,
					      &image.symbols, &made_up.types,
					      image.n_cpus, &err),
			 0);
	assert_int_equal(kt_guest_kernel_get(&kernel, made_up_rq(2),
					     KT_RQ_CLOCK, &value),
			 0);
	assert_int_equal(value, 4711);
	kt_guest_kernel_deinit(&kernel);
	/* What is zero takes no space. */
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > GUEST_RAM_BYTES);
	assert_true(st.st_blocks * 512 < GUEST_RAM_BYTES / 4);
	made_up_kernel_deinit(&made_up);
}

static void refused(void)
{
	struct ktstr_error err = { 0 };
	struct kt_image image;

	assert_true(kt_image_open(&image, path, &err) < 0);
	message_seen(err.message);
}

static void put(uint64_t offset, const void *data, size_t bytes)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(kt_pwrite_all(fd, data, bytes, (off_t)offset), 0);
}

/* Each number of the headers on its own, so that nothing else is wrong. */
static void what_is_no_image_is_refused(void **state)
{
	static const struct {
		size_t offset, bytes;
		uint64_t value;
	} wrong[] = {
		{ offsetof(Elf64_Ehdr, e_ident), 1, 0 },
		{ offsetof(Elf64_Ehdr, e_type), 2, ET_EXEC },
		{ offsetof(Elf64_Ehdr, e_phentsize), 2, 32 },
		{ offsetof(Elf64_Ehdr, e_phoff), 8, UINT64_MAX },
		{ offsetof(Elf64_Ehdr, e_phoff), 8, 1ULL << 40 },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, 0 },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, 1 },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, UINT16_MAX },
#define SEGMENT(i_, member_)                                                   \
	sizeof(Elf64_Ehdr) + (i_) * sizeof(Elf64_Phdr) +                       \
		offsetof(Elf64_Phdr, member_)
		{ SEGMENT(0, p_type), 4, PT_NULL },
		{ SEGMENT(0, p_offset), 8, UINT64_MAX },
		{ SEGMENT(0, p_filesz), 8, UINT64_MAX },
		{ SEGMENT(1, p_type), 4, PT_NULL },
		{ SEGMENT(1, p_offset), 8, UINT64_MAX & ~0xfffULL },
		{ SEGMENT(1, p_offset), 8, 8 },
		{ SEGMENT(1, p_paddr), 8, 1 },
		{ SEGMENT(1, p_paddr), 8, UINT64_MAX & ~0xfffULL },
		{ SEGMENT(1, p_filesz), 8, 0 },
		{ SEGMENT(1, p_memsz), 8, 4096 },
	};
	struct made_up_kernel_guest made_up = { 0 };

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct kt_image image;

		save(&made_up);
		put(wrong[i].offset, &wrong[i].value, wrong[i].bytes);
		if (kt_image_open(&image, path, NULL) != -EBADMSG)
			fail_msg("the %zuth is taken", i);
	}
	refused();
	made_up_kernel_deinit(&made_up);
}

static void a_file_that_is_cut_off_is_refused(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct kt_image image;
	struct stat st;

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	save(&made_up);
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = 1; size < 6000; size += 97) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(kt_image_open(&image, path, NULL), -EBADMSG);
	}
	save(&made_up);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	refused();
	assert_int_equal(truncate(path, 0), 0);
	refused();
	made_up_kernel_deinit(&made_up);
}

static void what_cannot_be_opened_is_told(void **state)
{
	struct ktstr_error err;
	struct kt_image image;

	(void)state;
	assert_int_equal(kt_image_open(&image, "/no/such/image", &err), -ENOENT);
	message_seen(err.message);
	assert_int_equal(kt_image_open(&image, "/dev/null", &err), -EBADMSG);
	message_seen(err.message);
}

static void a_full_disk_is_told(void **state)
{
	_cleanup_close_ int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct made_up_kernel_guest made_up = { 0 };
	struct ktstr_error err = { 0 };
	struct kt_image image = { .release = "x", .n_cpus = 1 };

	(void)state;
	made_up_kernel_prepare(&made_up, KERNEL_NEW);
	image.memory = made_up.guest.memory;
	assert_int_equal(kt_image_write(&image, fd, &err), -ENOSPC);
	message_seen(err.message);
	image.memory.n_regions = KT_IMAGE_REGIONS_MAX + 1;
	assert_int_equal(kt_image_write(&image, fd, &err), -E2BIG);
	message_seen(err.message);
	made_up_kernel_deinit(&made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name_)                                                            \
	cmocka_unit_test_setup_teardown(name_, make_path, remove_path)
		TEST(what_was_saved_is_opened),
		TEST(what_is_no_image_is_refused),
		TEST(a_file_that_is_cut_off_is_refused),
		cmocka_unit_test(what_cannot_be_opened_is_told),
		cmocka_unit_test(a_full_disk_is_told),
		messages_test("monitor_image"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
