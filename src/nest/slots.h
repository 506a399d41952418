/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * How many emulated machines of one kind run side by side. Each has a slot,
 * counted from 0, with a place of its own.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "nest/nest.h"

#define KT_NEST_SLOTS_MAX         64
/* Unless the user asks for more. */
#define KT_NEST_SLOTS_DEFAULT_MAX 8

/*
 * `wish` is the text of $KTSTR_NEST_MACHINES, NULL or "" when there is none:
 * then as many as `host_cpus` can run at full speed, one at least. -EINVAL for
 * anything but a number from 1 to KT_NEST_SLOTS_MAX.
 */
int kt_nest_slots(const struct kt_nest_shape *shape, const char *wish,
		  uint32_t host_cpus, uint32_t *ret, struct ktstr_error *err);

/*
 * Whether a host with that /proc/meminfo has room for a further machine: twice
 * its memory, since those that run may not have touched all of theirs yet. A
 * text that does not tell leaves room for none.
 */
bool kt_nest_slots_fit(const struct kt_nest_shape *shape, const char *meminfo);
