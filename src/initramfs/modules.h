/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Which files a set of kernel modules comes down to, from what depmod(8) left
 * in a modules directory: modules.dep (modules and what they need) and
 * modules.builtin (modules that are part of the kernel image).
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

/*
 * Paths relative to the modules directory ("kernel/drivers/x.ko.xz"), each
 * once, every module behind what it needs. Zero-initialised it is empty.
 */
struct kt_module_list {
	char **paths;
	size_t n_paths;
};

void kt_module_list_deinit(struct kt_module_list *list);
#define _cleanup_module_list_ _cleanup_(kt_module_list_deinit)

/*
 * Resolves `names` (NULL-terminated), by module name; "-" and "_" are the same
 * in it. Built-in modules need no file and are left out. A name that is
 * neither is -ENOENT with a message that lists every such name; a directory
 * without modules.dep is -ENOENT with one that says how to make it.
 */
int kt_modules_resolve(const char *modules_dir, const char *const *names,
		       struct kt_module_list *ret, struct ktstr_error *err);

/*
 * The same on file contents, for texts that do not come from a directory.
 * `where` names their place in messages; `builtin` may be NULL.
 */
int kt_modules_resolve_text(const char *where, const char *dep,
			    size_t dep_bytes, const char *builtin,
			    size_t builtin_bytes, const char *const *names,
			    struct kt_module_list *ret, struct ktstr_error *err);
