/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The files behind --include-files. An argument is PATH or PATH:ARCHIVE_PATH.
 * A name without a slash that is no file here is looked for in PATH, as a
 * shell would, and becomes bin/NAME; anything else becomes include-files/NAME.
 * A directory is taken with all regular files below it.
 */

#include <ktstr/vm.h>

#include "cli/command.h"

struct kt_includes {
	struct ktstr_include_file *files; /* strings owned */
	size_t n;
	size_t capacity;
};

void kt_includes_deinit(struct kt_includes *includes);
#define _cleanup_includes_ _cleanup_(kt_includes_deinit)

/* Adds what one argument stands for; an empty directory adds nothing. */
int kt_includes_add(struct kt_includes *includes, const char *argument,
		    struct ktstr_error *err);
