/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The kernel's table of objects by number, <linux/xarray.h>, and the IDR that
 * is made of one. A tree of nodes, each of which says by `shift` which bits of
 * the index choose its slot; a pointer to a node has the lowest bits 10.
 */

#include <stdint.h>

#include "monitor/kernel.h"

/* More objects, or slots of a tree that is torn, are not looked at. */
#define KT_XARRAY_STEPS_MAX (1u << 20)

/*
 * Calls `visit` with each object of the struct idr at `idr`, in the order of
 * their numbers, until it returns something else than 0, which is then
 * returned. -ENOENT when this kernel has other tables, -EFAULT or -ERANGE where
 * the tree was torn, -ELOOP when it does not end.
 */
int kt_idr_walk(struct kt_guest_kernel *kernel, uint64_t idr,
		int (*visit)(void *userdata, uint32_t id, uint64_t object),
		void *userdata);
