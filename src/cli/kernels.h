/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The kernels that --kernel names, each with a word to tell it by. */

#include "cli/command.h"
#include "kernel/kernel.h"

struct kt_named_kernel {
	const char *spec; /* as given, borrowed; NULL: whatever is newest */
	char *label;      /* letters, digits and "._+-"; NULL: the only one */
	struct kt_kernel_ref ref;
};

struct kt_kernels {
	struct kt_named_kernel *kernels;
	size_t n; /* 1 at least */
};

void kt_kernels_deinit(struct kt_kernels *kernels);
#define _cleanup_kernels_ _cleanup_(kt_kernels_deinit)

/* Names them; looks at none. -EINVAL for two that would be called alike. */
int kt_kernels_init(struct kt_kernels *kernels, const struct kt_words *specs,
		    struct ktstr_error *err);

/* Finds them; -EINVAL for two that are one. */
int kt_kernels_resolve(struct kt_kernels *kernels, struct ktstr_error *err);
