/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The BPF programs that a guest had during a run, as each was seen last. */

#include <stddef.h>

#include <ktstr/monitor.h>

#include "monitor/kernel.h"

/* Of more, those that came last are not kept. */
#define KT_PROGRAMS_MAX 1024

struct kt_program_store {
	struct ktstr_bpf_program *programs; /* in order of their ids */
	size_t n;
};

/*
 * Looks at all of them. Where the table is torn, or there is no memory, those
 * behind stay as they were: -errno.
 */
int kt_program_store_take(struct kt_program_store *store,
			  struct kt_guest_kernel *kernel);
void kt_program_store_deinit(struct kt_program_store *store);
