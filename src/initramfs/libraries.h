/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/error.h"
#include "initramfs/closure.h"
#include "initramfs/tree.h"

/*
 * Packs the libraries of a closure, debug sections dropped, such that the
 * guest's ld.so finds the same files under the same names: each under its real
 * path, with a link where it was found by another (two names of one file must
 * stay one file), and an ld.so.cache for what lies in no default directory. A
 * library from where the guest mounts something goes below /lib/ktstr. A path
 * that the tree holds already is left alone: what the user put there is wanted
 * there.
 */
int kt_libraries_add(struct kt_tree *tree, const struct kt_closure *closure,
		     struct ktstr_error *err);
