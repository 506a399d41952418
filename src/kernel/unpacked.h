/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The cache of unpacked kernels, one file an image, named by the XXH3-128 hash
 * of the image's bytes:
 *
 *	ELF, then a trailer of fixed size: magic, size, the file's own
 *	modification time, XXH3-128 of the ELF, and a hash of these
 *
 * Long runs of zeros, a fifth of a kernel, are holes that loaders pass over.
 * A file comes into being whole, under its final name, and never changes. One
 * whose size or trailer is wrong is made anew. One whose modification time is
 * not the recorded one was copied or tampered with: only then is the whole
 * content hashed again, since that costs as much as the rest of an open.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "kernel/bzimage.h"

struct kt_unpacked {
	int fd;
	uint8_t *map; /* read-only; begins with the ELF */
	size_t map_bytes;
	size_t elf_bytes;
};

/* Gives the mapping and the descriptor back. */
void kt_unpacked_deinit(struct kt_unpacked *unpacked);

/* 32 hex digits and the NUL. */
#define KT_IMAGE_HASH_BYTES 33
void kt_image_hash(const uint8_t *data, size_t bytes,
		   char ret[static KT_IMAGE_HASH_BYTES]);

/*
 * The unpacked form of `image`, which was parsed from `data`. Taken from the
 * cache, else unpacked and put there; several processes wait for the first.
 * Where the cache cannot be used, the kernel is unpacked for this once, with a
 * warning. -EBADMSG: the image's payload is damaged.
 */
int kt_unpacked_open(const uint8_t *data, size_t bytes,
		     const struct kt_bzimage *image, const struct ktstr_log *log,
		     struct kt_unpacked *ret, struct ktstr_error *err);
