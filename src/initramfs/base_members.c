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
#include "initramfs/archive_path.h"
#include "initramfs/base_members.h"
#include "initramfs/busybox.h"
#include "initramfs/closure.h"
#include "initramfs/libraries.h"
#include "initramfs/modules.h"
#include "wire/guest_files.h"

/* Counts up when the same request and files come to other members. */
#define REQUEST_FORMAT 2

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
	} head = { REQUEST_FORMAT, spec->busybox };
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
		{ "bin", 0755 },  { "dev", 0755 },   { "etc", 0755 },
		{ "lib", 0755 },  { "lib64", 0755 }, { "mnt", 0755 },
		{ "proc", 0555 }, { "root", 0700 },  { "run", 0755 },
		{ "sbin", 0755 }, { "sys", 0555 },   { "tmp", 01777 },
		{ "usr", 0755 },  { "var", 0755 },   { "etc/ktstr", 0755 },
	};
	static const char *const links[][2] = {
		{ "usr/bin", "../bin" },
		{ "usr/sbin", "../sbin" },
		{ "usr/lib", "../lib" },
		{ "usr/lib64", "../lib64" },
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

/* A base that is being collected. */
struct collection {
	const struct kt_initramfs_spec *spec;
	const struct ktstr_log *log;
	struct kt_tree *tree;
	struct kt_witness_set *seen;
	struct kt_closure closure;
};

static void collection_deinit(struct collection *c)
{
	kt_closure_deinit(&c->closure);
}

static int collect_binaries(struct collection *c, struct ktstr_error *err)
{
	for (size_t i = 0; i < c->spec->n_binaries; i++) {
		const struct kt_initramfs_file *file = &c->spec->binaries[i];
		int r = kt_tree_add_host_file(c->tree, file->archive_path, 0755,
					      file->host_path, c->seen, err);

		if (!r)
			r = kt_closure_add(&c->closure, file->host_path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_include_file(struct collection *c,
			    const struct kt_initramfs_file *file,
			    struct ktstr_error *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = kt_tree_open_host_file("include file", file->host_path, NULL, &fd,
				   &st, err);
	if (r < 0)
		return r;
	return kt_tree_add_host_file(c->tree, file->archive_path,
				     st.st_mode & 0111 ? 0755 : 0644,
				     file->host_path, c->seen, err);
}

static int collect_include_files(struct collection *c, struct ktstr_error *err)
{
	for (size_t i = 0; i < c->spec->n_include_files; i++) {
		const struct kt_initramfs_file *file = &c->spec->include_files[i];
		struct ktstr_error why;
		int r;

		r = kt_archive_path_check(file->archive_path, err);
		if (!r)
			r = add_include_file(c, file, err);
		if (r < 0)
			return r;
		/* The file may be meant for something else than to be run. */
		r = kt_closure_add(&c->closure, file->host_path, &why);
		if (r == -ENOMEM)
			return kt_err_errno(err, r, "cannot pack \"%s\"",
					    file->host_path);
		if (r < 0) {
			kt_warn(c->log,
				"include file \"%s\" may not run in the "
				"guest: %s",
				file->archive_path, why.message);
			/* To be said again the next time. */
			c->seen->unsettled = true;
		}
	}
	return 0;
}

static int collect_busybox(struct collection *c, char **ret,
			   struct ktstr_error *err)
{
	int r;

	r = kt_busybox_find(c->seen, ret, err);
	if (!r)
		r = kt_tree_add_host_file(c->tree, KT_GUEST_BUSYBOX + 1, 0755,
					  *ret, c->seen, err);
	return r < 0 ? r : kt_closure_add(&c->closure, *ret, err);
}

static int collect_modules(struct collection *c, struct kt_strbuf *modules,
			   struct ktstr_error *err)
{
	static const char *const indexes[] = { "modules.dep",
					       "modules.builtin" };
	_cleanup_module_list_ struct kt_module_list list = { 0 };
	const char *directory = c->spec->modules_dir;
	int r;

	if (!c->spec->kernel_release)
		return kt_err(err, -EINVAL,
			      "the kernel's release is not known, which names "
			      "the directory of its modules");
	for (size_t i = 0; i < KT_ARRAY_SIZE(indexes); i++) {
		_cleanup_free_ char *path = kt_path_join(directory, indexes[i]);

		if (!path)
			return kt_err_errno(err, -ENOMEM, "cannot pack modules");
		kt_witness_set_look(c->seen, path);
	}
	r = kt_modules_resolve(directory, c->spec->modules, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n_paths; i++) {
		_cleanup_free_ char *host =
			kt_path_join(directory, list.paths[i]);
		_cleanup_free_ char *guest = NULL;

		if (!host ||
		    asprintf(&guest, "/lib/modules/%s/%s",
			     c->spec->kernel_release, list.paths[i]) < 0) {
			guest = NULL;
			return kt_err_errno(err, -ENOMEM, "cannot pack modules");
		}
		r = kt_tree_add_host_file(c->tree, guest + 1, 0644, host,
					  c->seen, err);
		if (r < 0)
			return r;
		kt_strbuf_add_bytes(modules, guest, strlen(guest) + 1);
	}
	if (kt_strbuf_failed(modules))
		return kt_err_errno(err, -ENOMEM, "cannot pack modules");
	return 0;
}

static int add_text(struct kt_tree *tree, const char *path, mode_t mode,
		    const char *text, struct ktstr_error *err)
{
	uint8_t *copy = (uint8_t *)strdup(text);
	int r;

	if (!copy)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	r = kt_tree_add_data(tree, path, mode, NULL, &copy, strlen(text), err);
	free(copy);
	return r;
}

/* Lets names of users and groups be looked up, unless the user brought some. */
static int collect_accounts(struct kt_tree *tree, struct ktstr_error *err)
{
	static const char *const files[][2] = {
		{ "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n" },
		{ "etc/group", "root:x:0:\n" },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(files); i++) {
		int r = 0;

		if (!kt_tree_find(tree, files[i][0]))
			r = add_text(tree, files[i][0], 0644, files[i][1], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int kt_base_collect(const struct kt_initramfs_spec *spec,
		    const struct ktstr_log *log, struct kt_tree *tree,
		    struct kt_witness_set *seen, struct kt_strbuf *modules,
		    struct ktstr_error *err)
{
	_cleanup_(collection_deinit) struct collection c = {
		.spec = spec,
		.log = log,
		.tree = tree,
		.seen = seen,
	};
	const struct kt_ld_paths paths = {
		.library_path = getenv("LD_LIBRARY_PATH"),
		.cache_path = "/etc/ld.so.cache",
	};
	_cleanup_free_ char *busybox = NULL;
	int r;

	r = kt_closure_init(&c.closure, &paths, seen, err);
	/* The user's files after the binaries, whose names are fixed, and
	 * before all that gives way to them. */
	if (!r)
		r = collect_skeleton(tree, err);
	if (!r)
		r = kt_closure_add(&c.closure, spec->init_binary, err);
	if (!r)
		r = collect_binaries(&c, err);
	if (!r && spec->busybox)
		r = collect_busybox(&c, &busybox, err);
	if (!r)
		r = collect_include_files(&c, err);
	if (!r && busybox)
		r = kt_busybox_add_links(tree, busybox, err);
	if (!r && spec->modules && spec->modules_dir)
		r = collect_modules(&c, modules, err);
	if (!r)
		r = kt_libraries_add(tree, &c.closure, err);
	if (!r)
		r = collect_accounts(tree, err);
	/* Nothing may follow: see wire/guest_files.h. */
	if (!r)
		r = add_text(tree, KT_GUEST_SENTINEL + 1, 0444, "complete\n",
			     err);
	return r;
}
