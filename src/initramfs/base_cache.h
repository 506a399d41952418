/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The cache of finished base archives, `<cache root>/initramfs/`:
 *
 *	KEY.cpio     a base; KEY is the hash of its members and the format
 *	REQUEST.made which base a request came to, and the files of the host
 *		     that this depends on (witness.h)
 *
 * Both kinds are made without a name and linked into place when complete
 * (draft.h), so a killed maker leaves nothing and nobody sees half a file.
 * Several makers of one base do the same work; the first to link wins. Nothing
 * is written when a base is found, so a cache may be read-only. The
 * KT_BASE_KEEP newest bases are kept.
 */

#include "base/error.h"
#include "initramfs/base_file.h"
#include "initramfs/tree.h"
#include "initramfs/witness.h"

#define KT_BASE_KEEP 32

/* Opens, and makes, the cache's directory. */
int kt_base_cache_open(int *ret_fd, struct ktstr_error *err);

/*
 * Opens the base that `request` came to last time, if that still holds: 1 and
 * `ret` filled in, or 0. Anything amiss with the entries counts as not found.
 */
int kt_base_cache_find(int cache_fd, const struct kt_base_key *request,
		       struct kt_base *ret);

/*
 * Opens the base that holds exactly `tree`, making it first if need be.
 * `cache_fd` of -1: it is made in memory and shared with nobody. `ret` has no
 * `modules`.
 */
int kt_base_cache_make(int cache_fd, const struct kt_tree *tree,
		       struct kt_base *ret, struct ktstr_error *err);

/*
 * Notes down that `request` comes to `base` as long as all of `seen` hold; not
 * if `seen` is unsettled. 0 also where nothing was noted; a failure only means
 * that the next run has to do the work again.
 */
int kt_base_cache_remember(int cache_fd, const struct kt_base_key *request,
			   const struct kt_base *base,
			   const struct kt_witness_set *seen);
