/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Plans made with the locks that they need: a plan that somebody else was
 * faster to lock is thrown away, and another one made. Nobody waits, and there
 * are so many tries and no more. -EBUSY, contention, tells who was in the way.
 */

#include "host/budget.h"
#include "host/lock.h"
#include "host/pinning.h"
#include "host/window.h"

/* The first slot whose LLCs can be had alone. */
int kt_reserve_pinning(const struct kt_host_topology *host,
		       const struct kt_topology *guest, struct kt_pinning *ret,
		       struct kt_locks *ret_locks, struct ktstr_error *err);

/* LLCs to share; see kt_budget_plan(). */
int kt_reserve_budget(const struct kt_host_topology *host, uint32_t cap,
		      struct kt_budget_plan *ret, struct kt_locks *ret_locks,
		      struct ktstr_error *err);

/* CPUs that are to be used: some for us alone, or all, shared with others. */
struct kt_share {
	struct kt_host_cpu *cpus;
	size_t n_cpus;
	bool exclusive;
};

void kt_share_deinit(struct kt_share *share);
#define _cleanup_share_ _cleanup_(kt_share_deinit)

/*
 * The first window that is free. With more vCPUs than there are CPUs, all of
 * them, and not for us alone; so it is too where none is free, if we are to
 * `share_when_busy`.
 */
int kt_reserve_window(const struct kt_host_topology *host, uint32_t n_vcpus,
		      bool share_when_busy, struct kt_share *ret,
		      struct kt_locks *ret_locks, struct ktstr_error *err);

/* The locks of a plan that was made before, once, and no other plan. */
int kt_reserve_pinning_again(const struct kt_pinning *plan,
			     struct kt_locks *ret_locks, struct ktstr_error *err);
int kt_reserve_budget_again(const struct kt_budget_plan *plan,
			    struct kt_locks *ret_locks, struct ktstr_error *err);
