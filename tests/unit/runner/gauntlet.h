/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Tests to make matrices of. */

#include <string.h>

#include "base/strbuf.h"
#include "runner/matrix.h"

/* Any machine of at most so many CPUs. */
static inline struct kt_test gauntlet_test(const char *name, uint32_t max_cpus,
					   uint32_t duration_s)
{
	struct kt_test test = {
		.name = (char *)name,
		.topology = { 1, 1, 2, 1, NULL, NULL },
		.constraints = KT_CONSTRAINTS_NONE,
		.duration_s = duration_s,
	};

	test.constraints.max_cpus = max_cpus;
	return test;
}

/* "TEST PRESET KERNEL PROFILE", as far as there are such. */
static inline void gauntlet_name(struct kt_strbuf *sb,
				 const struct kt_test *const *tests,
				 const struct kt_cell *cell)
{
	kt_strbuf_addf(sb, "%s %s %zu %s", tests[cell->test]->name,
		       cell->preset ? cell->preset->name : "-", cell->kernel,
		       cell->profile ? cell->profile->name : "-");
}

static inline bool gauntlet_same(const struct kt_cell *one,
				 const struct kt_cell *other)
{
	return one->test == other->test && one->preset == other->preset &&
	       one->kernel == other->kernel && one->profile == other->profile;
}
