// SPDX-License-Identifier: GPL-2.0-only
#include "host/reservation.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "host/hint.h"
#include "host/lock_holder.h"

/*
 * Somebody who takes locks and fails at one drops the others again, and may
 * have been in our way just then: everything is tried so often.
 */
#define RESERVATION_TRIES 3

static int reservation_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a reservation");
}

static int take_llcs(const uint32_t *llcs, size_t n, bool exclusive,
		     struct kt_locks *ret, struct ktstr_error *err)
{
	_cleanup_free_ struct kt_lock *wanted = calloc(n, sizeof(*wanted));

	if (!wanted)
		return reservation_no_memory(err);
	for (size_t i = 0; i < n; i++)
		wanted[i] = (struct kt_lock){ KT_LOCK_LLC, llcs[i], exclusive };
	return kt_locks_take(wanted, n, ret, err);
}

int kt_reserve_pinning_again(const struct kt_pinning *plan,
			     struct kt_locks *ret_locks, struct ktstr_error *err)
{
	struct ktstr_error why = { 0 };
	int r = take_llcs(plan->llcs, plan->n_llcs, true, ret_locks, &why);

	if (r == -EBUSY)
		return kt_err(err, r, "performance_mode: %s" KT_HINT_NO_PERF,
			      why.message);
	return r < 0 ? kt_err_kind(err, why.kind, r, "%s", why.message) : 0;
}

static int try_slot(const struct kt_host_topology *host,
		    const struct kt_topology *guest, uint32_t slot,
		    struct kt_pinning *ret, struct kt_locks *ret_locks,
		    struct ktstr_error *err)
{
	_cleanup_pinning_ struct kt_pinning plan = { 0 };
	int r = kt_pinning_plan(host, guest, slot * guest->n_llcs, &plan, err);

	if (r == 0)
		r = take_llcs(plan.llcs, plan.n_llcs, true, ret_locks, err);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct kt_pinning){ 0 };
	return 0;
}

int kt_reserve_pinning(const struct kt_host_topology *host,
		       const struct kt_topology *guest, struct kt_pinning *ret,
		       struct kt_locks *ret_locks, struct ktstr_error *err)
{
	uint32_t slots = kt_pinning_slots(host, guest);
	_cleanup_pinning_ struct kt_pinning first = { 0 };
	struct ktstr_error why = { 0 };
	int r;

	/* A guest that does not fit at all is told so, and not of others. */
	r = kt_pinning_check(host, guest, err);
	if (r == 0)
		r = kt_pinning_plan(host, guest, 0, &first, err);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < RESERVATION_TRIES; i++) {
		for (uint32_t slot = 0; slot < slots; slot++) {
			r = try_slot(host, guest, slot, ret, ret_locks, &why);
			if (r == 0)
				return 0;
			if (r != -EBUSY)
				return kt_err_kind(err, why.kind, r, "%s",
						   why.message);
		}
	}
	return kt_err(err, r,
		      "performance_mode: all %u slots of %u LLC%s are busy: "
		      "%s" KT_HINT_NO_PERF,
		      slots, guest->n_llcs, guest->n_llcs == 1 ? "" : "s",
		      why.message);
}

/* By LLC. Locks that cannot be listed are found when they are asked for. */
static void count_holders(const struct kt_host_topology *host,
			  struct kt_llc_use *use)
{
	_cleanup_lock_holders_ struct kt_lock_holders holders = { 0 };

	if (kt_lock_holders_read(&holders, NULL) < 0)
		return;
	for (size_t i = 0; i < holders.n; i++) {
		const struct kt_lock *lock = &holders.holders[i].lock;

		if (lock->kind != KT_LOCK_LLC || lock->number >= host->n_llcs)
			continue;
		if (lock->exclusive)
			use[lock->number].exclusive = true;
		else
			use[lock->number].n_shared++;
	}
}

int kt_reserve_budget_again(const struct kt_budget_plan *plan,
			    struct kt_locks *ret_locks, struct ktstr_error *err)
{
	return take_llcs(plan->llcs, plan->n_llcs, false, ret_locks, err);
}

static int try_budget(const struct kt_host_topology *host, uint32_t cap,
		      struct kt_budget_plan *ret, struct kt_locks *ret_locks,
		      struct ktstr_error *err)
{
	_cleanup_free_ struct kt_llc_use *use =
		calloc(host->n_llcs, sizeof(*use));
	_cleanup_budget_plan_ struct kt_budget_plan plan = { 0 };
	int r;

	if (!use)
		return reservation_no_memory(err);
	count_holders(host, use);
	r = kt_budget_plan(host, cap, use, &plan, err);
	if (r == 0)
		r = kt_reserve_budget_again(&plan, ret_locks, err);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct kt_budget_plan){ 0 };
	return 0;
}

int kt_reserve_budget(const struct kt_host_topology *host, uint32_t cap,
		      struct kt_budget_plan *ret, struct kt_locks *ret_locks,
		      struct ktstr_error *err)
{
	struct ktstr_error why = { 0 };
	int r = -EBUSY;

	for (unsigned int i = 0; r == -EBUSY && i < RESERVATION_TRIES; i++)
		r = try_budget(host, cap, ret, ret_locks, &why);
	return r < 0 ? kt_err_kind(err, why.kind, r, "%s", why.message) : 0;
}

void kt_share_deinit(struct kt_share *share)
{
	free(share->cpus);
	*share = (struct kt_share){ 0 };
}

/* The CPUs, alone if they are to be, and their LLCs, which lie together. */
static int take_cpus(const struct kt_host_cpu *cpus, size_t n, bool exclusive,
		     struct kt_locks *ret, struct ktstr_error *err)
{
	_cleanup_free_ struct kt_lock *wanted = calloc(2 * n, sizeof(*wanted));
	size_t count = 0;

	if (!wanted)
		return reservation_no_memory(err);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || cpus[i].llc != cpus[i - 1].llc)
			wanted[count++] =
				(struct kt_lock){ KT_LOCK_LLC, cpus[i].llc };
		if (exclusive)
			wanted[count++] = (struct kt_lock){ KT_LOCK_CPU,
							    cpus[i].id, true };
	}
	return kt_locks_take(wanted, count, ret, err);
}

static int hand_out(const struct kt_host_cpu *cpus, size_t n, bool exclusive,
		    struct kt_share *ret, struct kt_locks *ret_locks,
		    struct ktstr_error *err)
{
	_cleanup_share_ struct kt_share share = {
		.cpus = calloc(n, sizeof(*share.cpus)),
		.n_cpus = n,
		.exclusive = exclusive,
	};
	int r;

	if (!share.cpus)
		return reservation_no_memory(err);
	for (size_t i = 0; i < n; i++)
		share.cpus[i] = cpus[i];
	r = take_cpus(cpus, n, exclusive, ret_locks, err);
	if (r < 0)
		return r;
	*ret = share;
	share = (struct kt_share){ 0 };
	return 0;
}

static int share_all(const struct kt_windows *windows, struct kt_share *ret,
		     struct kt_locks *ret_locks, struct ktstr_error *err)
{
	return hand_out(windows->cpus, windows->n_cpus, false, ret, ret_locks,
			err);
}

static int try_windows(const struct kt_windows *windows, struct kt_share *ret,
		       struct kt_locks *ret_locks, struct ktstr_error *err)
{
	int r = -EBUSY;

	if (windows->n_starts == 0)
		return share_all(windows, ret, ret_locks, err);
	for (size_t i = 0; r == -EBUSY && i < windows->n_starts; i++)
		r = hand_out(&windows->cpus[windows->starts[i]],
			     windows->length, true, ret, ret_locks, err);
	return r;
}

int kt_reserve_window(const struct kt_host_topology *host, uint32_t n_vcpus,
		      bool share_when_busy, struct kt_share *ret,
		      struct kt_locks *ret_locks, struct ktstr_error *err)
{
	_cleanup_windows_ struct kt_windows windows = { 0 };
	struct ktstr_error why = { 0 };
	int r = -EBUSY;

	if (kt_windows_init(&windows, host, n_vcpus) < 0)
		return reservation_no_memory(err);
	for (unsigned int i = 0; r == -EBUSY && i < RESERVATION_TRIES; i++)
		r = try_windows(&windows, ret, ret_locks, &why);
	if (r == -EBUSY && windows.n_starts > 0 && !share_when_busy)
		return kt_err(err, r,
			      "no %u CPUs side by side are free: "
			      "%s" KT_HINT_HOLDERS,
			      n_vcpus, why.message);
	if (r == -EBUSY && windows.n_starts > 0)
		r = share_all(&windows, ret, ret_locks, &why);
	if (r == -EBUSY)
		return kt_err(err, r,
			      "not all CPUs can be shared: %s" KT_HINT_HOLDERS,
			      why.message);
	return r < 0 ? kt_err_kind(err, why.kind, r, "%s", why.message) : 0;
}
