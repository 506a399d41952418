// SPDX-License-Identifier: GPL-2.0-only
#include "base/runtime_dir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strbuf.h"

/*
 * Root that came by su or sudo -E has the other user's, could write there, and
 * would leave files that are in that one's way.
 */
static bool is_ours(const char *runtime)
{
	struct stat st;

	return runtime && *runtime == '/' && stat(runtime, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int kt_runtime_dir(const char *variable, char **ret, struct ktstr_error *err)
{
	const char *named = variable ? getenv(variable) : NULL;
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int r;

	if (named && *named)
		kt_strbuf_add(&sb, named);
	else if (is_ours(runtime))
		kt_strbuf_addf(&sb, "%s/ktstr", runtime);
	else
		kt_strbuf_addf(&sb, "/tmp/ktstr-%u", (unsigned int)geteuid());
	path = kt_strbuf_steal(&sb);
	if (!path)
		return kt_err(err, -ENOMEM, "no memory for a path");
	r = kt_mkdir_p(path, 0700);
	if (r < 0 || lstat(path, &st) < 0)
		return kt_err_errno(err, r < 0 ? r : -errno,
				    "cannot make the directory %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return kt_err(err, -EPERM,
			      "%s is not a directory that belongs to user %u "
			      "alone: remove it, or set %s",
			      path, (unsigned int)geteuid(),
			      variable ?: "XDG_RUNTIME_DIR");
	*ret = TAKE_PTR(path);
	return 0;
}
