// SPDX-License-Identifier: GPL-2.0-only
#include "base/excerpt.h"

void kt_excerpt_deinit(struct kt_excerpt *excerpt)
{
	kt_strbuf_deinit(&excerpt->first);
	kt_strbuf_deinit(&excerpt->last);
}

/* Moving what is kept up costs time: not for every piece. */
static void add_last(struct kt_excerpt *e, const char *data, size_t length)
{
	size_t max = e->last_max_bytes;

	if (length > max) {
		data += length - max;
		length = max;
	}
	if (e->last.length + length > 2 * max)
		kt_strbuf_drop(&e->last, e->last.length - (max - length));
	kt_strbuf_add_bytes(&e->last, data, length);
}

void kt_excerpt_add(struct kt_excerpt *e, const void *data, size_t length)
{
	size_t room = e->first_max_bytes - e->first.length;
	size_t n = KT_MIN(length, room);

	e->bytes += length;
	if (n)
		kt_strbuf_add_bytes(&e->first, data, n);
	if (n < length)
		add_last(e, (const char *)data + n, length - n);
}

char *kt_excerpt_steal(struct kt_excerpt *e, size_t *ret_bytes, uint64_t *ret_lost)
{
	bool failed = kt_strbuf_failed(&e->last);

	if (e->last.length > e->last_max_bytes)
		kt_strbuf_drop(&e->last, e->last.length - e->last_max_bytes);
	if (e->last.length)
		kt_strbuf_add_bytes(&e->first, e->last.data, e->last.length);
	*ret_bytes = e->first.length;
	*ret_lost = e->bytes - e->first.length;
	return failed ? NULL : kt_strbuf_steal(&e->first);
}
