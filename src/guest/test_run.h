/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One test, from its start to its result. The test's own code runs in a process
 * of its own, so that its crash, its hang and its exit() are results too:
 *
 *	init -- runner (this) -- the test's process -- its workers
 *	                 ^--- notes, metrics, the verdict: records on a pipe
 */

#include <stdint.h>

#include <ktstr/test.h>

#include "base/error.h"
#include "guest/test_companion.h"

/* What of the notes is kept; a frame must hold the whole result. */
#define KT_TEST_NOTES_MAX_BYTES (128u * 1024)

/*
 * Runs the test and gives its result, as KT_GUEST_RESULT has it; caller frees.
 * A test that is still running after `timeout_ms` is killed and has failed. 0,
 * with the verdict, or -errno when there is no result. `companion` may be NULL.
 */
int kt_test_run_text(const struct ktstr_test *test, unsigned int timeout_ms,
		     struct kt_test_companion *companion, char **ret_result,
		     enum ktstr_verdict *ret, struct ktstr_error *err);

/* The same, with the result in a file. */
int kt_test_run(const struct ktstr_test *test, unsigned int timeout_ms,
		struct kt_test_companion *companion, const char *result_path,
		enum ktstr_verdict *ret, struct ktstr_error *err);
