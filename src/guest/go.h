/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The host's word that a workload may start, where it has something to do
 * before: KT_GUEST_AWAIT_GO of wire/guest_files.h. */

#include "base/error.h"

/*
 * Waits for the file `go` if there is one at `await`. -ETIMEDOUT when it does
 * not come in time, -ECANCELED with the host's reason when it says why not.
 */
int kt_go_await(const char *await, const char *go, unsigned int limit_ms,
		struct ktstr_error *err);

/* Leaves there what the host has said, for kt_go_await(). 0 or -errno. */
int kt_go_put(const char *go, const void *text, size_t length);
