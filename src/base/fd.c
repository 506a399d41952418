// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

int kt_write_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t n = write(fd, at, length);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int kt_pwrite_all(int fd, const void *data, size_t length, off_t offset)
{
	const char *at = data;

	while (length) {
		ssize_t n = pwrite(fd, at, length, offset);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		at += n;
		offset += n;
		length -= (size_t)n;
	}
	return 0;
}

int kt_read_all(int fd, void *data, size_t length)
{
	char *at = data;

	while (length) {
		ssize_t n = read(fd, at, length);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!n)
			return -ENODATA;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int kt_pread_all(int fd, void *data, size_t length, off_t offset)
{
	char *at = data;

	while (length) {
		ssize_t n = pread(fd, at, length, offset);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!n)
			return -ENODATA;
		at += n;
		offset += n;
		length -= (size_t)n;
	}
	return 0;
}

int kt_read_fd(int fd, size_t max_bytes, char **ret, size_t *ret_length)
{
	_cleanup_free_ char *data = NULL;
	size_t length = 0, capacity = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* A size is a hint only: /proc and /sys files tell none. */
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uintmax_t)st.st_size > max_bytes)
			return -EFBIG;
		capacity = (size_t)st.st_size + 1;
		data = malloc(capacity);
		if (!data)
			return -ENOMEM;
	}
	for (;;) {
		ssize_t n;

		if (capacity - length < 2) {
			size_t wanted = capacity ? capacity * 2 : 4096;
			char *grown = realloc(data, wanted);

			if (!grown)
				return -ENOMEM;
			data = grown;
			capacity = wanted;
		}
		n = read(fd, data + length, capacity - length - 1);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!n)
			break;
		length += (size_t)n;
		if (length > max_bytes)
			return -EFBIG;
	}
	data[length] = '\0';
	if (ret_length)
		*ret_length = length;
	*ret = TAKE_PTR(data);
	return 0;
}

int kt_read_file(const char *path, size_t max_bytes, char **ret,
		 size_t *ret_length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return kt_read_fd(fd, max_bytes, ret, ret_length);
}

int kt_write_file_atomic(const char *path, const void *data, size_t length,
			 mode_t mode)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *temporary = NULL;
	int r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = kt_write_all(fd, data, length);
	if (!r && fchmod(fd, mode) < 0)
		r = -errno;
	if (!r && rename(temporary, path) < 0)
		r = -errno;
	if (r)
		unlink(temporary);
	return r;
}

int kt_mkdir_p(const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST &&
		    errno != EROFS && errno != EACCES)
			return -errno;
		*p = '/';
	}
	if (mkdir(copy, mode) < 0) {
		int r = -errno;

		if (stat(copy, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		return r == -EEXIST ? -ENOTDIR : r;
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -errno : 0;
}

int kt_remove_tree(const char *path)
{
	int r = nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);

	if (r == -1)
		return errno == ENOENT ? 0 : -errno;
	return r;
}

char *kt_path_join(const char *a, const char *b)
{
	size_t length = strlen(a);
	char *path;

	while (length > 1 && a[length - 1] == '/')
		length--;
	if (asprintf(&path, "%.*s%s%s", (int)length, a,
		     length && a[length - 1] == '/' ? "" : "/", b) < 0)
		return NULL;
	return path;
}

uint64_t kt_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}
