// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/disk_usage.h"
#include "kernel/image.h"
#include "kernel/list.h"

#define CONFIG_MAX_BYTES (4 * KT_MIB)

void kt_kernel_list_deinit(struct kt_kernel_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->list[i].image);
		free(list->list[i].problem);
	}
	free(list->list);
	*list = (struct kt_kernel_list){0};
}

/* A line of its own: "CONFIG_X=y", or "# CONFIG_X is not set", or nothing. */
static enum kt_known option_of(const char *config, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = config; (at = strstr(at, line)); at += n) {
		if ((at == config || at[-1] == '\n') && (!at[n] || at[n] == '\n'))
			return KT_YES;
	}
	return KT_NO;
}

/* The configuration has the image's name with another first part. */
static int read_config(struct kt_kernel_info *info)
{
	_cleanup_free_ char *path = NULL, *config = NULL;
	const char *slash = strrchr(info->image, '/');
	const char *name = slash + 1 + strlen("vmlinuz");

	if (asprintf(&path, "%.*s/config%s", (int)(slash - info->image),
		     info->image, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (kt_read_file(path, CONFIG_MAX_BYTES, &config, NULL))
		return 0;
	info->sched_ext = option_of(config, "CONFIG_SCHED_CLASS_EXT=y");
	info->btf = option_of(config, "CONFIG_DEBUG_INFO_BTF=y");
	return 0;
}

static int read_image(struct kt_kernel_info *info)
{
	_cleanup_(kt_mapped_file_deinit) struct kt_mapped_file file = {0};
	char release[KT_RELEASE_BYTES];
	struct ktstr_error reason;
	int r;

	r = kt_mapped_file_open(info->image, &file, &reason);
	if (!r)
		r = kt_image_release(file.data, file.bytes, release, &reason);
	if (!r) {
		if (*release)
			strcpy(info->release, release);
		return 0;
	}
	info->problem = strdup(reason.message);
	return info->problem ? 0 : -ENOMEM;
}

static void measure(struct kt_kernel_info *info)
{
	_cleanup_free_ char *directory = NULL;
	struct stat st;

	if (info->place == KT_KERNEL_IN_CACHE) {
		directory = strndup(
			info->image,
			(size_t)(strrchr(info->image, '/') - info->image));
		if (directory)
			info->bytes = kt_disk_usage(directory);
	} else if (!stat(info->image, &st)) {
		info->bytes = (uint64_t)st.st_size;
	}
}

int kt_kernel_list(const char *root, struct kt_kernel_list *ret,
		   struct ktstr_error *err)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0};
	_cleanup_(kt_kernel_list_deinit) struct kt_kernel_list list = {0};
	int r = kt_kernel_candidates_find(root, &found, err);

	if (r)
		return r;
	list.list = calloc(found.n ? found.n : 1, sizeof(*list.list));
	if (!list.list)
		return kt_err(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < found.n; i++) {
		struct kt_kernel_info *info = &list.list[list.n++];

		info->place = found.list[i].place;
		info->image = TAKE_PTR(found.list[i].image);
		strcpy(info->release, found.list[i].release);
		measure(info);
		r = read_image(info);
		if (!r)
			r = read_config(info);
	}
	if (r)
		return kt_err(err, r, "out of memory");
	*ret = list;
	list = (struct kt_kernel_list){0};
	return 0;
}
