// SPDX-License-Identifier: GPL-2.0-only
#include "nest/fs_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int kt_fs_op_lookup(struct kt_fs_call *call)
{
	const char *name;
	int r = kt_fs_call_name(call, 0, &name, NULL);

	return r < 0 ? r : kt_fs_call_entry(call, name, NULL);
}

int kt_fs_op_getattr(struct kt_fs_call *call)
{
	const struct fuse_getattr_in *in = kt_fs_call_args(call, sizeof(*in));
	int fd = call->inode->fd;

	if (in && in->getattr_flags & FUSE_GETATTR_FH) {
		int file = kt_fs_table_file(&call->fs->table, in->fh);

		if (file >= 0)
			fd = file;
	}
	return kt_fs_call_attr_out(call, fd);
}

static int fs_truncate(struct kt_fs_call *call, const struct fuse_setattr_in *in)
{
	struct kt_fs_proc_path path = kt_fs_proc_path(call->inode->fd);
	int file = in->valid & FATTR_FH ?
			   kt_fs_table_file(&call->fs->table, in->fh) :
			   -1;

	if (file >= 0)
		return ftruncate(file, (off_t)in->size) < 0 ? -errno : 0;
	return truncate(path.text, (off_t)in->size) < 0 ? -errno : 0;
}

static int fs_set_times(struct kt_fs_call *call, const struct fuse_setattr_in *in)
{
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_nsec = UTIME_OMIT },
	};

	if (in->valid & FATTR_ATIME_NOW)
		times[0].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_ATIME)
		times[0] = (struct timespec){ (time_t)in->atime, in->atimensec };
	if (in->valid & FATTR_MTIME_NOW)
		times[1].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_MTIME)
		times[1] = (struct timespec){ (time_t)in->mtime, in->mtimensec };
	return utimensat(call->inode->fd, "", times, AT_EMPTY_PATH) < 0 ? -errno :
									  0;
}

int kt_fs_op_setattr(struct kt_fs_call *call)
{
	const struct fuse_setattr_in *in = kt_fs_call_args(call, sizeof(*in));
	int r;

	if (!in)
		return -EINVAL;
	if (in->valid & FATTR_MODE) {
		struct kt_fs_proc_path path = kt_fs_proc_path(call->inode->fd);

		if (S_ISLNK(call->inode->type))
			return -EOPNOTSUPP;
		if (chmod(path.text, in->mode & 07777) < 0)
			return -errno;
	}
	if (in->valid & (FATTR_UID | FATTR_GID)) {
		uid_t uid = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
		gid_t gid = in->valid & FATTR_GID ? in->gid : (gid_t)-1;

		if (fchownat(call->inode->fd, "", uid, gid, AT_EMPTY_PATH) < 0)
			return -errno;
	}
	if (in->valid & FATTR_SIZE) {
		r = fs_truncate(call, in);
		if (r < 0)
			return r;
	}
	if (in->valid &
	    (FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW)) {
		r = fs_set_times(call, in);
		if (r < 0)
			return r;
	}
	return kt_fs_call_attr_out(call, call->inode->fd);
}

int kt_fs_op_readlink(struct kt_fs_call *call)
{
	ssize_t n =
		readlinkat(call->inode->fd, "", (char *)call->fs->out, PATH_MAX);

	if (n < 0)
		return -errno;
	call->out_bytes = (size_t)n;
	return 0;
}

/* Once `name` was made, or not: errno says why. */
static int fs_made(struct kt_fs_call *call, const char *name, int result)
{
	if (result < 0)
		return -errno;
	kt_fs_call_own(call, name);
	return kt_fs_call_entry(call, name, NULL);
}

int kt_fs_op_symlink(struct kt_fs_call *call)
{
	const char *name, *target;
	size_t next;
	int r = kt_fs_call_name(call, 0, &name, &next);

	if (r < 0)
		return r;
	target = (const char *)call->args + next;
	if (next >= call->args_bytes ||
	    strnlen(target, call->args_bytes - next) == call->args_bytes - next)
		return -EINVAL;
	return fs_made(call, name, symlinkat(target, call->inode->fd, name));
}

int kt_fs_op_mknod(struct kt_fs_call *call)
{
	const struct fuse_mknod_in *in = kt_fs_call_args(call, sizeof(*in));
	const char *name;
	dev_t dev;
	int r;

	r = kt_fs_call_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	dev = makedev(in->rdev >> 8 & 0xfff,
		      (in->rdev & 0xff) | (in->rdev >> 12 & 0xfff00));
	return fs_made(call, name, mknodat(call->inode->fd, name, in->mode, dev));
}

int kt_fs_op_mkdir(struct kt_fs_call *call)
{
	const struct fuse_mkdir_in *in = kt_fs_call_args(call, sizeof(*in));
	const char *name;
	int r;

	r = kt_fs_call_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	return fs_made(call, name, mkdirat(call->inode->fd, name, in->mode));
}

static int fs_remove(struct kt_fs_call *call, int flags)
{
	const char *name;
	int r = kt_fs_call_name(call, 0, &name, NULL);

	if (r < 0)
		return r;
	return unlinkat(call->inode->fd, name, flags) < 0 ? -errno : 0;
}

int kt_fs_op_unlink(struct kt_fs_call *call)
{
	return fs_remove(call, 0);
}

int kt_fs_op_rmdir(struct kt_fs_call *call)
{
	return fs_remove(call, AT_REMOVEDIR);
}

static int fs_rename_to(struct kt_fs_call *call, uint64_t directory,
			size_t names, unsigned int flags)
{
	struct kt_fs_inode *to = kt_fs_table_inode(&call->fs->table, directory);
	const char *old_name, *new_name;
	size_t next;
	int r;

	if (!to)
		return -ESTALE;
	r = kt_fs_call_name(call, names, &old_name, &next);
	if (r == 0)
		r = kt_fs_call_name(call, next, &new_name, NULL);
	if (r < 0)
		return r;
	return renameat2(call->inode->fd, old_name, to->fd, new_name, flags) < 0 ?
		       -errno :
		       0;
}

int kt_fs_op_rename(struct kt_fs_call *call)
{
	const struct fuse_rename_in *in = kt_fs_call_args(call, sizeof(*in));

	return in ? fs_rename_to(call, in->newdir, sizeof(*in), 0) : -EINVAL;
}

int kt_fs_op_rename2(struct kt_fs_call *call)
{
	const struct fuse_rename2_in *in = kt_fs_call_args(call, sizeof(*in));

	return in ? fs_rename_to(call, in->newdir, sizeof(*in), in->flags) :
		    -EINVAL;
}

int kt_fs_op_link(struct kt_fs_call *call)
{
	const struct fuse_link_in *in = kt_fs_call_args(call, sizeof(*in));
	struct kt_fs_inode *from;
	struct kt_fs_proc_path path;
	const char *name;
	int r;

	r = kt_fs_call_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	from = kt_fs_table_inode(&call->fs->table, in->oldnodeid);
	if (!from)
		return -ESTALE;
	path = kt_fs_proc_path(from->fd);
	if (linkat(AT_FDCWD, path.text, call->inode->fd, name,
		   AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return kt_fs_call_entry(call, name, NULL);
}

int kt_fs_op_statfs(struct kt_fs_call *call)
{
	struct fuse_statfs_out *out;
	struct statvfs st;

	if (fstatvfs(call->inode->fd, &st) < 0)
		return -errno;
	out = kt_fs_call_out(call, sizeof(*out));
	out->st = (struct fuse_kstatfs){
		.blocks = st.f_blocks,
		.bfree = st.f_bfree,
		.bavail = st.f_bavail,
		.files = st.f_files,
		.ffree = st.f_ffree,
		.bsize = (uint32_t)st.f_bsize,
		.namelen = (uint32_t)st.f_namemax,
		.frsize = (uint32_t)st.f_frsize,
	};
	return 0;
}
