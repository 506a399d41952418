/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The start gate: workers of any number of groups wait at it until it opens
 * for all of them at once.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

/* In memory shared with the workers. */
struct kt_gate {
	_Atomic uint32_t open;
	uint64_t opened_ns; /* valid once it is open */
};

/* NULL when out of memory. Outlives the groups that were started with it. */
struct kt_gate *kt_gate_new(void);
void kt_gate_free(struct kt_gate *gate);
KT_DEFINE_CLEANUP(struct kt_gate *, kt_gate_free)
#define _cleanup_gate_ _cleanup_(kt_gate_free_cleanup)

bool kt_gate_is_open(const struct kt_gate *gate);

/* In a worker. */
void kt_gate_wait(struct kt_gate *gate);

/* Opens it; again is harmless. */
void kt_gate_open(struct kt_gate *gate);
