// SPDX-License-Identifier: GPL-2.0-only
#include "runner/profile.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define NAME_MAX_BYTES 64

struct flag {
	const char *name;
	const json_t *args;
	const json_t *needs;
	uint64_t mask; /* itself and all that it needs */
};

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

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for flags");
}

/* Names become parts of file names. */
static bool is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";

	return text && *text && strlen(text) <= NAME_MAX_BYTES &&
	       strspn(text, letters) == strlen(text);
}

/* Absent: none. */
static bool is_texts(const json_t *list)
{
	if (list && !json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			return false;
	}
	return true;
}

static int take_flag(const json_t *entry, struct flag *flag,
		     struct ktstr_error *err)
{
	*flag = (struct flag){
		.name = json_string_value(json_object_get(entry, "name")),
		.args = json_object_get(entry, "args"),
		.needs = json_object_get(entry, "needs"),
	};
	if (!is_name(flag->name))
		return kt_err(err, -EINVAL,
			      "a flag's name must be of 1 to %d letters, "
			      "digits, _ and -, not \"%s\"",
			      NAME_MAX_BYTES, flag->name ?: "");
	if (strcmp(flag->name, KT_PROFILE_PLAIN) == 0)
		return kt_err(err, -EINVAL,
			      "a flag cannot be called \"%s\": that is what "
			      "running without any is called",
			      flag->name);
	if (!is_texts(flag->args) || !is_texts(flag->needs))
		return kt_err(err, -EINVAL,
			      "flag %s: \"args\" or \"needs\" is no list of "
			      "texts",
			      flag->name);
	return 0;
}

static int find_flag(const struct flag *flags, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(flags[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static int take_flags(const json_t *list, struct flag *flags,
		      struct ktstr_error *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		int r = take_flag(json_array_get(list, i), &flags[i], err);

		if (r < 0)
			return r;
		if (find_flag(flags, i, flags[i].name) >= 0)
			return kt_err(err, -EINVAL,
				      "two flags are called %s; rename one",
				      flags[i].name);
	}
	return 0;
}

static int take_needs(struct flag *flags, size_t n, size_t which,
		      struct ktstr_error *err)
{
	struct flag *flag = &flags[which];

	flag->mask = 1ULL << which;
	for (size_t i = 0; i < json_array_size(flag->needs); i++) {
		const char *name =
			json_string_value(json_array_get(flag->needs, i));
		int needed = find_flag(flags, n, name);

		if (needed < 0)
			return kt_err(err, -EINVAL,
				      "flag %s needs \"%s\", which is no flag "
				      "of its scheduler",
				      flag->name, name);
		flag->mask |= 1ULL << needed;
	}
	return 0;
}

/* What is needed needs things too. */
static void close_needs(struct flag *flags, size_t n)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < n; i++) {
			uint64_t mask = flags[i].mask;

			for (size_t j = 0; j < n; j++) {
				if (mask & 1ULL << j)
					mask |= flags[j].mask;
			}
			changed |= mask != flags[i].mask;
			flags[i].mask = mask;
		}
	}
}

static int copy_args(const struct flag *flag, char **args, size_t *n)
{
	for (size_t i = 0; i < json_array_size(flag->args); i++) {
		const json_t *arg = json_array_get(flag->args, i);

		args[*n] = strdup(json_string_value(arg));
		if (!args[*n])
			return -ENOMEM;
		(*n)++;
	}
	return 0;
}

static int make_profile(const struct flag *flags, size_t n, uint64_t mask,
			struct kt_profile *profile)
{
	_cleanup_strbuf_ struct kt_strbuf name = {};
	size_t n_args = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(mask & 1ULL << i))
			continue;
		n_args += json_array_size(flags[i].args);
		kt_strbuf_addf(&name, "%s%s", name.length ? "+" : "",
			       flags[i].name);
	}
	if (!mask)
		kt_strbuf_add(&name, KT_PROFILE_PLAIN);
	profile->name = kt_strbuf_steal(&name);
	profile->args = calloc(n_args + 1, sizeof(*profile->args));
	if (!profile->name || !profile->args)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (mask & 1ULL << i && copy_args(&flags[i], profile->args, &at))
			return -ENOMEM;
	}
	return 0;
}

static int make_profiles(const struct flag *flags, size_t n,
			 struct kt_profiles *profiles)
{
	profiles->profiles = calloc(n + 1, sizeof(*profiles->profiles));
	if (!profiles->profiles)
		return -ENOMEM;
	for (size_t i = 0; i <= n; i++) {
		uint64_t mask = i ? flags[i - 1].mask : 0;
		bool known = false;
		int r;

		for (size_t j = 1; j < i; j++)
			known |= flags[j - 1].mask == mask;
		if (known)
			continue;
		r = make_profile(flags, n, mask,
				 &profiles->profiles[profiles->n++]);
		if (r < 0)
			return r;
	}
	return 0;
}

int kt_profiles_parse(const json_t *flags, struct kt_profiles *ret,
		      struct ktstr_error *err)
{
	_cleanup_profiles_ struct kt_profiles profiles = {};
	struct flag all[KT_FLAGS_MAX];
	size_t n = json_array_size(flags);
	int r;

	*ret = (struct kt_profiles){};
	if (flags && !json_is_array(flags))
		return kt_err(err, -EINVAL, "\"flags\" is no list");
	if (n > KT_FLAGS_MAX)
		return kt_err(err, -EINVAL,
			      "a scheduler of %zu flags; %d are possible", n,
			      KT_FLAGS_MAX);
	if (n == 0)
		return 0;
	r = take_flags(flags, all, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_needs(all, n, i, err);
	if (r < 0)
		return r;
	close_needs(all, n);
	if (make_profiles(all, n, &profiles) < 0)
		return no_memory(err);
	*ret = profiles;
	profiles = (struct kt_profiles){};
	return 0;
}
