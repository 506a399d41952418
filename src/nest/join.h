/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/log.h"
#include "nest/nest.h"

/*
 * A socket that somebody serves: the supervisor says HELLO, and how many other
 * commands it has. A descriptor, or -errno.
 */
int kt_nest_connect(const struct sockaddr_un *address, uint32_t *ret_others);

/*
 * A connection to the supervisor of a machine of that shape, in one of the
 * first `slots` slots (1 to KT_NEST_SLOTS_MAX): one that has no command, else
 * one that is started for this, else the one with the fewest commands. The
 * caller closes it. A machine that is just ending is waited out.
 */
int kt_nest_join(const struct kt_nest_shape *shape, uint32_t slots,
		 const struct ktstr_log *log, int *ret_fd, uint32_t *ret_slot,
		 struct ktstr_error *err);
