/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A test on the machine that this is, in control groups of its own:
 *
 *	supervisor (this) -- runner -- the test's process -- its workers
 *
 * The supervisor makes the groups, sits outside of them, and removes them with
 * all that is in them when the test is over, when a signal says so, or when the
 * process that started it is gone:
 *
 *	HOME/ktstr.../tests      what the scenario makes
 *	HOME/ktstr.../outside    runner, test, and workers that are in no group
 *
 * Should it be killed itself, all of them die with it, and the empty groups
 * remain until the next one starts.
 */

#include <ktstr/test.h>

#include "base/error.h"

struct kt_here {
	const struct ktstr_test *test;
	const char *home; /* a control group; NULL: one is looked for */
	int result_fd;    /* gets the result, as KT_GUEST_RESULT has it */
};

/*
 * Runs it. 0, with the exit status: the verdict's, or 128 and the signal that
 * ended it all. -errno when the test could not be run.
 */
int kt_here_run(const struct kt_here *here, int *ret_status,
		struct ktstr_error *err);
