/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the dynamic linker wants to know of an ELF file: read with libelf, from
 * the program headers alone, as ld.so does.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which files may be linked with each other. */
struct kt_elf_abi {
	uint8_t elf_class; /* ELFCLASS32, ELFCLASS64 */
	uint8_t data;      /* ELFDATA2LSB, ELFDATA2MSB */
	uint16_t machine;  /* EM_* */
};

/* Strings are owned; NULL where the file has none. */
struct kt_elf_dynamic {
	struct kt_elf_abi abi;
	uint16_t type;     /* ET_EXEC, ET_DYN, ... */
	char *interpreter; /* PT_INTERP */
	char **needed;     /* DT_NEEDED, in order */
	size_t n_needed;
	char *soname;
	char *rpath;
	char *runpath;
	bool no_default_libraries; /* DF_1_NODEFLIB */
};

void kt_elf_dynamic_deinit(struct kt_elf_dynamic *elf);
#define _cleanup_elf_dynamic_ __attribute__((cleanup(kt_elf_dynamic_deinit)))

bool kt_elf_abi_equal(const struct kt_elf_abi *a, const struct kt_elf_abi *b);

/*
 * Reads the file open at `fd`. -ENOEXEC: not an ELF file; -EBADMSG: one whose
 * headers contradict each other. A file without a dynamic section, such as a
 * static program, simply needs nothing.
 */
int kt_elf_dynamic_read(int fd, struct kt_elf_dynamic *ret);
