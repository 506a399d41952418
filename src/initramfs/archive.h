/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Writes a newc cpio archive (Documentation/driver-api/early-userspace/
 * buffer-format.rst) member by member, by libarchive. Paths are relative to
 * the guest's root; times and owners are zero, so that equal contents give
 * equal bytes.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

/* newc holds a member's size in 32 bits. */
#define KT_ARCHIVE_MAX_FILE_BYTES UINT32_MAX

struct kt_archive;

/* Takes all of `length` bytes; 0 or -errno, which ends the archive. */
typedef int (*kt_archive_sink)(void *userdata, const void *data, size_t length);

int kt_archive_open(kt_archive_sink sink, void *userdata,
		    struct kt_archive **ret, struct ktstr_error *err);

/* Writes the trailer. The archive stays to be freed, whatever is returned. */
int kt_archive_finish(struct kt_archive *archive, struct ktstr_error *err);
void kt_archive_free(struct kt_archive *archive);
KT_DEFINE_CLEANUP(struct kt_archive *, kt_archive_free)

int kt_archive_add_directory(struct kt_archive *archive, const char *path,
			     mode_t mode, struct ktstr_error *err);
int kt_archive_add_link(struct kt_archive *archive, const char *path,
			const char *target, struct ktstr_error *err);
int kt_archive_add_char_device(struct kt_archive *archive, const char *path,
			       mode_t mode, unsigned int major,
			       unsigned int minor, struct ktstr_error *err);
/* Whether a file of that size can be a member at all: before it is read. */
int kt_archive_check_bytes(const char *path, uint64_t bytes,
			   struct ktstr_error *err);

int kt_archive_add_file(struct kt_archive *archive, const char *path,
			mode_t mode, const void *data, uint64_t bytes,
			struct ktstr_error *err);

/*
 * A file in pieces: begin, then exactly `bytes` in any number of pieces before
 * the next member.
 */
int kt_archive_begin_file(struct kt_archive *archive, const char *path,
			  mode_t mode, uint64_t bytes, struct ktstr_error *err);
int kt_archive_add_bytes(struct kt_archive *archive, const void *data,
			 size_t bytes, struct ktstr_error *err);

/*
 * What the members written so far occupy in the guest: files in whole pages of
 * 4096 bytes, as ramfs and tmpfs account them.
 */
uint64_t kt_archive_unpacked_bytes(const struct kt_archive *archive);
