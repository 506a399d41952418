/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the benchmarks share: samples, medians, and figures as JSON lines. */

#include <stddef.h>

#define BENCH_MAX_SAMPLES 128

struct bench_samples {
	double value[BENCH_MAX_SAMPLES];
	size_t n;
};

/* Silently full at BENCH_MAX_SAMPLES. */
void bench_add(struct bench_samples *samples, double value);

/* 0 when there are none. */
double bench_median(const struct bench_samples *samples);

/* A figure with another side: medians, and the median of the pairs' ratios. */
void bench_print_ratio(const char *name, const struct bench_samples *ours,
		       const struct bench_samples *theirs, const char *unit);

/* A figure of its own. */
void bench_print_value(const char *name, double value, const char *unit);

/* Says what went wrong on stderr and ends the program. */
_Noreturn void bench_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
