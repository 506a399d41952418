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
#include "base/runtime_dir.h"
#include "base/strbuf.h"
#include "nest/channel.h"
#include "nest/image.h"

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
		r = kt_runtime_dir("KTSTR_NEST_DIR", &directory, err);
	if (r < 0)
		return r;
	if (slot)
		snprintf(suffix, sizeof(suffix), "-%u", slot);
	if (asprintf(&stem, "%s/" KT_NEST_PLACE_PREFIX "%016" PRIx64 "%s", directory, key, suffix) <
	    0) {
		stem = NULL;
		return kt_err(err, -ENOMEM, "no memory for a path");
	}
	n = snprintf(place.address.sun_path, sizeof(place.address.sun_path),
		     "%s" KT_NEST_PLACE_SOCKET, stem);
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
