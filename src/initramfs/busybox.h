/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The host's busybox, which becomes the guest's shell and tools.
 */

#include "base/error.h"
#include "initramfs/tree.h"
#include "initramfs/witness.h"

/*
 * Finds busybox: in PATH, then in /bin and /usr/bin. Caller frees. -ENOENT
 * with a message that names the package. Adds to `seen` where it looked.
 */
int kt_busybox_find(struct kt_witness_set *seen, char **ret,
		    struct ktstr_error *err);

/*
 * Adds links to /bin/busybox under the names that `busybox` (run on the host
 * with --list-full, for five seconds at most) says it serves. Names that the
 * tree has already are left alone.
 */
int kt_busybox_add_links(struct kt_tree *tree, const char *busybox,
			 struct ktstr_error *err);
