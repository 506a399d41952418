// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/raw.h"

/* Not every file system knows O_TMPFILE. */
static int open_named_and_unlink(const char *directory)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/ktstr-disk-XXXXXX", directory) < 0) {
		path = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static const char *disk_directory(void)
{
	const char *named = getenv("TMPDIR");

	if (named && *named)
		return named;
	/* /tmp is often memory, and disks are large. */
	return access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

int kt_raw_disk_create(uint64_t bytes, int *ret_fd, struct ktstr_error *err)
{
	const char *directory = disk_directory();
	_cleanup_close_ int fd =
		open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named_and_unlink(directory);
	if (fd < 0)
		return kt_err_errno(err, -errno,
				    "cannot make a file for the disk in %s; "
				    "TMPDIR names another directory",
				    directory);
	if (bytes > INT64_MAX || ftruncate(fd, (off_t)bytes) < 0)
		return kt_err_errno(err, bytes > INT64_MAX ? -EFBIG : -errno,
				    "a disk's file in %s cannot be %llu bytes "
				    "long",
				    directory, (unsigned long long)bytes);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
