// SPDX-License-Identifier: GPL-2.0-only
#include "nest/tsc.h"

#include <time.h>

#include "base/fd.h"

#if defined(__x86_64__)

#include <x86intrin.h>

#define TSC_SPAN_NS  50000000
#define TSC_ATTEMPTS 16

struct tsc_sample {
	uint64_t tsc;
	uint64_t ns;
};

/* Both clocks at one moment: of some tries that which took the least. */
static struct tsc_sample tsc_sample(void)
{
	struct tsc_sample best = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TSC_ATTEMPTS; i++) {
		uint64_t before = __rdtsc(), ns = kt_now_ns();
		uint64_t took = __rdtsc() - before;

		if (took < least) {
			least = took;
			best = (struct tsc_sample){ before + took / 2, ns };
		}
	}
	return best;
}

uint32_t kt_nest_tsc_khz(void)
{
	const struct timespec span = { .tv_nsec = TSC_SPAN_NS };
	struct tsc_sample first = tsc_sample(), last;

	/* Longer does no harm: what passed is measured. */
	nanosleep(&span, NULL);
	last = tsc_sample();
	if (last.ns <= first.ns || last.tsc <= first.tsc)
		return 0;
	return (uint32_t)((double)(last.tsc - first.tsc) * 1e6 /
			  (double)(last.ns - first.ns));
}

#else

uint32_t kt_nest_tsc_khz(void)
{
	return 0;
}

#endif
