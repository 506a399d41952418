// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the telemetry of a worker costs: work units a second of SpinWait, which
 * gives a sign of work every 4096 spins, and of the same spins counted without
 * one, in pairs. Of the kinds that are woken all the time what counts is the
 * price of a sign and of a latency sample. CPU seconds, so that a busy machine
 * does not count.
 */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "workload/workers.h"

#define ROUNDS        15
#define RUN_US        200000
#define STOP_MS       5000
#define BENCH_SPIN    4096
#define BENCH_SAMPLES 256

static void spin_without_signs(struct ktstr_worker *worker, void *argument)
{
	uint64_t units = 0;

	(void)argument;
	while (!ktstr_worker_stopping(worker)) {
		kt_spin(BENCH_SPIN);
		units += BENCH_SPIN;
	}
	ktstr_worker_mark(worker, units);
}

/* The cost of a sign itself, with nothing between two. */
static void sign_only(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	while (ktstr_worker_mark(worker, 1))
		;
}

/* The cost of a latency sample, less the little that its share of a sign is. */
static void sample_only(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	do {
		for (int i = 0; i < BENCH_SAMPLES; i++)
			kt_woken(worker, 0);
	} while (ktstr_worker_mark(worker, BENCH_SAMPLES));
}

/* Units a second of CPU time. */
static double rate(struct ktstr_work work)
{
	const struct ktstr_workers spec = { .name = "bench",
					    .workers = 1,
					    .work = work };
	const struct ktstr_worker_report *reports;
	struct kt_gate *gate = kt_gate_new();
	struct kt_workers *group = NULL;
	struct ktstr_error err = { 0 };
	double result;
	size_t n;

	if (!gate || kt_workers_start(&spec, gate, &group, &err) ||
	    kt_workers_release(gate, &group, 1, &err))
		bench_fail("%s", err.message);
	usleep(RUN_US);
	kt_workers_stop(group, STOP_MS, &reports, &n);
	if (!reports[0].finished)
		bench_fail("the worker did not end within %d ms", STOP_MS);
	result = (double)reports[0].work_units /
		 ((double)reports[0].cpu_ns / 1e9);
	kt_workers_free(group);
	kt_gate_free(gate);
	return result;
}

int main(void)
{
	struct bench_samples with = { .n = 0 }, without = with, sign = with,
			     sample = with;

	for (int i = 0; i < ROUNDS; i++) {
		bench_add(&with, rate(KTSTR_SPIN_WAIT()));
		bench_add(&without,
			  rate(KTSTR_CUSTOM(.run = spin_without_signs)));
		bench_add(&sign, 1e9 / rate(KTSTR_CUSTOM(.run = sign_only)));
		bench_add(&sample, 1e9 / rate(KTSTR_CUSTOM(.run = sample_only)));
	}
	bench_print_ratio("workers_telemetry", &with, &without, "spins/s");
	bench_print_value("workers_sign_ns", bench_median(&sign), "ns");
	bench_print_value("workers_sample_ns", bench_median(&sample), "ns");
	return 0;
}
