/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Samples of a run of any length in a bound of memory: when there is no more
 * room every other one goes, and from then on only every other one is taken.
 */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/monitor.h>

struct kt_sample_store {
	struct ktstr_monitor_sample *samples;
	size_t n;
	size_t max;
	uint32_t n_cpus;
	uint64_t n_seen;
	uint64_t stride; /* of those seen, each so manieth is kept */
};

/* Of about so many bytes in all, but for two samples at least. */
void kt_sample_store_init(struct kt_sample_store *store, uint32_t n_cpus,
			  size_t max_bytes);
void kt_sample_store_deinit(struct kt_sample_store *store);

/* Copies it. -ENOMEM: it is not kept. */
int kt_sample_store_add(struct kt_sample_store *store,
			const struct ktstr_monitor_sample *sample);
