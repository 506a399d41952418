/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One request to the file server, and what all operations need to read it and
 * to answer. An operation returns 0 or the -errno that the guest gets.
 */

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nest/fs.h"
#include "nest/fs_table.h"

#define KT_FS_MAX_PAGES     256
#define KT_FS_REQUEST_BYTES (64u * 1024) /* all but the data of a write */
#define KT_FS_REPLY_BYTES   (128u * 1024)

struct kt_fs {
	struct kt_fs_table table;
	size_t fd_limit;
	bool as_root;
	_Alignas(8) uint8_t in[KT_FS_REQUEST_BYTES];
	_Alignas(8) uint8_t out[KT_FS_REPLY_BYTES];
};

/* The request at hand. */
struct kt_fs_call {
	struct kt_fs *fs;
	const struct kt_fs_request *request;
	struct fuse_in_header header;
	const uint8_t *args; /* behind the header, in fs->in */
	size_t args_bytes;
	struct kt_fs_inode *inode; /* of header.nodeid, NULL if unknown */
	/* Set by an operation that succeeds: bytes at fs->out, or put into
	 * the writable pieces behind the header already. */
	size_t out_bytes;
	size_t direct_bytes;
	bool silent; /* there is no answer */
};

/* A fixed-size argument at the front of `args`; NULL when it is cut short. */
const void *kt_fs_call_args(const struct kt_fs_call *call, size_t bytes);

/*
 * One path component, `offset` bytes into `args`; `ret_next` is behind it and
 * may be NULL. -EINVAL also when `args` do not reach that far: who is given the
 * name may rely on the argument in front of it.
 */
int kt_fs_call_name(const struct kt_fs_call *call, size_t offset,
		    const char **ret, size_t *ret_next);

/* A path that reaches the very file that an O_PATH descriptor holds. */
struct kt_fs_proc_path {
	char text[32];
};

struct kt_fs_proc_path kt_fs_proc_path(int fd);

/* Appends to the answer in fs->out: `bytes` of zeroes to fill in. */
void *kt_fs_call_out(struct kt_fs_call *call, size_t bytes);

/*
 * Tells the guest of `name` in the directory of the call, whose inode may have
 * moved then. `ret_number` may be NULL.
 */
int kt_fs_call_entry(struct kt_fs_call *call, const char *name,
		     uint64_t *ret_number);

int kt_fs_call_attr_out(struct kt_fs_call *call, int fd);

/* When root serves, new files belong to who made them in the guest. */
void kt_fs_call_own(const struct kt_fs_call *call, const char *name);
