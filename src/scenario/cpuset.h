/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The CPUs that a declaration means on a machine. Pure. */

#include <ktstr/scenario.h>

#include "base/error.h"
#include "scenario/machine.h"

/*
 * Into `ret`, which should be empty and stays so for KTSTR_CPUSET_NONE; else it
 * has at least one CPU. -EINVAL for a declaration that makes no sense anywhere,
 * -ERANGE for one that this machine is too small for.
 */
int kt_cpuset_resolve(const struct ktstr_cpuset *spec,
		      const struct kt_machine *machine, struct kt_bitmap *ret,
		      struct ktstr_error *err);

/* The nodes of these CPUs, as a set of node numbers. */
int kt_cpuset_nodes(const struct kt_bitmap *cpus,
		    const struct kt_machine *machine, struct kt_bitmap *ret,
		    struct ktstr_error *err);
