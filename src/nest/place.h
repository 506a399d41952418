/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where emulated machines are found: a directory that is the user's alone
 * ($KTSTR_NEST_DIR, else $XDG_RUNTIME_DIR/ktstr, else /tmp/ktstr-UID) with, for
 * each machine, a socket, a lock for starting it and a log:
 *
 *	nest-KIND.sock, .lock, .log		of slot 0
 *	nest-KIND-SLOT.sock, .lock, .log	of the others
 */

#include <sys/un.h>

#include "base/error.h"
#include "nest/nest.h"

#define KT_NEST_PLACE_PREFIX "nest-"
#define KT_NEST_PLACE_SOCKET ".sock"

struct kt_nest_place {
	struct sockaddr_un address; /* of the socket */
	char *lock;
	char *log;
};

/*
 * The place of the machine of that shape, agent and kernel in that slot. Makes
 * the directory and refuses one that somebody else could write to.
 */
int kt_nest_place_find(const struct kt_nest_shape *shape, uint32_t slot,
		       struct kt_nest_place *ret, struct ktstr_error *err);
void kt_nest_place_deinit(struct kt_nest_place *place);
