// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <xxhash.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "initramfs/base_cache.h"
#include "initramfs/base_file.h"
#include "initramfs/draft.h"
#include "kernel/kernel.h"

/* Part of every key: another number when the same members give other bytes. */
#define CACHE_FORMAT           1
#define CACHE_NAME_BYTES       64
#define CACHE_MAX_MADE         (16 * KT_MIB)
#define CACHE_DRAFT_MAX_AGE_NS (3600 * 1000000000LL)

#define MADE_MAGIC 0x3165646d7274736bULL

/* A REQUEST.made file: this, the module list, then the witnesses. */
struct made_header {
	uint64_t magic;
	uint64_t rest_xxh3; /* of everything behind this field */
	struct kt_base_key key;
	uint64_t bytes;
	uint64_t unpacked_bytes;
	struct kt_file_id base; /* the cpio file, as it was left */
	uint32_t modules_bytes;
	uint32_t n_witnesses;
};

struct made_witness {
	struct kt_file_id id;
	uint64_t path_bytes; /* with the NUL; the path follows */
};

static void cache_name(const struct kt_base_key *key, const char *suffix,
		       char ret[CACHE_NAME_BYTES])
{
	for (size_t i = 0; i < sizeof(key->bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", key->bytes[i]);
	strcpy(ret + 2 * sizeof(key->bytes), suffix);
}

int kt_base_cache_open(int *ret_fd, struct ktstr_error *err)
{
	_cleanup_free_ char *root = NULL;
	_cleanup_free_ char *path = NULL;
	int r, fd;

	r = kt_cache_root(&root, err);
	if (r < 0)
		return r;
	path = kt_path_join(root, "initramfs");
	if (!path)
		return kt_err_errno(err, -ENOMEM, "cannot open the cache");
	r = kt_mkdir_p(path, 0755);
	if (r < 0)
		return kt_err_errno(err, r, "cannot make the cache \"%s\"", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		return kt_err_errno(err, r, "cannot open the cache \"%s\"", path);
	}
	*ret_fd = fd;
	return 0;
}

/* A descriptor that cannot write, of a file that has no name any more. */
static int reopen_read_only(int fd)
{
	char self[64];
	int r;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	r = open(self, O_RDONLY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

struct cache_entry {
	char name[CACHE_NAME_BYTES];
	int64_t mtime_ns;
};

static int newest_first(const void *a, const void *b)
{
	const struct cache_entry *x = a, *y = b;

	return x->mtime_ns > y->mtime_ns ? -1 : x->mtime_ns < y->mtime_ns;
}

/*
 * Removes all but the newest `keep` entries whose names end in `suffix`, and
 * drafts whose makers must have died.
 */
static void cache_prune(int cache_fd, const char *suffix, size_t keep)
{
	_cleanup_free_ struct cache_entry *entries = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = openat(cache_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0, capacity = 0;
	struct timespec now;
	struct dirent *de;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		kt_close(fd);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	while ((de = readdir(dir))) {
		size_t length = strlen(de->d_name);
		int64_t mtime_ns;
		struct stat st;

		if (length >= CACHE_NAME_BYTES ||
		    fstatat(cache_fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		mtime_ns = kt_file_id_of(&st).mtime_ns;
		if (!strncmp(de->d_name, KT_DRAFT_PREFIX,
			     strlen(KT_DRAFT_PREFIX)) &&
		    now.tv_sec * 1000000000LL - mtime_ns > CACHE_DRAFT_MAX_AGE_NS)
			unlinkat(cache_fd, de->d_name, 0);
		if (length != 2 * KT_BASE_KEY_BYTES + strlen(suffix) ||
		    strcmp(de->d_name + 2 * KT_BASE_KEY_BYTES, suffix))
			continue;
		if (n == capacity) {
			struct cache_entry *grown;

			capacity = capacity ? capacity * 2 : 64;
			grown = reallocarray(entries, capacity, sizeof(*grown));
			if (!grown)
				return;
			entries = grown;
		}
		strcpy(entries[n].name, de->d_name);
		entries[n++].mtime_ns = mtime_ns;
	}
	if (n <= keep)
		return;
	qsort(entries, n, sizeof(*entries), newest_first);
	for (size_t i = keep; i < n; i++)
		unlinkat(cache_fd, entries[i].name, 0);
}

/* Opens KEY.cpio if it is there and whole; one that is not is removed. */
static bool cache_open_base(int cache_fd, struct kt_base *base)
{
	char name[CACHE_NAME_BYTES];
	_cleanup_close_ int fd = -1;

	cache_name(&base->key, ".cpio", name);
	fd = openat(cache_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (!kt_base_check(fd, base)) {
		unlinkat(cache_fd, name, 0);
		return false;
	}
	base->fd = TAKE_FD(fd);
	return true;
}

static int tree_key(const struct kt_tree *tree, struct kt_base_key *ret)
{
	struct {
		uint64_t format;
		uint8_t tree[KT_TREE_HASH_BYTES];
	} whole = { .format = CACHE_FORMAT };
	XXH128_canonical_t hash;
	int r = kt_tree_hash(tree, whole.tree);

	if (r < 0)
		return r;
	XXH128_canonicalFromHash(&hash, XXH3_128bits(&whole, sizeof(whole)));
	memcpy(ret->bytes, hash.digest, sizeof(ret->bytes));
	return 0;
}

/* Makes the base in memory, for want of a cache. */
static int base_make_unshared(const struct kt_tree *tree, struct kt_base *base,
			      struct ktstr_error *err)
{
	_cleanup_close_ int fd = memfd_create("ktstr-initramfs", MFD_CLOEXEC);
	int r;

	if (fd < 0) {
		r = -errno;
		return kt_err_errno(err, r, "cannot make an initramfs");
	}
	r = kt_base_write(fd, tree, base, err);
	if (r < 0)
		return r;
	r = reopen_read_only(fd);
	if (r < 0)
		return kt_err_errno(err, r, "cannot make an initramfs");
	base->fd = r;
	return 0;
}

int kt_base_cache_make(int cache_fd, const struct kt_tree *tree,
		       struct kt_base *base, struct ktstr_error *err)
{
	_cleanup_(kt_draft_deinit) struct kt_draft draft = { .fd = -1 };
	char name[CACHE_NAME_BYTES];
	int r;

	*base = (struct kt_base){ .fd = -1 };
	r = tree_key(tree, &base->key);
	if (r < 0)
		return kt_err_errno(err, r, "cannot make an initramfs");
	if (cache_fd < 0)
		return base_make_unshared(tree, base, err);
	if (cache_open_base(cache_fd, base))
		return 0;
	if (kt_draft_open(&draft, cache_fd) < 0)
		return base_make_unshared(tree, base, err);
	r = kt_base_write(draft.fd, tree, base, err);
	if (r < 0)
		return r;
	/* A name must not outlive a crash of the machine without contents. */
	if (fdatasync(draft.fd) < 0) {
		r = -errno;
		return kt_err_errno(err, r, "cannot write the initramfs");
	}
	cache_name(&base->key, ".cpio", name);
	r = kt_draft_publish(&draft, name);
	/* Somebody else was faster: share theirs. */
	if (r == -EEXIST && cache_open_base(cache_fd, base))
		return 0;
	r = reopen_read_only(draft.fd);
	if (r < 0)
		return kt_err_errno(err, r, "cannot open the initramfs");
	base->fd = r;
	cache_prune(cache_fd, ".cpio", KT_BASE_KEEP);
	cache_prune(cache_fd, ".made", KT_BASE_KEEP * 4);
	return 0;
}

int kt_base_cache_remember(int cache_fd, const struct kt_base_key *request,
			   const struct kt_base *base,
			   const struct kt_witness_set *seen)
{
	_cleanup_(kt_draft_deinit) struct kt_draft draft = { .fd = -1 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	struct made_header header = {
		.magic = MADE_MAGIC,
		.key = base->key,
		.bytes = base->bytes,
		.unpacked_bytes = base->unpacked_bytes,
		.modules_bytes = (uint32_t)base->modules_bytes,
		.n_witnesses = (uint32_t)seen->n_witnesses,
	};
	const size_t hashed_from = offsetof(struct made_header, key);
	char name[CACHE_NAME_BYTES];
	struct stat st;
	int r;

	if (cache_fd < 0 || seen->unsettled || seen->failed)
		return 0;
	cache_name(&base->key, ".cpio", name);
	if (fstatat(cache_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	header.base = kt_file_id_of(&st);
	kt_strbuf_add_bytes(&text, &header, sizeof(header));
	kt_strbuf_add_bytes(&text, base->modules, base->modules_bytes);
	for (size_t i = 0; i < seen->n_witnesses; i++) {
		const struct kt_witness *w = &seen->witnesses[i];
		const struct made_witness made = {
			.id = w->id,
			.path_bytes = strlen(w->path) + 1,
		};

		kt_strbuf_add_bytes(&text, &made, sizeof(made));
		kt_strbuf_add_bytes(&text, w->path, made.path_bytes);
	}
	if (kt_strbuf_failed(&text))
		return -ENOMEM;
	header.rest_xxh3 =
		XXH3_64bits(text.data + hashed_from, text.length - hashed_from);
	memcpy(text.data, &header, sizeof(header));

	r = kt_draft_open(&draft, cache_fd);
	if (r < 0)
		return r;
	r = kt_write_all(draft.fd, text.data, text.length);
	if (r < 0)
		return r;
	cache_name(request, ".made", name);
	/* Whoever looks in between finds nothing, and makes it again. */
	unlinkat(cache_fd, name, 0);
	return kt_draft_publish(&draft, name);
}

static bool take(const char **at, size_t *left, void *ret, size_t bytes)
{
	if (*left < bytes)
		return false;
	memcpy(ret, *at, bytes);
	*at += bytes;
	*left -= bytes;
	return true;
}

/* Whether every file that the entry depends on looks as it did then. */
static bool made_holds(const char *at, size_t left, uint32_t n_witnesses)
{
	struct made_witness made;

	for (uint32_t i = 0; i < n_witnesses; i++) {
		if (!take(&at, &left, &made, sizeof(made)) ||
		    !made.path_bytes || made.path_bytes > left ||
		    at[made.path_bytes - 1] || !kt_witness_holds(at, &made.id))
			return false;
		at += made.path_bytes;
		left -= made.path_bytes;
	}
	return true;
}

int kt_base_cache_find(int cache_fd, const struct kt_base_key *request,
		       struct kt_base *ret)
{
	const size_t hashed_from = offsetof(struct made_header, key);
	_cleanup_close_ int made_fd = -1, fd = -1;
	_cleanup_free_ char *text = NULL;
	struct kt_base base = { .fd = -1 };
	struct made_header header;
	char name[CACHE_NAME_BYTES];
	struct kt_file_id id;
	size_t left = 0;
	const char *at;
	struct stat st;

	cache_name(request, ".made", name);
	made_fd = openat(cache_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (made_fd < 0 || kt_read_fd(made_fd, CACHE_MAX_MADE, &text, &left) < 0)
		return 0;
	at = text;
	if (!take(&at, &left, &header, sizeof(header)) ||
	    header.magic != MADE_MAGIC ||
	    header.rest_xxh3 != XXH3_64bits(text + hashed_from,
					    sizeof(header) - hashed_from + left) ||
	    header.modules_bytes > left ||
	    !made_holds(at + header.modules_bytes, left - header.modules_bytes,
			header.n_witnesses))
		return 0;
	base.key = header.key;
	cache_name(&base.key, ".cpio", name);
	fd = openat(cache_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	/* Untouched since it was checked: not read again. */
	id = kt_file_id_of(&st);
	if (!kt_file_id_equal(&id, &header.base) && !kt_base_check(fd, &base))
		return 0;
	base.bytes = header.bytes;
	base.unpacked_bytes = header.unpacked_bytes;
	if (header.modules_bytes) {
		base.modules = malloc(header.modules_bytes);
		if (!base.modules)
			return 0;
		memcpy(base.modules, at, header.modules_bytes);
		base.modules_bytes = header.modules_bytes;
	}
	base.fd = TAKE_FD(fd);
	*ret = base;
	return 1;
}
