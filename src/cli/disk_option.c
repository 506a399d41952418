// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "cli/command.h"
#include "cli/disk_option.h"

/* "20M", "512K", "4096": bytes. */
static int read_bytes(const char *word, const char *text, uint64_t *ret,
		      struct ktstr_error *err)
{
	static const char units[] = "KMGT";
	char *end = NULL;
	uint64_t value = 0;
	const char *unit;

	errno = isdigit((unsigned char)*text) ? 0 : EINVAL;
	if (!errno)
		value = strtoull(text, &end, 10);
	if (!errno && *end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || (end[1] && strcasecmp(end + 1, "iB") != 0))
			errno = EINVAL;
		else if (__builtin_mul_overflow(
				 value, 1ULL << 10 * (unit - units + 1), &value))
			errno = ERANGE;
	}
	if (errno || !value)
		return kt_err(err, -EINVAL,
			      "--disk: %s must be a number of bytes such as "
			      "4096, 512K or 20M, not \"%s\"",
			      word, text);
	*ret = value;
	return 0;
}

static int read_operations(const char *word, const char *text, uint64_t *ret,
			   struct ktstr_error *err)
{
	const struct kt_option option = { .type = KT_OPTION_NUMBER, .min = 1 };
	_cleanup_free_ char *source = NULL;
	uint32_t value;
	int r;

	if (asprintf(&source, "--disk: %s", word) < 0)
		return kt_err_errno(err, -ENOMEM, "--disk");
	r = kt_option_set(&option, source, text, &value, err);
	if (!r)
		*ret = value;
	return r;
}

static int read_name(const char *text, struct kt_disk_option *option,
		     struct ktstr_error *err)
{
	if (!*text || strlen(text) > KTSTR_DISK_NAME_MAX)
		return kt_err(
			err, -EINVAL,
			"--disk: name must have 1 to %d bytes, not \"%s\"",
			KTSTR_DISK_NAME_MAX, text);
	memcpy(option->name, text, strlen(text) + 1);
	option->disk.name = option->name;
	return 0;
}

static int read_file_system(const char *text, struct ktstr_error *err)
{
	if (strcmp(text, "raw") == 0)
		return 0;
	return kt_err(err, -EINVAL,
		      "--disk: fs must be raw, not \"%s\"; the guest can make "
		      "a file system on /dev/vda itself",
		      text);
}

static int read_word(char *word, struct kt_disk_option *option,
		     struct ktstr_error *err)
{
	struct ktstr_disk *disk = &option->disk;
	char *value = strchr(word, '=');

	if (strcmp(word, "ro") == 0) {
		disk->read_only = true;
		return 0;
	}
	if (value)
		*value++ = '\0';
	else
		value = word + strlen(word);
	if (strcmp(word, "fs") == 0)
		return read_file_system(value, err);
	if (strcmp(word, "name") == 0)
		return read_name(value, option, err);
	if (strcmp(word, "iops") == 0)
		return read_operations(word, value, &disk->iops, err);
	if (strcmp(word, "iops-burst") == 0)
		return read_operations(word, value, &disk->iops_burst, err);
	if (strcmp(word, "bps") == 0)
		return read_bytes(word, value, &disk->bytes_per_s, err);
	if (strcmp(word, "bps-burst") == 0)
		return read_bytes(word, value, &disk->bytes_burst, err);
	if (strcmp(word, "ro") == 0)
		return kt_err(err, -EINVAL, "--disk: ro takes no value");
	return kt_err(err, -EINVAL,
		      "--disk: \"%s\" is none of fs, iops, iops-burst, bps, "
		      "bps-burst, name and ro",
		      word);
}

int kt_disk_option_parse(const char *text, struct kt_disk_option *ret,
			 struct ktstr_error *err)
{
	const struct kt_option size = { .type = KT_OPTION_MEMORY };
	_cleanup_free_ char *words = strdup(text);
	char *at = words, *word;
	struct ktstr_error why;
	int r;

	if (!words)
		return kt_err_errno(err, -ENOMEM, "--disk");
	*ret = (struct kt_disk_option){ .disk = KTSTR_DISK_CONFIG() };
	word = strsep(&at, ",");
	if (kt_option_set(&size, "--disk", word, &ret->disk.size_mib, &why))
		return kt_err(err, -EINVAL,
			      "--disk must begin with a size such as 512M or "
			      "2G, not with \"%s\"",
			      word);
	while ((word = strsep(&at, ","))) {
		r = read_word(word, ret, err);
		if (r)
			return r;
	}
	return 0;
}
