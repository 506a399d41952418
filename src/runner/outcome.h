/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What came of one run of a test: a verdict on the scheduler, or that the
 * harness broke and there is none. Pure: made from what the machine left.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/test.h>
#include <ktstr/vm.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runner/list.h"
#include "runner/repeat.h"

struct kt_metric {
	char *name;
	double value;
	char *unit;
};

/* Texts are UTF-8 of any content; whoever prints them makes them harmless. */
struct kt_outcome {
	bool broken; /* then there is no verdict */
	enum ktstr_verdict verdict;
	char *reason; /* what the runner has to say of it; NULL: nothing */
	char **notes; /* the test's own */
	size_t n_notes;
	struct kt_metric *metrics;
	size_t n_metrics;
	bool has_duration; /* the test said how long it took */
	uint64_t duration_ns;
	uint64_t left_processes; /* that outlived the test, and were ended */
};

void kt_outcome_deinit(struct kt_outcome *outcome);
#define _cleanup_outcome_ _cleanup_(kt_outcome_deinit)

/* "pass", "fail", "skip", "inconclusive" or "broken". */
const char *kt_outcome_name(const struct kt_outcome *outcome);

/* How a run is judged, beside what the machine says. */
struct kt_judging {
	const struct kt_test *test;
	uint32_t timeout_ms; /* of the machine */
	bool no_skip;        /* KTSTR_NO_SKIP_MODE: a skip is a fail */
};

/*
 * Judges a machine that has run. A test that says of itself that it passed, in
 * a well-formed result that its exit code bears out, has passed, and nothing
 * else has; expect_err turns the test's own fail and pass around, but no crash,
 * end of time, garbage on the wire or lack of a result, which nobody means to
 * see. What went wrong before the guest was up is no verdict. `ret` is whole
 * even on -ENOMEM.
 */
int kt_outcome_judge(const struct kt_judging *judging,
		     const struct ktstr_vm_result *result,
		     struct kt_outcome *ret);

/* Of a test that is not meant for the machine that it was to have: a skip. */
int kt_outcome_of_skip(const struct kt_judging *judging, const char *why,
		       struct kt_outcome *ret);

/* Of a machine that did not run: contention is a skip, all else is broken. */
int kt_outcome_of_error(const struct kt_judging *judging,
			const struct ktstr_error *why, struct kt_outcome *ret);

void kt_tally_add(struct kt_tally *tally, const struct kt_outcome *outcome);

/*
 * The exit status for all: 1 when a test failed, else 125 when the harness
 * broke, else 2 when one was inconclusive, else 77 when all were skipped.
 */
int kt_tally_exit_status(const struct kt_tally *tally);
