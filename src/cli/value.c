// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/suggest.h"
#include "cli/command.h"

/*
 * Digits up to the first byte that is none; false when there are none, or the
 * number does not fit.
 */
static bool read_digits(const char **at, uint64_t *ret)
{
	const char *start = *at;
	uint64_t value = 0;

	while (isdigit((unsigned char)**at)) {
		uint64_t digit = (uint64_t)(*(*at)++ - '0');

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	*ret = value;
	return *at > start;
}

static int set_number(const struct kt_option *option, const char *source,
		      const char *text, uint32_t *to, struct ktstr_error *err)
{
	uint32_t max = option->max ?: UINT32_MAX;
	const char *at = text;
	uint64_t value;

	if (!read_digits(&at, &value) || *at || value < option->min ||
	    value > max)
		return kt_err(err, -EINVAL,
			      "%s must be a number from %u to %u, not \"%s\"",
			      source, option->min, max, text);
	*to = (uint32_t)value;
	return 0;
}

/* How many MiB one of a unit has; 0 for a unit that is none. */
static uint64_t mib_of(const char *unit)
{
	static const struct {
		const char *unit;
		uint64_t mib;
	} units[] = {
		{"", 1},
		{"M", 1},
		{"MiB", 1},
		{"G", 1024},
		{"GiB", 1024},
		{"T", 1024 * 1024},
		{"TiB", 1024 * 1024},
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(units); i++) {
		if (strcasecmp(units[i].unit, unit) == 0)
			return units[i].mib;
	}
	return 0;
}

static int set_memory(const char *source, const char *text, uint32_t *to,
		      struct ktstr_error *err)
{
	const char *at = text;
	uint64_t value, mib = 0;

	if (read_digits(&at, &value))
		mib = mib_of(at);
	if (mib == 0)
		return kt_err(err, -EINVAL,
			      "%s must be an amount of memory such as 512M or "
			      "2G, not \"%s\"",
			      source, text);
	if (__builtin_mul_overflow(value, mib, &value) || value > UINT32_MAX)
		return kt_err(err, -EINVAL, "%s: \"%s\" is too much", source,
			      text);
	if (value == 0)
		return kt_err(err, -EINVAL,
			      "%s must be > 0: a machine without memory cannot "
			      "boot",
			      source);
	*to = (uint32_t)value;
	return 0;
}

static int set_seconds(const char *source, const char *text, uint32_t *to,
		       struct ktstr_error *err)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"", 1000},
		     {"s", 1000},
		     {"ms", 1},
		     {"m", 60 * 1000},
		     {"min", 60 * 1000},
		     {"h", 3600 * 1000}};
	char *end = NULL;
	double value = -1;

	/* strtod() takes hex, "inf" and "nan" too. */
	if (isdigit((unsigned char)*text) && strspn(text, "0123456789.") > 0 &&
	    !strpbrk(text, "xXeE"))
		value = strtod(text, &end);
	for (size_t i = 0; value >= 0 && i < KT_ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].unit, end) != 0)
			continue;
		value *= units[i].ms;
		/* The largest value means "none" to the library. */
		if (value >= UINT32_MAX)
			return kt_err(err, -EINVAL, "%s: \"%s\" is too long",
				      source, text);
		*to = (uint32_t)(value + 0.5);
		return 0;
	}
	return kt_err(err, -EINVAL,
		      "%s must be a time such as 30, 0.5, 250ms or 2m, not "
		      "\"%s\"",
		      source, text);
}

static int set_choice(const struct kt_option *option, const char *source,
		      const char *text, uint32_t *to, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf all = {0};
	struct kt_suggestion near = {.word = text};

	for (uint32_t i = 0; option->choices[i]; i++) {
		const char *choice = option->choices[i];

		if (strcmp(choice, text) == 0) {
			*to = i;
			return 0;
		}
		kt_suggestion_offer(&near, choice);
		if (i > 0)
			kt_strbuf_add(&all,
				      option->choices[i + 1] ? ", " : " or ");
		kt_strbuf_add(&all, choice);
	}
	if (near.best)
		return kt_err(err, -EINVAL,
			      "%s must be %s, not \"%s\"; did you mean %s?",
			      source, kt_strbuf_text(&all), text, near.best);
	return kt_err(err, -EINVAL, "%s must be %s, not \"%s\"", source,
		      kt_strbuf_text(&all), text);
}

static int add_word(struct kt_words *to, const char *text, struct ktstr_error *err)
{
	const char **words = reallocarray(to->words, to->n + 1, sizeof(*words));

	if (!words)
		return kt_err_errno(err, -ENOMEM, "command line");
	to->words = words;
	to->words[to->n++] = text;
	return 0;
}

int kt_option_set(const struct kt_option *option, const char *source,
		  const char *text, void *values, struct ktstr_error *err)
{
	void *to = (char *)values + option->offset;

	if (option->type != KT_OPTION_FLAG && !*text)
		return kt_err(err, -EINVAL, "%s must not be empty", source);
	switch (option->type) {
	case KT_OPTION_FLAG:
		*(bool *)to = true;
		return 0;
	case KT_OPTION_TEXT:
		*(const char **)to = text;
		return 0;
	case KT_OPTION_LIST:
		return add_word(to, text, err);
	case KT_OPTION_CHOICE:
		return set_choice(option, source, text, to, err);
	case KT_OPTION_NUMBER:
		return set_number(option, source, text, to, err);
	case KT_OPTION_MEMORY:
		return set_memory(source, text, to, err);
	case KT_OPTION_SECONDS:
		return set_seconds(source, text, to, err);
	}
	return kt_err(err, -EINVAL, "%s has no type", source);
}
