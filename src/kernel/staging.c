// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/cache.h"
#include "kernel/image.h"
#include "kernel/modules.h"
#include "kernel/resolve.h"
#include "kernel/staging.h"

static int out_of_memory(struct ktstr_error *err)
{
	return kt_err(err, -ENOMEM, "out of memory");
}

void kt_staging_deinit(struct kt_staging *staging)
{
	if (staging->root)
		kt_remove_tree(staging->root);
	free(staging->kernels);
	free(staging->root);
	free(staging->unpacked);
	free(staging->finished);
	*staging = (struct kt_staging){0};
}

int kt_staging_init(struct kt_staging *staging, const char *release,
		    struct ktstr_error *err)
{
	int r;

	*staging = (struct kt_staging){0};
	strcpy(staging->release, release);
	r = kt_cache_dir("kernels", &staging->kernels, err);
	if (r)
		return r;
	staging->root = kt_path_join(staging->kernels, ".staging");
	if (!staging->root)
		return out_of_memory(err);
	staging->unpacked = kt_path_join(staging->root, "unpacked");
	staging->finished = kt_path_join(staging->root, "finished");
	if (!staging->unpacked || !staging->finished)
		return out_of_memory(err);
	r = kt_remove_tree(staging->root);
	if (!r)
		r = kt_mkdir_p(staging->unpacked, 0755);
	return r ? kt_err_errno(err, r, "cannot make %s", staging->unpacked) : 0;
}

/* Where packages have something: before and behind the release. */
struct place {
	const char *before;
	const char *behind;
};

static const struct place image_places[] = {
	{"boot/vmlinuz-", ""},
	{"usr/lib/modules/", "/vmlinuz"},
	{"lib/modules/", "/vmlinuz"},
	{NULL},
};

static const struct place config_places[] = {
	{"boot/config-", ""},
	{"usr/lib/modules/", "/config"},
	{"lib/modules/", "/config"},
	{NULL},
};

static const struct place modules_places[] = {
	{"usr/lib/modules/", ""},
	{"lib/modules/", ""},
	{NULL},
};

/*
 * Moves the first of the places below the unpacked packages that exists to
 * `to` below the finished kernel.
 */
static int move_first(struct kt_staging *staging, const struct place *places,
		      const char *to, bool *ret_found, struct ktstr_error *err)
{
	_cleanup_free_ char *target = kt_path_join(staging->finished, to);

	*ret_found = false;
	if (!target)
		return out_of_memory(err);
	for (; places->before && !*ret_found; places++) {
		_cleanup_free_ char *from = NULL;

		if (asprintf(&from, "%s/%s%s%s", staging->unpacked, places->before,
			     staging->release, places->behind) < 0) {
			from = NULL;
			return out_of_memory(err);
		}
		if (access(from, F_OK) < 0)
			continue;
		if (rename(from, target) < 0)
			return kt_err_errno(err, -errno,
					    "cannot move %s (set "
					    "KTSTR_CACHE_DIR to use another "
					    "place)",
					    from);
		*ret_found = true;
	}
	return 0;
}

static int check_image(const struct kt_staging *staging, struct ktstr_error *err)
{
	_cleanup_(kt_mapped_file_deinit) struct kt_mapped_file file = {0};
	_cleanup_free_ char *path = kt_path_join(staging->finished, "vmlinuz");
	char release[KT_RELEASE_BYTES];
	int r;

	if (!path)
		return out_of_memory(err);
	r = kt_mapped_file_open(path, &file, err);
	if (!r)
		r = kt_image_release(file.data, file.bytes, release, err);
	if (r)
		return kt_err_context(err, r, "the kernel in the packages");
	if (strcmp(release, staging->release))
		return kt_err(err, -EBADMSG,
			      "the packages of kernel %s hold kernel %s",
			      staging->release, release);
	return 0;
}

static int arrange(struct kt_staging *staging, struct ktstr_error *err)
{
	_cleanup_free_ char *modules = NULL, *target = NULL;
	bool image, config, found;
	int r;

	if (asprintf(&target, "lib/modules/%s", staging->release) < 0) {
		target = NULL;
		return out_of_memory(err);
	}
	modules = kt_path_join(staging->finished, "lib/modules");
	if (!modules)
		return out_of_memory(err);
	r = kt_mkdir_p(modules, 0755);
	if (r)
		return kt_err_errno(err, r, "cannot make %s", modules);
	r = move_first(staging, image_places, "vmlinuz", &image, err);
	if (!r)
		r = move_first(staging, config_places, "config", &config, err);
	if (!r)
		r = move_first(staging, modules_places, target, &found, err);
	if (r)
		return r;
	if (!image || !found)
		return kt_err(err, -EBADMSG,
			      "the packages of kernel %s hold no %s",
			      staging->release, image ? "modules" : "image");
	return 0;
}

int kt_staging_publish(struct kt_staging *staging, struct ktstr_error *err)
{
	_cleanup_free_ char *target =
		kt_path_join(staging->kernels, staging->release);
	int r;

	if (!target)
		return out_of_memory(err);
	r = arrange(staging, err);
	if (!r)
		r = check_image(staging, err);
	if (!r)
		r = kt_modules_depmod(staging->finished, staging->release, err);
	if (r)
		return r;
	/* Something unfinished may be in the way, never a whole kernel. */
	r = kt_remove_tree(target);
	if (!r && rename(staging->finished, target) < 0)
		r = -errno;
	return r ? kt_err_errno(err, r,
				"cannot put the kernel at %s (set "
				"KTSTR_CACHE_DIR to use another place)",
				target)
		 : 0;
}

int kt_staging_image(const char *release, char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *kernels = NULL;
	int r = kt_cache_path("kernels", &kernels, err);

	if (r)
		return r;
	if (asprintf(ret, "%s/%s/vmlinuz", kernels, release) < 0)
		return out_of_memory(err);
	return 0;
}

bool kt_staging_is_published(const char *release)
{
	_cleanup_free_ char *kernels = NULL, *image = NULL, *dep = NULL;

	if (kt_cache_path("kernels", &kernels, NULL) ||
	    kt_staging_image(release, &image, NULL))
		return false;
	if (asprintf(&dep, "%s/%s/lib/modules/%s/modules.dep", kernels, release,
		     release) < 0) {
		dep = NULL;
		return false;
	}
	return !access(image, R_OK) && !access(dep, R_OK);
}

/* Two dots make a point release; a series has one. */
static bool is_point_release(const char *version)
{
	const char *dot = strchr(version, '.');

	return dot && strchr(dot + 1, '.');
}

bool kt_staging_find(const char *version, char *ret)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0};

	if (!is_point_release(version) ||
	    kt_kernel_candidates_find("", &found, NULL))
		return false;
	for (size_t i = 0; i < found.n; i++) {
		const struct kt_kernel_candidate *c = &found.list[i];

		if (c->place != KT_KERNEL_IN_CACHE ||
		    !kt_release_matches(c->release, version) ||
		    !kt_staging_is_published(c->release))
			continue;
		strcpy(ret, c->release);
		return true;
	}
	return false;
}
