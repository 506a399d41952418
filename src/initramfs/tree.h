/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The members of an archive, collected before it is written: a path occurs
 * once, a member's directories come before it, and the contents have a hash.
 *
 * /usr/bin, /usr/sbin, /usr/lib and /usr/lib64 are links into the root in the
 * guest, so "usr/bin/x" and "bin/x" are one and the same path here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "initramfs/archive.h"
#include "initramfs/witness.h"

#define KT_TREE_HASH_BYTES 16

enum kt_member_kind {
	KT_MEMBER_DIRECTORY,
	KT_MEMBER_FILE,
	KT_MEMBER_LINK,
	KT_MEMBER_CHAR_DEVICE,
};

struct kt_member {
	enum kt_member_kind kind;
	char *path; /* relative, as it is to be written */
	mode_t mode;
	char *target;    /* of a link */
	char *host_path; /* of a file that is read from the host, else NULL */
	uint8_t *data;   /* of a file that is held, else NULL */
	uint64_t bytes;
	unsigned int major, minor;
	uint8_t hash[KT_TREE_HASH_BYTES]; /* of a file's contents */
};

struct kt_tree {
	struct kt_member **members; /* in the order of writing */
	size_t n_members;
	size_t capacity;
	void *by_path; /* tsearch(3) */
};

void kt_tree_deinit(struct kt_tree *tree);
#define _cleanup_tree_ _cleanup_(kt_tree_deinit)

/* NULL when there is none; owned by the tree. */
const struct kt_member *kt_tree_find(const struct kt_tree *tree,
				     const char *path);

/*
 * Each adds a member behind the directories that it needs. A path that is
 * taken is -EEXIST, with a message that names both sides; only a directory may
 * be added again.
 */
int kt_tree_add_directory(struct kt_tree *tree, const char *path, mode_t mode,
			  struct ktstr_error *err);
int kt_tree_add_link(struct kt_tree *tree, const char *path, const char *target,
		     struct ktstr_error *err);
int kt_tree_add_char_device(struct kt_tree *tree, const char *path, mode_t mode,
			    unsigned int major, unsigned int minor,
			    struct ktstr_error *err);

/*
 * A file whose contents are `*data`, which the tree takes over (and sets to
 * NULL) on success. `host_path` may be NULL and is for messages.
 */
int kt_tree_add_data(struct kt_tree *tree, const char *path, mode_t mode,
		     const char *host_path, uint8_t **data, uint64_t bytes,
		     struct ktstr_error *err);

/*
 * A file whose contents are those of a regular file of the host, byte for
 * byte. It is read once now, for the hash, and again when it is written;
 * a change in between is an error then. `mode` is the member's.
 */
int kt_tree_add_host_file(struct kt_tree *tree, const char *path, mode_t mode,
			  const char *host_path, struct kt_witness_set *seen,
			  struct ktstr_error *err);

/* XXH3-128 over everything that the archive will hold, in its order; 0 or
 * -ENOMEM. */
int kt_tree_hash(const struct kt_tree *tree, uint8_t ret[KT_TREE_HASH_BYTES]);

int kt_tree_write(const struct kt_tree *tree, struct kt_archive *archive,
		  struct ktstr_error *err);

/*
 * Opens a host file that is to be packed: a regular file, readable. Messages
 * begin with `what` ("include file") and name the path and what is there
 * instead. Adds what it saw to `seen`, if given.
 */
int kt_tree_open_host_file(const char *what, const char *host_path,
			   struct kt_witness_set *seen, int *ret_fd,
			   struct stat *ret_st, struct ktstr_error *err);
