// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "disk/spec.h"

/* A stretch of the text. */
struct word {
	const char *text;
	size_t length;
};

static bool word_is(const struct word *word, const char *text)
{
	return word->length == strlen(text) &&
	       memcmp(word->text, text, word->length) == 0;
}

/* Cuts the first word off, with the separator behind it; false at the end. */
static bool word_cut(struct word *rest, char separator, struct word *ret)
{
	const char *at;

	if (!rest->text)
		return false;
	at = memchr(rest->text, separator, rest->length);
	ret->text = rest->text;
	ret->length = at ? (size_t)(at - rest->text) : rest->length;
	if (at) {
		rest->text = at + 1;
		rest->length -= ret->length + 1;
	} else {
		rest->text = NULL;
	}
	return true;
}

/* How many times 1024 a unit is; -1 for what is none. */
static int unit_power(const struct word *unit)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };

	for (size_t i = 0; i < KT_ARRAY_SIZE(units); i++) {
		if (unit->length <= 1 &&
		    strncasecmp(units[i], unit->text, unit->length) == 0 &&
		    strlen(units[i]) == unit->length)
			return (int)i;
	}
	return -1;
}

/* Digits and, where there may be one, a unit; false when it does not fit. */
static bool read_number(struct word word, bool units, int plain_power,
			uint64_t *ret)
{
	uint64_t value = 0;
	size_t digits = 0;
	int power = plain_power;

	while (word.length && isdigit((unsigned char)*word.text)) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*word.text - '0'),
					   &value))
			return false;
		word.text++;
		word.length--;
		digits++;
	}
	if (word.length) {
		power = units ? unit_power(&word) : -1;
		if (power < 0)
			return false;
	}
	for (int i = 0; i < power; i++) {
		if (__builtin_mul_overflow(value, 1024, &value))
			return false;
	}
	*ret = value;
	return digits > 0;
}

static int read_size(const struct word *word, struct ktstr_disk_config *ret,
		     struct ktstr_error *err)
{
	uint64_t bytes;

	if (!read_number(*word, true, 2, &bytes) || bytes % KT_MIB || !bytes ||
	    bytes / KT_MIB > UINT32_MAX)
		return kt_err(err, -EINVAL,
			      "a disk begins with its size, in whole MiB, such "
			      "as 512M or 1G, not with \"%.*s\"",
			      (int)word->length, word->text);
	ret->size_mib = (uint32_t)(bytes / KT_MIB);
	return 0;
}

static int read_name(const struct word *value, struct kt_disk_spec *ret,
		     struct ktstr_error *err)
{
	if (!value->length || value->length > KTSTR_DISK_NAME_MAX)
		return kt_err(err, -EINVAL,
			      "a disk's name has 1 to %d bytes, not %zu",
			      KTSTR_DISK_NAME_MAX, value->length);
	memcpy(ret->name, value->text, value->length);
	ret->name[value->length] = '\0';
	ret->config.name = ret->name;
	return 0;
}

enum option {
	OPTION_RO,
	OPTION_FS,
	OPTION_NAME,
	OPTION_IOPS,
	OPTION_IOPS_BURST,
	OPTION_BPS,
	OPTION_BPS_BURST,
	N_OPTIONS,
};

static const char *const option_names[N_OPTIONS] = {
	[OPTION_RO] = "ro",
	[OPTION_FS] = "fs",
	[OPTION_NAME] = "name",
	[OPTION_IOPS] = "iops",
	[OPTION_BPS] = "bps",
	[OPTION_IOPS_BURST] = "iops-burst",
	[OPTION_BPS_BURST] = "bps-burst",
};

static int read_amount(enum option option, const struct word *value,
		       uint64_t *ret, struct ktstr_error *err)
{
	bool bytes = option == OPTION_BPS || option == OPTION_BPS_BURST;

	if (read_number(*value, bytes, 0, ret) && *ret)
		return 0;
	return kt_err(err, -EINVAL,
		      "a disk's %s must be a number above 0%s, "
		      "not \"%.*s\"",
		      option_names[option], bytes ? " of bytes, such as 20M" : "",
		      (int)value->length, value->text);
}

static int read_option(enum option option, const struct word *value,
		       struct kt_disk_spec *ret, struct ktstr_error *err)
{
	struct ktstr_disk_config *config = &ret->config;

	if ((option == OPTION_RO) != !value->text)
		return kt_err(err, -EINVAL, "a disk's option %s %s",
			      option_names[option],
			      value->text ? "takes no value" :
					    "needs a value, behind a =");
	switch (option) {
	case OPTION_RO:
		config->read_only = true;
		return 0;
	case OPTION_FS:
		if (word_is(value, "raw"))
			return 0;
		return kt_err(err, -EINVAL,
			      "a disk's fs must be raw, not \"%.*s\"",
			      (int)value->length, value->text);
	case OPTION_NAME:
		return read_name(value, ret, err);
	case OPTION_IOPS:
		return read_amount(option, value, &config->iops, err);
	case OPTION_IOPS_BURST:
		return read_amount(option, value, &config->iops_burst, err);
	case OPTION_BPS:
		return read_amount(option, value, &config->bytes_per_s, err);
	case OPTION_BPS_BURST:
		return read_amount(option, value, &config->bytes_burst, err);
	default:
		return -EINVAL;
	}
}

static enum option find_option(const struct word *name)
{
	int i = 0;

	while (i < N_OPTIONS && !word_is(name, option_names[i]))
		i++;
	return i;
}

int kt_disk_spec_parse(const char *text, struct kt_disk_spec *ret,
		       struct ktstr_error *err)
{
	struct word rest = { text, strlen(text) }, word;
	unsigned int seen = 0;
	int r;

	*ret = (struct kt_disk_spec){ .config = KTSTR_DISK() };
	word_cut(&rest, ',', &word);
	r = read_size(&word, &ret->config, err);
	while (!r && word_cut(&rest, ',', &word)) {
		struct word value = word, name;
		enum option option;

		word_cut(&value, '=', &name);
		option = find_option(&name);
		if (option == N_OPTIONS)
			return kt_err(
				err, -EINVAL,
				"a disk has no option \"%.*s\"; it has ro, "
				"fs, name, iops, iops-burst, bps and "
				"bps-burst",
				(int)name.length, name.text);
		if (seen & 1u << option)
			return kt_err(err, -EINVAL,
				      "a disk's option %s is given twice",
				      option_names[option]);
		seen |= 1u << option;
		r = read_option(option, &value, ret, err);
	}
	return r;
}
