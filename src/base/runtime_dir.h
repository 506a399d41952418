/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/error.h"

/*
 * The directory for sockets and the like of this user alone: what `variable`
 * names, which may be NULL; else $XDG_RUNTIME_DIR/ktstr, if that is the user's
 * own; else /tmp/ktstr-UID. It is made, and refused when somebody else could
 * write to it. Caller frees.
 */
int kt_runtime_dir(const char *variable, char **ret, struct ktstr_error *err);
