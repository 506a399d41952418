// SPDX-License-Identifier: GPL-2.0-only
#include "runner/repeat.h"

#include <math.h>

#include "base/macro.h"

/* The normal distribution's 97.5 % quantile. */
#define QUANTILE 1.959963984540054

void kt_wilson(uint32_t passed, uint32_t n, double *ret_low, double *ret_high)
{
	double share = (double)passed / n;
	double z2 = QUANTILE * QUANTILE;
	double middle = (share + z2 / (2.0 * n)) / (1 + z2 / n);
	double half = QUANTILE / (1 + z2 / n) *
		      sqrt(share * (1 - share) / n + z2 / (4.0 * n * n));

	/* Rounding must not say less than nothing. */
	*ret_low = passed == 0 ? 0 : KT_MAX(middle - half, 0.0);
	*ret_high = passed == n ? 1 : KT_MIN(middle + half, 1.0);
}

void kt_tally_print_rate(struct kt_strbuf *sb, const struct kt_tally *tally)
{
	uint32_t n = tally->passed + tally->failed;
	double low, high;

	kt_strbuf_addf(sb, "%u of %u passed", tally->passed, n);
	if (n) {
		kt_wilson(tally->passed, n, &low, &high);
		kt_strbuf_addf(sb, " (%.1f %%, 95 %% interval %.1f to %.1f %%)",
			       100.0 * tally->passed / n, 100 * low, 100 * high);
	}
	if (tally->inconclusive)
		kt_strbuf_addf(sb, ", %u inconclusive", tally->inconclusive);
	if (tally->skipped)
		kt_strbuf_addf(sb, ", %u skipped", tally->skipped);
	if (tally->broken)
		kt_strbuf_addf(sb, ", %u broken", tally->broken);
}
