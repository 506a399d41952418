// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

void bench_add(struct bench_samples *samples, double value)
{
	if (samples->n < BENCH_MAX_SAMPLES)
		samples->value[samples->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(const struct bench_samples *samples)
{
	double sorted[BENCH_MAX_SAMPLES];
	size_t n = samples->n;

	if (!n)
		return 0;
	memcpy(sorted, samples->value, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void bench_print_ratio(const char *name, const struct bench_samples *ours,
		       const struct bench_samples *theirs, const char *unit)
{
	struct bench_samples ratios = { .n = 0 };

	for (size_t i = 0; i < ours->n && i < theirs->n; i++)
		bench_add(&ratios, ours->value[i] / theirs->value[i]);
	printf("{\"name\": \"%s\", \"ours\": %.4g, \"theirs\": %.4g, "
	       "\"unit\": \"%s\", \"ratio\": %.3f}\n",
	       name, bench_median(ours), bench_median(theirs), unit,
	       bench_median(&ratios));
	fflush(stdout);
}

void bench_print_value(const char *name, double value, const char *unit)
{
	printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\"}\n", name,
	       value, unit);
	fflush(stdout);
}

void bench_fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "bench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}
