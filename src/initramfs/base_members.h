/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What a specification puts into the base archive.
 */

#include "base/error.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "initramfs/base_cache.h"
#include "initramfs/initramfs.h"
#include "initramfs/tree.h"
#include "initramfs/witness.h"

/*
 * Names a request: everything that the base depends on besides the files of
 * the host, paths and environment included.
 */
int kt_base_request(const struct kt_initramfs_spec *spec,
		    struct kt_base_key *ret, struct ktstr_error *err);

/*
 * Collects the members of the base, and every host file that had a say in it.
 * `modules` gets the guest's module load list (wire/guest_files.h).
 */
int kt_base_collect(const struct kt_initramfs_spec *spec,
		    const struct ktstr_log *log, struct kt_tree *tree,
		    struct kt_witness_set *seen, struct kt_strbuf *modules,
		    struct ktstr_error *err);
