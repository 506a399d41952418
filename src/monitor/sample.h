/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* One look at all runqueues of a guest, while it runs. */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/monitor.h>

#include "base/error.h"
#include "monitor/kernel.h"

/* A local DSQ that is longer than this is memory that is none yet, or torn. */
#define KT_SAMPLE_DSQ_DEPTH_MAX 10000

struct kt_sampler {
	struct kt_guest_kernel *kernel; /* borrowed */
	/* Of struct scx_event_stats, whose members are the counters. */
	char *counter_names[KTSTR_COUNTERS_MAX]; /* "SCX_EV_..." */
	uint32_t counter_offsets[KTSTR_COUNTERS_MAX];
	size_t n_counters;
	uint32_t counters_bytes;
};

/*
 * Fails where this kernel lacks what every sample must have, naming it;
 * -ENOENT.
 */
int kt_sampler_init(struct kt_sampler *sampler, struct kt_guest_kernel *kernel,
		    struct ktstr_error *err);
void kt_sampler_deinit(struct kt_sampler *sampler);

/*
 * Fills in `ret`, whose `cpus` has room for all of the kernel's, but for times
 * and what is of the host. -EFAULT when a runqueue cannot be read, -ERANGE when
 * what is read cannot be: then there is no sample.
 */
int kt_sampler_take(struct kt_sampler *sampler, struct ktstr_monitor_sample *ret);
