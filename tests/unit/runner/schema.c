// SPDX-License-Identifier: GPL-2.0-only
#include "schema.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

typedef bool (*keyword_check)(const json_t *schema, const json_t *argument,
			      const json_t *value, const char *place,
			      struct kt_strbuf *violations);

static bool is_type(const json_t *schema, const json_t *argument,
		    const json_t *value, const char *place,
		    struct kt_strbuf *violations)
{
	const char *type = json_string_value(argument);

	(void)schema;
	(void)place;
	(void)violations;
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "number") == 0 && json_is_number(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value));
}

static bool is_const(const json_t *schema, const json_t *argument,
		     const json_t *value, const char *place,
		     struct kt_strbuf *violations)
{
	(void)schema;
	(void)place;
	(void)violations;
	return json_equal(argument, value);
}

static bool is_in_enum(const json_t *schema, const json_t *argument,
		       const json_t *value, const char *place,
		       struct kt_strbuf *violations)
{
	(void)schema;
	(void)place;
	(void)violations;
	for (size_t i = 0; i < json_array_size(argument); i++) {
		if (json_equal(json_array_get(argument, i), value))
			return true;
	}
	return false;
}

static bool is_at_least(const json_t *schema, const json_t *argument,
			const json_t *value, const char *place,
			struct kt_strbuf *violations)
{
	(void)schema;
	(void)place;
	(void)violations;
	return json_number_value(value) >= json_number_value(argument);
}

static bool is_long_enough(const json_t *schema, const json_t *argument,
			   const json_t *value, const char *place,
			   struct kt_strbuf *violations)
{
	(void)schema;
	(void)place;
	(void)violations;
	return json_string_length(value) >= (size_t)json_integer_value(argument);
}

static bool has_required(const json_t *schema, const json_t *argument,
			 const json_t *value, const char *place,
			 struct kt_strbuf *violations)
{
	(void)schema;
	for (size_t i = 0; i < json_array_size(argument); i++) {
		const char *name = json_string_value(json_array_get(argument, i));

		if (!json_object_get(value, name))
			kt_strbuf_addf(violations, "%s: has no %s\n", place,
				       name);
	}
	return true;
}

static bool has_properties(const json_t *schema, const json_t *argument,
			   const json_t *value, const char *place,
			   struct kt_strbuf *violations)
{
	const char *name;
	json_t *part;

	(void)schema;
	json_object_foreach((json_t *)argument, name, part)
	{
		_cleanup_strbuf_ struct kt_strbuf inner = {};
		const json_t *found = json_object_get(value, name);

		kt_strbuf_addf(&inner, "%s.%s", place, name);
		if (found)
			schema_check(part, found, inner.data, violations);
	}
	return true;
}

static bool has_no_others(const json_t *schema, const json_t *argument,
			  const json_t *value, const char *place,
			  struct kt_strbuf *violations)
{
	const json_t *known = json_object_get(schema, "properties");
	const char *name;
	json_t *part;

	if (!json_is_false(argument))
		return false;
	json_object_foreach((json_t *)value, name, part)
	{
		if (!json_object_get(known, name))
			kt_strbuf_addf(violations, "%s: %s is not declared\n",
				       place, name);
	}
	return true;
}

static bool has_items(const json_t *schema, const json_t *argument,
		      const json_t *value, const char *place,
		      struct kt_strbuf *violations)
{
	(void)schema;
	for (size_t i = 0; i < json_array_size(value); i++) {
		_cleanup_strbuf_ struct kt_strbuf inner = {};

		kt_strbuf_addf(&inner, "%s[%zu]", place, i);
		schema_check(argument, json_array_get(value, i), inner.data,
			     violations);
	}
	return true;
}

static const struct {
	const char *keyword;
	keyword_check check; /* NULL: says nothing of the value */
} keywords[] = {
	{ "$schema", NULL },
	{ "$id", NULL },
	{ "title", NULL },
	{ "description", NULL },
	{ "type", is_type },
	{ "const", is_const },
	{ "enum", is_in_enum },
	{ "minimum", is_at_least },
	{ "minLength", is_long_enough },
	{ "required", has_required },
	{ "properties", has_properties },
	{ "additionalProperties", has_no_others },
	{ "items", has_items },
};

void schema_check(const json_t *schema, const json_t *value, const char *place,
		  struct kt_strbuf *violations)
{
	const char *keyword;
	json_t *argument;

	json_object_foreach((json_t *)schema, keyword, argument)
	{
		size_t i = 0;

		while (i < KT_ARRAY_SIZE(keywords) &&
		       strcmp(keywords[i].keyword, keyword) != 0)
			i++;
		if (i == KT_ARRAY_SIZE(keywords))
			kt_strbuf_addf(violations, "%s: keyword %s\n", place,
				       keyword);
		else if (keywords[i].check &&
			 !keywords[i].check(schema, argument, value, place,
					    violations))
			kt_strbuf_addf(violations, "%s: %s\n", place, keyword);
	}
}
