/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/macro.h"

/*
 * A string that grows. Zero-initialised it is empty and owns nothing. An
 * allocation failure is remembered instead of returned: later appends do
 * nothing and kt_strbuf_failed() says so, so that a long series of appends
 * needs one check at its end.
 */
struct kt_strbuf {
	char *data; /* NUL-terminated once anything was appended, else NULL */
	size_t length;
	size_t capacity;
	bool failed;
};

void kt_strbuf_deinit(struct kt_strbuf *sb);
#define _cleanup_strbuf_ _cleanup_(kt_strbuf_deinit)

void kt_strbuf_add(struct kt_strbuf *sb, const char *text);
void kt_strbuf_add_bytes(struct kt_strbuf *sb, const void *data, size_t length);
void kt_strbuf_add_char(struct kt_strbuf *sb, char c);
void kt_strbuf_addf(struct kt_strbuf *sb, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_strbuf_vaddf(struct kt_strbuf *sb, const char *fmt, va_list args)
	KT_PRINTF(2, 0);

/* Empties the buffer and keeps its memory. */
void kt_strbuf_reset(struct kt_strbuf *sb);

/* Removes the first `length` bytes, or all when there are fewer. */
void kt_strbuf_drop(struct kt_strbuf *sb, size_t length);

/* The text so far, "" when there is none; owned by the buffer. */
const char *kt_strbuf_text(const struct kt_strbuf *sb);

/*
 * Hands the text over (caller frees it) and leaves the buffer empty; NULL when
 * an append had failed. An empty buffer gives an allocated "".
 */
char *kt_strbuf_steal(struct kt_strbuf *sb);

static inline bool kt_strbuf_failed(const struct kt_strbuf *sb)
{
	return sb->failed;
}
