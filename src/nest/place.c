// SPDX-License-Identifier: GPL-2.0-only
#include "nest/place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strbuf.h"
#include "nest/channel.h"
#include "nest/image.h"

/*
 * Whether the caller's own. Root that came by su or sudo -E has the other
 * user's, could write there, and would leave files that are in that one's way.
 */
static bool place_runtime_is_ours(const char *runtime)
{
	struct stat st;

	return runtime && *runtime == '/' && stat(runtime, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int place_directory(char **ret, struct ktstr_error *err)
{
	const char *named = getenv("KTSTR_NEST_DIR");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int r;

	if (named && *named)
		kt_strbuf_add(&sb, named);
	else if (place_runtime_is_ours(runtime))
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
			      "alone: remove it, or set KTSTR_NEST_DIR",
			      path, (unsigned int)geteuid());
	*ret = TAKE_PTR(path);
	return 0;
}

/* All that tells one kind of machine from another. */
static int place_key(const struct kt_nest_shape *shape, uint64_t *ret,
		     struct ktstr_error *err)
{
	const char *kernel = getenv("KTSTR_NEST_KERNEL");
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *agent = NULL;
	char text[KT_NEST_SHAPE_TEXT_BYTES];
	struct stat st;
	int r;

	r = kt_nest_agent_path(&agent, err);
	if (r < 0)
		return r;
	if (stat(agent, &st) < 0)
		return kt_err_errno(err, -errno, "cannot read %s", agent);
	kt_nest_shape_format(shape, text);
	kt_strbuf_addf(&sb, "%u %s %s %ju %jd.%ld %s", KT_NEST_PROTOCOL, text,
		       agent, (uintmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
		       st.st_mtim.tv_nsec, kernel ? kernel : "");
	if (kt_strbuf_failed(&sb))
		return kt_err(err, -ENOMEM, "no memory for a name");
	*ret = XXH64(sb.data, sb.length, 0);
	return 0;
}

int kt_nest_place_find(const struct kt_nest_shape *shape, uint32_t slot,
		       struct kt_nest_place *ret, struct ktstr_error *err)
{
	struct kt_nest_place place = { .address.sun_family = AF_UNIX };
	_cleanup_free_ char *directory = NULL, *stem = NULL;
	char suffix[16] = "";
	uint64_t key = 0;
	int n, r;

	r = place_key(shape, &key, err);
	if (r == 0)
		r = place_directory(&directory, err);
	if (r < 0)
		return r;
	if (slot)
		snprintf(suffix, sizeof(suffix), "-%u", slot);
	if (asprintf(&stem, "%s/nest-%016" PRIx64 "%s", directory, key, suffix) <
	    0) {
		stem = NULL;
		return kt_err(err, -ENOMEM, "no memory for a path");
	}
	n = snprintf(place.address.sun_path, sizeof(place.address.sun_path),
		     "%s.sock", stem);
	if (n < 0 || (size_t)n >= sizeof(place.address.sun_path))
		return kt_err(err, -ENAMETOOLONG,
			      "%s is too long a path for sockets: set "
			      "KTSTR_NEST_DIR to a shorter one",
			      directory);
	if (asprintf(&place.lock, "%s.lock", stem) < 0)
		return kt_err(err, -ENOMEM, "no memory for a path");
	if (asprintf(&place.log, "%s.log", stem) < 0) {
		free(place.lock);
		return kt_err(err, -ENOMEM, "no memory for a path");
	}
	*ret = place;
	return 0;
}

void kt_nest_place_deinit(struct kt_nest_place *place)
{
	free(place->lock);
	free(place->log);
	place->lock = place->log = NULL;
}
