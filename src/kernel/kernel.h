/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Guest kernels: which one is meant, and what is in it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

/* A kernel that was found; all strings owned, NULL where there is none. */
struct kt_kernel_ref {
	char *image;       /* bzImage, ELF vmlinux or arm64 Image */
	char *release;     /* "7.3.4+deb13-cloud-amd64" as the image says */
	char *modules_dir; /* directory that holds kernel/ and modules.dep */
	char *vmlinux;     /* an ELF with symbols beside the image */
};

void kt_kernel_ref_deinit(struct kt_kernel_ref *ref);

/*
 * Resolves `spec`: an image, a source tree, a version ("7.3": its newest point
 * release at hand). NULL: the newest in the cache, then the newest in /boot.
 * Looks at the local machine only; a message names the fetch command when a
 * version is not at hand.
 */
int kt_kernel_resolve(const char *spec, struct kt_kernel_ref *ret,
		      struct ktstr_error *err);

#define KT_KERNEL_SEGMENTS_MAX 16

/* One PT_LOAD segment of the unpacked kernel. */
struct kt_kernel_segment {
	uint64_t gpa;
	uint64_t file_offset;
	uint64_t file_bytes;
	uint64_t memory_bytes; /* the rest is zero */
};

/*
 * An opened kernel, ready to be put into guest memory. `elf` is a read-only
 * mapping of the unpacked image in the cache (NULL when it could not be
 * unpacked and only the bzImage's own entry is left to use); every segment was
 * checked to lie inside it.
 */
struct kt_kernel {
	const uint8_t *elf;
	size_t elf_bytes;
	int elf_fd;
	uint64_t entry; /* 64-bit physical entry of the ELF (startup_64) */
	struct kt_kernel_segment segments[KT_KERNEL_SEGMENTS_MAX];
	size_t n_segments;

	const uint8_t *bzimage; /* NULL for a plain ELF */
	size_t bzimage_bytes;
	uint64_t init_size; /* setup header, offset 0x260 */
	char release[128];
	char why_not_unpacked[256]; /* when elf is NULL */
};

/*
 * Opens and checks an image; the unpacked form is taken from, or put into, the
 * cache, keyed by the image's content. `log` gets a notice when unpacking.
 */
int kt_kernel_open(const char *image, const struct ktstr_log *log,
		   struct kt_kernel **ret, struct ktstr_error *err);
void kt_kernel_close(struct kt_kernel *kernel);

/* The kernel's `.BTF` section inside `elf`; -ENOENT when it has none. */
int kt_kernel_btf(const struct kt_kernel *kernel, const uint8_t **ret,
		  size_t *ret_bytes, struct ktstr_error *err);

/*
 * Whether the kernel reads that word of its command line ("rdinit=", with the
 * "=" if it takes a value) early on, by __setup() or early_param(). False for
 * one that could not be unpacked.
 */
bool kt_kernel_takes_word(const struct kt_kernel *kernel, const char *word);

/*
 * The cache root: KTSTR_CACHE_DIR, else XDG_CACHE_HOME/ktstr, else
 * ~/.cache/ktstr. Caller frees. Nothing is created.
 */
int kt_cache_root(char **ret, struct ktstr_error *err);
