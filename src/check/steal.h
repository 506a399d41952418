/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* How much of a worker's time its host took; the rule is in ktstr/check.h. */

#include <ktstr/check.h>

/* Bounds of a stolen time in nanoseconds. */
struct kt_stolen {
	uint64_t lo;
	uint64_t hi;
};

/* Of one CPU in the window [from, to] of CLOCK_MONOTONIC. */
struct kt_stolen kt_steal_of_cpu(const struct ktstr_steal *steal, size_t cpu,
				 uint64_t from_ns, uint64_t to_ns);

/* Of a worker, wherever it was; `steal` may be NULL. */
struct kt_stolen kt_steal_of_worker(const struct ktstr_steal *steal,
				    const struct ktstr_worker_report *worker,
				    uint64_t from_ns, uint64_t to_ns);
