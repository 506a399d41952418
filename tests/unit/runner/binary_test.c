// SPDX-License-Identifier: GPL-2.0-only
/* Files that are no test binary; most are one that has come to harm. */
#include "test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/machine.h"
#include "runner/binary.h"

static char directory[] = "/tmp/ktstr-binary-test.XXXXXX";
static char path[128];

/* As small as a static program can be: not one that does anything. */
struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	char loader[32];
	char code[64];
	Elf64_Shdr sections[2];
};

static const struct program good = {
	.header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = KT_MACHINE_ELF,
		.e_phoff = offsetof(struct program, segments),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
		.e_shoff = offsetof(struct program, sections),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 2,
	},
	.segments = {
		{ .p_type = PT_GNU_STACK },
		{ .p_type = PT_LOAD,
		  .p_offset = offsetof(struct program, code),
		  .p_filesz = sizeof(((struct program *)NULL)->code) },
	},
	.loader = "/lib64/ld-linux.so",
};

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return kt_remove_tree(directory);
}

static void make(const void *content, size_t length)
{
	snprintf(path, sizeof(path), "%s/binary", directory);
	assert_int_equal(kt_write_file_atomic(path, content, length, 0755), 0);
}

static void expect_refused(const char *binary, int expected, const char *message)
{
	struct ktstr_error err = {};

	assert_int_equal(kt_test_binary_check(binary, &err), expected);
	assert_contains(err.message, "test binary ");
	assert_contains(err.message, binary);
	assert_contains(err.message, message);
}

static void expect_damaged(const struct program *program, const char *message)
{
	make(program, sizeof(*program));
	expect_refused(path, -EINVAL, message);
}

static void a_static_program_is_fine(void **state)
{
	struct program p = good;
	struct ktstr_error err = {};

	(void)state;
	make(&p, sizeof(p));
	assert_int_equal(kt_test_binary_check(path, &err), 0);
	/* Position-independent, it is static all the same. */
	p.header.e_type = ET_DYN;
	p.segments[0].p_type = PT_DYNAMIC;
	make(&p, sizeof(p));
	assert_int_equal(kt_test_binary_check(path, &err), 0);
	/* Without sections, as some strip it. */
	p.header.e_shoff = 0;
	p.header.e_shnum = 0;
	make(&p, offsetof(struct program, sections));
	assert_int_equal(kt_test_binary_check(path, &err), 0);
}

static void what_is_no_file_to_run_is_refused(void **state)
{
	(void)state;
	expect_refused("/nonexistent/binary", -ENOENT, "No such file");
	expect_refused(directory, -EINVAL, "a directory");
	expect_refused("/dev/null", -EINVAL, "a device");
	make(&good, sizeof(good));
	assert_int_equal(chmod(path, 0644), 0);
	expect_refused(path, -EINVAL, "not executable; `chmod +x`");
}

static void a_bare_name_is_a_file_here(void **state)
{
	_cleanup_free_ char *before = getcwd(NULL, 0);
	int r;

	(void)state;
	make(&good, sizeof(good));
	assert_int_equal(chdir(directory), 0);
	r = kt_test_binary_check("binary", NULL);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(r, 0);
}

static void what_is_no_elf_file_is_told(void **state)
{
	(void)state;
	make("", 0);
	expect_refused(path, -EINVAL, "it is empty");
	make("x", 1);
	expect_refused(path, -EINVAL, "is no program");
	make("#!", 2);
	expect_refused(path, -EINVAL, "is a script (#!)");
	make("#!/bin/sh -e\nexit 1\n", 20);
	expect_refused(path, -EINVAL, "is a script (#!/bin/sh -e)");
	make("\177ELT, and more", 14);
	expect_refused(path, -EINVAL, "does not begin as an ELF file does");
}

static void another_machine_is_named(void **state)
{
	struct program p = good;

	(void)state;
	p.header.e_machine = EM_RISCV;
	expect_damaged(&p, "is for RISC-V (ELF machine 243, 64-bit), but "
			   "guests here are " KT_MACHINE_NAME "; compile");
	p.header.e_machine = 9999;
	expect_damaged(&p, "is for another machine (ELF machine 9999");
	p.header.e_machine = EM_386;
	p.header.e_ident[EI_CLASS] = ELFCLASS32;
	expect_damaged(&p, "is for 32-bit x86 (ELF machine 3, 32-bit)");
	/* x32 programs are x86-64 ones, and still need another kernel. */
	p.header.e_machine = KT_MACHINE_ELF;
	expect_damaged(&p, "32-bit)");
}

static void what_is_not_linked_is_told(void **state)
{
	struct program p = good;

	(void)state;
	p.header.e_type = ET_REL;
	expect_damaged(&p, "an object file or a core (ELF type 1)");
	p = good;
	p.segments[1].p_type = PT_NOTE;
	expect_damaged(&p, "has nothing that could be loaded");
	p = good;
	p.header.e_phnum = 0;
	expect_damaged(&p, "has nothing that could be loaded");
	p = good;
	p.header.e_phentsize = 32;
	expect_damaged(&p, "program headers of 32 bytes, not 56");
}

static void a_dynamic_program_names_its_loader(void **state)
{
	struct program p = good;

	(void)state;
	p.segments[0] = (Elf64_Phdr){
		.p_type = PT_INTERP,
		.p_offset = offsetof(struct program, loader),
		.p_filesz = sizeof(p.loader),
	};
	expect_damaged(&p, "is dynamic: it needs the loader "
			   "/lib64/ld-linux.so and shared libraries");
	expect_damaged(&p, "link it with -static");
	/* Nor is a name believed that has no end. */
	p.segments[0].p_filesz = UINT64_MAX;
	p.segments[0].p_offset = 0;
	expect_damaged(&p, "is dynamic");
	p.segments[0].p_offset = UINT64_MAX;
	expect_damaged(&p, "cut short: the name of its loader");
}

/* At whatever byte it is cut, it is refused. */
static void a_file_that_is_cut_is_told(void **state)
{
	struct program p = good;

	(void)state;
	for (size_t length = SELFMAG; length < sizeof(good); length++) {
		make(&good, length);
		expect_refused(path, -EINVAL, "is cut short: ");
	}
	p.segments[1].p_filesz = UINT64_MAX;
	expect_damaged(&p, "cut short: a segment");
	p = good;
	p.header.e_shoff = UINT64_MAX;
	expect_damaged(&p, "cut short: its section headers");
	p.header.e_phoff = UINT64_MAX;
	expect_damaged(&p, "cut short: a program header");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_static_program_is_fine),
		cmocka_unit_test(what_is_no_file_to_run_is_refused),
		cmocka_unit_test(a_bare_name_is_a_file_here),
		cmocka_unit_test(what_is_no_elf_file_is_told),
		cmocka_unit_test(another_machine_is_named),
		cmocka_unit_test(what_is_not_linked_is_told),
		cmocka_unit_test(a_dynamic_program_names_its_loader),
		cmocka_unit_test(a_file_that_is_cut_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
