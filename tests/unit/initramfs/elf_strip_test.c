// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "elf_maker.h"
#include "initramfs/elf_strip.h"
#include "scratch.h"

struct stripped {
	uint8_t *before, *after;
	size_t before_bytes;
	uint64_t after_bytes;
};

static struct stripped strip_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stripped s = { 0 };
	struct ktstr_error err;
	char *before;

	assert_true(fd >= 0);
	assert_int_equal(kt_read_file(path, SIZE_MAX, &before, &s.before_bytes),
			 0);
	s.before = (uint8_t *)before;
	if (kt_elf_read_stripped(fd, path, &s.after, &s.after_bytes, &err) < 0)
		fail_msg("%s", err.message);
	return s;
}

static struct stripped strip_bytes(const struct scratch *scratch,
				   const void *data, size_t bytes)
{
	return strip_file(scratch_file(scratch, "elf", data, bytes, 0755));
}

static void stripped_free(struct stripped *s)
{
	free(s->before);
	free(s->after);
}

/* The number of the section, 0 when there is none of that name. */
static size_t section_index(const void *data, uint64_t bytes, const char *name,
			    GElf_Shdr *ret)
{
	size_t names, found = 0;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)data, bytes);
	assert_non_null(elf);
	assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr header;
		const char *text;

		assert_non_null(gelf_getshdr(scn, &header));
		text = elf_strptr(elf, names, header.sh_name);
		assert_non_null(text);
		if (!strcmp(text, name)) {
			found = elf_ndxscn(scn);
			*ret = header;
		}
	}
	elf_end(elf);
	return found;
}

static void debug_sections_go_and_the_others_stay(void **state)
{
	size_t bytes;
	uint8_t *data = make_elf(&(struct elf_spec){ .sections = true }, &bytes);
	struct stripped s = strip_bytes(*state, data, bytes);
	GElf_Shdr section, names;

	assert_true(s.after_bytes + 8000 < s.before_bytes);
	assert_int_equal(
		section_index(s.after, s.after_bytes, ".debug_info", &section),
		0);
	assert_int_equal(
		section_index(s.after, s.after_bytes, ".debug_line", &section),
		0);
	assert_int_equal(section_index(s.after, s.after_bytes,
				       ".rela.debug_info", &section),
			 0);
	assert_int_equal(
		section_index(s.after, s.after_bytes, ".text", &section), 1);
	assert_string_equal((char *)s.after + section.sh_offset, ELF_MAKER_TEXT);
	assert_int_equal(
		section_index(s.after, s.after_bytes, ".comment", &section), 2);
	assert_string_equal((char *)s.after + section.sh_offset,
			    ELF_MAKER_COMMENT);
	assert_int_equal(
		section_index(s.after, s.after_bytes, ".symtab", &section), 3);
	assert_int_equal(section.sh_link, section_index(s.after, s.after_bytes,
							".strtab", &names));
	stripped_free(&s);
	free(data);
}

static void symbols_follow_their_sections(void **state)
{
	size_t bytes;
	uint8_t *data = make_elf(&(struct elf_spec){ .sections = true }, &bytes);
	struct stripped s = strip_bytes(*state, data, bytes);
	const Elf64_Sym *symbols;
	GElf_Shdr section;

	assert_int_not_equal(
		section_index(s.after, s.after_bytes, ".symtab", &section), 0);
	assert_int_equal(section.sh_size, 5 * sizeof(*symbols));
	symbols = (const Elf64_Sym *)(s.after + section.sh_offset);
	assert_int_equal(symbols[1].st_shndx, 1);
	/* The symbol of .debug_line stands for nothing any more. */
	assert_int_equal(symbols[2].st_shndx, SHN_ABS);
	assert_int_equal(symbols[2].st_info, 0);
	/* .comment was the fourth and is the second. */
	assert_int_equal(symbols[3].st_shndx, 2);
	assert_int_equal(symbols[4].st_shndx, SHN_ABS);
	assert_int_equal(symbols[4].st_value, 7);
	stripped_free(&s);
	free(data);
}

static void what_is_loaded_stays_where_it_was(void **state)
{
	size_t bytes;
	uint8_t *data = make_elf(&(struct elf_spec){ .sections = true }, &bytes);
	struct stripped s = strip_bytes(*state, data, bytes);
	const Elf64_Phdr *segments = (Elf64_Phdr *)(data + sizeof(Elf64_Ehdr));

	/* All but the header, whose section table moved. */
	assert_int_equal(segments[0].p_type, PT_LOAD);
	assert_memory_equal(s.after + sizeof(Elf64_Ehdr),
			    s.before + sizeof(Elf64_Ehdr),
			    segments[0].p_filesz - sizeof(Elf64_Ehdr));
	stripped_free(&s);
	free(data);
}

static void assert_untouched(const struct scratch *scratch, const void *data,
			     size_t bytes)
{
	struct stripped s = strip_bytes(scratch, data, bytes);

	assert_int_equal(s.after_bytes, bytes);
	assert_memory_equal(s.after, data, bytes);
	stripped_free(&s);
}

static void a_file_without_debug_sections_is_untouched(void **state)
{
	size_t bytes;
	uint8_t *data = make_elf(&(struct elf_spec){ 0 }, &bytes);

	assert_untouched(*state, data, bytes);
	free(data);
}

static void what_is_no_elf_file_is_untouched(void **state)
{
	static const char script[] = "#!/bin/sh\necho .debug_info\n";

	assert_untouched(*state, script, strlen(script));
	assert_untouched(*state, "", 0);
	assert_untouched(*state, ELFMAG, SELFMAG);
}

/* Whatever is cut or altered, the result is the file or a smaller one. */
static void damaged_files_do_no_harm(void **state)
{
	size_t bytes;
	uint8_t *data = make_elf(&(struct elf_spec){ .sections = true }, &bytes);
	const char *path = scratch_path(*state, "elf");
	unsigned int seed = 1;

	for (int i = 0; i < 2000; i++) {
		size_t length = i % 3 ? bytes : (size_t)rand_r(&seed) % bytes;
		uint8_t *copy = malloc(bytes);
		struct stripped s;

		assert_non_null(copy);
		memcpy(copy, data, bytes);
		for (int n = 0; n < 4; n++) {
			/* Headers are at both ends. */
			size_t at = (size_t)rand_r(&seed) % 700;

			copy[n % 2 ? at % 300 : bytes - 1 - at] =
				(uint8_t)rand_r(&seed);
		}
		assert_int_equal(kt_write_file_atomic(path, copy, length, 0644),
				 0);
		s = strip_file(path);
		assert_true(s.after_bytes <= length);
		stripped_free(&s);
		free(copy);
	}
	free(data);
}

static void a_real_program_keeps_its_segments(void **state)
{
	struct stripped s = strip_file("/proc/self/exe");
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)s.after;
	const Elf64_Phdr *segments;
	GElf_Shdr section;

	(void)state;
	/* Meson builds with -g. */
	assert_int_not_equal(section_index(s.before, s.before_bytes,
					   ".debug_info", &section),
			     0);
	assert_int_equal(
		section_index(s.after, s.after_bytes, ".debug_info", &section),
		0);
	assert_true(s.after_bytes < s.before_bytes);
	segments = (const Elf64_Phdr *)(s.after + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++) {
		const Elf64_Phdr *p = &segments[i];
		/* The first holds the header, whose section table moved. */
		size_t skip = p->p_offset ? 0 : sizeof(*header);

		assert_memory_equal(s.before + p->p_offset + skip,
				    s.after + p->p_offset + skip,
				    p->p_filesz > skip ? p->p_filesz - skip : 0);
	}
	stripped_free(&s);
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(debug_sections_go_and_the_others_stay),
		SCRATCH_TEST(symbols_follow_their_sections),
		SCRATCH_TEST(what_is_loaded_stays_where_it_was),
		SCRATCH_TEST(a_file_without_debug_sections_is_untouched),
		SCRATCH_TEST(what_is_no_elf_file_is_untouched),
		SCRATCH_TEST(damaged_files_do_no_harm),
		cmocka_unit_test(a_real_program_keeps_its_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
