/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * ELF files without their debug sections: what is loaded and the symbol table
 * stay, DWARF and its indexes go. Only what is kept is read, so a program with
 * a gigabyte of DWARF costs no more than its code.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Reads the file at `fd` into fresh memory (caller frees), less its debug
 * sections. Byte for byte the file where there are none, where it is no 64-bit
 * ELF file of this machine's byte order, or where its layout is one in which
 * nothing can safely be taken out. `path` is for messages.
 */
int kt_elf_read_stripped(int fd, const char *path, uint8_t **ret,
			 uint64_t *ret_bytes, struct ktstr_error *err);
