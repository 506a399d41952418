/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A base archive as a file: the archive, zero bytes up to a whole page, and
 * behind them a footer with the sizes and a checksum that proves the file
 * whole.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "initramfs/tree.h"

#define KT_BASE_KEY_BYTES KT_TREE_HASH_BYTES

struct kt_base_key {
	uint8_t bytes[KT_BASE_KEY_BYTES];
};

/* An opened base. */
struct kt_base {
	int fd; /* read-only */
	struct kt_base_key key;
	uint64_t bytes; /* whole pages; the footer behind it is not counted */
	uint64_t unpacked_bytes;
	/* The module load list that goes with it; owned. */
	uint8_t *modules;
	size_t modules_bytes;
};

void kt_base_deinit(struct kt_base *base);

/*
 * Writes the base of `base->key` into the empty file `fd`, and its sizes into
 * `base`.
 */
int kt_base_write(int fd, const struct kt_tree *tree, struct kt_base *base,
		  struct ktstr_error *err);

/* Whether `fd` is a whole base of `base->key`; then its sizes go into `base`. */
bool kt_base_check(int fd, struct kt_base *base);
