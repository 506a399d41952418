/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The kernel as an ELF file: what goes where in guest memory, and its
 * sections. Works on foreign bytes: nothing is believed that was not checked
 * against the buffer's length.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/kernel.h"

struct kt_elf {
	uint64_t entry; /* physical */
	struct kt_kernel_segment segments[KT_KERNEL_SEGMENTS_MAX];
	size_t n_segments; /* ascending by gpa, none empty, disjoint */
};

bool kt_elf_detect(const uint8_t *data, size_t bytes);

/*
 * Reads the program headers of a 64-bit kernel for this architecture.
 * -ENOEXEC: an ELF file of another kind or architecture; -EBADMSG: truncated
 * or damaged.
 */
int kt_elf_parse(const uint8_t *data, size_t bytes, struct kt_elf *ret,
		 struct ktstr_error *err);

/*
 * The bytes of the first section of that name; `ret` points into `data`.
 * -ENOENT when there is none, -EBADMSG when the table or the section does not
 * lie inside the buffer.
 */
int kt_elf_section(const uint8_t *data, size_t bytes, const char *name,
		   const uint8_t **ret, size_t *ret_bytes,
		   struct ktstr_error *err);
