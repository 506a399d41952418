// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/macro.h"
#include "initramfs/archive_path.h"
#include "wire/guest_files.h"

bool kt_archive_path_lies_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return !strncmp(path, directory, length) &&
	       (path[length] == '/' || !path[length]);
}

const char *kt_archive_path_hidden_by(const char *path)
{
	static const char *const mounted[] = { "dev", "proc", "sys" };

	for (size_t i = 0; i < KT_ARRAY_SIZE(mounted); i++)
		if (kt_archive_path_lies_in(path, mounted[i]))
			return mounted[i];
	return NULL;
}

static int check_parts(const char *path, struct ktstr_error *err)
{
	for (const char *part = path;;) {
		size_t length = strcspn(part, "/");

		if (!length || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return kt_err(err, -EINVAL,
				      "include file \"%s\": the archive path "
				      "must not hold \"..\", \".\" or empty "
				      "parts",
				      path);
		if (length > NAME_MAX)
			return kt_err(
				err, -ENAMETOOLONG,
				"include file \"%.60s...\": a part of the "
				"archive path is longer than %d bytes",
				path, NAME_MAX);
		if (!part[length])
			return 0;
		part += length + 1;
	}
}

int kt_archive_path_check(const char *path, struct ktstr_error *err)
{
	const char *hidden_by;
	int r;

	if (!*path)
		return kt_err(err, -EINVAL,
			      "an include file has an empty archive path");
	if (*path == '/')
		return kt_err(
			err, -EINVAL,
			"include file \"%s\": the archive path must be "
			"relative to the guest's root: drop the leading /",
			path);
	if (strlen(path) >= PATH_MAX - 1)
		return kt_err(err, -ENAMETOOLONG,
			      "include file \"%.60s...\": the archive path is "
			      "longer than %d bytes",
			      path, PATH_MAX - 2);
	r = check_parts(path, err);
	if (r < 0)
		return r;
	if (!strcmp(path, "init") ||
	    kt_archive_path_lies_in(path, KT_GUEST_DIR + 1))
		return kt_err(err, -EINVAL,
			      "include file \"%s\": that path is ktstr's own: "
			      "choose another",
			      path);
	hidden_by = kt_archive_path_hidden_by(path);
	if (hidden_by)
		return kt_err(err, -EINVAL,
			      "include file \"%s\": the guest mounts over /%s, "
			      "which would hide it: choose another directory",
			      path, hidden_by);
	return 0;
}
