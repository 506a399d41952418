/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A file server for the emulated machine: it answers FUSE requests (protocol
 * 7.31, linux/fuse.h) from a tree of the host, with the rights of the user who
 * runs it. It knows nothing of how requests travel.
 *
 * Files and directories that the guest knows are held by O_PATH descriptors
 * and reached through them, never by a path that somebody could exchange
 * meanwhile. Names from the guest are single components.
 *
 * What the guest may keep: names and attributes of directories for a second,
 * of files for 20 ms, so that a change on the host is seen by the next command;
 * contents as long as times and size stay the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/error.h"

struct kt_fs;

/* Serves the tree at `root`. */
int kt_fs_create(const char *root, struct kt_fs **ret, struct ktstr_error *err);
void kt_fs_destroy(struct kt_fs *fs);

/* One request; the pieces are guest memory, checked to be such. */
struct kt_fs_request {
	const struct iovec *readable;
	size_t n_readable;
	const struct iovec *writable;
	size_t n_writable;
};

/*
 * Does what the request asks for and writes the answer. Returns the bytes
 * written into `writable`; 0 for requests without an answer and for those too
 * mangled to answer. One thread at a time.
 */
size_t kt_fs_handle(struct kt_fs *fs, const struct kt_fs_request *request);

/* Descriptors held for the guest, and how many it may at most come to. */
void kt_fs_usage(const struct kt_fs *fs, size_t *ret_held, size_t *ret_limit);
