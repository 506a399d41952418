/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The guest's file systems, mounted by PID 1 over the initramfs. */

#include "base/error.h"

/* Called for everything that is not fatal; `text` lives for the call only. */
typedef void (*kt_note_fn)(void *userdata, const char *text);

/* proc, sys and dev: what init itself cannot do without. */
int kt_mount_required(struct ktstr_error *err);

/*
 * The rest, and the links in /dev that programs rely on. What the kernel does
 * not offer is noted and left out.
 */
void kt_mount_optional(kt_note_fn note, void *userdata);
