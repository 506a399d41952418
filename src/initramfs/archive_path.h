/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * The directory of the guest's root that a file system is mounted over whatever
 * lies there, and that `path` (relative) lies in; NULL: it will be visible.
 */
const char *kt_archive_path_hidden_by(const char *path);

/* Whether `path` (relative) lies in `directory` or is it. */
bool kt_archive_path_lies_in(const char *path, const char *directory);

/*
 * Checks the archive path of a user's file: below the guest's root, spelt in
 * the one way that compares equal, visible, and not one of ktstr's own.
 */
int kt_archive_path_check(const char *path, struct ktstr_error *err);
