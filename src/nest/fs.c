// SPDX-License-Identifier: GPL-2.0-only
#include "nest/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "nest/fs_table.h"

#define FS_MINOR         31 /* the protocol's minor version spoken here */
#define FS_MAX_WRITE     (1u << 20)
#define FS_MAX_PAGES     256
#define FS_REQUEST_BYTES (64u * 1024) /* all but the data of a write */
#define FS_REPLY_BYTES   (128u * 1024)

#define FS_DIRECTORY_VALID_S 1
#define FS_FILE_VALID_NS     20000000

/* Contents last changed this long ago cannot change without new times. */
#define FS_SETTLED_S 2

struct kt_fs {
	struct kt_fs_table table;
	size_t fd_limit;
	bool as_root;
	_Alignas(8) uint8_t in[FS_REQUEST_BYTES];
	_Alignas(8) uint8_t out[FS_REPLY_BYTES];
};

/* The request at hand. */
struct fs_call {
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

static size_t iov_total(const struct iovec *iov, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += iov[i].iov_len;
	return total;
}

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

static size_t iov_get(const struct iovec *iov, size_t n, void *data, size_t length)
{
	size_t done = 0;

	for (size_t i = 0; i < n && done < length; i++) {
		size_t part = KT_MIN(iov[i].iov_len, length - done);

		if (!part)
			continue;
		memcpy((uint8_t *)data + done, iov[i].iov_base, part);
		done += part;
	}
	return done;
}

static void iov_put(const struct iovec *iov, size_t n, size_t offset,
		    const void *data, size_t length)
{
	const uint8_t *from = data;

	for (size_t i = 0; i < n && length; i++) {
		size_t skip = KT_MIN(offset, iov[i].iov_len);
		size_t part = KT_MIN(iov[i].iov_len - skip, length);

		if (part)
			memcpy((uint8_t *)iov[i].iov_base + skip, from, part);
		offset -= skip;
		from += part;
		length -= part;
	}
}

/* A fixed-size argument at the front of `args`; NULL when it is cut short. */
static const void *fs_args(const struct fs_call *call, size_t bytes)
{
	return call->args_bytes >= bytes ? call->args : NULL;
}

/* One path component, `offset` bytes into `args`; `ret_next` is behind it. */
static int fs_name(const struct fs_call *call, size_t offset, const char **ret,
		   size_t *ret_next)
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

/* A path that reaches the very file that an O_PATH descriptor holds. */
struct fs_proc_path {
	char text[32];
};

static struct fs_proc_path fs_proc_path(int fd)
{
	struct fs_proc_path path;

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

/* Appends to the answer in fs->out. */
static void *fs_out(struct fs_call *call, size_t bytes)
{
	void *at = call->fs->out + call->out_bytes;

	memset(at, 0, bytes);
	call->out_bytes += bytes;
	return at;
}

/* Tells the guest of `name` in the directory of the call. */
static int fs_entry(struct fs_call *call, const char *name, uint64_t *ret_number)
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
	out = fs_out(call, sizeof(*out));
	out->nodeid = number;
	out->generation = 0;
	fs_valid(st.st_mode, &out->attr_valid, &out->attr_valid_nsec);
	fs_valid(st.st_mode, &out->entry_valid, &out->entry_valid_nsec);
	fs_fill_attr(call->fs, &st, &out->attr);
	if (ret_number)
		*ret_number = number;
	return 0;
}

static int fs_attr_out(struct fs_call *call, int fd)
{
	struct fuse_attr_out *out;
	struct stat st;

	if (fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
		return -errno;
	out = fs_out(call, sizeof(*out));
	fs_valid(st.st_mode, &out->attr_valid, &out->attr_valid_nsec);
	fs_fill_attr(call->fs, &st, &out->attr);
	return 0;
}

/* When root serves, new files belong to who made them in the guest. */
static void fs_own(const struct fs_call *call, const char *name)
{
	if (call->fs->as_root && (call->header.uid || call->header.gid))
		(void)!fchownat(call->inode->fd, name, call->header.uid,
				call->header.gid, AT_SYMLINK_NOFOLLOW);
}

static int fs_init(struct fs_call *call)
{
	const uint32_t wanted = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC |
				FUSE_BIG_WRITES | FUSE_AUTO_INVAL_DATA |
				FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES |
				FUSE_ABORT_ERROR;
	/* The oldest form of the request ends behind `flags`. */
	const size_t least = offsetof(struct fuse_init_in, flags) + 4;
	const struct fuse_init_in *in = fs_args(call, least);
	struct fuse_init_out *out;

	if (!in)
		return -EINVAL;
	if (in->major != FUSE_KERNEL_VERSION || in->minor < FS_MINOR)
		return -EPROTO;
	out = fs_out(call, sizeof(*out));
	out->major = FUSE_KERNEL_VERSION;
	out->minor = FS_MINOR;
	out->max_readahead = in->max_readahead;
	out->flags = in->flags & wanted;
	out->max_background = 64;
	out->congestion_threshold = 48;
	out->max_write = FS_MAX_WRITE;
	out->max_pages = FS_MAX_PAGES;
	out->time_gran = 1;
	return 0;
}

static int fs_lookup(struct fs_call *call)
{
	const char *name;
	int r = fs_name(call, 0, &name, NULL);

	return r < 0 ? r : fs_entry(call, name, NULL);
}

static int fs_forget(struct fs_call *call)
{
	const struct fuse_forget_in *in = fs_args(call, sizeof(*in));

	call->silent = true;
	if (in)
		kt_fs_table_forget(&call->fs->table, call->header.nodeid,
				   in->nlookup);
	return 0;
}

static int fs_batch_forget(struct fs_call *call)
{
	const struct fuse_batch_forget_in *in = fs_args(call, sizeof(*in));
	const struct fuse_forget_one *one;
	size_t n;

	call->silent = true;
	if (!in)
		return 0;
	one = (const void *)(in + 1);
	n = KT_MIN((size_t)in->count,
		   (call->args_bytes - sizeof(*in)) / sizeof(*one));
	for (size_t i = 0; i < n; i++)
		kt_fs_table_forget(&call->fs->table, one[i].nodeid,
				   one[i].nlookup);
	return 0;
}

static int fs_getattr(struct fs_call *call)
{
	const struct fuse_getattr_in *in = fs_args(call, sizeof(*in));
	int fd = call->inode->fd;

	if (in && in->getattr_flags & FUSE_GETATTR_FH) {
		int file = kt_fs_table_file(&call->fs->table, in->fh);

		if (file >= 0)
			fd = file;
	}
	return fs_attr_out(call, fd);
}

static int fs_truncate(struct fs_call *call, const struct fuse_setattr_in *in)
{
	struct fs_proc_path path = fs_proc_path(call->inode->fd);
	int file = in->valid & FATTR_FH ?
			   kt_fs_table_file(&call->fs->table, in->fh) :
			   -1;

	if (file >= 0)
		return ftruncate(file, (off_t)in->size) < 0 ? -errno : 0;
	return truncate(path.text, (off_t)in->size) < 0 ? -errno : 0;
}

static int fs_set_times(struct fs_call *call, const struct fuse_setattr_in *in)
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

static int fs_setattr(struct fs_call *call)
{
	const struct fuse_setattr_in *in = fs_args(call, sizeof(*in));
	int r;

	if (!in)
		return -EINVAL;
	if (in->valid & FATTR_MODE) {
		struct fs_proc_path path = fs_proc_path(call->inode->fd);

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
	return fs_attr_out(call, call->inode->fd);
}

static int fs_readlink(struct fs_call *call)
{
	ssize_t n =
		readlinkat(call->inode->fd, "", (char *)call->fs->out, PATH_MAX);

	if (n < 0)
		return -errno;
	call->out_bytes = (size_t)n;
	return 0;
}

static int fs_symlink(struct fs_call *call)
{
	const char *name, *target;
	size_t next;
	int r = fs_name(call, 0, &name, &next);

	if (r < 0)
		return r;
	target = (const char *)call->args + next;
	if (next >= call->args_bytes ||
	    strnlen(target, call->args_bytes - next) == call->args_bytes - next)
		return -EINVAL;
	if (symlinkat(target, call->inode->fd, name) < 0)
		return -errno;
	fs_own(call, name);
	return fs_entry(call, name, NULL);
}

static int fs_mknod(struct fs_call *call)
{
	const struct fuse_mknod_in *in = fs_args(call, sizeof(*in));
	const char *name;
	dev_t dev;
	int r;

	if (!in)
		return -EINVAL;
	r = fs_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	dev = makedev(in->rdev >> 8 & 0xfff,
		      (in->rdev & 0xff) | (in->rdev >> 12 & 0xfff00));
	if (mknodat(call->inode->fd, name, in->mode, dev) < 0)
		return -errno;
	fs_own(call, name);
	return fs_entry(call, name, NULL);
}

static int fs_mkdir(struct fs_call *call)
{
	const struct fuse_mkdir_in *in = fs_args(call, sizeof(*in));
	const char *name;
	int r;

	if (!in)
		return -EINVAL;
	r = fs_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	if (mkdirat(call->inode->fd, name, in->mode) < 0)
		return -errno;
	fs_own(call, name);
	return fs_entry(call, name, NULL);
}

static int fs_remove(struct fs_call *call, int flags)
{
	const char *name;
	int r = fs_name(call, 0, &name, NULL);

	if (r < 0)
		return r;
	return unlinkat(call->inode->fd, name, flags) < 0 ? -errno : 0;
}

static int fs_unlink(struct fs_call *call)
{
	return fs_remove(call, 0);
}

static int fs_rmdir(struct fs_call *call)
{
	return fs_remove(call, AT_REMOVEDIR);
}

static int fs_rename_to(struct fs_call *call, uint64_t directory, size_t names,
			unsigned int flags)
{
	struct kt_fs_inode *to = kt_fs_table_inode(&call->fs->table, directory);
	const char *old_name, *new_name;
	size_t next;
	int r;

	if (!to)
		return -ESTALE;
	r = fs_name(call, names, &old_name, &next);
	if (r == 0)
		r = fs_name(call, next, &new_name, NULL);
	if (r < 0)
		return r;
	return renameat2(call->inode->fd, old_name, to->fd, new_name, flags) < 0 ?
		       -errno :
		       0;
}

static int fs_rename(struct fs_call *call)
{
	const struct fuse_rename_in *in = fs_args(call, sizeof(*in));

	return in ? fs_rename_to(call, in->newdir, sizeof(*in), 0) : -EINVAL;
}

static int fs_rename2(struct fs_call *call)
{
	const struct fuse_rename2_in *in = fs_args(call, sizeof(*in));

	return in ? fs_rename_to(call, in->newdir, sizeof(*in), in->flags) :
		    -EINVAL;
}

static int fs_link(struct fs_call *call)
{
	const struct fuse_link_in *in = fs_args(call, sizeof(*in));
	struct kt_fs_inode *from;
	struct fs_proc_path path;
	const char *name;
	int r;

	if (!in)
		return -EINVAL;
	r = fs_name(call, sizeof(*in), &name, NULL);
	if (r < 0)
		return r;
	from = kt_fs_table_inode(&call->fs->table, in->oldnodeid);
	if (!from)
		return -ESTALE;
	path = fs_proc_path(from->fd);
	if (linkat(AT_FDCWD, path.text, call->inode->fd, name,
		   AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return fs_entry(call, name, NULL);
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
static int fs_open_out(struct fs_call *call, struct kt_fs_inode *inode, int fd)
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
	out = fs_out(call, sizeof(*out));
	out->fh = handle;
	out->open_flags = kept ? FOPEN_KEEP_CACHE : 0;
	return 0;
}

static int fs_open(struct fs_call *call)
{
	const struct fuse_open_in *in = fs_args(call, sizeof(*in));
	struct fs_proc_path path = fs_proc_path(call->inode->fd);
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

static int fs_opendir(struct fs_call *call)
{
	return S_ISDIR(call->inode->type) ? fs_open(call) : -ENOTDIR;
}

static int fs_create(struct fs_call *call)
{
	const struct fuse_create_in *in = fs_args(call, sizeof(*in));
	struct kt_fs_inode *inode;
	uint64_t number;
	const char *name;
	bool fresh;
	int r, fd;

	if (!in)
		return -EINVAL;
	r = fs_name(call, sizeof(*in), &name, NULL);
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
		fs_own(call, name);
	r = fs_entry(call, name, &number);
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

static int fs_release(struct fs_call *call)
{
	const struct fuse_release_in *in = fs_args(call, sizeof(*in));

	if (!in)
		return -EINVAL;
	kt_fs_table_close(&call->fs->table, in->fh);
	return 0;
}

static int fs_read(struct fs_call *call)
{
	const struct fuse_read_in *in = fs_args(call, sizeof(*in));
	struct iovec pieces[FS_MAX_PAGES + 2];
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

static int fs_write(struct fs_call *call)
{
	const struct fuse_write_in *in = fs_args(call, sizeof(*in));
	const size_t skip = sizeof(struct fuse_in_header) + sizeof(*in);
	struct iovec pieces[FS_MAX_PAGES + 2];
	struct fuse_write_out *out;
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
	if (put < 0)
		return -errno;
	out = fs_out(call, sizeof(*out));
	out->size = (uint32_t)put;
	return 0;
}

static int fs_fsync(struct fs_call *call)
{
	const struct fuse_fsync_in *in = fs_args(call, sizeof(*in));
	int fd, r;

	if (!in)
		return -EINVAL;
	fd = kt_fs_table_file(&call->fs->table, in->fh);
	if (fd < 0)
		return -EBADF;
	r = in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(fd) : fsync(fd);
	return r < 0 ? -errno : 0;
}

static int fs_flush(struct fs_call *call)
{
	(void)call;
	return 0;
}

static int fs_statfs(struct fs_call *call)
{
	struct fuse_statfs_out *out;
	struct statvfs st;

	if (fstatvfs(call->inode->fd, &st) < 0)
		return -errno;
	out = fs_out(call, sizeof(*out));
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

/* As getdents64(2) fills it in. */
struct fs_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

static int fs_readdir(struct fs_call *call)
{
	const struct fuse_read_in *in = fs_args(call, sizeof(*in));
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
		out = fs_out(call, bytes);
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

static int fs_lseek(struct fs_call *call)
{
	const struct fuse_lseek_in *in = fs_args(call, sizeof(*in));
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
	out = fs_out(call, sizeof(*out));
	out->offset = (uint64_t)at;
	return 0;
}

static int fs_fallocate(struct fs_call *call)
{
	const struct fuse_fallocate_in *in = fs_args(call, sizeof(*in));
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

static int fs_copy_range(struct fs_call *call)
{
	const struct fuse_copy_file_range_in *in = fs_args(call, sizeof(*in));
	struct fuse_write_out *out;
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
	if (n < 0)
		return -errno;
	out = fs_out(call, sizeof(*out));
	out->size = (uint32_t)n;
	return 0;
}

static int fs_ignore(struct fs_call *call)
{
	call->silent = true;
	return 0;
}

/* What a request needs before its operation is called. */
enum fs_needs {
	FS_NEEDS_NOTHING,
	FS_NEEDS_INODE,
};

static const struct {
	int (*run)(struct fs_call *call);
	enum fs_needs needs;
} fs_ops[] = {
	[FUSE_INIT] = { fs_init, FS_NEEDS_NOTHING },
	[FUSE_DESTROY] = { fs_flush, FS_NEEDS_NOTHING },
	[FUSE_FORGET] = { fs_forget, FS_NEEDS_NOTHING },
	[FUSE_BATCH_FORGET] = { fs_batch_forget, FS_NEEDS_NOTHING },
	[FUSE_INTERRUPT] = { fs_ignore, FS_NEEDS_NOTHING },
	[FUSE_LOOKUP] = { fs_lookup, FS_NEEDS_INODE },
	[FUSE_GETATTR] = { fs_getattr, FS_NEEDS_INODE },
	[FUSE_SETATTR] = { fs_setattr, FS_NEEDS_INODE },
	[FUSE_READLINK] = { fs_readlink, FS_NEEDS_INODE },
	[FUSE_SYMLINK] = { fs_symlink, FS_NEEDS_INODE },
	[FUSE_MKNOD] = { fs_mknod, FS_NEEDS_INODE },
	[FUSE_MKDIR] = { fs_mkdir, FS_NEEDS_INODE },
	[FUSE_UNLINK] = { fs_unlink, FS_NEEDS_INODE },
	[FUSE_RMDIR] = { fs_rmdir, FS_NEEDS_INODE },
	[FUSE_RENAME] = { fs_rename, FS_NEEDS_INODE },
	[FUSE_RENAME2] = { fs_rename2, FS_NEEDS_INODE },
	[FUSE_LINK] = { fs_link, FS_NEEDS_INODE },
	[FUSE_OPEN] = { fs_open, FS_NEEDS_INODE },
	[FUSE_OPENDIR] = { fs_opendir, FS_NEEDS_INODE },
	[FUSE_CREATE] = { fs_create, FS_NEEDS_INODE },
	[FUSE_RELEASE] = { fs_release, FS_NEEDS_NOTHING },
	[FUSE_RELEASEDIR] = { fs_release, FS_NEEDS_NOTHING },
	[FUSE_READ] = { fs_read, FS_NEEDS_NOTHING },
	[FUSE_WRITE] = { fs_write, FS_NEEDS_NOTHING },
	[FUSE_READDIR] = { fs_readdir, FS_NEEDS_INODE },
	[FUSE_FLUSH] = { fs_flush, FS_NEEDS_NOTHING },
	[FUSE_FSYNC] = { fs_fsync, FS_NEEDS_NOTHING },
	[FUSE_FSYNCDIR] = { fs_fsync, FS_NEEDS_NOTHING },
	[FUSE_STATFS] = { fs_statfs, FS_NEEDS_INODE },
	[FUSE_LSEEK] = { fs_lseek, FS_NEEDS_NOTHING },
	[FUSE_FALLOCATE] = { fs_fallocate, FS_NEEDS_NOTHING },
	[FUSE_COPY_FILE_RANGE] = { fs_copy_range, FS_NEEDS_NOTHING },
};

static int fs_run(struct fs_call *call)
{
	uint32_t opcode = call->header.opcode;

	if (opcode >= KT_ARRAY_SIZE(fs_ops) || !fs_ops[opcode].run)
		return -ENOSYS;
	call->inode = kt_fs_table_inode(&call->fs->table, call->header.nodeid);
	if (fs_ops[opcode].needs == FS_NEEDS_INODE && !call->inode)
		return -ESTALE;
	return fs_ops[opcode].run(call);
}

size_t kt_fs_handle(struct kt_fs *fs, const struct kt_fs_request *request)
{
	struct fs_call call = { .fs = fs, .request = request };
	struct fuse_out_header out = { 0 };
	size_t got, room;
	int r;

	got = iov_get(request->readable, request->n_readable, fs->in,
		      sizeof(fs->in));
	if (got < sizeof(call.header))
		return 0;
	memcpy(&call.header, fs->in, sizeof(call.header));
	call.args = fs->in + sizeof(call.header);
	call.args_bytes = got - sizeof(call.header);
	r = fs_run(&call);
	if (call.silent)
		return 0;

	room = iov_total(request->writable, request->n_writable);
	if (room < sizeof(out))
		return 0;
	if (r == 0 && sizeof(out) + call.out_bytes > room)
		r = -EIO;
	out.unique = call.header.unique;
	out.error = r;
	out.len = sizeof(out);
	if (r == 0) {
		out.len += (uint32_t)(call.out_bytes + call.direct_bytes);
		iov_put(request->writable, request->n_writable, sizeof(out),
			fs->out, call.out_bytes);
	}
	iov_put(request->writable, request->n_writable, 0, &out, sizeof(out));
	return out.len;
}

int kt_fs_create(const char *root, struct kt_fs **ret, struct ktstr_error *err)
{
	struct kt_fs *fs;
	struct rlimit limit;
	struct stat st;
	uint64_t number;
	int fd, r;

	fs = calloc(1, sizeof(*fs));
	if (!fs)
		return kt_err(err, -ENOMEM, "no memory for the file server");
	fs->as_root = geteuid() == 0;
	fs->fd_limit =
		getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 1024 : limit.rlim_cur;
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatat(fd, "", &st, AT_EMPTY_PATH) < 0) {
		r = kt_err_errno(err, -errno, "cannot open %s", root);
		kt_close(fd);
		free(fs);
		return r;
	}
	kt_fs_table_unique_ino(&fs->table, st.st_dev, st.st_ino);
	/* The first is FUSE_ROOT_ID, and stays for good. */
	r = kt_fs_table_add(&fs->table, fd, &st, &number);
	if (r < 0) {
		kt_fs_destroy(fs);
		return kt_err(err, r, "no memory for the file server");
	}
	*ret = fs;
	return 0;
}

void kt_fs_destroy(struct kt_fs *fs)
{
	if (!fs)
		return;
	kt_fs_table_deinit(&fs->table);
	free(fs);
}

void kt_fs_usage(const struct kt_fs *fs, size_t *ret_held, size_t *ret_limit)
{
	*ret_held = fs->table.n_used + fs->table.n_open;
	*ret_limit = fs->fd_limit;
}
