/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * The directory of the guest's root that init mounts a file system over and
 * that `path` (relative) lies in, or NULL: a file there would be hidden.
 */
const char *kt_archive_path_hidden_by(const char *path);

/*
 * Checks the archive path of a user's file: below the guest's root, spelt in
 * the one way that compares equal, visible, and not one of ktstr's own.
 */
int kt_archive_path_check(const char *path, struct ktstr_error *err);
