// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/layout.h"

#define PATH_BYTES 64

static const struct {
	const char *type;
	const char *paths;
} rows[KT_N_LAYOUT] = {
#define KT_LAYOUT_ROW(id_, type_, path_)                                       \
	[KT_##id_] = { .type = (type_), .paths = (path_) },
	KT_LAYOUT(KT_LAYOUT_ROW)
#undef KT_LAYOUT_ROW
};

/* The next of the alternatives, which are separated by '|'; NULL at the end. */
static const char *next_path(const char *paths, char path[PATH_BYTES])
{
	size_t length = strcspn(paths, "|");

	if (!length)
		return NULL;
	snprintf(path, PATH_BYTES, "%.*s", (int)length, paths);
	return paths + length + (paths[length] == '|');
}

static bool resolve(const struct kt_types *types, uint32_t type_id,
		    const char *paths, struct kt_member *ret)
{
	char path[PATH_BYTES];

	while ((paths = next_path(paths, path))) {
		if (kt_types_member_of(types, type_id, path, ret) == 0)
			return true;
	}
	return false;
}

void kt_layout_resolve(struct kt_layout *layout, const struct kt_types *types)
{
	uint32_t type_id = 0;

	/* Rows of one type follow each other, so that each is looked for once. */
	for (size_t i = 0; i < KT_N_LAYOUT; i++) {
		if (i == 0 || strcmp(rows[i].type, rows[i - 1].type) != 0)
			type_id = kt_types_find(types, rows[i].type);
		layout->has[i] = resolve(types, type_id, rows[i].paths,
					 &layout->member[i]);
	}
}

void kt_layout_name(enum kt_layout_id id, char *ret, size_t size)
{
	char path[PATH_BYTES];

	(void)next_path(rows[id].paths, path);
	snprintf(ret, size, "%s.%s", rows[id].type, path);
}
