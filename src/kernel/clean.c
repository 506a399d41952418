// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/cache.h"
#include "kernel/disk_usage.h"
#include "kernel/image.h"
#include "kernel/list.h"
#include "kernel/unpacked.h"

struct cleaner {
	void (*removed)(void *userdata, const char *release, uint64_t bytes);
	void *userdata;
	uint64_t rest_bytes;
	/* Unpacked images that stay: HASH.elf of each kernel that stays. */
	char (*kept)[KT_IMAGE_HASH_BYTES];
	size_t n_kept;
};

static void cleaner_deinit(struct cleaner *cleaner)
{
	free(cleaner->kept);
}

static int remove_path(const char *path, uint64_t *bytes, struct ktstr_error *err)
{
	uint64_t size = kt_disk_usage(path);
	int r = kt_remove_tree(path);

	if (r)
		return kt_err_errno(err, r, "cannot remove %s", path);
	*bytes += size;
	return 0;
}

/* A directory of the cache of which nothing needs to be kept. */
static int remove_part(struct cleaner *cleaner, const char *part,
		       struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = kt_cache_path(part, &path, err);

	return r ? r : remove_path(path, &cleaner->rest_bytes, err);
}

static int keep_unpacked(struct cleaner *cleaner, const char *image)
{
	_cleanup_(kt_mapped_file_deinit) struct kt_mapped_file file = {0};
	void *grown;

	/* One that cannot be read has no unpacked form either. */
	if (kt_mapped_file_open(image, &file, NULL))
		return 0;
	grown = reallocarray(cleaner->kept, cleaner->n_kept + 1,
			     sizeof(*cleaner->kept));
	if (!grown)
		return -ENOMEM;
	cleaner->kept = grown;
	kt_image_hash(file.data, file.bytes, cleaner->kept[cleaner->n_kept++]);
	return 0;
}

static int remove_kernel(struct cleaner *cleaner,
			 const struct kt_kernel_candidate *kernel,
			 struct ktstr_error *err)
{
	_cleanup_free_ char *directory = strdup(kernel->image);
	uint64_t bytes = 0;
	int r;

	if (!directory)
		return kt_err(err, -ENOMEM, "out of memory");
	*strrchr(directory, '/') = '\0';
	r = remove_path(directory, &bytes, err);
	if (!r && cleaner->removed)
		cleaner->removed(cleaner->userdata, kernel->release, bytes);
	return r;
}

static int clean_kernels(struct cleaner *cleaner, unsigned int keep,
			 struct ktstr_error *err)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0};
	unsigned int seen = 0;
	int r = kt_kernel_candidates_find("", &found, err);

	for (size_t i = 0; !r && i < found.n; i++) {
		if (found.list[i].place != KT_KERNEL_IN_CACHE)
			continue;
		if (seen++ >= keep)
			r = remove_kernel(cleaner, &found.list[i], err);
		else if (keep_unpacked(cleaner, found.list[i].image))
			r = kt_err(err, -ENOMEM, "out of memory");
	}
	return r;
}

static bool is_kept(const struct cleaner *cleaner, const char *name)
{
	for (size_t i = 0; i < cleaner->n_kept; i++) {
		size_t n = strlen(cleaner->kept[i]);

		if (!strncmp(name, cleaner->kept[i], n) &&
		    !strcmp(name + n, ".elf"))
			return true;
	}
	return false;
}

static int clean_unpacked(struct cleaner *cleaner, struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL;
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *entry;
	int r = kt_cache_path("unpacked", &directory, err);

	if (r)
		return r;
	d = opendir(directory);
	while (!r && d && (entry = readdir(d))) {
		_cleanup_free_ char *path = NULL;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    is_kept(cleaner, entry->d_name))
			continue;
		path = kt_path_join(directory, entry->d_name);
		r = path ? remove_path(path, &cleaner->rest_bytes, err)
			 : kt_err(err, -ENOMEM, "out of memory");
	}
	return r;
}

int kt_kernel_clean(unsigned int keep,
		    void (*removed)(void *userdata, const char *release,
				    uint64_t bytes),
		    void *userdata, struct ktstr_error *err)
{
	static const char *const parts[] = {"kernels/.staging", "modules", "apt"};
	_cleanup_(cleaner_deinit) struct cleaner cleaner = {
		.removed = removed,
		.userdata = userdata,
	};
	_cleanup_close_ int lock = -1;
	_cleanup_free_ char *root = NULL;
	int r = kt_cache_root(&root, err);

	if (r)
		return r;
	/* To look for something to clean must not make a cache. */
	if (access(root, F_OK) < 0 && errno == ENOENT)
		return 0;
	lock = kt_cache_lock("fetch", 0, NULL, NULL, err);
	if (lock == -EBUSY)
		return kt_err(
			err, -EBUSY,
			"a kernel is being fetched into %s just now; clean "
			"it when that is done",
			root);
	if (lock < 0)
		return lock;
	r = clean_kernels(&cleaner, keep, err);
	if (!r)
		r = clean_unpacked(&cleaner, err);
	for (size_t i = 0; !r && i < KT_ARRAY_SIZE(parts); i++)
		r = remove_part(&cleaner, parts[i], err);
	if (!r && cleaner.rest_bytes && removed)
		removed(userdata, NULL, cleaner.rest_bytes);
	return r;
}
