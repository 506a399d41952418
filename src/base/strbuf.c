// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

void kt_strbuf_deinit(struct kt_strbuf *sb)
{
	free(sb->data);
	*sb = (struct kt_strbuf){ 0 };
}

/* Makes room for `extra` bytes and the NUL behind them. */
static bool reserve(struct kt_strbuf *sb, size_t extra)
{
	size_t wanted, capacity;
	char *data;

	if (sb->failed)
		return false;
	if (__builtin_add_overflow(sb->length, extra, &wanted) ||
	    __builtin_add_overflow(wanted, 1, &wanted)) {
		sb->failed = true;
		return false;
	}
	if (wanted <= sb->capacity)
		return true;
	capacity = sb->capacity ? sb->capacity * 2 : 64;
	capacity = KT_MAX(wanted, capacity);
	data = realloc(sb->data, capacity);
	if (!data) {
		sb->failed = true;
		return false;
	}
	sb->data = data;
	sb->capacity = capacity;
	return true;
}

void kt_strbuf_add_bytes(struct kt_strbuf *sb, const void *data, size_t length)
{
	if (!reserve(sb, length))
		return;
	if (length)
		memcpy(sb->data + sb->length, data, length);
	sb->length += length;
	sb->data[sb->length] = '\0';
}

void kt_strbuf_add(struct kt_strbuf *sb, const char *text)
{
	kt_strbuf_add_bytes(sb, text, strlen(text));
}

void kt_strbuf_add_char(struct kt_strbuf *sb, char c)
{
	kt_strbuf_add_bytes(sb, &c, 1);
}

void kt_strbuf_vaddf(struct kt_strbuf *sb, const char *fmt, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (length < 0) {
		sb->failed = true;
		return;
	}
	if (!reserve(sb, (size_t)length))
		return;
	vsnprintf(sb->data + sb->length, (size_t)length + 1, fmt, args);
	sb->length += (size_t)length;
}

void kt_strbuf_addf(struct kt_strbuf *sb, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(sb, fmt, args);
	va_end(args);
}

void kt_strbuf_reset(struct kt_strbuf *sb)
{
	sb->length = 0;
	sb->failed = false;
	if (sb->data)
		sb->data[0] = '\0';
}

void kt_strbuf_drop(struct kt_strbuf *sb, size_t length)
{
	if (length >= sb->length) {
		kt_strbuf_reset(sb);
		return;
	}
	/* The terminating NUL moves along. */
	memmove(sb->data, sb->data + length, sb->length - length + 1);
	sb->length -= length;
}

const char *kt_strbuf_text(const struct kt_strbuf *sb)
{
	return sb->data ? sb->data : "";
}

char *kt_strbuf_steal(struct kt_strbuf *sb)
{
	char *data;

	if (!reserve(sb, 0)) {
		kt_strbuf_deinit(sb);
		return NULL;
	}
	sb->data[sb->length] = '\0';
	data = sb->data;
	*sb = (struct kt_strbuf){ 0 };
	return data;
}
