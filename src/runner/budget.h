/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Which runs of a gauntlet are worth a limited time.
 *
 * A run covers pairs: its test with its preset, its kernel, its profile, with
 * SMT or without, and with its number of NUMA nodes; its preset with its kernel
 * and its profile; and its kernel with its profile. Chosen is, again and again,
 * what covers most new pairs by its estimated time, of what still fits; of
 * equals the shorter one, then the one that is listed first. Pure.
 */

#include "runner/matrix.h"

struct kt_budget_result {
	uint64_t estimate_ms; /* of what was chosen, one after the other */
	size_t pairs;         /* that there are */
	size_t covered;
	size_t of; /* runs that there were */
};

/*
 * Keeps what is chosen, in its old order, with `pick` and `new_pairs` filled
 * in. -EINVAL when not even the shortest run fits, -ENOMEM.
 */
int kt_budget_choose(struct kt_matrix *matrix, uint64_t budget_ms,
		     struct kt_budget_result *ret, struct ktstr_error *err);
