// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/fd.h"
#include "base/macro.h"
#include "initramfs/base_members.h"
#include "initramfs/busybox.h"
#include "initramfs/modules.h"
#include "wire/guest_files.h"

/* Counts up when the same request and files come to other members. */
#define REQUEST_FORMAT 1

KT_DEFINE_CLEANUP(XXH3_state_t *, XXH3_freeState)

/* A text with its end, so that texts in a row stay apart; NULL is distinct. */
static void request_add(XXH3_state_t *state, const char *text)
{
	static const char none[] = "\0none";

	if (text)
		XXH3_128bits_update(state, text, strlen(text) + 1);
	else
		XXH3_128bits_update(state, none, sizeof(none));
}

static void request_add_files(XXH3_state_t *state,
			      const struct kt_initramfs_file *files, size_t n)
{
	XXH3_128bits_update(state, &n, sizeof(n));
	for (size_t i = 0; i < n; i++) {
		request_add(state, files[i].archive_path);
		request_add(state, files[i].host_path);
	}
}

int kt_base_request(const struct kt_initramfs_spec *spec,
		    struct kt_base_key *ret, struct ktstr_error *err)
{
	_cleanup_(XXH3_freeState_cleanup) XXH3_state_t *state =
		XXH3_createState();
	const struct {
		uint32_t format;
		uint32_t busybox;
	} head = {REQUEST_FORMAT, spec->busybox};
	XXH128_canonical_t hash;
	char directory[PATH_MAX];

	if (!state)
		return kt_err_errno(err, -ENOMEM, "cannot make an initramfs");
	XXH3_128bits_reset(state);
	XXH3_128bits_update(state, &head, sizeof(head));
	/* Paths may be relative, in the specification and in the variables. */
	request_add(state, getcwd(directory, sizeof(directory)));
	request_add(state, getenv("PATH"));
	request_add(state, getenv("LD_LIBRARY_PATH"));
	request_add(state, spec->init_binary);
	request_add(state, spec->kernel_release);
	request_add(state, spec->modules_dir);
	for (size_t i = 0; spec->modules && spec->modules[i]; i++)
		request_add(state, spec->modules[i]);
	request_add(state, NULL);
	request_add_files(state, spec->binaries, spec->n_binaries);
	request_add_files(state, spec->include_files, spec->n_include_files);
	XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(state));
	memcpy(ret->bytes, hash.digest, sizeof(ret->bytes));
	return 0;
}

/* The directories that wire/guest_files.h promises, and the links of /usr. */
static int collect_skeleton(struct kt_tree *tree, struct ktstr_error *err)
{
	static const struct {
		const char *path;
		mode_t mode;
	} directories[] = {
		{"bin", 0755},  {"dev", 0755},   {"etc", 0755},
		{"lib", 0755},  {"lib64", 0755}, {"mnt", 0755},
		{"proc", 0555}, {"root", 0700},  {"run", 0755},
		{"sbin", 0755}, {"sys", 0555},   {"tmp", 01777},
		{"usr", 0755},  {"var", 0755},   {"etc/ktstr", 0755},
	};
	static const char *const links[][2] = {
		{"usr/bin", "../bin"},
		{"usr/sbin", "../sbin"},
		{"usr/lib", "../lib"},
		{"usr/lib64", "../lib64"},
	};
	int r;

	for (size_t i = 0; i < KT_ARRAY_SIZE(directories); i++) {
		r = kt_tree_add_directory(tree, directories[i].path,
					  directories[i].mode, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(links); i++) {
		r = kt_tree_add_link(tree, links[i][0], links[i][1], err);
		if (r < 0)
			return r;
	}
	return kt_tree_add_char_device(tree, "dev/console", 0600, 5, 1, err);
}

/*
 * An archive path of the user's: below the guest's root, spelt in the one way
 * that compares equal, and not where ktstr or the guest's own mounts are.
 */
static int check_archive_path(const char *path, struct ktstr_error *err)
{
	static const char *const covered[] = {"dev", "proc", "run", "sys", "tmp"};
	const char *part = path;

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
	for (;;) {
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
			break;
		part += length + 1;
	}
	if (!strcmp(path, "init") ||
	    !strncmp(path, KT_GUEST_DIR + 1, strlen(KT_GUEST_DIR) - 1))
		return kt_err(err, -EINVAL,
			      "include file \"%s\": that path is ktstr's own: "
			      "choose another",
			      path);
	for (size_t i = 0; i < KT_ARRAY_SIZE(covered); i++) {
		size_t length = strlen(covered[i]);

		if (!strncmp(path, covered[i], length) &&
		    (path[length] == '/' || !path[length]))
			return kt_err(err, -EINVAL,
				      "include file \"%s\": the guest mounts "
				      "over /%s, which would hide it: choose "
				      "another directory",
				      path, covered[i]);
	}
	return 0;
}

static int collect_include_files(const struct kt_initramfs_spec *spec,
				 struct kt_tree *tree,
				 struct kt_witness_set *seen,
				 struct ktstr_error *err)
{
	for (size_t i = 0; i < spec->n_include_files; i++) {
		const struct kt_initramfs_file *file = &spec->include_files[i];
		_cleanup_close_ int fd = -1;
		struct stat st;
		int r;

		r = check_archive_path(file->archive_path, err);
		if (r < 0)
			return r;
		r = kt_tree_open_host_file("include file", file->host_path,
					   NULL, &fd, &st, err);
		if (r < 0)
			return r;
		r = kt_tree_add_host_file(tree, file->archive_path,
					  st.st_mode & 0111 ? 0755 : 0644,
					  file->host_path, seen, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int collect_binaries(const struct kt_initramfs_spec *spec,
			    struct kt_tree *tree, struct kt_witness_set *seen,
			    struct ktstr_error *err)
{
	for (size_t i = 0; i < spec->n_binaries; i++) {
		const struct kt_initramfs_file *file = &spec->binaries[i];
		int r = kt_tree_add_host_file(tree, file->archive_path, 0755,
					      file->host_path, seen, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int collect_busybox(struct kt_tree *tree, struct kt_witness_set *seen,
			   struct ktstr_error *err)
{
	_cleanup_free_ char *busybox = NULL;
	int r;

	r = kt_busybox_find(seen, &busybox, err);
	if (r < 0)
		return r;
	r = kt_tree_add_host_file(tree, KT_GUEST_BUSYBOX + 1, 0755, busybox,
				  seen, err);
	if (r < 0)
		return r;
	return kt_busybox_add_links(tree, busybox, err);
}

static int collect_modules(const struct kt_initramfs_spec *spec,
			   struct kt_tree *tree, struct kt_witness_set *seen,
			   struct kt_strbuf *modules, struct ktstr_error *err)
{
	static const char *const indexes[] = {"modules.dep", "modules.builtin"};
	_cleanup_module_list_ struct kt_module_list list = {0};
	int r;

	for (size_t i = 0; i < KT_ARRAY_SIZE(indexes); i++) {
		_cleanup_free_ char *path =
			kt_path_join(spec->modules_dir, indexes[i]);

		if (!path)
			return kt_err_errno(err, -ENOMEM, "cannot pack modules");
		kt_witness_set_look(seen, path);
	}
	r = kt_modules_resolve(spec->modules_dir, spec->modules, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n_paths; i++) {
		_cleanup_free_ char *host =
			kt_path_join(spec->modules_dir, list.paths[i]);
		_cleanup_free_ char *guest = NULL;

		if (!host || asprintf(&guest, "/lib/modules/%s/%s",
				      spec->kernel_release, list.paths[i]) < 0) {
			guest = NULL;
			return kt_err_errno(err, -ENOMEM, "cannot pack modules");
		}
		r = kt_tree_add_host_file(tree, guest + 1, 0644, host, seen, err);
		if (r < 0)
			return r;
		kt_strbuf_add_bytes(modules, guest, strlen(guest) + 1);
	}
	if (kt_strbuf_failed(modules))
		return kt_err_errno(err, -ENOMEM, "cannot pack modules");
	return 0;
}

int kt_base_collect(const struct kt_initramfs_spec *spec,
		    const struct ktstr_log *log, struct kt_tree *tree,
		    struct kt_witness_set *seen, struct kt_strbuf *modules,
		    struct ktstr_error *err)
{
	int r;

	(void)log;
	r = collect_skeleton(tree, err);
	if (!r)
		r = collect_include_files(spec, tree, seen, err);
	if (!r)
		r = collect_binaries(spec, tree, seen, err);
	if (!r && spec->busybox)
		r = collect_busybox(tree, seen, err);
	if (!r && spec->modules && spec->modules_dir)
		r = collect_modules(spec, tree, seen, modules, err);
	return r;
}
