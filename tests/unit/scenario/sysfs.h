/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A made-up sysfs below a directory of its own. */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"

struct sysfs {
	char root[64];
};

static inline void sysfs_init(struct sysfs *sysfs)
{
	strcpy(sysfs->root, "/tmp/ktstr-sysfs-XXXXXX");
	assert_non_null(mkdtemp(sysfs->root));
}

static inline void sysfs_deinit(const struct sysfs *sysfs)
{
	assert_int_equal(kt_remove_tree(sysfs->root), 0);
}

static inline void sysfs_put(const struct sysfs *sysfs, const char *file,
			     const char *text)
{
	char path[256], *slash;

	snprintf(path, sizeof(path), "%s/devices/system/%s", sysfs->root, file);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(kt_mkdir_p(path, 0700), 0);
	*slash = '/';
	assert_int_equal(kt_write_file_atomic(path, text, strlen(text), 0600), 0);
}

/* Its L1 of its own, and the outer cache that it shares. */
static inline void sysfs_put_caches(const struct sysfs *sysfs, int cpu,
				    const char *llc)
{
	const struct {
		int index;
		const char *level;
		const char *shared;
	} caches[] = { { 0, "1\n", "" }, { 1, "3\n", llc }, { 2, "2\n", "" } };

	for (size_t i = 0; i < 3; i++) {
		char file[96], own[16];

		snprintf(own, sizeof(own), "%d\n", cpu);
		snprintf(file, sizeof(file), "cpu/cpu%d/cache/index%d/level",
			 cpu, caches[i].index);
		sysfs_put(sysfs, file, caches[i].level);
		snprintf(file, sizeof(file),
			 "cpu/cpu%d/cache/index%d/shared_cpu_list", cpu,
			 caches[i].index);
		sysfs_put(sysfs, file,
			  *caches[i].shared ? caches[i].shared : own);
	}
}
