/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The events that a test tells of (KT_GUEST_EVENTS in wire/guest_files.h), as
 * the host keeps them. They come from the guest: each is checked, and there is
 * a bound to their number.
 */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/vm.h>

#include "base/error.h"

struct kt_events {
	struct ktstr_vm_event *list; /* owned */
	size_t n;
	size_t capacity;
};

/*
 * Appends the event that the line, with neither newline nor NUL behind it,
 * tells of; its times on the host are the caller's to fill in. -EBADMSG with a
 * reason when it is none, -ENOBUFS when there are KT_EVENTS_MAX, -ENOMEM.
 * The reason repeats no byte of the line.
 */
int kt_events_add(struct kt_events *events, const void *line, size_t length,
		  struct ktstr_error *err);

void kt_events_free(struct ktstr_vm_event *list, size_t n);
