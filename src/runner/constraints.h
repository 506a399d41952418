/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Which machines make sense for a test, as it declares it. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "topology/topology.h"

/* Both ends are allowed. */
struct kt_constraints {
	uint32_t min_numa_nodes; /* those without CPUs count too */
	uint32_t max_numa_nodes;
	uint32_t min_llcs; /* of the machine */
	uint32_t max_llcs;
	uint32_t min_cpus;
	uint32_t max_cpus;
	bool requires_smt; /* a core of two threads at least */
};

/* What allows every machine. */
#define KT_CONSTRAINTS_NONE                                                    \
	((struct kt_constraints){                                              \
		.max_numa_nodes = UINT32_MAX,                                  \
		.max_llcs = UINT32_MAX,                                        \
		.max_cpus = UINT32_MAX,                                        \
	})

/* -EINVAL when no machine at all is allowed, which nobody means. */
int kt_constraints_check(const struct kt_constraints *constraints,
			 struct ktstr_error *err);

/*
 * Whether the machine is allowed; else `why`, which may be NULL, gets the first
 * constraint that it does not meet: "5 cpus, but max_cpus is 4".
 */
bool kt_constraints_allow(const struct kt_constraints *constraints,
			  const struct kt_topology *topology,
			  struct kt_strbuf *why);
