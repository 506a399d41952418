/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Where a kernel's modules are. */

#include "base/error.h"

/*
 * Looks for the modules of `release`, in this order: where the image lies
 * (usr/lib/modules/RELEASE/vmlinuz), lib/modules and usr/lib/modules beside
 * the image or beside the boot/ directory that it is in, then the same below
 * `root` ("" for the machine's own). Caller frees; NULL when there are none,
 * which is no error.
 */
int kt_modules_find(const char *image, const char *release, const char *root,
		    char **ret, struct ktstr_error *err);

/*
 * `directory` as found, if it has a modules.dep. Else a directory in the cache
 * that has one, made by depmod, and links to the modules (3 s, once). Caller
 * frees.
 */
int kt_modules_with_dep(const char *directory, const char *release, char **ret,
			struct ktstr_error *err);

/* Runs depmod for BASE/lib/modules/RELEASE. */
int kt_modules_depmod(const char *base, const char *release,
		      struct ktstr_error *err);
