// SPDX-License-Identifier: GPL-2.0-only
#include "nest/fs_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FS_DIRECTORY_VALID_S 1
#define FS_FILE_VALID_NS     20000000

const void *kt_fs_call_args(const struct kt_fs_call *call, size_t bytes)
{
	return call->args_bytes >= bytes ? call->args : NULL;
}

int kt_fs_call_name(const struct kt_fs_call *call, size_t offset,
		    const char **ret, size_t *ret_next)
{
	const char *name = (const char *)call->args + offset;
	size_t length;

	if (offset >= call->args_bytes)
		return -EINVAL;
	length = strnlen(name, call->args_bytes - offset);
	if (length == call->args_bytes - offset || length == 0)
		return -EINVAL;
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	*ret = name;
	if (ret_next)
		*ret_next = offset + length + 1;
	return 0;
}

struct kt_fs_proc_path kt_fs_proc_path(int fd)
{
	struct kt_fs_proc_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

static void fs_fill_attr(struct kt_fs *fs, const struct stat *st,
			 struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = kt_fs_table_unique_ino(&fs->table, st->st_dev, st->st_ino),
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.atime = (uint64_t)st->st_atim.tv_sec,
		.mtime = (uint64_t)st->st_mtim.tv_sec,
		.ctime = (uint64_t)st->st_ctim.tv_sec,
		.atimensec = (uint32_t)st->st_atim.tv_nsec,
		.mtimensec = (uint32_t)st->st_mtim.tv_nsec,
		.ctimensec = (uint32_t)st->st_ctim.tv_nsec,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		/* The kernel's own 32-bit form of a device number. */
		.rdev = (minor(st->st_rdev) & 0xff) | (major(st->st_rdev) << 8) |
			((minor(st->st_rdev) & ~0xffu) << 12),
		.blksize = (uint32_t)st->st_blksize,
	};
}

static void fs_valid(mode_t mode, uint64_t *ret_s, uint32_t *ret_ns)
{
	bool directory = S_ISDIR(mode);

	*ret_s = directory ? FS_DIRECTORY_VALID_S : 0;
	*ret_ns = directory ? 0 : FS_FILE_VALID_NS;
}

void *kt_fs_call_out(struct kt_fs_call *call, size_t bytes)
{
	void *at = call->fs->out + call->out_bytes;

	memset(at, 0, bytes);
	call->out_bytes += bytes;
	return at;
}

int kt_fs_call_entry(struct kt_fs_call *call, const char *name,
		     uint64_t *ret_number)
{
	struct fuse_entry_out *out;
	struct stat st;
	uint64_t number;
	int fd, r;

	fd = openat(call->inode->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatat(fd, "", &st, AT_EMPTY_PATH) < 0) {
		r = -errno;
		kt_close(fd);
		return r;
	}
	r = kt_fs_table_add(&call->fs->table, fd, &st, &number);
	if (r < 0)
		return r;
	/* The table may have moved. */
	call->inode = kt_fs_table_inode(&call->fs->table, call->header.nodeid);
	out = kt_fs_call_out(call, sizeof(*out));
	out->nodeid = number;
	out->generation = 0;
	fs_valid(st.st_mode, &out->attr_valid, &out->attr_valid_nsec);
	fs_valid(st.st_mode, &out->entry_valid, &out->entry_valid_nsec);
	fs_fill_attr(call->fs, &st, &out->attr);
	if (ret_number)
		*ret_number = number;
	return 0;
}

int kt_fs_call_attr_out(struct kt_fs_call *call, int fd)
{
	struct fuse_attr_out *out;
	struct stat st;

	if (fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
		return -errno;
	out = kt_fs_call_out(call, sizeof(*out));
	fs_valid(st.st_mode, &out->attr_valid, &out->attr_valid_nsec);
	fs_fill_attr(call->fs, &st, &out->attr);
	return 0;
}

void kt_fs_call_own(const struct kt_fs_call *call, const char *name)
{
	if (call->fs->as_root && (call->header.uid || call->header.gid))
		(void)!fchownat(call->inode->fd, name, call->header.uid,
				call->header.gid, AT_SYMLINK_NOFOLLOW);
}
