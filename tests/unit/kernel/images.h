/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Small kernels made by hand, for the tests of this room. */

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "kernel/decompress.h"

#define TEST_RELEASE   "9.8.7-test+x1"
#define TEST_LOAD_GPA  0x1000000ULL
#define TEST_ELF_ENTRY (TEST_LOAD_GPA + 0x40)

/* What .init.data holds. */
#define TEST_WORDS "\0quiet\0rdinit=\0no_rdroot=\0rdroot="

/* An ELF vmlinux: two PT_LOADs (the second with zero bytes behind it), a
 * banner with TEST_RELEASE, a .BTF section, and .init.data. */
void test_make_elf(struct kt_strbuf *out);

/* Offsets into it, for tests that break it. */
#define TEST_ELF_PHDR(i) (64 + 56 * (i))
#define TEST_ELF_SHDR(elf, i)                                                  \
	(kt_le64_at((elf)->data + 0x28) + 64 * (size_t)(i))

/* A BTF blob without types. */
void test_make_btf(struct kt_strbuf *out);

/* One stream as a kernel build makes it, without a size tail. */
void test_compress(enum kt_compression compression, const void *data,
		   size_t bytes, struct kt_strbuf *out);

/* A bzImage whose payload is `elf` compressed, with a size tail. */
void test_make_bzimage(enum kt_compression compression,
		       const struct kt_strbuf *elf, struct kt_strbuf *out);

/* The same around a payload that is put in as it is. */
void test_make_bzimage_around(const struct kt_strbuf *payload,
			      uint32_t init_size, struct kt_strbuf *out);

/* Writes little-endian integers into a buffer. */
void test_put16(struct kt_strbuf *out, size_t at, uint16_t value);
void test_put32(struct kt_strbuf *out, size_t at, uint32_t value);
void test_put64(struct kt_strbuf *out, size_t at, uint64_t value);

/* A new empty directory below the build's scratch place; removed by
 * test_remove_directory(), which takes the path back. */
char *test_make_directory(void);
void test_remove_directory(char *path);

/* Writes DIRECTORY/`name` and its missing parents; returns the path (caller
 * frees). */
char *test_write(const char *directory, const char *name, const void *data,
		 size_t bytes);
