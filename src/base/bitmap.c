// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/macro.h"

#define WORD_BITS 64

void kt_bitmap_deinit(struct kt_bitmap *bitmap)
{
	free(bitmap->words);
	*bitmap = (struct kt_bitmap){0};
}

static int reserve(struct kt_bitmap *bitmap, size_t bit)
{
	size_t wanted = bit / WORD_BITS + 1;
	uint64_t *words;

	if (wanted <= bitmap->n_words)
		return 0;
	wanted = KT_MAX(wanted, bitmap->n_words * 2);
	words = reallocarray(bitmap->words, wanted, sizeof(*words));
	if (!words)
		return -ENOMEM;
	memset(words + bitmap->n_words, 0,
	       (wanted - bitmap->n_words) * sizeof(*words));
	bitmap->words = words;
	bitmap->n_words = wanted;
	return 0;
}

int kt_bitmap_set(struct kt_bitmap *bitmap, size_t bit)
{
	int r = reserve(bitmap, bit);

	if (r < 0)
		return r;
	bitmap->words[bit / WORD_BITS] |= 1ULL << bit % WORD_BITS;
	return 0;
}

int kt_bitmap_set_range(struct kt_bitmap *bitmap, size_t first, size_t last)
{
	int r;

	if (first > last)
		return 0;
	r = reserve(bitmap, last);
	if (r < 0)
		return r;
	for (size_t bit = first; bit <= last; bit++)
		bitmap->words[bit / WORD_BITS] |= 1ULL << bit % WORD_BITS;
	return 0;
}

void kt_bitmap_clear(struct kt_bitmap *bitmap, size_t bit)
{
	if (bit / WORD_BITS < bitmap->n_words)
		bitmap->words[bit / WORD_BITS] &= ~(1ULL << bit % WORD_BITS);
}

bool kt_bitmap_test(const struct kt_bitmap *bitmap, size_t bit)
{
	return bit / WORD_BITS < bitmap->n_words &&
	       bitmap->words[bit / WORD_BITS] >> bit % WORD_BITS & 1;
}

size_t kt_bitmap_count(const struct kt_bitmap *bitmap)
{
	size_t count = 0;

	for (size_t i = 0; i < bitmap->n_words; i++)
		count += (size_t)__builtin_popcountll(bitmap->words[i]);
	return count;
}

bool kt_bitmap_equal(const struct kt_bitmap *a, const struct kt_bitmap *b)
{
	size_t n = KT_MAX(a->n_words, b->n_words);

	for (size_t i = 0; i < n; i++) {
		uint64_t left = i < a->n_words ? a->words[i] : 0;
		uint64_t right = i < b->n_words ? b->words[i] : 0;

		if (left != right)
			return false;
	}
	return true;
}

size_t kt_bitmap_next(const struct kt_bitmap *bitmap, size_t from)
{
	for (size_t i = from / WORD_BITS; i < bitmap->n_words; i++) {
		uint64_t word = bitmap->words[i];

		if (i == from / WORD_BITS)
			word &= UINT64_MAX << from % WORD_BITS;
		if (word)
			return i * WORD_BITS + (size_t)__builtin_ctzll(word);
	}
	return KT_BITMAP_END;
}
