// SPDX-License-Identifier: GPL-2.0-only
#include "nest/fs_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"

/* Contents last changed this long ago cannot change without new times. */
#define FS_SETTLED_S 2

/* The pieces from `skip` on, `length` bytes at most; returns how many pieces. */
static size_t iov_slice(const struct iovec *iov, size_t n, size_t skip,
			size_t length, struct iovec *ret, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < n && length && count < max; i++) {
		size_t drop = KT_MIN(skip, iov[i].iov_len);
		size_t take = KT_MIN(iov[i].iov_len - drop, length);

		skip -= drop;
		if (!take)
			continue;
		ret[count].iov_base = (uint8_t *)iov[i].iov_base + drop;
		ret[count++].iov_len = take;
		length -= take;
	}
	return count;
}

/* O_DIRECT wants aligned memory, which the guest's pieces need not be. */
static int fs_open_flags(uint32_t flags)
{
	return (int)(flags & ~(uint32_t)(O_DIRECT | O_CREAT | O_EXCL | O_NOCTTY)) |
	       O_CLOEXEC | O_NONBLOCK;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/*
 * Whether what the guest keeps of this file's contents is still good. A change
 * within the clock's grain of the last one leaves no trace in the times, so a
 * file counts only when it has been left alone for a while.
 */
static bool fs_contents_kept(struct kt_fs_inode *inode, const struct stat *st)
{
	const struct kt_fs_stamp stamp = {
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
		.size = st->st_size,
	};
	bool same = inode->opened.size == stamp.size &&
		    same_time(&inode->opened.mtime, &stamp.mtime) &&
		    same_time(&inode->opened.ctime, &stamp.ctime);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	inode->opened = stamp;
	if (now.tv_sec - stamp.ctime.tv_sec < FS_SETTLED_S ||
	    now.tv_sec < stamp.ctime.tv_sec)
		inode->opened.size = -1;
	return same;
}

/* Hands the open file `fd` to the guest. */
static int fs_open_out(struct kt_fs_call *call, struct kt_fs_inode *inode, int fd)
{
	struct fuse_open_out *out;
	struct stat st;
	uint64_t handle;
	bool kept;
	int r;

	if (fstat(fd, &st) < 0) {
		r = -errno;
		kt_close(fd);
		return r;
	}
	kept = S_ISREG(st.st_mode) && fs_contents_kept(inode, &st);
	r = kt_fs_table_open(&call->fs->table, fd, &handle);
	if (r < 0)
		return r;
	out = kt_fs_call_out(call, sizeof(*out));
	out->fh = handle;
	out->open_flags = kept ? FOPEN_KEEP_CACHE : 0;
	return 0;
}

int kt_fs_op_open(struct kt_fs_call *call)
{
	const struct fuse_open_in *in = kt_fs_call_args(call, sizeof(*in));
	struct kt_fs_proc_path path = kt_fs_proc_path(call->inode->fd);
	int fd;

	if (!in)
		return -EINVAL;
	/* Opening anything else could block or have effects of its own. */
	if (!S_ISREG(call->inode->type) && !S_ISDIR(call->inode->type))
		return -ENXIO;
	fd = open(path.text, fs_open_flags(in->flags) & ~O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	return fs_open_out(call, call->inode, fd);
}

int kt_fs_op_opendir(struct kt_fs_call *call)
{
	return S_ISDIR(call->inode->type) ? kt_fs_op_open(call) : -ENOTDIR;
}

int kt_fs_op_create(struct kt_fs_call *call)
{
	const struct fuse_create_in *in = kt_fs_call_args(call, sizeof(*in));
	struct kt_fs_inode *inode;
	uint64_t number;
	const char *name;
	bool fresh;
	int r, fd;

	r = kt_fs_call_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	fd = openat(call->inode->fd, name,
		    fs_open_flags(in->flags) | O_CREAT | O_EXCL | O_NOFOLLOW,
		    in->mode & 07777);
	fresh = fd >= 0;
	if (fd < 0 && errno == EEXIST && !(in->flags & O_EXCL))
		fd = openat(call->inode->fd, name,
			    fs_open_flags(in->flags) | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fresh)
		kt_fs_call_own(call, name);
	r = kt_fs_call_entry(call, name, &number);
	if (r < 0) {
		kt_close(fd);
		return r;
	}
	inode = kt_fs_table_inode(&call->fs->table, number);
	r = fs_open_out(call, inode, fd);
	if (r < 0)
		kt_fs_table_forget(&call->fs->table, number, 1);
	return r;
}

int kt_fs_op_release(struct kt_fs_call *call)
{
	const struct fuse_release_in *in = kt_fs_call_args(call, sizeof(*in));

	if (!in)
		return -EINVAL;
	kt_fs_table_close(&call->fs->table, in->fh);
	return 0;
}

int kt_fs_op_read(struct kt_fs_call *call)
{
	const struct fuse_read_in *in = kt_fs_call_args(call, sizeof(*in));
	struct iovec pieces[KT_FS_MAX_PAGES + 2];
	ssize_t got;
	size_t n;
	int fd;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	n = iov_slice(call->request->writable, call->request->n_writable,
		      sizeof(struct fuse_out_header), in->size, pieces,
		      KT_ARRAY_SIZE(pieces));
	got = preadv(fd, pieces, (int)n, (off_t)in->offset);
	if (got < 0)
		return -errno;
	call->direct_bytes = (size_t)got;
	return 0;
}

/* What pwritev(2) or copy_file_range(2) just returned. */
static int fs_written(struct kt_fs_call *call, ssize_t n)
{
	struct fuse_write_out *out;

	if (n < 0)
		return -errno;
	out = kt_fs_call_out(call, sizeof(*out));
	out->size = (uint32_t)n;
	return 0;
}

int kt_fs_op_write(struct kt_fs_call *call)
{
	const struct fuse_write_in *in = kt_fs_call_args(call, sizeof(*in));
	const size_t skip = sizeof(struct fuse_in_header) + sizeof(*in);
	struct iovec pieces[KT_FS_MAX_PAGES + 2];
	ssize_t put;
	size_t n;
	int fd;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	n = iov_slice(call->request->readable, call->request->n_readable, skip,
		      in->size, pieces, KT_ARRAY_SIZE(pieces));
	put = pwritev(fd, pieces, (int)n, (off_t)in->offset);
	return fs_written(call, put);
}

int kt_fs_op_fsync(struct kt_fs_call *call)
{
	const struct fuse_fsync_in *in = kt_fs_call_args(call, sizeof(*in));
	int fd, r;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	r = in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(fd) : fsync(fd);
	return r < 0 ? -errno : 0;
}

/* As getdents64(2) fills it in. */
struct fs_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

int kt_fs_op_readdir(struct kt_fs_call *call)
{
	const struct fuse_read_in *in = kt_fs_call_args(call, sizeof(*in));
	_Alignas(8) uint8_t entries[16 * 1024];
	size_t room;
	long n;
	int fd;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	room = KT_MIN((size_t)in->size, sizeof(call->fs->out));
	if (lseek(fd, (off_t)in->offset, SEEK_SET) < 0)
		return -errno;
	n = syscall(SYS_getdents64, fd, entries, sizeof(entries));
	if (n < 0)
		return -errno;
	for (long at = 0; at < n;) {
		const struct fs_dirent *e = (const void *)(entries + at);
		size_t length = strlen(e->d_name);
		size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
		struct fuse_dirent *out;

		if (call->out_bytes + bytes > room)
			break;
		out = kt_fs_call_out(call, bytes);
		out->ino = kt_fs_table_unique_ino(&call->fs->table,
						  call->inode->dev, e->d_ino);
		out->off = (uint64_t)e->d_off;
		out->namelen = (uint32_t)length;
		out->type = e->d_type;
		memcpy(out->name, e->d_name, length);
		at += e->d_reclen;
	}
	/* Not one entry fits, though there is one. */
	return n > 0 && call->out_bytes == 0 ? -EINVAL : 0;
}

int kt_fs_op_lseek(struct kt_fs_call *call)
{
	const struct fuse_lseek_in *in = kt_fs_call_args(call, sizeof(*in));
	struct fuse_lseek_out *out;
	off_t at;
	int fd;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	at = lseek(fd, (off_t)in->offset, (int)in->whence);
	if (at < 0)
		return -errno;
	out = kt_fs_call_out(call, sizeof(*out));
	out->offset = (uint64_t)at;
	return 0;
}

int kt_fs_op_fallocate(struct kt_fs_call *call)
{
	const struct fuse_fallocate_in *in = kt_fs_call_args(call, sizeof(*in));
	int fd;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	return fallocate(fd, (int)in->mode, (off_t)in->offset,
			 (off_t)in->length) < 0 ?
		       -errno :
		       0;
}

int kt_fs_op_copy_range(struct kt_fs_call *call)
{
	const struct fuse_copy_file_range_in *in =
		kt_fs_call_args(call, sizeof(*in));
	off_t from_at, to_at;
	ssize_t n;
	int from, to;

	if (!in)
		return -EINVAL;
	from = kt_fs_table_file(&call->fs->table, in->fh_in);
	to = kt_fs_table_file(&call->fs->table, in->fh_out);
	if (from < 0 || to < 0)
		return -EBADF;
	from_at = (off_t)in->off_in;
	to_at = (off_t)in->off_out;
	n = copy_file_range(from, &from_at, to, &to_at, in->len, 0);
	return fs_written(call, n);
}
