/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Where and how a worker runs: its CPUs, its policy, its memory's nodes. */

#include <ktstr/work.h>

#include "base/bitmap.h"
#include "base/error.h"

/* Refuses what can be refused without trying it. */
int kt_place_check(const struct ktstr_workers *spec, struct ktstr_error *err);

/*
 * The CPUs of worker `index`, out of `allowed` where the affinity names none
 * itself; for every kind but INHERIT. Pure: the same input gives the same set.
 */
int kt_place_cpus(const struct ktstr_affinity *affinity,
		  const struct kt_bitmap *allowed, uint32_t index,
		  struct kt_bitmap *ret, struct ktstr_error *err);

/* Puts the calling process, worker `index`, where the group wants it. */
int kt_place_worker(const struct ktstr_workers *spec, uint32_t index,
		    struct ktstr_error *err);
