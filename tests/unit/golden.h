/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Golden files: the text that a test makes must equal the one in
 * tests/golden/. To accept a change, run the tests once with
 * KTSTR_GOLDEN_WRITE=1 in the environment and read the difference that git
 * shows; nothing else ever writes there.
 */

#include <inttypes.h>
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

/* Compares `text` with tests/golden/NAME; fails with both versions' place. */
static inline void assert_golden(const char *name, const char *text)
{
	_cleanup_strbuf_ struct kt_strbuf path = {0}, actual = {0};
	_cleanup_free_ char *golden = NULL;
	const char *write = getenv("KTSTR_GOLDEN_WRITE");
	int r;

	kt_strbuf_addf(&path, "%s/tests/golden/%s", KTSTR_SOURCE_ROOT, name);
	assert_false(kt_strbuf_failed(&path));
	if (write && strcmp(write, "1") == 0) {
		assert_int_equal(kt_write_file_atomic(path.data, text,
						      strlen(text), 0644),
				 0);
		return;
	}
	r = kt_read_file(path.data, GOLDEN_MAX_BYTES, &golden, NULL);
	if (r == 0 && strcmp(golden, text) == 0)
		return;

	/* Keep what came out beside the test's own working directory. */
	for (const char *c = name; *c; c++)
		kt_strbuf_add_char(&actual, *c == '/' ? '-' : *c);
	kt_strbuf_add(&actual, ".actual");
	(void)kt_write_file_atomic(kt_strbuf_text(&actual), text, strlen(text),
				   0644);
	if (r < 0)
		fail_msg("cannot read %s: %s; what came out is in %s",
			 path.data, strerror(-r), actual.data);
	fail_msg("%s differs from line %u on; what came out is in %s",
		 path.data, golden_first_difference(golden, text), actual.data);
}
