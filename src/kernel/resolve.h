/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The kernels on this machine; see kt_kernel_resolve(). */

#include <stdbool.h>
#include <stddef.h>

#include "kernel/kernel.h"
#include "kernel/release.h"

enum kt_kernel_place {
	KT_KERNEL_IN_CACHE,   /* fetched: CACHE/kernels/RELEASE/vmlinuz */
	KT_KERNEL_IN_BOOT,    /* /boot/vmlinuz-RELEASE */
	KT_KERNEL_IN_MODULES, /* /usr/lib/modules/RELEASE/vmlinuz */
};

/* An image found by its name; nothing in it was looked at yet. */
struct kt_kernel_candidate {
	enum kt_kernel_place place;
	char *image;
	char release[KT_RELEASE_BYTES]; /* by the file's or directory's name */
};

struct kt_kernel_candidates {
	struct kt_kernel_candidate *list; /* newest first in each place */
	size_t n;
	int boot_error; /* -errno: /boot is there and could not be read */
};

void kt_kernel_candidates_deinit(struct kt_kernel_candidates *candidates);

/*
 * All images in the known places, the cache first, then /boot, then the module
 * directories, below `root` ("" for the machine itself). A place that does not
 * exist has none; a cache that cannot be read is an error.
 */
int kt_kernel_candidates_find(const char *root, struct kt_kernel_candidates *ret,
			      struct ktstr_error *err);

/* kt_kernel_resolve() with /boot and /lib below `root`. */
int kt_kernel_resolve_below(const char *root, const char *spec,
			    struct kt_kernel_ref *ret, struct ktstr_error *err);
