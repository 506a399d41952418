/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The machine that a scenario runs on, as its own sysfs tells it. */

#include <stddef.h>

#include "base/bitmap.h"
#include "base/error.h"

/* `root` is where sysfs is mounted. */
#define KT_SYSFS "/sys"

struct kt_machine {
	struct kt_bitmap online;
	/* Last-level caches by their first CPU; one for all where the kernel
	 * tells of none. A CPU that goes offline stays in its cache's set. */
	struct kt_bitmap *llcs;
	size_t n_llcs;
	/* By the kernel's number of the node; one without CPUs is empty. */
	struct kt_bitmap *nodes;
	size_t n_nodes;
};

int kt_machine_read(const char *root, struct kt_machine *ret,
		    struct ktstr_error *err);
void kt_machine_deinit(struct kt_machine *machine);
#define _cleanup_machine_ _cleanup_(kt_machine_deinit)

/* All that are online but the last, if more than two. `ret` should be empty. */
int kt_machine_usable(const struct kt_machine *machine, struct kt_bitmap *ret,
		      struct ktstr_error *err);
