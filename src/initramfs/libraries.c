// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/strbuf.h"
#include "initramfs/archive_path.h"
#include "initramfs/elf_strip.h"
#include "initramfs/ld_cache.h"
#include "initramfs/libraries.h"

#define LD_CACHE_ARCHIVE_PATH "etc/ld.so.cache"
#define MOVED_DIRECTORY       "/lib/ktstr"

/*
 * Where a host's path lies in the guest: absolute; caller frees. Init leaves
 * /run and /tmp unmounted for the sake of files in them: not for ours.
 */
static char *guest_path(const char *path)
{
	if (kt_archive_path_hidden_by(path + 1) ||
	    kt_archive_path_lies_in(path + 1, "run") ||
	    kt_archive_path_lies_in(path + 1, "tmp"))
		return kt_path_join(MOVED_DIRECTORY, path + 1);
	return strdup(path);
}

static int add_library(struct kt_tree *tree, const struct kt_library *library,
		       struct ktstr_error *err)
{
	_cleanup_free_ char *path = guest_path(library->path);
	_cleanup_free_ char *real = guest_path(library->real_path);
	_cleanup_free_ uint8_t *data = NULL;
	_cleanup_close_ int fd = -1;
	uint64_t bytes;
	struct stat st;
	int r;

	if (!path || !real)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"",
				    library->path);
	if (!kt_tree_find(tree, real + 1)) {
		r = kt_tree_open_host_file("the library", library->real_path,
					   NULL, &fd, &st, err);
		if (r < 0)
			return r;
		r = kt_elf_read_stripped(fd, library->real_path, &data, &bytes,
					 err);
		if (r < 0)
			return r;
		r = kt_tree_add_data(tree, real + 1, 0755, library->real_path,
				     &data, bytes, err);
		if (r < 0)
			return r;
	}
	if (!kt_tree_find(tree, path + 1))
		return kt_tree_add_link(tree, path + 1, real, err);
	return 0;
}

/* The first library of a name is the one that its name is to find. */
static bool is_listed(const struct kt_ld_cache_entry *entries, size_t n,
		      const struct kt_library *library)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(entries[i].name, library->name) &&
		    kt_elf_abi_equal(&entries[i].abi, &library->abi))
			return true;
	return false;
}

static void free_paths(char ***paths)
{
	for (size_t i = 0; *paths && (*paths)[i]; i++)
		free((*paths)[i]);
	free(*paths);
}

static int add_ld_cache(struct kt_tree *tree, const struct kt_closure *closure,
			struct ktstr_error *err)
{
	_cleanup_(free_paths) char **paths =
		calloc(closure->n_libraries + 1, sizeof(*paths));
	_cleanup_free_ struct kt_ld_cache_entry *entries =
		calloc(closure->n_libraries + 1, sizeof(*entries));
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	size_t n = 0, bytes;
	uint8_t *data;
	int r;

	if (!paths || !entries)
		return kt_err_errno(err, -ENOMEM, "cannot make an ld.so.cache");
	for (size_t i = 0; i < closure->n_libraries; i++) {
		const struct kt_library *library = &closure->libraries[i];

		if (!library->name || strchr(library->name, '/') ||
		    is_listed(entries, n, library))
			continue;
		paths[n] = guest_path(library->path);
		if (!paths[n])
			return kt_err_errno(err, -ENOMEM,
					    "cannot make an ld.so.cache");
		entries[n].name = library->name;
		entries[n].path = paths[n];
		entries[n++].abi = library->abi;
	}
	r = kt_ld_cache_write(entries, n, &text);
	if (r < 0)
		return kt_err_errno(err, r, "cannot make an ld.so.cache");
	bytes = text.length;
	data = (uint8_t *)kt_strbuf_steal(&text);
	r = kt_tree_add_data(tree, LD_CACHE_ARCHIVE_PATH, 0644, NULL, &data,
			     bytes, err);
	free(data);
	return r;
}

int kt_libraries_add(struct kt_tree *tree, const struct kt_closure *closure,
		     struct ktstr_error *err)
{
	for (size_t i = 0; i < closure->n_libraries; i++) {
		int r = add_library(tree, &closure->libraries[i], err);

		if (r < 0)
			return r;
	}
	if (closure->n_libraries && !kt_tree_find(tree, LD_CACHE_ARCHIVE_PATH))
		return add_ld_cache(tree, closure, err);
	return 0;
}
