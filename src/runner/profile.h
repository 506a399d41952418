/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The ways in which a scheduler can be run: without its flags, and with each of
 * them and those that it needs. Pure.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "runner/scheduler.h"

struct kt_profile {
	char *name;  /* "plain", or the flags in order: "fast+numa" */
	char **args; /* of all of them, NULL-terminated */
};

struct kt_profiles {
	struct kt_profile *profiles;
	size_t n; /* 0: the scheduler has no flags, or there is none */
};

void kt_profiles_deinit(struct kt_profiles *profiles);
#define _cleanup_profiles_ _cleanup_(kt_profiles_deinit)

/*
 * NULL: none. A profile's flags and their arguments are in the order in which
 * the scheduler declares them; flags that need each other make one profile.
 * -ENOMEM.
 */
int kt_profiles_make(const struct kt_scheduler *scheduler,
		     struct kt_profiles *ret);
