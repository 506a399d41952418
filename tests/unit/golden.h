/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Golden files: the text that a test makes must equal the one in
 * tests/golden/. To accept a change, run the tests once with
 * KTSTR_GOLDEN_WRITE=1 in the environment and read the difference that git
 * shows; nothing else ever writes there.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strbuf.h"
#include "test.h"

#define GOLDEN_MAX_BYTES (16u << 20)

/* The number of the first line that differs, counted from 1. */
static inline unsigned int golden_first_difference(const char *a, const char *b)
{
	unsigned int line = 1;

	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	return line;
}

/*
 * Whether `text` is what tests/golden/NAME holds. If not, `report` gets what
 * is different and where the text was put, for a look at both.
 */
static inline bool golden_equals(const char *name, const char *text,
				 struct kt_strbuf *report)
{
	_cleanup_strbuf_ struct kt_strbuf path = { 0 }, actual = { 0 };
	_cleanup_free_ char *golden = NULL;
	int r;

	kt_strbuf_addf(&path, "%s/tests/golden/%s", KTSTR_SOURCE_ROOT, name);
	r = kt_read_file(kt_strbuf_text(&path), GOLDEN_MAX_BYTES, &golden, NULL);
	if (r == 0 && strcmp(golden, text) == 0)
		return true;

	/* In the test's own working directory. */
	for (const char *c = name; *c; c++)
		kt_strbuf_add_char(&actual, *c == '/' ? '-' : *c);
	kt_strbuf_add(&actual, ".actual");
	(void)kt_write_file_atomic(kt_strbuf_text(&actual), text, strlen(text),
				   0644);
	if (r < 0)
		kt_strbuf_addf(report, "cannot read %s: %s", path.data,
			       strerror(-r));
	else
		kt_strbuf_addf(report, "%s differs from line %u on", path.data,
			       golden_first_difference(golden, text));
	kt_strbuf_addf(report, "; what came out is in %s", actual.data);
	return false;
}

static inline void golden_write(const char *name, const char *text)
{
	_cleanup_strbuf_ struct kt_strbuf path = { 0 };

	kt_strbuf_addf(&path, "%s/tests/golden/%s", KTSTR_SOURCE_ROOT, name);
	assert_int_equal(kt_write_file_atomic(kt_strbuf_text(&path), text,
					      strlen(text), 0644),
			 0);
}

static inline void assert_golden(const char *name, const char *text)
{
	_cleanup_strbuf_ struct kt_strbuf report = { 0 };
	const char *write = getenv("KTSTR_GOLDEN_WRITE");

	if (write && strcmp(write, "1") == 0)
		golden_write(name, text);
	else if (!golden_equals(name, text, &report))
		fail_msg("%s", kt_strbuf_text(&report));
}
