// SPDX-License-Identifier: GPL-2.0-only
#include "runner/constraints.h"

#include "base/macro.h"

struct range {
	const char *name;
	uint32_t min;
	uint32_t max;
	uint32_t has;
};

#define RANGES 3

static void list_ranges(const struct kt_constraints *c,
			const struct kt_topology *topology, struct range *ret)
{
	ret[0] = (struct range){ "numa_nodes", c->min_numa_nodes,
				 c->max_numa_nodes,
				 topology ? topology->n_nodes : 0 };
	ret[1] = (struct range){ "llcs", c->min_llcs, c->max_llcs,
				 topology ? topology->n_llcs : 0 };
	ret[2] = (struct range){ "cpus", c->min_cpus, c->max_cpus,
				 topology ? topology->n_cpus : 0 };
}

int kt_constraints_check(const struct kt_constraints *constraints,
			 struct ktstr_error *err)
{
	struct range ranges[RANGES];

	list_ranges(constraints, NULL, ranges);
	for (size_t i = 0; i < RANGES; i++) {
		const struct range *range = &ranges[i];

		if (range->min > range->max)
			return kt_err(err, -EINVAL,
				      "min_%s is %u and max_%s is %u, so no "
				      "machine is right for it",
				      range->name, range->min, range->name,
				      range->max);
	}
	return 0;
}

bool kt_constraints_allow(const struct kt_constraints *constraints,
			  const struct kt_topology *topology,
			  struct kt_strbuf *why)
{
	_cleanup_strbuf_ struct kt_strbuf unheard = {};
	struct range ranges[RANGES];

	why = why ?: &unheard;
	list_ranges(constraints, topology, ranges);
	for (size_t i = 0; i < RANGES; i++) {
		const struct range *range = &ranges[i];

		if (range->has < range->min) {
			kt_strbuf_addf(why, "%u %s, but min_%s is %u", range->has,
				       range->name, range->name, range->min);
			return false;
		}
		if (range->has > range->max) {
			kt_strbuf_addf(why, "%u %s, but max_%s is %u", range->has,
				       range->name, range->name, range->max);
			return false;
		}
	}
	if (constraints->requires_smt && topology->max_threads_per_core < 2) {
		kt_strbuf_add(why,
			      "one thread a core, but requires_smt is set");
		return false;
	}
	return true;
}
