// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "disk/disk.h"

#define DEFAULT_NAME "ktstr"

int kt_disk_init(struct kt_disk *disk, const struct ktstr_disk *public,
		 struct ktstr_error *err)
{
	const char *name = public->name ?: DEFAULT_NAME;

	*disk = (struct kt_disk){ .disk = *public };
	if (!public->size_mib)
		return kt_err(err, -EINVAL,
			      "disk.size_mib must be > 0; leave it out to get "
			      "the default");
	if (strlen(name) > KTSTR_DISK_NAME_MAX)
		return kt_err(err, -EINVAL,
			      "disk.name \"%s\" is %zu bytes long; a disk's "
			      "name has at most %d",
			      name, strlen(name), KTSTR_DISK_NAME_MAX);
	if (public->iops_burst && !public->iops)
		return kt_err(err, -EINVAL,
			      "disk.iops_burst is set but iops is not; there "
			      "is nothing that a burst could exceed");
	if (public->bytes_burst && !public->bytes_per_s)
		return kt_err(err, -EINVAL,
			      "disk.bytes_burst is set but bytes_per_s is not; "
			      "there is nothing that a burst could exceed");
	disk->name = strdup(name);
	if (!disk->name)
		return kt_err_errno(err, -ENOMEM, "no memory for a disk");
	disk->disk.name = disk->name;
	return 0;
}

void kt_disk_deinit(struct kt_disk *disk)
{
	free(disk->name);
	*disk = (struct kt_disk){};
}

uint64_t kt_disk_bytes(const struct kt_disk *disk)
{
	return disk->disk.size_mib * KT_MIB;
}

struct kt_throttle_limits kt_disk_limits(const struct kt_disk *disk)
{
	return (struct kt_throttle_limits){
		.iops = disk->disk.iops,
		.bytes_per_s = disk->disk.bytes_per_s,
		.iops_burst = disk->disk.iops_burst,
		.bytes_burst = disk->disk.bytes_burst,
	};
}

/* Where the file system knows no files without a name, one loses its own. */
static int open_nameless(const char *directory)
{
	_cleanup_free_ char *path = NULL;
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 ||
	    (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd < 0 ? -errno : fd;
	path = kt_path_join(directory, "ktstr-disk-XXXXXX");
	if (!path)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (unlink(path) < 0) {
		int r = -errno;

		kt_close(fd);
		return r;
	}
	return fd;
}

int kt_disk_open(const struct kt_disk *disk, int *ret_fd, struct ktstr_error *err)
{
	const char *directory = getenv("TMPDIR");
	_cleanup_close_ int fd = -1;

	if (!directory || !*directory)
		directory = "/tmp";
	fd = open_nameless(directory);
	if (fd < 0)
		return kt_err_errno(err, fd,
				    "cannot make a disk's file in %s (TMPDIR)",
				    directory);
	if (ftruncate(fd, (off_t)kt_disk_bytes(disk)) < 0)
		return kt_err_errno(err, -errno,
				    "cannot make a disk's file of %u MiB in %s "
				    "(TMPDIR)",
				    disk->disk.size_mib, directory);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
