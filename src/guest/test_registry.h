/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The tests that are linked into this binary: section "ktstr_tests". */

#include <stddef.h>

#include <ktstr/test.h>

#include "base/error.h"
#include "base/strbuf.h"

/* An array of `ret_n` pointers, in the order of the linker. */
const struct ktstr_test *const *kt_tests(size_t *ret_n);

/* The test of that name, or NULL. */
const struct ktstr_test *kt_test_find(const char *name);

/* The declaration with what it leaves to its scheduler, or to the defaults. */
struct ktstr_test kt_test_resolve(const struct ktstr_test *test);

/* Appends the list of tests as wire/guest_files.h lays it down. */
int kt_tests_list(const struct ktstr_test *const *tests, size_t n,
		  struct kt_strbuf *ret);
