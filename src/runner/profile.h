/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The ways in which a scheduler can be run: without its flags, and with each of
 * them and those that it needs. Pure.
 */

#include <jansson.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

#define KT_FLAGS_MAX 64

/* The profile without any flag; no flag may be called so. */
#define KT_PROFILE_PLAIN "plain"

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
 * From a scheduler's list of flags, [{ "name": TEXT, "args": [TEXT...],
 * "needs": [TEXT...] }...]; NULL: none. A profile's flags and their arguments
 * are in the order of the list; flags that need each other make one profile.
 * -EINVAL, -ENOMEM.
 */
int kt_profiles_parse(const json_t *flags, struct kt_profiles *ret,
		      struct ktstr_error *err);
