// SPDX-License-Identifier: GPL-2.0-only
#include "guest/files.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define LIST_FILE_MAX_BYTES (4 * KT_MIB)

void kt_string_list_deinit(struct kt_string_list *list)
{
	free(list->items);
	free(list->text);
	*list = (struct kt_string_list){0};
}

int kt_string_list_take(struct kt_string_list *list, char *text, size_t length)
{
	_cleanup_free_ char *owned = text;
	char **items;
	size_t count = 0;

	for (size_t at = 0; at < length; at += strlen(text + at) + 1)
		count++;
	items = calloc(count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < count; i++) {
		items[i] = text + at;
		at += strlen(text + at) + 1;
	}
	kt_string_list_deinit(list);
	*list = (struct kt_string_list){
		.items = items,
		.count = count,
		.text = TAKE_PTR(owned),
	};
	return 0;
}

int kt_string_list_read(struct kt_string_list *list, const char *path)
{
	char *text;
	size_t length;
	int r;

	r = kt_read_file(path, LIST_FILE_MAX_BYTES, &text, &length);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	return kt_string_list_take(list, text, length);
}

int kt_environment_apply(const struct kt_string_list *list)
{
	int result = 0;

	for (size_t i = 0; i < list->count; i++) {
		char *entry = list->items[i];
		char *equals = strchr(entry, '=');

		if (!equals || equals == entry) {
			result = -EINVAL;
			continue;
		}
		*equals = '\0';
		if (setenv(entry, equals + 1, 1) < 0)
			result = -errno;
		*equals = '=';
	}
	return result;
}

unsigned int kt_environment_number(const char *name, unsigned int max)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > max)
		return 0;
	return (unsigned int)value;
}
