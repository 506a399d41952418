/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* CPUs that a scenario takes offline, and gives back. */

#include <stdbool.h>

#include "base/bitmap.h"
#include "base/error.h"

/*
 * Sets one CPU on- or offline and says in `online` what is. -EINVAL where the
 * machine has no such CPU or it cannot be taken away.
 */
int kt_cpu_set_online(const char *sysfs, size_t cpu, bool on,
		      struct kt_bitmap *online, struct ktstr_error *err);
