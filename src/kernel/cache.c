// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/cache.h"
#include "kernel/kernel.h"

#define LOCK_POLL_NS (10 * 1000 * 1000)

/* The first variable that is set to something; a relative path is refused. */
static int root_from(const char *variable, const char *below, char **ret,
		     struct ktstr_error *err)
{
	const char *value = getenv(variable);

	*ret = NULL;
	if (!value || !*value)
		return 0;
	if (*value != '/')
		return kt_err(err, -EINVAL,
			      "%s must be an absolute path, not \"%s\"",
			      variable, value);
	*ret = below ? kt_path_join(value, below) : strdup(value);
	return *ret ? 0 : kt_err(err, -ENOMEM, "out of memory");
}

int kt_cache_root(char **ret, struct ktstr_error *err)
{
	static const struct {
		const char *variable, *below;
	} sources[] = {
		{"KTSTR_CACHE_DIR", NULL},
		{"XDG_CACHE_HOME", "ktstr"},
		{"HOME", ".cache/ktstr"},
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(sources); i++) {
		int r = root_from(sources[i].variable, sources[i].below, ret,
				  err);

		if (r || *ret)
			return r;
	}
	return kt_err_kind(
		err, KTSTR_ERROR_ENVIRONMENT, -ENOENT,
		"there is no place for the cache: neither "
		"KTSTR_CACHE_DIR nor XDG_CACHE_HOME nor HOME is set; set "
		"KTSTR_CACHE_DIR to a directory of yours");
}

int kt_cache_path(const char *part, char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *root = NULL;
	int r;

	r = kt_cache_root(&root, err);
	if (r)
		return r;
	*ret = kt_path_join(root, part);
	return *ret ? 0 : kt_err(err, -ENOMEM, "out of memory");
}

int kt_cache_dir(const char *part, char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r;

	r = kt_cache_path(part, &path, err);
	if (r)
		return r;
	r = kt_mkdir_p(path, 0755);
	if (r)
		return kt_err_errno(err, r,
				    "cannot make the cache directory %s (set "
				    "KTSTR_CACHE_DIR to use another place)",
				    path);
	*ret = TAKE_PTR(path);
	return 0;
}

int kt_cache_lock(const char *name, unsigned int timeout_ms,
		  bool (*cancelled)(void *userdata), void *userdata,
		  struct ktstr_error *err)
{
	_cleanup_free_ char *directory = NULL, *path = NULL;
	_cleanup_close_ int fd = -1;
	uint64_t deadline;
	int r;

	r = kt_cache_dir(".locks", &directory, err);
	if (r)
		return r;
	if (asprintf(&path, "%s/%s.lock", directory, name) < 0) {
		path = NULL;
		return kt_err(err, -ENOMEM, "out of memory");
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return kt_err_errno(err, -errno,
				    "cannot open the lock %s (set "
				    "KTSTR_CACHE_DIR to use another place)",
				    path);
	deadline = kt_now_ns() + timeout_ms * 1000000ULL;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		struct timespec pause = {.tv_nsec = LOCK_POLL_NS};

		if (errno != EWOULDBLOCK && errno != EINTR)
			return kt_err_errno(err, -errno,
					    "cannot lock %s (set "
					    "KTSTR_CACHE_DIR to use a file "
					    "system that has locks)",
					    path);
		if (cancelled && cancelled(userdata))
			return kt_err(err, -ECANCELED, "interrupted");
		if (kt_now_ns() >= deadline)
			return kt_err(err, -EBUSY,
				      "another ktstr has held %s for more than "
				      "%u s",
				      path, timeout_ms / 1000);
		nanosleep(&pause, NULL);
	}
	return TAKE_FD(fd);
}
