/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The operations of the file server, each named as FUSE names it. Which of them
 * need the call's inode, the table in fs.c knows.
 */

#include "nest/fs_call.h"

/* fs_names.c: names, and the attributes of what bears them. */
int kt_fs_op_lookup(struct kt_fs_call *call);
int kt_fs_op_getattr(struct kt_fs_call *call);
int kt_fs_op_setattr(struct kt_fs_call *call);
int kt_fs_op_readlink(struct kt_fs_call *call);
int kt_fs_op_symlink(struct kt_fs_call *call);
int kt_fs_op_mknod(struct kt_fs_call *call);
int kt_fs_op_mkdir(struct kt_fs_call *call);
int kt_fs_op_unlink(struct kt_fs_call *call);
int kt_fs_op_rmdir(struct kt_fs_call *call);
int kt_fs_op_rename(struct kt_fs_call *call);
int kt_fs_op_rename2(struct kt_fs_call *call);
int kt_fs_op_link(struct kt_fs_call *call);
int kt_fs_op_statfs(struct kt_fs_call *call);

/* fs_files.c: files that are open, and opening them. */
int kt_fs_op_open(struct kt_fs_call *call);
int kt_fs_op_opendir(struct kt_fs_call *call);
int kt_fs_op_create(struct kt_fs_call *call);
int kt_fs_op_release(struct kt_fs_call *call);
int kt_fs_op_read(struct kt_fs_call *call);
int kt_fs_op_write(struct kt_fs_call *call);
int kt_fs_op_fsync(struct kt_fs_call *call);
int kt_fs_op_readdir(struct kt_fs_call *call);
int kt_fs_op_lseek(struct kt_fs_call *call);
int kt_fs_op_fallocate(struct kt_fs_call *call);
int kt_fs_op_copy_range(struct kt_fs_call *call);
