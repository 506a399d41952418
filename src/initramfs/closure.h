/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The shared libraries that a program needs, found as ld.so(8) would find them
 * on this host: DT_NEEDED breadth-first; for each name without a slash
 *
 *	1. DT_RPATH of the file that needs it and of those that loaded it, each
 *	   only if it has no DT_RUNPATH; none if the needing file has one,
 *	2. LD_LIBRARY_PATH,
 *	3. DT_RUNPATH of the needing file alone,
 *	4. ld.so.cache,
 *	5. the default directories,
 *
 * (4 and 5 without the default directories for DF_1_NODEFLIB), and the first
 * file of the program's own class and machine wins. $ORIGIN, $LIB and
 * $PLATFORM are expanded. A name that a file loaded before bears as its
 * DT_SONAME is that file. Builds for certain CPUs (glibc-hwcaps) are passed
 * over, since the guest's CPU need not be the host's.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "initramfs/elf_dynamic.h"
#include "initramfs/ld_cache.h"
#include "initramfs/witness.h"

/* Where ld.so looks; borrowed, NULL for none. */
struct kt_ld_paths {
	const char *library_path;               /* LD_LIBRARY_PATH */
	const char *cache_path;                 /* an ld.so.cache */
	const char *const *default_directories; /* NULL-terminated; NULL: the
						 * ones of the program's machine */
};

/* One file that the guest needs, as it was found. */
struct kt_library {
	char *name;      /* as DT_NEEDED has it; NULL for an interpreter */
	char *path;      /* absolute, as ld.so found it */
	char *real_path; /* with every link resolved */
	struct kt_elf_abi abi;
};

struct kt_closure {
	struct kt_ld_paths paths;
	struct kt_witness_set *seen; /* may be NULL */
	char *cache_text;            /* of paths.cache_path */
	struct kt_ld_cache cache;
	struct kt_library *libraries;
	size_t n_libraries;
};

/*
 * An empty closure, with ld.so.cache read; one that cannot be read or is of
 * another format counts as empty, as for ld.so. `seen` gets every file that
 * was looked for, there or not.
 */
int kt_closure_init(struct kt_closure *closure, const struct kt_ld_paths *paths,
		    struct kt_witness_set *seen, struct ktstr_error *err);
void kt_closure_deinit(struct kt_closure *closure);

/*
 * Adds what the program at `path` needs, its interpreter included; a library
 * that is in the closure under the same name and path is not added again. A
 * file that is no ELF file or needs nothing adds nothing. -ENOENT for a
 * library that is not there: the message names the program, the library, the
 * file that needs it, and where it was looked for.
 */
int kt_closure_add(struct kt_closure *closure, const char *path,
		   struct ktstr_error *err);
