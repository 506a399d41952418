// SPDX-License-Identifier: GPL-2.0-only
#include "base/fold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TIMES_MIN 3

struct line {
	const char *text;
	size_t length;
	size_t key_length; /* of the start that is compared */
};

/* What tells one line from another. */
static size_t key_length_of(const char *text, size_t length)
{
	const char *end = memchr(text, ';', length);

	if (!end && length > 5 && memcmp(text, "from ", 5) == 0)
		end = memchr(text, ':', length);
	if (!end)
		end = text + length;
	while (end > text && end[-1] == ' ')
		end--;
	return (size_t)(end - text);
}

/* Caller frees; NULL: no memory. */
static struct line *split(const char *text, size_t length, size_t *ret_n)
{
	size_t n = 1, at = 0;
	struct line *lines;

	for (size_t i = 0; i < length; i++)
		n += text[i] == '\n';
	lines = calloc(n, sizeof(*lines));
	if (!lines)
		return NULL;
	for (n = 0; at < length; n++) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t bytes = end ? (size_t)(end - text) - at : length - at;

		lines[n] = (struct line){ text + at, bytes,
					  key_length_of(text + at, bytes) };
		at += bytes + 1;
	}
	*ret_n = n;
	return lines;
}

static bool are_alike(const struct line *a, const struct line *b)
{
	return a->key_length == b->key_length &&
	       memcmp(a->text, b->text, a->key_length) == 0;
}

/* How many times the first `period` lines of `n` come one behind the other. */
static size_t count_times(const struct line *lines, size_t n, size_t period)
{
	size_t same = 0;

	while (period + same < n && are_alike(&lines[same], &lines[period + same]))
		same++;
	return 1 + same / period;
}

static void add_lines(struct kt_strbuf *sb, const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		kt_strbuf_add_bytes(sb, lines[i].text, lines[i].length);
		kt_strbuf_add_char(sb, '\n');
	}
}

int kt_fold_cycles(const char *text, size_t length, struct kt_strbuf *ret)
{
	size_t n = 0;
	_cleanup_free_ struct line *lines = split(text, length, &n);

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < n;) {
		size_t best = 1, times = 1;

		for (size_t p = 1; p <= KT_FOLD_LINES_MAX && p <= n - i; p++) {
			size_t found = count_times(lines + i, n - i, p);

			/* The most lines less; of several, the shortest. */
			if (found >= TIMES_MIN &&
			    (found - 1) * p > (times - 1) * best) {
				best = p;
				times = found;
			}
		}
		add_lines(ret, lines + i, best);
		if (times > 1)
			kt_strbuf_addf(ret, "... %zu line%s, %zu times more\n",
				       best, best == 1 ? "" : "s", times - 1);
		i += best * times;
	}
	return kt_strbuf_failed(ret) ? -ENOMEM : 0;
}
