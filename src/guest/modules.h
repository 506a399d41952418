/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Kernel modules out of the archive. */

#include <stdbool.h>

#include "base/error.h"

/* Whether the kernel itself has to unpack the file: all but plain ".ko". */
bool kt_module_compressed(const char *path);

/*
 * Loads one file; one that is loaded already, or built in, is fine. The error
 * names the module and the reason.
 */
int kt_module_load(const char *path, struct ktstr_error *err);

/* Loads all files of a list file in order, up to the first failure. */
int kt_modules_load_list(const char *list_path, struct ktstr_error *err);
