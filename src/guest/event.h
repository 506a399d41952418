/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What a test does to the scheduler, and what becomes of that one, told to the
 * host while it happens. */

#include <stdint.h>

#include "wire/guest_files.h"

/*
 * Appends a line of JSON to KT_GUEST_EVENTS:
 *
 *	{"kind": TEXT, "step": TEXT, "detail": TEXT, "monotonic_ns": N}
 *
 * Does nothing where that is not there or nobody reads it, and never waits: a
 * test must not hang on its listener. A line that is too long loses its detail.
 */
void kt_event_send(const char *kind, const char *step, const char *detail,
		   uint64_t monotonic_ns);

/* The same, to another file. */
void kt_event_send_to(const char *path, const char *kind, const char *step,
		      const char *detail, uint64_t monotonic_ns);
