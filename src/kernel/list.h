/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The kernels at hand, and making room in the cache. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/machine.h"
#include "kernel/resolve.h"

/* All of them: others are no guests here, and have a `problem`. */
#define KT_KERNEL_LIST_ARCHITECTURE KT_MACHINE_NAME

enum kt_known {
	KT_UNKNOWN, /* no configuration beside the image */
	KT_NO,
	KT_YES,
};

struct kt_kernel_info {
	enum kt_kernel_place place;
	char *image;
	char release[KT_RELEASE_BYTES]; /* as the image says, if it can */
	char *problem;           /* why it cannot be used; NULL: it can */
	uint64_t bytes;          /* a fetched kernel: with its modules */
	enum kt_known sched_ext; /* CONFIG_SCHED_CLASS_EXT */
	enum kt_known btf;       /* CONFIG_DEBUG_INFO_BTF */
};

struct kt_kernel_list {
	struct kt_kernel_info *list; /* the cache, /boot, others; newest first */
	size_t n;
};

void kt_kernel_list_deinit(struct kt_kernel_list *list);

/* Kernels below `root` ("" for the machine itself) and in the cache. */
int kt_kernel_list(const char *root, struct kt_kernel_list *ret,
		   struct ktstr_error *err);

/*
 * Removes from the cache all fetched kernels but the newest `keep`, and
 * whatever can be made again: unpacked images (but those of kernels that stay),
 * generated module lists, package lists, half-finished downloads. Nothing
 * outside the cache's own directories is touched, and no other room's part of
 * it. `removed` (may be NULL) is told each kernel's release and size, and at
 * the end, with a NULL release, what all the rest came to. -EBUSY: a fetch is
 * under way.
 */
int kt_kernel_clean(unsigned int keep,
		    void (*removed)(void *userdata, const char *release,
				    uint64_t bytes),
		    void *userdata, struct ktstr_error *err);
