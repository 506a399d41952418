/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What goes along with a test and has a say in its verdict: the scheduler. It
 * lives in the runner's process, beside the test's own.
 */

#include <stdbool.h>

#include <ktstr/verdict.h>

#include "base/error.h"

struct json_t; /* of jansson */

struct kt_test_companion {
	void *userdata;
	int watch_fd; /* while it is readable, attend() is called; -1: never */

	/* Before the test, which is run after a KTSTR_PASS; any other verdict
	 * is the test's. -errno when there can be none. */
	int (*begin)(struct kt_test_companion *companion,
		     enum ktstr_verdict *ret, struct ktstr_error *err);
	/* During the test; false ends it, and it has failed. */
	bool (*attend)(struct kt_test_companion *companion);
	/* At the end, whatever came before: KTSTR_FAIL makes it a fail. */
	enum ktstr_verdict (*end)(struct kt_test_companion *companion);

	/* What of it goes into the result, behind the test's own. */
	struct json_t *notes;
	struct json_t *metrics;
};

/* An empty one: what it does is still to be set. */
int kt_test_companion_init(struct kt_test_companion *companion,
			   struct ktstr_error *err);
void kt_test_companion_deinit(struct kt_test_companion *companion);

void kt_test_companion_note(struct kt_test_companion *companion,
			    const char *text);
void kt_test_companion_metric(struct kt_test_companion *companion,
			      const char *name, double value, const char *unit);
