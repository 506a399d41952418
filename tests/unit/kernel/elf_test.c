// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <elf.h>
#include <stdlib.h>

#include "images.h"
#include "base/bytes.h"
#include "kernel/elf.h"

static int setup(void **state)
{
	struct kt_strbuf *elf = calloc(1, sizeof(*elf));

	test_make_elf(elf);
	*state = elf;
	return 0;
}

static int teardown(void **state)
{
	kt_strbuf_deinit(*state);
	free(*state);
	return 0;
}

static int parse(const struct kt_strbuf *elf, size_t bytes, struct kt_elf *ret,
		 struct ktstr_error *err)
{
	_cleanup_free_ uint8_t *tight = malloc(bytes ? bytes : 1);

	memcpy(tight, elf->data, bytes);
	return kt_elf_parse(tight, bytes, ret, err);
}

static void assert_refused(const struct kt_strbuf *elf, int code,
			   const char *message)
{
	struct ktstr_error err = {0};
	struct kt_elf ret;

	assert_int_equal(parse(elf, elf->length, &ret, &err), code);
	assert_string_equal(err.message, message);
}

#define DAMAGED   "the kernel's ELF file is damaged: "
#define TRUNCATED "the kernel's ELF file is truncated: it ends before "

static void segments_come_in_the_order_of_guest_memory(void **state)
{
	struct kt_strbuf *elf = *state;
	struct kt_elf ret;

	assert_int_equal(parse(elf, elf->length, &ret, NULL), 0);
	assert_int_equal(ret.entry, TEST_ELF_ENTRY);
	assert_int_equal(ret.n_segments, 2);
	assert_int_equal(ret.segments[0].gpa, TEST_LOAD_GPA);
	assert_int_equal(ret.segments[0].file_bytes, 256);
	assert_int_equal(ret.segments[1].gpa, TEST_LOAD_GPA + 0x2000);
	assert_int_equal(ret.segments[1].memory_bytes, 0x3000);
}

static void a_virtual_entry_is_made_physical(void **state)
{
	struct kt_strbuf *elf = *state;
	struct kt_elf ret;

	test_put64(elf, 0x18, 0xffffffff81000040);
	assert_int_equal(parse(elf, elf->length, &ret, NULL), 0);
	assert_int_equal(ret.entry, TEST_ELF_ENTRY);
}

static void empty_segments_are_left_out(void **state)
{
	struct kt_strbuf *elf = *state;
	struct kt_elf ret;

	/* Old kernels' percpu segment on one CPU, say. */
	test_put64(elf, TEST_ELF_PHDR(0) + 32, 0);
	test_put64(elf, TEST_ELF_PHDR(0) + 40, 0);
	assert_int_equal(parse(elf, elf->length, &ret, NULL), 0);
	assert_int_equal(ret.n_segments, 1);
}

static void other_architectures_are_named(void **state)
{
	struct kt_strbuf *elf = *state;

	test_put16(elf, 18, EM_AARCH64);
	assert_refused(elf, -ENOEXEC,
		       "a kernel for another architecture (arm64); guests here "
		       "are x86-64");
	test_put16(elf, 18, 9999);
	assert_refused(elf, -ENOEXEC,
		       "a kernel for another architecture (unknown ELF "
		       "machine); guests here are x86-64");
	elf->data[EI_CLASS] = ELFCLASS32;
	assert_refused(elf, -ENOEXEC,
		       "a kernel for another architecture (an ELF file that is "
		       "not 64-bit little-endian); guests here are x86-64");
}

static void a_shared_object_is_no_kernel(void **state)
{
	struct kt_strbuf *elf = *state;

	test_put16(elf, 16, ET_DYN);
	assert_refused(elf, -ENOEXEC,
		       "an ELF file that is not a kernel (type 3 where a "
		       "kernel has 2, executable)");
}

static void program_headers_are_checked(void **state)
{
	struct kt_strbuf *elf = *state;

	test_put16(elf, 54, 32);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "its program headers have a foreign size");
	test_put16(elf, 54, 56);
	test_put16(elf, 56, 65);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "no kernel has that many program headers");
	test_put16(elf, 56, 60);
	assert_refused(elf, -EBADMSG, TRUNCATED "the end of its program headers");
	test_put16(elf, 56, 3);
	test_put64(elf, 32, UINT64_MAX);
	assert_refused(elf, -EBADMSG, TRUNCATED "the end of its program headers");
}

static void segments_are_checked_against_the_file(void **state)
{
	struct kt_strbuf *elf = *state;

	test_put64(elf, TEST_ELF_PHDR(1) + 8, UINT64_MAX - 100);
	assert_refused(elf, -EBADMSG, TRUNCATED "the end of a segment");
	test_put64(elf, TEST_ELF_PHDR(1) + 8, elf->length - 255);
	assert_refused(elf, -EBADMSG, TRUNCATED "the end of a segment");
	test_put64(elf, TEST_ELF_PHDR(1) + 32, 257);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "a segment is longer in the file than in "
			       "memory");
}

static void segments_are_checked_against_each_other(void **state)
{
	struct kt_strbuf *elf = *state;

	test_put64(elf, TEST_ELF_PHDR(1) + 40, 0x2001);
	assert_refused(elf, -EBADMSG, DAMAGED "two segments overlap in memory");
	test_put64(elf, TEST_ELF_PHDR(1) + 40, UINT64_MAX);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "a segment goes past physical memory");
	test_put64(elf, TEST_ELF_PHDR(1) + 24, 1ULL << 52);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "a segment goes past physical memory");
}

static void the_entry_must_lie_in_what_is_loaded(void **state)
{
	struct kt_strbuf *elf = *state;

	/* In the zero bytes behind the second segment. */
	test_put64(elf, 0x18, TEST_LOAD_GPA + 0x4000);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "its entry point lies in no segment");
	test_put64(elf, 0x18, 0);
	assert_refused(elf, -EBADMSG,
		       DAMAGED "its entry point lies in no segment");
	test_put32(elf, TEST_ELF_PHDR(0), PT_NOTE);
	test_put32(elf, TEST_ELF_PHDR(1), PT_NOTE);
	assert_refused(elf, -EBADMSG, DAMAGED "it has nothing to load");
}

static void more_segments_than_there_is_room_for_are_refused(void **state)
{
	struct kt_strbuf *elf = *state;
	Elf64_Phdr ph = {.p_type = PT_LOAD, .p_memsz = 16};
	size_t at = elf->length;

	for (int i = 0; i <= KT_KERNEL_SEGMENTS_MAX; i++) {
		ph.p_paddr = TEST_LOAD_GPA + 16 * (uint64_t)i;
		kt_strbuf_add_bytes(elf, &ph, sizeof(ph));
	}
	test_put64(elf, 32, at);
	test_put16(elf, 56, KT_KERNEL_SEGMENTS_MAX + 1);
	assert_refused(elf, -EBADMSG, DAMAGED "no kernel has that many segments");
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct kt_strbuf *elf = *state;
	const uint8_t *section;
	size_t bytes;

	for (size_t cut = 0; cut < elf->length; cut++) {
		_cleanup_free_ uint8_t *tight = malloc(cut ? cut : 1);
		struct kt_elf ret;

		memcpy(tight, elf->data, cut);
		/* The section table comes last, the segments before it. */
		if (cut < kt_le64_at(elf->data + 0x28) - 50)
			assert_true(kt_elf_parse(tight, cut, &ret, NULL) < 0);
		assert_true(kt_elf_section(tight, cut, ".BTF", &section, &bytes,
					   NULL) < 0);
	}
}

static int section(struct kt_strbuf *elf, const char *name, size_t *ret_bytes,
		   struct ktstr_error *err)
{
	const uint8_t *data;

	return kt_elf_section((uint8_t *)elf->data, elf->length, name, &data,
			      ret_bytes, err);
}

static void sections_are_found_by_name(void **state)
{
	struct kt_strbuf *elf = *state;
	struct ktstr_error err;
	size_t bytes;

	assert_int_equal(section(elf, ".BTF", &bytes, &err), 0);
	assert_int_equal(bytes, 29);
	assert_int_equal(section(elf, ".BT", &bytes, &err), -ENOENT);
	assert_string_equal(err.message, "the kernel has no .BT section");
	assert_int_equal(section(elf, ".BTF.ext", &bytes, &err), -ENOENT);
	test_put64(elf, 0x28, 0);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -ENOENT);
	assert_string_equal(err.message, "the kernel has no section table");
}

static void the_section_table_is_checked(void **state)
{
	struct kt_strbuf *elf = *state;
	size_t btf = TEST_ELF_SHDR(elf, 1), names = TEST_ELF_SHDR(elf, 2);
	struct ktstr_error err;
	size_t bytes;

	test_put64(elf, btf + 32, elf->length);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -EBADMSG);
	assert_string_equal(err.message, TRUNCATED "the end of a section");
	/* Without bytes in the file there is nothing to find or to check. */
	test_put32(elf, btf + 4, SHT_NOBITS);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -ENOENT);
	test_put32(elf, btf, 0xffffffff);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -ENOENT);
	test_put32(elf, names + 4, SHT_PROGBITS);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -EBADMSG);
	assert_string_equal(err.message,
			    DAMAGED "its section names are no string table");
	test_put16(elf, 62, 4);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -EBADMSG);
	assert_string_equal(err.message,
			    DAMAGED "its section table contradicts itself");
	test_put16(elf, 62, 2);
	test_put64(elf, 0x28, UINT64_MAX - 8);
	assert_int_equal(section(elf, ".BTF", &bytes, &err), -EBADMSG);
	assert_string_equal(err.message,
			    TRUNCATED "the end of its section table");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(segments_come_in_the_order_of_guest_memory),
		TEST(a_virtual_entry_is_made_physical),
		TEST(empty_segments_are_left_out),
		TEST(other_architectures_are_named),
		TEST(a_shared_object_is_no_kernel),
		TEST(program_headers_are_checked),
		TEST(segments_are_checked_against_the_file),
		TEST(segments_are_checked_against_each_other),
		TEST(the_entry_must_lie_in_what_is_loaded),
		TEST(more_segments_than_there_is_room_for_are_refused),
		TEST(a_file_cut_off_anywhere_is_refused),
		TEST(sections_are_found_by_name),
		TEST(the_section_table_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
