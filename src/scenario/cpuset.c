// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/cpuset.h"

#include <math.h>

#include "base/cpulist.h"

static int cpuset_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "a cpuset");
}

/* The usable CPUs from the `first`-th up to the one before the `end`-th. */
static int cpuset_slice(const struct kt_bitmap *usable, size_t first, size_t end,
			struct kt_bitmap *ret, struct ktstr_error *err)
{
	size_t i = 0;

	kt_bitmap_for_each (cpu, usable) {
		if (i >= first && i < end && kt_bitmap_set(ret, cpu) < 0)
			return cpuset_no_memory(err);
		i++;
	}
	return 0;
}

static int cpuset_common(const struct kt_bitmap *a, const struct kt_bitmap *b,
			 struct kt_bitmap *ret, struct ktstr_error *err)
{
	kt_bitmap_for_each (cpu, a) {
		if (kt_bitmap_test(b, cpu) && kt_bitmap_set(ret, cpu) < 0)
			return cpuset_no_memory(err);
	}
	return 0;
}

static int cpuset_of_place(const char *what, const struct kt_bitmap *places,
			   size_t n_places, uint32_t index,
			   const struct kt_bitmap *usable,
			   struct kt_bitmap *ret, struct ktstr_error *err)
{
	int r;

	if (index >= n_places)
		return kt_err(err, -ERANGE,
			      "%s %u of a machine that has %zu, counted from "
			      "0; declare a larger machine or another %s",
			      what, index, n_places, what);
	r = cpuset_common(&places[index], usable, ret, err);
	if (r == 0 && !kt_bitmap_count(ret))
		return kt_err(err, -ERANGE,
			      "%s %u has no usable CPU (the last CPU of the "
			      "machine is left free)",
			      what, index);
	return r;
}

static int cpuset_range(const struct ktstr_cpuset *spec,
			const struct kt_bitmap *usable, struct kt_bitmap *ret,
			struct ktstr_error *err)
{
	size_t n = kt_bitmap_count(usable), first, end;

	/* So that no number, too, is refused. */
	if (!(spec->from >= 0 && spec->from < spec->to && spec->to <= 1))
		return kt_err(err, -EINVAL,
			      "a range from %g to %g of the CPUs; it must be "
			      "0 <= from < to <= 1",
			      spec->from, spec->to);
	first = (size_t)lround(spec->from * (double)n);
	end = (size_t)lround(spec->to * (double)n);
	if (first == end)
		return kt_err(err, -ERANGE,
			      "a range from %g to %g holds none of %zu usable "
			      "CPUs; declare a larger machine or a wider range",
			      spec->from, spec->to, n);
	return cpuset_slice(usable, first, end, ret, err);
}

/* Disjoint parts are those that overlap by nothing. */
static int cpuset_part(const struct ktstr_cpuset *spec, double overlap,
		       const struct kt_bitmap *usable, struct kt_bitmap *ret,
		       struct ktstr_error *err)
{
	size_t n = kt_bitmap_count(usable), of = spec->of, i = spec->index;
	size_t first, end, next;

	if (i >= of)
		return kt_err(err, -EINVAL,
			      "part %zu of %zu parts; parts are counted from 0",
			      i, of);
	if (!(overlap >= 0 && overlap <= 1))
		return kt_err(err, -EINVAL,
			      "an overlap of %g; it is a share of the next "
			      "part, 0 to 1",
			      overlap);
	if (n < of)
		return kt_err(err, -ERANGE,
			      "%zu usable CPUs cannot be divided into %zu "
			      "parts; declare a larger machine or fewer parts",
			      n, of);
	first = n * i / of;
	end = n * (i + 1) / of;
	next = i + 1 < of ? n * (i + 2) / of : end;
	end += (size_t)ceil(overlap * (double)(next - end));
	return cpuset_slice(usable, first, end, ret, err);
}

static int cpuset_exact(const struct ktstr_cpuset *spec,
			const struct kt_bitmap *online, struct kt_bitmap *ret,
			struct ktstr_error *err)
{
	int r;

	if (!spec->cpus)
		return kt_err(err, -EINVAL,
			      "an exact cpuset without a list of CPUs");
	r = kt_cpulist_parse(spec->cpus, ret, err);
	if (r < 0)
		return r;
	if (!kt_bitmap_count(ret))
		return kt_err(err, -EINVAL, "an empty list of CPUs");
	kt_bitmap_for_each (cpu, ret) {
		if (!kt_bitmap_test(online, cpu))
			return kt_err(err, -ERANGE,
				      "CPU %zu of \"%s\" is not online", cpu,
				      spec->cpus);
	}
	return 0;
}

int kt_cpuset_resolve(const struct ktstr_cpuset *spec,
		      const struct kt_machine *machine, struct kt_bitmap *ret,
		      struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap usable = { 0 };
	int r = kt_machine_usable(machine, &usable, err);

	if (r < 0)
		return r;
	switch (spec->kind) {
	case KTSTR_CPUSET_NONE:
		return 0;
	case KTSTR_CPUSET_LLC:
		r = cpuset_of_place("LLC", machine->llcs, machine->n_llcs,
				    spec->index, &usable, ret, err);
		break;
	case KTSTR_CPUSET_NODE:
		r = cpuset_of_place("node", machine->nodes, machine->n_nodes,
				    spec->index, &usable, ret, err);
		break;
	case KTSTR_CPUSET_RANGE:
		r = cpuset_range(spec, &usable, ret, err);
		break;
	case KTSTR_CPUSET_DISJOINT:
		r = cpuset_part(spec, 0, &usable, ret, err);
		break;
	case KTSTR_CPUSET_OVERLAP:
		r = cpuset_part(spec, spec->overlap, &usable, ret, err);
		break;
	case KTSTR_CPUSET_EXACT:
		r = cpuset_exact(spec, &machine->online, ret, err);
		break;
	default:
		r = kt_err(err, -EINVAL,
			   "kind %d is none of ktstr/scenario.h; use a "
			   "KTSTR_CPUS_ macro",
			   (int)spec->kind);
	}
	return r < 0 ? kt_err_context(err, r, "cpuset") : 0;
}

int kt_cpuset_nodes(const struct kt_bitmap *cpus,
		    const struct kt_machine *machine, struct kt_bitmap *ret,
		    struct ktstr_error *err)
{
	for (size_t node = 0; node < machine->n_nodes; node++) {
		_cleanup_bitmap_ struct kt_bitmap common = { 0 };
		int r = cpuset_common(cpus, &machine->nodes[node], &common, err);

		if (r < 0)
			return r;
		if (kt_bitmap_count(&common) && kt_bitmap_set(ret, node) < 0)
			return cpuset_no_memory(err);
	}
	return 0;
}
