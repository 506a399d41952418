// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/extract.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define INDEX_DIGITS 9 /* fit in 32 bits */

KT_DEFINE_CLEANUP(json_t *, json_decref)

struct part {
	bool is_index;
	size_t index;
	const char *name; /* within the path */
	size_t name_length;
};

/* Takes `[N]` or `["NAME"]` off the path; false when it is neither. */
static bool take_bracket(const char **path, struct part *ret)
{
	const char *at = *path + 1, *end;

	if (*at == '"') {
		end = strstr(at + 1, "\"]");
		if (!end)
			return false;
		*ret = (struct part){
			.name = at + 1,
			.name_length = (size_t)(end - at - 1),
		};
		*path = end + 2;
		return true;
	}
	*ret = (struct part){ .is_index = true };
	for (end = at; isdigit((unsigned char)*end); end++)
		ret->index = ret->index * 10 + (size_t)(*end - '0');
	*path = end + 1;
	return *end == ']' && end > at && end - at <= INDEX_DIGITS;
}

/* The next part of the path, which goes on behind it. */
static bool take_part(const char **path, bool first, struct part *ret)
{
	if (**path == '[')
		return take_bracket(path, ret);
	if (!first && *(*path)++ != '.')
		return false;
	*ret = (struct part){
		.name = *path,
		.name_length = strcspn(*path, ".["),
	};
	*path += ret->name_length;
	return ret->name_length > 0;
}

static const json_t *step(const json_t *value, const struct part *part)
{
	if (part->is_index)
		return json_array_get(value, part->index);
	return json_object_getn(value, part->name, part->name_length);
}

static bool whole_number(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end > text && *end == '\0' && isfinite(*ret);
}

int kt_extract_json(const char *text, size_t length, const char *path,
		    double *ret, struct ktstr_error *err)
{
	_cleanup_(json_decref_cleanup) json_t *root = NULL;
	const char *rest = path;
	const json_t *value;
	json_error_t why;

	root = json_loadb(text, length, 0, &why);
	if (!root)
		return kt_err(err, -EINVAL, "it is no JSON: line %d: %s",
			      why.line, why.text);
	value = root;
	while (value && (*rest || rest == path)) {
		struct part part;

		if (!take_part(&rest, rest == path, &part))
			return kt_err(err, -EINVAL,
				      "\"%s\" is no path such as "
				      "jobs[0].read.iops",
				      path);
		value = step(value, &part);
	}
	if (!value)
		return kt_err(err, -ENOENT, "there is no %.*s in it",
			      (int)(rest - path), path);
	if (json_is_number(value)) {
		*ret = json_number_value(value);
		return 0;
	}
	if (json_is_string(value) && whole_number(json_string_value(value), ret))
		return 0;
	return kt_err(err, -EINVAL, "its %s is no number", path);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Where `key` stands and no word goes on at either end of it. */
static const char *find_key(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
		bool begins = at == text || !is_word(at[-1]) || !is_word(*key);
		bool ends = !is_word(at[length]) || !is_word(key[length - 1]);

		if (begins && ends)
			return at + length;
	}
	return NULL;
}

int kt_extract_key(const char *text, const char *key, double *ret,
		   struct ktstr_error *err)
{
	const char *at = *key ? find_key(text, key) : NULL;
	char *end;

	if (!at)
		return kt_err(err, -ENOENT, "there is no \"%s\" in it", key);
	at += strspn(at, " \t:=");
	*ret = strtod(at, &end);
	if (end == at || !isfinite(*ret))
		return kt_err(err, -EINVAL,
			      "behind its \"%s\" stands no number but \"%.*s\"",
			      key, (int)KT_MIN(strcspn(at, "\n"), 40u), at);
	return 0;
}
