// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "base/suggest.h"

#define WORD_MAX 63

size_t kt_edit_distance(const char *a, const char *b)
{
	size_t n = strnlen(a, WORD_MAX + 1), m = strnlen(b, WORD_MAX + 1);
	/* Row i holds the distances of a's first i bytes to b's prefixes. */
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	if (n > WORD_MAX || m > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *free_row = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			best = KT_MIN(best, last[j] + 1);
			best = KT_MIN(best, row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				best = KT_MIN(best, before[j - 2] + 1);
			row[j] = best;
		}
		before = last;
		last = row;
		row = free_row;
	}
	return last[m];
}

void kt_suggestion_offer(struct kt_suggestion *suggestion, const char *candidate)
{
	size_t distance = kt_edit_distance(suggestion->word, candidate);
	/* A third of the word may be wrong; a short one, a single letter. */
	size_t limit = KT_MAX(strlen(suggestion->word) / 3, (size_t)1);

	if (distance > limit ||
	    (suggestion->best && distance >= suggestion->distance))
		return;
	suggestion->best = candidate;
	suggestion->distance = distance;
}
