/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What kind of file somebody calls a kernel. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum kt_image_kind {
	KT_IMAGE_BZIMAGE,
	KT_IMAGE_ELF,
};

/*
 * Tells by the first bytes. Everything but these two is an error whose message
 * says what the file is instead: an image of another architecture (arm64,
 * riscv, EFI zboot), a compressed file, an empty or foreign one. -ENOEXEC.
 */
int kt_image_identify(const uint8_t *data, size_t bytes,
		      enum kt_image_kind *ret, struct ktstr_error *err);

/* A file mapped read-only. */
struct kt_mapped_file {
	uint8_t *data;
	size_t bytes;
};

void kt_mapped_file_deinit(struct kt_mapped_file *file);
int kt_mapped_file_open(const char *path, struct kt_mapped_file *ret,
			struct ktstr_error *err);

/*
 * The release that an image names ("" when it names none), into `ret` of
 * KT_RELEASE_BYTES, after the checks of its header.
 */
int kt_image_release(const uint8_t *data, size_t bytes, char *ret,
		     struct ktstr_error *err);
