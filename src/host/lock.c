// SPDX-License-Identifier: GPL-2.0-only
#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "host/lock_holder.h"

#define LOCK_DIRECTORY  "/tmp"
#define LOCK_FILE_MODE  0666
/* A file that was removed between opening and locking is opened anew. */
#define LOCK_OPEN_TRIES 8

static const struct {
	const char *prefix;
	const char *name;
} kinds[] = {
	[KT_LOCK_LLC] = { "ktstr-llc-", "LLC" },
	[KT_LOCK_CPU] = { "ktstr-cpu-", "CPU" },
};

static const char file_suffix[] = ".lock";

const char *kt_lock_directory(void)
{
	const char *named = getenv("KTSTR_LOCK_DIR");

	return named && *named ? named : LOCK_DIRECTORY;
}

const char *kt_lock_kind_name(enum kt_lock_kind kind)
{
	return kinds[kind].name;
}

char *kt_lock_file_name(enum kt_lock_kind kind, uint32_t number)
{
	char *name;

	return asprintf(&name, "%s%u%s", kinds[kind].prefix, number,
			file_suffix) < 0 ?
		       NULL :
		       name;
}

bool kt_lock_from_file_name(const char *name, enum kt_lock_kind *ret_kind,
			    uint32_t *ret_number)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(kinds); i++) {
		size_t length = strlen(kinds[i].prefix);
		unsigned long number;
		char *end;

		if (strncmp(name, kinds[i].prefix, length) != 0)
			continue;
		name += length;
		if (*name < '0' || *name > '9' ||
		    (*name == '0' && name[1] != '.'))
			return false;
		errno = 0;
		number = strtoul(name, &end, 10);
		if (errno || number > UINT32_MAX || strcmp(end, file_suffix) != 0)
			return false;
		*ret_kind = (enum kt_lock_kind)i;
		*ret_number = (uint32_t)number;
		return true;
	}
	return false;
}

/* As linux/magic.h and the file systems themselves have them. */
const char *kt_lock_unfit(long type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} unfit[] = {
		{ 0x6969, "NFS" },      { 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB" },  { 0x517b, "SMB" },
		{ 0x00c36400, "Ceph" }, { 0x5346414f, "AFS" },
		{ 0x6b414653, "AFS" },  { 0x65735546, "FUSE" },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(unfit); i++) {
		if ((uint32_t)type == unfit[i].type)
			return unfit[i].name;
	}
	return NULL;
}

static int open_directory(int *ret_fd, struct ktstr_error *err)
{
	const char *path = kt_lock_directory();
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *unfit;
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return kt_err_errno(err, -errno,
				    "no locks can be kept in %s; name another "
				    "directory with KTSTR_LOCK_DIR",
				    path);
	unfit = kt_lock_unfit((long)fs.f_type);
	if (unfit)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -EREMOTE,
				   "%s is on %s, where a lock may be unseen by "
				   "others; name a directory on a local file "
				   "system with KTSTR_LOCK_DIR",
				   path, unfit);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/*
 * One that is there is opened as it is: in a directory such as /tmp, the kernel
 * may refuse O_CREAT for a file of somebody else (fs.protected_regular), and
 * reading is enough for flock().
 */
static int open_file(int directory_fd, const char *name)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = openat(directory_fd, name, O_RDONLY | flags);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	fd = openat(directory_fd, name, O_RDONLY | O_CREAT | O_EXCL | flags,
		    LOCK_FILE_MODE);
	if (fd < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	/* Whatever the umask says: others are to open it. */
	if (fchmod(fd, LOCK_FILE_MODE) < 0) {
		int r = -errno;

		kt_close(fd);
		return r;
	}
	return fd;
}

static bool is_still(int directory_fd, const char *name, const struct stat *ours)
{
	struct stat there;

	return fstatat(directory_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       there.st_ino == ours->st_ino && there.st_dev == ours->st_dev;
}

/* -EBUSY: somebody has it, and `ret_fd` is open all the same. */
static int lock_file(int directory_fd, const char *name, bool exclusive,
		     int *ret_fd)
{
	int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;

	for (int i = 0; i < LOCK_OPEN_TRIES; i++) {
		_cleanup_close_ int fd = open_file(directory_fd, name);
		struct stat st;
		int r = 0;

		if (fd == -EAGAIN)
			continue;
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode))
			return -ENOTSUP;
		while (r == 0 && flock(fd, operation) < 0) {
			if (errno != EINTR)
				r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		}
		if (r == 0 && !is_still(directory_fd, name, &st))
			continue;
		if (r == 0 || r == -EBUSY)
			*ret_fd = TAKE_FD(fd);
		return r;
	}
	return -EAGAIN;
}

static int take_one(int directory_fd, const struct kt_lock *wanted, int *ret_fd,
		    struct ktstr_error *err)
{
	_cleanup_free_ char *name =
		kt_lock_file_name(wanted->kind, wanted->number);
	_cleanup_strbuf_ struct kt_strbuf holders = { 0 };
	_cleanup_close_ int fd = -1;
	int r;

	if (!name)
		return kt_err_errno(err, -ENOMEM, "no memory for a lock");
	r = lock_file(directory_fd, name, wanted->exclusive, &fd);
	if (r == 0) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	if (r != -EBUSY)
		return kt_err_errno(err, r, "cannot lock %s/%s",
				    kt_lock_directory(), name);
	kt_lock_holders_describe(fd, &holders);
	return kt_err(err, r, "%s %u is held by %s",
		      kt_lock_kind_name(wanted->kind), wanted->number,
		      kt_strbuf_text(&holders));
}

static int by_order(const void *a, const void *b)
{
	const struct kt_lock *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

int kt_locks_take(const struct kt_lock *wanted, size_t n, struct kt_locks *ret,
		  struct ktstr_error *err)
{
	_cleanup_free_ struct kt_lock *ordered = calloc(n, sizeof(*ordered));
	_cleanup_locks_ struct kt_locks locks = {
		.fds = calloc(n, sizeof(*locks.fds)),
	};
	_cleanup_close_ int directory_fd = -1;
	int r;

	if (!ordered || !locks.fds)
		return kt_err_errno(err, -ENOMEM, "no memory for %zu locks", n);
	if (n > 0)
		memcpy(ordered, wanted, n * sizeof(*ordered));
	qsort(ordered, n, sizeof(*ordered), by_order);
	r = open_directory(&directory_fd, err);
	while (r == 0 && locks.n < n) {
		r = take_one(directory_fd, &ordered[locks.n],
			     &locks.fds[locks.n], err);
		locks.n += r == 0;
	}
	if (r < 0)
		return r;
	*ret = locks;
	locks = (struct kt_locks){ 0 };
	return 0;
}

void kt_locks_drop(struct kt_locks *locks)
{
	for (size_t i = 0; i < locks->n; i++)
		kt_close(locks->fds[i]);
	free(locks->fds);
	*locks = (struct kt_locks){ 0 };
}
