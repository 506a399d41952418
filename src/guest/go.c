// SPDX-License-Identifier: GPL-2.0-only
#include "guest/go.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "wire/guest_files.h"

#define NS_PER_MS 1000000ULL
#define STEP_MS   10

int kt_go_await(const char *await, const char *go, unsigned int limit_ms,
		struct ktstr_error *err)
{
	const struct timespec step = { .tv_nsec = STEP_MS * NS_PER_MS };
	uint64_t deadline_ns = kt_now_ns() + limit_ms * NS_PER_MS;
	_cleanup_free_ char *text = NULL;
	int r;

	if (access(await, F_OK) < 0)
		return 0;
	while ((r = kt_read_file(go, KT_GO_MAX_BYTES, &text, NULL)) == -ENOENT &&
	       kt_now_ns() < deadline_ns)
		nanosleep(&step, NULL);
	if (r == -ENOENT)
		return kt_err(err, -ETIMEDOUT,
			      "the host, which was to write to the scheduler's "
			      "maps, had not said after %.6g s that it has",
			      limit_ms / 1000.0);
	if (r < 0)
		return kt_err_errno(err, r, "cannot read %s", go);
	if (*text)
		return kt_err(err, -ECANCELED,
			      "the host could not write to the scheduler's "
			      "maps: %s",
			      text);
	return 0;
}

int kt_go_put(const char *go, const void *text, size_t length)
{
	return kt_write_file_atomic(go, text, length, 0644);
}
