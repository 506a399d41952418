// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "initramfs/archive.h"
#include "initramfs/base_members.h"
#include "initramfs/base_cache.h"
#include "initramfs/elf_strip.h"
#include "initramfs/initramfs.h"
#include "wire/guest_files.h"

/* Paths of the guest, as archive paths. */
#define IN_ARCHIVE(path) ((path) + 1)

void kt_initramfs_free(struct kt_initramfs *initramfs)
{
	if (!initramfs)
		return;
	kt_close(initramfs->base_fd);
	free(initramfs->run);
	free(initramfs);
}
KT_DEFINE_CLEANUP(struct kt_initramfs *, kt_initramfs_free)

static int run_sink(void *userdata, const void *data, size_t length)
{
	struct kt_strbuf *run = userdata;

	kt_strbuf_add_bytes(run, data, length);
	return kt_strbuf_failed(run) ? -ENOMEM : 0;
}

/* The base behind it begins at a page of its own. */
static int run_pad(struct kt_strbuf *run)
{
	static const uint8_t zeros[KT_INITRAMFS_PAGE_BYTES];

	kt_strbuf_add_bytes(run, zeros,
			    KT_ALIGN_UP(run->length, sizeof(zeros)) - run->length);
	return kt_strbuf_failed(run) ? -ENOMEM : 0;
}

static int run_add_init(struct kt_archive *archive, const char *init_binary,
			struct ktstr_error *err)
{
	_cleanup_free_ uint8_t *data = NULL;
	_cleanup_close_ int fd = -1;
	uint64_t bytes = 0;
	struct stat st;
	int r;

	r = kt_tree_open_host_file("the init binary", init_binary, NULL, &fd,
				   &st, err);
	if (r < 0)
		return r;
	r = kt_elf_read_stripped(fd, init_binary, &data, &bytes, err);
	if (r < 0)
		return r;
	return kt_archive_add_file(archive, "init", 0755, data, bytes, err);
}

static int run_add_entries(struct kt_archive *archive, const char *path,
			   const char *const *entries, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	if (!entries)
		return 0;
	for (size_t i = 0; entries[i]; i++)
		kt_strbuf_add_bytes(&text, entries[i], strlen(entries[i]) + 1);
	if (kt_strbuf_failed(&text))
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	return kt_archive_add_file(archive, path, 0644, text.data, text.length,
				   err);
}

/* Everything that is this run's alone. */
static int run_write(const struct kt_initramfs_spec *spec,
		     const struct kt_base *base, struct kt_archive *archive,
		     struct ktstr_error *err)
{
	int r;

	/* The base, which brings all other directories, comes later. */
	r = kt_archive_add_directory(archive, "etc", 0755, err);
	if (!r)
		r = kt_archive_add_directory(archive, IN_ARCHIVE(KT_GUEST_DIR),
					     0755, err);
	if (!r)
		r = run_add_init(archive, spec->init_binary, err);
	if (!r)
		r = run_add_entries(archive, IN_ARCHIVE(KT_GUEST_ARGS),
				    spec->run_args, err);
	if (!r)
		r = run_add_entries(archive, IN_ARCHIVE(KT_GUEST_ENVIRONMENT),
				    spec->environment, err);
	if (!r && spec->exec_cmd)
		r = kt_archive_add_file(archive, IN_ARCHIVE(KT_GUEST_EXEC),
					0644, spec->exec_cmd,
					strlen(spec->exec_cmd), err);
	if (!r)
		r = run_add_entries(archive, IN_ARCHIVE(KT_GUEST_SCHEDULER),
				    spec->scheduler, err);
	if (!r)
		r = run_add_entries(archive, IN_ARCHIVE(KT_GUEST_ENABLE),
				    spec->enable_lines, err);
	if (!r)
		r = run_add_entries(archive, IN_ARCHIVE(KT_GUEST_DISABLE),
				    spec->disable_lines, err);
	if (!r && spec->await_go)
		r = kt_archive_add_file(archive, IN_ARCHIVE(KT_GUEST_AWAIT_GO),
					0644, "", 0, err);
	if (!r && base->modules)
		r = kt_archive_add_file(archive, IN_ARCHIVE(KT_GUEST_MODULES),
					0644, base->modules,
					base->modules_bytes, err);
	if (!r)
		r = kt_archive_finish(archive, err);
	return r;
}

/* A disk that is full costs the cache, not the run. */
static int base_make(int cache_fd, const struct kt_tree *tree,
		     const struct ktstr_log *log, struct kt_base *ret,
		     struct ktstr_error *err)
{
	struct ktstr_error why;
	int r = kt_base_cache_make(cache_fd, tree, ret, &why);

	if (cache_fd >= 0 && (r == -ENOSPC || r == -EDQUOT)) {
		kt_warn(log,
			"the initramfs is made anew each time: %s (make room, "
			"or set KTSTR_CACHE_DIR to another place)",
			why.message);
		return kt_base_cache_make(-1, tree, ret, err);
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

static int base_get(const struct kt_initramfs_spec *spec,
		    const struct ktstr_log *log, struct kt_base *ret,
		    struct ktstr_error *err)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_strbuf_ struct kt_strbuf modules = { 0 };
	_cleanup_tree_ struct kt_tree tree = { 0 };
	_cleanup_close_ int cache_fd = -1;
	struct ktstr_error why;
	struct kt_base_key request;
	int r;

	r = kt_base_request(spec, &request, err);
	if (r < 0)
		return r;
	if (kt_base_cache_open(&cache_fd, &why) < 0)
		kt_warn(log, "the initramfs is made anew each time: %s",
			why.message);
	else if (kt_base_cache_find(cache_fd, &request, ret))
		return 0;
	r = kt_base_collect(spec, log, &tree, &seen, &modules, err);
	if (r < 0)
		return r;
	r = base_make(cache_fd, &tree, log, ret, err);
	if (r < 0)
		return r;
	ret->modules_bytes = modules.length;
	ret->modules = (uint8_t *)TAKE_PTR(modules.data);
	r = kt_base_cache_remember(cache_fd, &request, ret, &seen);
	if (r < 0)
		kt_debug(log, "the initramfs cache keeps no note: %s",
			 strerror(-r));
	return 0;
}

int kt_initramfs_build(const struct kt_initramfs_spec *spec,
		       const struct ktstr_log *log, struct kt_initramfs **ret,
		       struct ktstr_error *err)
{
	_cleanup_(kt_initramfs_free_cleanup) struct kt_initramfs *initramfs =
		calloc(1, sizeof(*initramfs));
	_cleanup_(kt_archive_free_cleanup) struct kt_archive *archive = NULL;
	_cleanup_(kt_base_deinit) struct kt_base base = { .fd = -1 };
	_cleanup_strbuf_ struct kt_strbuf run = { 0 };
	int r;

	if (!initramfs)
		return kt_err_errno(err, -ENOMEM, "cannot make an initramfs");
	initramfs->base_fd = -1;
	r = base_get(spec, log, &base, err);
	if (r < 0)
		return r;
	r = kt_archive_open(run_sink, &run, &archive, err);
	if (r < 0)
		return r;
	r = run_write(spec, &base, archive, err);
	if (r < 0)
		return r;
	r = run_pad(&run);
	if (r < 0)
		return kt_err_errno(err, r, "cannot make an initramfs");
	initramfs->base_fd = TAKE_FD(base.fd);
	initramfs->base_bytes = base.bytes;
	initramfs->unpacked_bytes =
		base.unpacked_bytes + kt_archive_unpacked_bytes(archive);
	initramfs->run_bytes = run.length;
	initramfs->run = (uint8_t *)TAKE_PTR(run.data);
	*ret = TAKE_PTR(initramfs);
	return 0;
}
