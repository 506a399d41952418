// SPDX-License-Identifier: GPL-2.0-only
#include "runner/profile.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static void profile_deinit(struct kt_profile *profile)
{
	free(profile->name);
	for (size_t i = 0; profile->args && profile->args[i]; i++)
		free(profile->args[i]);
	free(profile->args);
}

void kt_profiles_deinit(struct kt_profiles *profiles)
{
	for (size_t i = 0; i < profiles->n; i++)
		profile_deinit(&profiles->profiles[i]);
	free(profiles->profiles);
	*profiles = (struct kt_profiles){};
}

/* The flag and those that it needs, each a bit. */
static uint64_t mask_of(const struct kt_scheduler *scheduler, size_t which)
{
	const struct kt_texts *needs = &scheduler->flags[which].needs;
	uint64_t mask = 1ULL << which;

	for (size_t i = 0; i < scheduler->n_flags; i++) {
		for (size_t j = 0; j < needs->n; j++) {
			if (strcmp(scheduler->flags[i].name, needs->texts[j]) == 0)
				mask |= 1ULL << i;
		}
	}
	return mask;
}

/* What is needed needs things too. */
static void close_needs(uint64_t *masks, size_t n)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < n; i++) {
			uint64_t mask = masks[i];

			for (size_t j = 0; j < n; j++) {
				if (mask & 1ULL << j)
					mask |= masks[j];
			}
			changed |= mask != masks[i];
			masks[i] = mask;
		}
	}
}

static int copy_args(const struct kt_texts *from, char **args, size_t *n)
{
	for (size_t i = 0; i < from->n; i++) {
		args[*n] = strdup(from->texts[i]);
		if (!args[*n])
			return -ENOMEM;
		(*n)++;
	}
	return 0;
}

static int make_profile(const struct kt_scheduler *scheduler, uint64_t mask,
			struct kt_profile *profile)
{
	_cleanup_strbuf_ struct kt_strbuf name = {};
	size_t n_args = 0, at = 0;

	for (size_t i = 0; i < scheduler->n_flags; i++) {
		if (!(mask & 1ULL << i))
			continue;
		n_args += scheduler->flags[i].args.n;
		kt_strbuf_addf(&name, "%s%s", name.length ? "+" : "",
			       scheduler->flags[i].name);
	}
	if (!mask)
		kt_strbuf_add(&name, KT_PROFILE_PLAIN);
	profile->name = kt_strbuf_steal(&name);
	profile->args = calloc(n_args + 1, sizeof(*profile->args));
	if (!profile->name || !profile->args)
		return -ENOMEM;
	for (size_t i = 0; i < scheduler->n_flags; i++) {
		if (mask & 1ULL << i &&
		    copy_args(&scheduler->flags[i].args, profile->args, &at) < 0)
			return -ENOMEM;
	}
	return 0;
}

int kt_profiles_make(const struct kt_scheduler *scheduler, struct kt_profiles *ret)
{
	_cleanup_profiles_ struct kt_profiles profiles = {};
	uint64_t masks[KT_SCHEDULER_FLAGS_MAX];
	size_t n = scheduler ? scheduler->n_flags : 0;

	*ret = (struct kt_profiles){};
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		masks[i] = mask_of(scheduler, i);
	close_needs(masks, n);
	profiles.profiles = calloc(n + 1, sizeof(*profiles.profiles));
	if (!profiles.profiles)
		return -ENOMEM;
	for (size_t i = 0; i <= n; i++) {
		uint64_t mask = i ? masks[i - 1] : 0;
		bool known = false;

		for (size_t j = 1; j < i; j++)
			known |= masks[j - 1] == mask;
		if (!known && make_profile(scheduler, mask,
					   &profiles.profiles[profiles.n++]) < 0)
			return -ENOMEM;
	}
	*ret = profiles;
	profiles = (struct kt_profiles){};
	return 0;
}
