/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What many runs of one test say together. Pure. */

#include <stdint.h>

#include "base/strbuf.h"

struct kt_tally {
	uint32_t passed;
	uint32_t failed;
	uint32_t skipped;
	uint32_t inconclusive;
	uint32_t broken; /* no verdict: the harness failed */
};

/*
 * The Wilson score interval of 95 % for a share of `passed` in `n` > 0: E. B.
 * Wilson, Probable Inference, JASA 22 (1927). Both ends are within 0 and 1.
 */
void kt_wilson(uint32_t passed, uint32_t n, double *ret_low, double *ret_high);

/*
 * "9 of 10 passed (90.0 %, 95 % interval 59.6 to 98.2 %), 2 skipped". Runs
 * without a verdict on the test count for nothing.
 */
void kt_tally_print_rate(struct kt_strbuf *sb, const struct kt_tally *tally);
