/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A guest's memory in a file, with what it takes to read it:
 *
 *	ELF header   ET_CORE
 *	PT_NOTE      "ktstr" 1: what is known of the guest, as JSON
 *	             "ktstr" 2: the kernel's BTF
 *	             "VMCOREINFO" 0: what that has to say to debuggers, if it
 *	             was found; drgn and crash open the file by it
 *	PT_LOAD ...  a region of RAM each, at its p_paddr; zeros are holes
 *	PT_LOAD      the kernel's image at its p_vaddr, with data of one of these
 *
 * ELF-64 as in the System V ABI, chapter 5; notes as in its "Note Section".
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "memory/guest_memory.h"
#include "monitor/kernel_symbols.h"

#define KT_IMAGE_REGIONS_MAX   64
#define KT_IMAGE_RELEASE_BYTES 128

/*
 * What a file holds; for one that is opened, all of it points into a mapping,
 * and its regions into the struct, which must stay where it is.
 */
struct kt_image {
	struct kt_guest_memory memory;
	struct kt_kernel_symbols symbols;
	const void *btf;
	size_t btf_bytes;
	/* Only to be written, see kt_image_add_debug(). */
	char *vmcoreinfo; /* NULL: none, and no kernel either */
	size_t vmcoreinfo_bytes;
	uint64_t kernel_va; /* where its image is mapped, from kernel_gpa on */
	uint64_t kernel_gpa;
	uint64_t kernel_bytes;
	uint32_t n_cpus;
	char release[KT_IMAGE_RELEASE_BYTES];

	struct kt_memory_region regions[KT_IMAGE_REGIONS_MAX];
	void *mapping; /* NULL of one that is only to be written */
	size_t mapping_bytes;
};

/* Its release, CPUs and symbols; NULL: no memory. */
json_t *kt_image_describe(const struct kt_image *image);
/* The same back; -EBADMSG when they are not all there. */
int kt_image_take_description(struct kt_image *image, json_t *description);

/*
 * Writes to an empty file, from its begin. The guest may run meanwhile: then
 * the file is as torn as any walk over its memory. 0 or -errno.
 */
int kt_image_write(const struct kt_image *image, int fd, struct ktstr_error *err);

/*
 * Adds what debuggers look for in a kernel's dump: what the kernel itself has
 * made ready for one (kernel/vmcore_info.c), and where its image is mapped, for
 * its page tables are read through that. Where it has none nothing is added.
 * Caller frees image->vmcoreinfo.
 */
void kt_image_add_debug(struct kt_image *image);

/* Opens a file that is taken for hostile; -EBADMSG when it is no such image. */
int kt_image_open(struct kt_image *image, const char *path,
		  struct ktstr_error *err);
void kt_image_close(struct kt_image *image);
#define _cleanup_image_ _cleanup_(kt_image_close)
