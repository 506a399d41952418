/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What a test wants written into its scheduler's maps, out of a list of tests. */

#include <jansson.h>
#include <stddef.h>

#include <ktstr/map_write.h>

#include "base/error.h"

/* More are a mistake, or no test. */
#define KT_MAP_WRITES_MAX 256

struct kt_map_writes {
	struct ktstr_bpf_map_write *list; /* whose texts are owned too */
	size_t n;
};

/* Of a test's entry; without such a part none. -EINVAL, -ENOMEM. */
int kt_map_writes_take(const json_t *entry, struct kt_map_writes *ret,
		       struct ktstr_error *err);
void kt_map_writes_deinit(struct kt_map_writes *writes);
