// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "kernel/cache.h"
#include "kernel/modules.h"

#define DEPMOD_SILENCE_MS (10 * 60 * 1000)
#define LOCK_TIMEOUT_MS   (60 * 1000)

/* Takes `path`; keeps it in `ret` if it is a directory with modules in it. */
static int accept(char *path, char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *owned = path, *kernel = NULL;
	struct stat st;

	if (!owned)
		return kt_err(err, -ENOMEM, "out of memory");
	kernel = kt_path_join(owned, "kernel");
	if (!kernel)
		return kt_err(err, -ENOMEM, "out of memory");
	if (!stat(kernel, &st) && S_ISDIR(st.st_mode))
		*ret = TAKE_PTR(owned);
	return 0;
}

static int look_below(const char *base, const char *release, char **ret,
		      struct ktstr_error *err)
{
	static const char *const places[] = {"lib/modules", "usr/lib/modules"};

	for (size_t i = 0; i < KT_ARRAY_SIZE(places) && !*ret; i++) {
		char *path;
		int r;

		if (asprintf(&path, "%s/%s/%s", base, places[i], release) < 0)
			path = NULL;
		r = accept(path, ret, err);
		if (r)
			return r;
	}
	return 0;
}

int kt_modules_find(const char *image, const char *release, const char *root,
		    char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *resolved = realpath(image, NULL);
	char *slash;
	int r = 0;

	*ret = NULL;
	if (!resolved)
		return kt_err_errno(err, -errno, "cannot find %s", image);
	slash = strrchr(resolved, '/');
	*slash = '\0';
	slash = strrchr(resolved, '/');
	if (slash && !strcmp(slash + 1, release))
		r = accept(strdup(resolved), ret, err);
	if (!r && !*ret)
		r = look_below(resolved, release, ret, err);
	if (!r && !*ret && slash && !strcmp(slash, "/boot")) {
		*slash = '\0';
		r = look_below(resolved, release, ret, err);
	}
	if (!r && !*ret)
		r = look_below(root, release, ret, err);
	return r;
}

int kt_modules_depmod(const char *base, const char *release,
		      struct ktstr_error *err)
{
	const char *argv[] = {"depmod", "-b", base, release, NULL};
	struct kt_process process = {
		.argv = argv,
		.package = "kmod",
		.silence_ms = DEPMOD_SILENCE_MS,
	};

	return kt_process_run(&process, NULL, err);
}

/* A name that changes whenever the modules are installed anew. */
static int cache_key(const char *directory, char *ret, size_t bytes)
{
	_cleanup_free_ char *kernel = kt_path_join(directory, "kernel");
	_cleanup_free_ char *order = kt_path_join(directory, "modules.order");
	struct stat st[2] = {0};
	XXH64_hash_t hash;

	if (!kernel || !order)
		return -ENOMEM;
	if (stat(kernel, &st[0]) < 0)
		return -errno;
	/* Absent where nobody wrote one. */
	if (stat(order, &st[1]) < 0)
		st[1] = (struct stat){0};
	hash = XXH3_64bits(directory, strlen(directory));
	for (int i = 0; i < 2; i++) {
		uint64_t facts[] = {st[i].st_dev, st[i].st_ino,
				    (uint64_t)st[i].st_size,
				    (uint64_t)st[i].st_mtim.tv_sec,
				    (uint64_t)st[i].st_mtim.tv_nsec};

		hash = XXH3_64bits_withSeed(facts, sizeof(facts), hash);
	}
	snprintf(ret, bytes, "%016llx", (unsigned long long)hash);
	return 0;
}

/* Links every entry of `from` into `to`. */
static int link_entries(const char *from, const char *to)
{
	_cleanup_closedir_ DIR *d = opendir(from);
	struct dirent *entry;

	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		_cleanup_free_ char *target = NULL, *name = NULL;

		if (entry->d_name[0] == '.')
			continue;
		target = kt_path_join(from, entry->d_name);
		name = kt_path_join(to, entry->d_name);
		if (!target || !name)
			return -ENOMEM;
		if (symlink(target, name) < 0)
			return -errno;
	}
	return 0;
}

/* BASE is made whole under another name first, then renamed. */
static int make_base(const char *directory, const char *release,
		     const char *base, struct ktstr_error *err)
{
	_cleanup_free_ char *staging = NULL, *inner = NULL;
	int r;

	if (asprintf(&staging, "%s.new", base) < 0) {
		staging = NULL;
		return kt_err(err, -ENOMEM, "out of memory");
	}
	if (asprintf(&inner, "%s/lib/modules/%s", staging, release) < 0) {
		inner = NULL;
		return kt_err(err, -ENOMEM, "out of memory");
	}
	r = kt_remove_tree(staging);
	if (!r)
		r = kt_mkdir_p(inner, 0755);
	if (!r)
		r = link_entries(directory, inner);
	if (r)
		r = kt_err_errno(err, r, "cannot make %s", inner);
	if (!r)
		r = kt_modules_depmod(staging, release, err);
	if (!r && rename(staging, base) < 0)
		r = kt_err_errno(err, -errno, "cannot rename %s", staging);
	if (r)
		kt_remove_tree(staging);
	return r;
}

int kt_modules_with_dep(const char *directory, const char *release, char **ret,
			struct ktstr_error *err)
{
	_cleanup_free_ char *dep = kt_path_join(directory, "modules.dep");
	_cleanup_free_ char *cache = NULL, *base = NULL, *result = NULL;
	_cleanup_close_ int lock = -1;
	char key[32];
	int r;

	if (!dep)
		return kt_err(err, -ENOMEM, "out of memory");
	if (!access(dep, R_OK)) {
		*ret = strdup(directory);
		return *ret ? 0 : kt_err(err, -ENOMEM, "out of memory");
	}
	r = cache_key(directory, key, sizeof(key));
	if (r)
		return kt_err_errno(err, r, "cannot read %s", directory);
	r = kt_cache_dir("modules", &cache, err);
	if (r)
		return r;
	base = kt_path_join(cache, key);
	if (!base || asprintf(&result, "%s/lib/modules/%s", base, release) < 0) {
		result = NULL;
		return kt_err(err, -ENOMEM, "out of memory");
	}
	lock = kt_cache_lock("modules", LOCK_TIMEOUT_MS, NULL, NULL, err);
	if (lock < 0)
		return lock;
	if (access(result, R_OK)) {
		r = make_base(directory, release, base, err);
		if (r)
			return kt_err_context(
				err, r, "the modules in %s have no modules.dep",
				directory);
	}
	*ret = TAKE_PTR(result);
	return 0;
}
