// SPDX-License-Identifier: GPL-2.0-only
#include "runner/map_writes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take(const json_t *entry, struct ktstr_bpf_map_write *write,
		struct ktstr_error *err)
{
	const json_t *path = json_object_get(entry, "variable");
	const char *map = NULL, *variable = json_string_value(path);
	json_int_t offset = 0, value = 0;

	if (json_unpack((json_t *)entry, "{s:s, s:I, s:I}", "map", &map,
			"offset", &offset, "value", &value) < 0 ||
	    !*map || (path && !json_is_null(path) && !variable))
		return kt_err(err, -EINVAL, "it has no map, offset and value");
	if (offset < 0 || offset > UINT32_MAX || value < 0 || value > UINT32_MAX)
		return kt_err(
			err, -EINVAL,
			"offset (%lld) and value (%lld) must be from 0 to "
			"%u",
			(long long)offset, (long long)value, UINT32_MAX);
	write->map = strdup(map);
	write->variable = variable ? strdup(variable) : NULL;
	write->offset = (uint32_t)offset;
	write->value = (uint32_t)value;
	return write->map && (!variable || write->variable) ?
		       0 :
		       kt_err(err, -ENOMEM, "no memory for a list of writes");
}

int kt_map_writes_take(const json_t *entry, struct kt_map_writes *ret,
		       struct ktstr_error *err)
{
	const json_t *list = json_object_get(entry, "bpf_map_writes");
	size_t n = json_array_size(list);

	if (!list)
		return 0;
	if (!json_is_array(list))
		return kt_err(err, -EINVAL, "\"bpf_map_writes\" is no list");
	if (n > KT_MAP_WRITES_MAX)
		return kt_err(
			err, -EINVAL,
			"bpf_map_writes: %zu are too many; %d are possible", n,
			KT_MAP_WRITES_MAX);
	ret->list = calloc(n + 1, sizeof(*ret->list));
	if (!ret->list)
		return kt_err(err, -ENOMEM, "no memory for a list of writes");
	for (size_t i = 0; i < n; i++) {
		int r = take(json_array_get(list, i), &ret->list[ret->n++], err);

		if (r)
			return kt_err_context(err, r, "bpf_map_writes[%zu]", i);
	}
	return 0;
}

void kt_map_writes_deinit(struct kt_map_writes *writes)
{
	for (size_t i = 0; i < writes->n; i++) {
		free((char *)writes->list[i].map);
		free((char *)writes->list[i].variable);
	}
	free(writes->list);
	*writes = (struct kt_map_writes){ .n = 0 };
}
