/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A group of workers, from fork to report. The caller's thread forks them and
 * must outlive them: they are killed when it ends.
 */

#include <stddef.h>
#include <sys/types.h>

#include <ktstr/work.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "workload/gate.h"
#include "workload/worker.h"

struct kt_workers; /* opaque */

/*
 * Checks the declaration, which is borrowed until the group is freed, and forks
 * its workers, which wait at the gate in their place when this returns. On
 * failure none is left. -EOPNOTSUPP: this machine lacks what the kind is about,
 * such as SMT or a second node, and a test may be skipped for it; -ECHILD: a
 * worker could not be set up for any other reason.
 */
int kt_workers_start(const struct ktstr_workers *spec, struct kt_gate *gate,
		     struct kt_workers **ret, struct ktstr_error *err);

/* Borrowed; in the order of the workers' indices. */
const pid_t *kt_workers_pids(const struct kt_workers *group, size_t *ret_n);

/* -ECHILD with the worker named if one is dead, which stays to be reaped. */
int kt_workers_check(const struct kt_workers *group, struct ktstr_error *err);

/*
 * kt_workers_check() of each group, and then opens the gate; it stays shut on
 * failure.
 */
int kt_workers_release(struct kt_gate *gate, struct kt_workers *const *groups,
		       size_t n_groups, struct ktstr_error *err);

/* Tells them to end, and waits for none: kt_workers_stop() does. */
void kt_workers_tell(struct kt_workers *group);

/*
 * Tells them to end, kills those that have not after `timeout_ms` (all, if the
 * gate was not opened), and reaps them. `ret` has as many entries as there are
 * workers and lives as long as the group. Again gives the same.
 */
void kt_workers_stop(struct kt_workers *group, uint32_t timeout_ms,
		     const struct ktstr_worker_report **ret, size_t *ret_n);

/* When its gate opened; 0: it has not. */
uint64_t kt_workers_started_ns(const struct kt_workers *group);

/* Work units of worker `index` so far, while it works. */
uint64_t kt_workers_units(const struct kt_workers *group, uint32_t index);

/* What set `index` shares, for the kind's own tests. */
const struct kt_set *kt_workers_set(const struct kt_workers *group,
				    uint32_t index);

/* Kills and reaps what still runs. */
void kt_workers_free(struct kt_workers *group);
KT_DEFINE_CLEANUP(struct kt_workers *, kt_workers_free)
#define _cleanup_workers_ _cleanup_(kt_workers_free_cleanup)
