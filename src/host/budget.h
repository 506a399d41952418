/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * No-perf mode: a share of the host's CPUs, as a number, and which CPUs these
 * are. LLCs are shared with others of this mode, and kept from those who want
 * one alone. Pure: a plan locks nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "host/host_topology.h"

/* Who holds an LLC at the moment of planning. */
struct kt_llc_use {
	uint32_t n_shared; /* holders who share it */
	bool exclusive;    /* somebody has it alone */
};

struct kt_budget_plan {
	struct kt_host_cpu *cpus; /* in the host's order */
	size_t n_cpus;
	uint32_t *llcs; /* to be locked, ascending */
	size_t n_llcs;
	uint32_t *nodes; /* of these CPUs, indices, ascending */
	size_t n_nodes;
};

void kt_budget_plan_deinit(struct kt_budget_plan *plan);
#define _cleanup_budget_plan_ _cleanup_(kt_budget_plan_deinit)

/* Three of ten of the allowed CPUs, rounded up, and one at least. */
uint32_t kt_budget_default(const struct kt_host_topology *host);

#define KT_BUDGET_NO_CAP UINT32_MAX

/*
 * The cap that holds: `cap` itself, else what the text of KTSTR_CPU_CAP says
 * (NULL, "": nothing), else KT_BUDGET_NO_CAP. -EINVAL for 0, or no number.
 */
int kt_budget_cap(uint32_t cap, const char *environment, uint32_t *ret,
		  struct ktstr_error *err);

/*
 * Plans for `cap` CPUs, or for the default without one. LLCs come one after the
 * other until they are enough: those with holders first, the more the better,
 * and of the first one's node before others, which follow by distance. LLCs
 * without a CPU that this process may use are left out, and so are those that
 * somebody has alone. `use` is by LLC, or NULL: nobody holds any. -EBUSY,
 * contention, where there are too few; -ENOMEM.
 */
int kt_budget_plan(const struct kt_host_topology *host, uint32_t cap,
		   const struct kt_llc_use *use, struct kt_budget_plan *ret,
		   struct ktstr_error *err);
