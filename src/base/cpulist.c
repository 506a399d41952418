// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <string.h>

#include "base/cpulist.h"

/* A number of at most KT_CPULIST_MAX; false when there is none at `*at`. */
static bool read_number(const char **at, size_t *ret)
{
	const char *start = *at;
	size_t value = 0;

	while (isdigit((unsigned char)**at)) {
		value = value * 10 + (size_t)(*(*at)++ - '0');
		if (value > KT_CPULIST_MAX)
			return false;
	}
	*ret = value;
	return *at > start;
}

/* "5" or "5-7", and behind it a comma or the end. */
static bool read_part(const char **at, size_t *ret_first, size_t *ret_last)
{
	if (!read_number(at, ret_first))
		return false;
	*ret_last = *ret_first;
	if (**at == '-') {
		(*at)++;
		if (!read_number(at, ret_last))
			return false;
	}
	return *ret_first <= *ret_last &&
	       (**at == ',' || !**at || strcmp(*at, "\n") == 0);
}

int kt_cpulist_parse(const char *text, struct kt_bitmap *ret,
		     struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap bitmap = {0};
	bool more = *text && strcmp(text, "\n") != 0;
	const char *at = text;

	while (more) {
		const char *part = at;
		size_t first, last;

		if (!read_part(&at, &first, &last))
			return kt_err(err, -EINVAL,
				      "\"%.*s\" in \"%.60s\" is no part of a "
				      "list such as 0-3,8 of numbers up to %d",
				      (int)strcspn(part, ",\n"), part, text,
				      KT_CPULIST_MAX);
		if (kt_bitmap_set_range(&bitmap, first, last) < 0)
			return kt_err_errno(err, -ENOMEM, "list of CPUs");
		more = *at == ',';
		at += more;
	}
	kt_bitmap_deinit(ret);
	*ret = bitmap;
	bitmap = (struct kt_bitmap){0};
	return 0;
}

void kt_cpulist_print(struct kt_strbuf *sb, const struct kt_bitmap *bitmap)
{
	size_t first = kt_bitmap_next(bitmap, 0);
	const char *comma = "";

	while (first != KT_BITMAP_END) {
		size_t last = first;

		while (kt_bitmap_test(bitmap, last + 1))
			last++;
		if (last == first)
			kt_strbuf_addf(sb, "%s%zu", comma, first);
		else
			kt_strbuf_addf(sb, "%s%zu-%zu", comma, first, last);
		comma = ",";
		first = kt_bitmap_next(bitmap, last + 1);
	}
}
