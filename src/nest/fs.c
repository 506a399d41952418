// SPDX-License-Identifier: GPL-2.0-only
#include "nest/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "nest/fs_ops.h"

#define FS_MINOR     31 /* the protocol's minor version spoken here */
#define FS_MAX_WRITE (1u << 20)

static size_t iov_total(const struct iovec *iov, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += iov[i].iov_len;
	return total;
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

static int fs_init(struct kt_fs_call *call)
{
	const uint32_t wanted = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC |
				FUSE_BIG_WRITES | FUSE_AUTO_INVAL_DATA |
				FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES |
				FUSE_ABORT_ERROR;
	/* The oldest form of the request ends behind `flags`. */
	const size_t least = offsetof(struct fuse_init_in, flags) + 4;
	const struct fuse_init_in *in = kt_fs_call_args(call, least);
	struct fuse_init_out *out;

	if (!in)
		return -EINVAL;
	if (in->major != FUSE_KERNEL_VERSION || in->minor < FS_MINOR)
		return -EPROTO;
	out = kt_fs_call_out(call, sizeof(*out));
	out->major = FUSE_KERNEL_VERSION;
	out->minor = FS_MINOR;
	out->max_readahead = in->max_readahead;
	out->flags = in->flags & wanted;
	out->max_background = 64;
	out->congestion_threshold = 48;
	out->max_write = FS_MAX_WRITE;
	out->max_pages = KT_FS_MAX_PAGES;
	out->time_gran = 1;
	return 0;
}

static int fs_forget(struct kt_fs_call *call)
{
	const struct fuse_forget_in *in = kt_fs_call_args(call, sizeof(*in));

	call->silent = true;
	if (in)
		kt_fs_table_forget(&call->fs->table, call->header.nodeid,
				   in->nlookup);
	return 0;
}

static int fs_batch_forget(struct kt_fs_call *call)
{
	const struct fuse_batch_forget_in *in =
		kt_fs_call_args(call, sizeof(*in));
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

static int fs_flush(struct kt_fs_call *call)
{
	(void)call;
	return 0;
}

static int fs_ignore(struct kt_fs_call *call)
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
	int (*run)(struct kt_fs_call *call);
	enum fs_needs needs;
} fs_ops[] = {
	[FUSE_INIT] = { fs_init, FS_NEEDS_NOTHING },
	[FUSE_DESTROY] = { fs_flush, FS_NEEDS_NOTHING },
	[FUSE_FORGET] = { fs_forget, FS_NEEDS_NOTHING },
	[FUSE_BATCH_FORGET] = { fs_batch_forget, FS_NEEDS_NOTHING },
	[FUSE_INTERRUPT] = { fs_ignore, FS_NEEDS_NOTHING },
	[FUSE_LOOKUP] = { kt_fs_op_lookup, FS_NEEDS_INODE },
	[FUSE_GETATTR] = { kt_fs_op_getattr, FS_NEEDS_INODE },
	[FUSE_SETATTR] = { kt_fs_op_setattr, FS_NEEDS_INODE },
	[FUSE_READLINK] = { kt_fs_op_readlink, FS_NEEDS_INODE },
	[FUSE_SYMLINK] = { kt_fs_op_symlink, FS_NEEDS_INODE },
	[FUSE_MKNOD] = { kt_fs_op_mknod, FS_NEEDS_INODE },
	[FUSE_MKDIR] = { kt_fs_op_mkdir, FS_NEEDS_INODE },
	[FUSE_UNLINK] = { kt_fs_op_unlink, FS_NEEDS_INODE },
	[FUSE_RMDIR] = { kt_fs_op_rmdir, FS_NEEDS_INODE },
	[FUSE_RENAME] = { kt_fs_op_rename, FS_NEEDS_INODE },
	[FUSE_RENAME2] = { kt_fs_op_rename2, FS_NEEDS_INODE },
	[FUSE_LINK] = { kt_fs_op_link, FS_NEEDS_INODE },
	[FUSE_OPEN] = { kt_fs_op_open, FS_NEEDS_INODE },
	[FUSE_OPENDIR] = { kt_fs_op_opendir, FS_NEEDS_INODE },
	[FUSE_CREATE] = { kt_fs_op_create, FS_NEEDS_INODE },
	[FUSE_RELEASE] = { kt_fs_op_release, FS_NEEDS_NOTHING },
	[FUSE_RELEASEDIR] = { kt_fs_op_release, FS_NEEDS_NOTHING },
	[FUSE_READ] = { kt_fs_op_read, FS_NEEDS_NOTHING },
	[FUSE_WRITE] = { kt_fs_op_write, FS_NEEDS_NOTHING },
	[FUSE_READDIR] = { kt_fs_op_readdir, FS_NEEDS_INODE },
	[FUSE_FLUSH] = { fs_flush, FS_NEEDS_NOTHING },
	[FUSE_FSYNC] = { kt_fs_op_fsync, FS_NEEDS_NOTHING },
	[FUSE_FSYNCDIR] = { kt_fs_op_fsync, FS_NEEDS_NOTHING },
	[FUSE_STATFS] = { kt_fs_op_statfs, FS_NEEDS_INODE },
	[FUSE_LSEEK] = { kt_fs_op_lseek, FS_NEEDS_NOTHING },
	[FUSE_FALLOCATE] = { kt_fs_op_fallocate, FS_NEEDS_NOTHING },
	[FUSE_COPY_FILE_RANGE] = { kt_fs_op_copy_range, FS_NEEDS_NOTHING },
};

static int fs_run(struct kt_fs_call *call)
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
	struct kt_fs_call call = { .fs = fs, .request = request };
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
