// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/fd.h"
#include "base/macro.h"
#include "initramfs/tree.h"

#define TREE_READ_BYTES (256 * KT_KIB)

static void member_free(struct kt_member *member)
{
	if (!member)
		return;
	free(member->path);
	free(member->target);
	free(member->host_path);
	free(member->data);
	free(member);
}
KT_DEFINE_CLEANUP(struct kt_member *, member_free)
KT_DEFINE_CLEANUP(XXH3_state_t *, XXH3_freeState)

static void forget_node(void *node)
{
	(void)node;
}

void kt_tree_deinit(struct kt_tree *tree)
{
	tdestroy(tree->by_path, forget_node);
	for (size_t i = 0; i < tree->n_members; i++)
		member_free(tree->members[i]);
	free(tree->members);
	*tree = (struct kt_tree){ 0 };
}

/* "usr/bin/x" -> "bin/x", where usr/bin is a link in the guest. */
static const char *path_key(const char *path)
{
	static const char *const linked[] = { "usr/bin/", "usr/sbin/",
					      "usr/lib/", "usr/lib64/" };

	for (size_t i = 0; i < KT_ARRAY_SIZE(linked); i++)
		if (!strncmp(path, linked[i], strlen(linked[i])))
			return path + strlen("usr/");
	return path;
}

static int member_compare(const void *a, const void *b)
{
	const struct kt_member *x = a, *y = b;

	return strcmp(path_key(x->path), path_key(y->path));
}

const struct kt_member *kt_tree_find(const struct kt_tree *tree, const char *path)
{
	const struct kt_member key = { .path = (char *)path };
	void *node = tfind(&key, &tree->by_path, member_compare);

	return node ? *(struct kt_member **)node : NULL;
}

static const char *member_describe(const struct kt_member *member)
{
	if (member->host_path)
		return member->host_path;
	switch (member->kind) {
	case KT_MEMBER_DIRECTORY:
		return "a directory";
	case KT_MEMBER_LINK:
		return "a link of ktstr's own";
	case KT_MEMBER_CHAR_DEVICE:
		return "a device";
	default:
		return "a file of ktstr's own";
	}
}

static int tree_add_parents(struct kt_tree *tree, const char *path,
			    struct ktstr_error *err)
{
	_cleanup_free_ char *copy = strdup(path_key(path));

	if (!copy)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	for (char *p = copy; (p = strchr(p, '/')); *p++ = '/') {
		int r;

		*p = '\0';
		r = kt_tree_add_directory(tree, copy, 0755, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes `*member` over on success. */
static int tree_add(struct kt_tree *tree, struct kt_member **member,
		    struct ktstr_error *err)
{
	struct kt_member *m = *member;
	const struct kt_member *taken;
	int r;

	if (!m->path)
		return kt_err_errno(err, -ENOMEM, "cannot pack a file");
	taken = kt_tree_find(tree, m->path);
	if (taken)
		return kt_err_kind(
			err, KTSTR_ERROR_INVALID, -EEXIST,
			"\"%s\" cannot be both %s and %s in the guest: "
			"give one of them another path",
			m->path, member_describe(taken), member_describe(m));
	r = tree_add_parents(tree, m->path, err);
	if (r < 0)
		return r;
	if (tree->n_members == tree->capacity) {
		size_t capacity = tree->capacity ? tree->capacity * 2 : 64;
		struct kt_member **grown = reallocarray(
			tree->members, capacity, sizeof(struct kt_member *));

		if (!grown)
			return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"",
					    m->path);
		tree->members = grown;
		tree->capacity = capacity;
	}
	if (!tsearch(m, &tree->by_path, member_compare))
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", m->path);
	tree->members[tree->n_members++] = TAKE_PTR(*member);
	return 0;
}

static struct kt_member *member_new(enum kt_member_kind kind, const char *path,
				    mode_t mode)
{
	struct kt_member *member = calloc(1, sizeof(*member));

	if (!member)
		return NULL;
	member->kind = kind;
	member->mode = mode;
	member->path = strdup(path);
	if (!member->path) {
		free(member);
		return NULL;
	}
	return member;
}

int kt_tree_add_directory(struct kt_tree *tree, const char *path, mode_t mode,
			  struct ktstr_error *err)
{
	_cleanup_(member_free_cleanup) struct kt_member *member = NULL;
	const struct kt_member *taken = kt_tree_find(tree, path);

	if (taken && taken->kind == KT_MEMBER_DIRECTORY)
		return 0;
	member = member_new(KT_MEMBER_DIRECTORY, path, mode);
	if (!member)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	return tree_add(tree, &member, err);
}

int kt_tree_add_link(struct kt_tree *tree, const char *path, const char *target,
		     struct ktstr_error *err)
{
	_cleanup_(member_free_cleanup) struct kt_member *member =
		member_new(KT_MEMBER_LINK, path, 0777);

	if (member)
		member->target = strdup(target);
	if (!member || !member->target)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	return tree_add(tree, &member, err);
}

int kt_tree_add_char_device(struct kt_tree *tree, const char *path, mode_t mode,
			    unsigned int major, unsigned int minor,
			    struct ktstr_error *err)
{
	_cleanup_(member_free_cleanup) struct kt_member *member =
		member_new(KT_MEMBER_CHAR_DEVICE, path, mode);

	if (!member)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	member->major = major;
	member->minor = minor;
	return tree_add(tree, &member, err);
}

int kt_tree_add_data(struct kt_tree *tree, const char *path, mode_t mode,
		     const char *host_path, uint8_t **data, uint64_t bytes,
		     struct ktstr_error *err)
{
	_cleanup_(member_free_cleanup) struct kt_member *member =
		member_new(KT_MEMBER_FILE, path, mode);
	XXH128_canonical_t hash;
	struct kt_member *added = member;
	int r;

	if (member && host_path)
		member->host_path = strdup(host_path);
	if (!member || (host_path && !member->host_path))
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	XXH128_canonicalFromHash(&hash, XXH3_128bits(*data, bytes));
	memcpy(member->hash, hash.digest, sizeof(member->hash));
	member->bytes = bytes;
	r = tree_add(tree, &member, err);
	if (r < 0)
		return r;
	added->data = TAKE_PTR(*data);
	return 0;
}

int kt_tree_open_host_file(const char *what, const char *host_path,
			   struct kt_witness_set *seen, int *ret_fd,
			   struct stat *ret_st, struct ktstr_error *err)
{
	_cleanup_close_ int fd = -1;
	const char *kind = NULL;
	struct stat st;

	/* Looked at before it is opened: opening a FIFO would wait, and a
	 * device may do anything. */
	if (stat(host_path, &st) < 0) {
		int r = -errno;

		return kt_err_errno(err, r, "%s \"%s\"", what, host_path);
	}
	if (S_ISDIR(st.st_mode))
		kind = "a directory";
	else if (S_ISFIFO(st.st_mode))
		kind = "a FIFO";
	else if (S_ISSOCK(st.st_mode))
		kind = "a socket";
	else if (!S_ISREG(st.st_mode))
		kind = "a device";
	if (kind)
		return kt_err(err, -EINVAL,
			      "%s \"%s\" is %s: only regular files can be "
			      "packed",
			      what, host_path, kind);
	fd = open(host_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = -errno;

		return kt_err_errno(err, r, "%s \"%s\"", what, host_path);
	}
	if (seen)
		kt_witness_set_add(seen, host_path, &st);
	*ret_fd = TAKE_FD(fd);
	*ret_st = st;
	return 0;
}

/*
 * Reads all of a file and hashes it; hands the pieces to `archive`, if given.
 */
static int host_file_read(const char *host_path, int fd, uint64_t bytes,
			  struct kt_archive *archive,
			  uint8_t ret_hash[KT_TREE_HASH_BYTES],
			  struct ktstr_error *err)
{
	_cleanup_free_ uint8_t *buffer = malloc(TREE_READ_BYTES);
	_cleanup_(XXH3_freeState_cleanup) XXH3_state_t *state =
		XXH3_createState();
	XXH128_canonical_t hash;
	uint64_t done = 0;

	if (!buffer || !state)
		return kt_err_errno(err, -ENOMEM, "cannot read \"%s\"",
				    host_path);
	XXH3_128bits_reset(state);
	while (done < bytes) {
		size_t n = (size_t)KT_MIN(bytes - done, TREE_READ_BYTES);
		int r = kt_pread_all(fd, buffer, n, (off_t)done);

		if (r == -ENODATA)
			return kt_err(
				err, -EAGAIN,
				"\"%s\" became shorter while it was read: "
				"try again",
				host_path);
		if (r < 0)
			return kt_err_errno(err, r, "cannot read \"%s\"",
					    host_path);
		XXH3_128bits_update(state, buffer, n);
		if (archive) {
			r = kt_archive_add_bytes(archive, buffer, n, err);
			if (r < 0)
				return r;
		}
		done += n;
	}
	XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(state));
	memcpy(ret_hash, hash.digest, KT_TREE_HASH_BYTES);
	return 0;
}

int kt_tree_add_host_file(struct kt_tree *tree, const char *path, mode_t mode,
			  const char *host_path, struct kt_witness_set *seen,
			  struct ktstr_error *err)
{
	_cleanup_(member_free_cleanup) struct kt_member *member =
		member_new(KT_MEMBER_FILE, path, mode);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (member)
		member->host_path = strdup(host_path);
	if (!member || !member->host_path)
		return kt_err_errno(err, -ENOMEM, "cannot pack \"%s\"", path);
	r = kt_tree_open_host_file("the file", host_path, seen, &fd, &st, err);
	if (r < 0)
		return r;
	member->bytes = (uint64_t)st.st_size;
	r = kt_archive_check_bytes(path, member->bytes, err);
	if (r < 0)
		return r;
	r = host_file_read(host_path, fd, member->bytes, NULL, member->hash, err);
	if (r < 0)
		return r;
	return tree_add(tree, &member, err);
}

int kt_tree_hash(const struct kt_tree *tree, uint8_t ret[KT_TREE_HASH_BYTES])
{
	_cleanup_(XXH3_freeState_cleanup) XXH3_state_t *state =
		XXH3_createState();
	XXH128_canonical_t hash;

	if (!state)
		return -ENOMEM;
	XXH3_128bits_reset(state);
	for (size_t i = 0; i < tree->n_members; i++) {
		const struct kt_member *m = tree->members[i];
		const uint64_t numbers[] = { m->kind, m->mode, m->bytes,
					     m->major, m->minor };

		XXH3_128bits_update(state, m->path, strlen(m->path) + 1);
		XXH3_128bits_update(state, numbers, sizeof(numbers));
		XXH3_128bits_update(state, m->hash, sizeof(m->hash));
		if (m->target)
			XXH3_128bits_update(state, m->target,
					    strlen(m->target) + 1);
	}
	XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(state));
	memcpy(ret, hash.digest, KT_TREE_HASH_BYTES);
	return 0;
}

static int tree_write_file(const struct kt_member *member,
			   struct kt_archive *archive, struct ktstr_error *err)
{
	uint8_t hash[KT_TREE_HASH_BYTES];
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (member->data || !member->bytes)
		return kt_archive_add_file(archive, member->path, member->mode,
					   member->data, member->bytes, err);
	r = kt_tree_open_host_file("the file", member->host_path, NULL, &fd,
				   &st, err);
	if (r < 0)
		return r;
	r = kt_archive_begin_file(archive, member->path, member->mode,
				  member->bytes, err);
	if (r < 0)
		return r;
	r = host_file_read(member->host_path, fd, member->bytes, archive, hash,
			   err);
	if (r < 0)
		return r;
	if (memcmp(hash, member->hash, sizeof(hash)) ||
	    (uint64_t)st.st_size != member->bytes)
		return kt_err(err, -EAGAIN,
			      "\"%s\" changed while it was packed: try again",
			      member->host_path);
	return 0;
}

int kt_tree_write(const struct kt_tree *tree, struct kt_archive *archive,
		  struct ktstr_error *err)
{
	for (size_t i = 0; i < tree->n_members; i++) {
		const struct kt_member *m = tree->members[i];
		int r = 0;

		switch (m->kind) {
		case KT_MEMBER_DIRECTORY:
			r = kt_archive_add_directory(archive, m->path, m->mode,
						     err);
			break;
		case KT_MEMBER_LINK:
			r = kt_archive_add_link(archive, m->path, m->target, err);
			break;
		case KT_MEMBER_CHAR_DEVICE:
			r = kt_archive_add_char_device(archive, m->path, m->mode,
						       m->major, m->minor, err);
			break;
		case KT_MEMBER_FILE:
			r = tree_write_file(m, archive, err);
			break;
		}
		if (r < 0)
			return r;
	}
	return 0;
}
