/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The guest kernel's trace of what happens to a few tasks. */

#include "base/error.h"
#include "seen.h"

/* Before the first. */
int trace_prepare(struct ktstr_error *err);

int trace_begin(struct ktstr_error *err);

int trace_end(struct ktstr_error *err);

/* Adds to `seen` what happened to its workers between the two. */
int trace_count(struct seen *seen, struct ktstr_error *err);
