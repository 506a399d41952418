/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Small ELF files, made by hand: enough for a dynamic linker to find its way.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scratch.h"

struct elf_spec {
	const char *const *needed; /* NULL-terminated */
	const char *soname;
	const char *rpath;
	const char *runpath;
	const char *interpreter;
	uint64_t flags_1;
	uint16_t machine; /* 0: EM_X86_64 */
	bool is_32_bit;   /* a bare 32-bit header, without segments */
	/* Sections, for the stripper: .text, .debug_info, .debug_line,
	 * .comment, .symtab, .strtab, .rela.debug_info, .shstrtab. */
	bool sections;
};

#define ELF_MAKER_TEXT    "the program's text"
#define ELF_MAKER_COMMENT "made by hand"

/* Fresh memory. */
uint8_t *make_elf(const struct elf_spec *spec, size_t *ret_bytes);

/* Puts one into a scratch file; returns its path as scratch_path() does. */
const char *scratch_elf(const struct scratch *scratch, const char *name,
			const struct elf_spec *spec);
