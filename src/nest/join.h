/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "nest/nest.h"

/*
 * A connection to the supervisor of a machine of that shape, in one of the
 * first `slots` slots (1 to KT_NEST_SLOTS_MAX): one that has no command, else
 * one that is started for this, else the one with the fewest commands. The
 * caller closes it. A machine that is just ending is waited out.
 */
int kt_nest_join(const struct kt_nest_shape *shape, uint32_t slots,
		 const struct ktstr_log *log, int *ret_fd, uint32_t *ret_slot,
		 struct ktstr_error *err);
