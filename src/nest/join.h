/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "nest/nest.h"

/*
 * A connection to the supervisor of a machine of that shape, which is started
 * when there is none. The caller closes it. A machine that is just ending is
 * waited out.
 */
int kt_nest_join(const struct kt_nest_shape *shape, const struct ktstr_log *log,
		 int *ret_fd, struct ktstr_error *err);
