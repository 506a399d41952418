/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * "Did you mean ...?": the best of a series of candidates for a mistyped word.
 *
 *	struct kt_suggestion s = { .word = argument };
 *
 *	for (...)
 *		kt_suggestion_offer(&s, name);
 *	if (s.best)
 *		...
 */

#include <stddef.h>

struct kt_suggestion {
	const char *word;
	const char *best; /* NULL: nothing is near enough; borrowed */
	size_t distance;
};

void kt_suggestion_offer(struct kt_suggestion *suggestion, const char *candidate);

/*
 * Insertions, removals, replacements and swaps of neighbours that turn one
 * text into the other; SIZE_MAX when one is longer than 63 bytes.
 */
size_t kt_edit_distance(const char *a, const char *b);
