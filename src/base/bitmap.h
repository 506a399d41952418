/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A set of small numbers, such as CPUs, that grows as they are added.
 * Zero-initialised it is empty and owns nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct kt_bitmap {
	uint64_t *words;
	size_t n_words;
};

#define KT_BITMAP_END SIZE_MAX

void kt_bitmap_deinit(struct kt_bitmap *bitmap);
#define _cleanup_bitmap_ _cleanup_(kt_bitmap_deinit)

/* 0 or -ENOMEM, with nothing changed. */
int kt_bitmap_set(struct kt_bitmap *bitmap, size_t bit);
int kt_bitmap_set_range(struct kt_bitmap *bitmap, size_t first, size_t last);

void kt_bitmap_clear(struct kt_bitmap *bitmap, size_t bit);
bool kt_bitmap_test(const struct kt_bitmap *bitmap, size_t bit);
size_t kt_bitmap_count(const struct kt_bitmap *bitmap);
bool kt_bitmap_equal(const struct kt_bitmap *a, const struct kt_bitmap *b);

/* The first number at or after `from`; KT_BITMAP_END when there is none. */
size_t kt_bitmap_next(const struct kt_bitmap *bitmap, size_t from);

#define kt_bitmap_for_each(bit, bitmap)                                        \
	for (size_t bit = kt_bitmap_next((bitmap), 0); bit != KT_BITMAP_END;   \
	     bit = kt_bitmap_next((bitmap), bit + 1))
