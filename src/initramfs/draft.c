// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "initramfs/draft.h"

void kt_draft_deinit(struct kt_draft *draft)
{
	kt_close(draft->fd);
	if (*draft->name)
		unlinkat(draft->directory_fd, draft->name, 0);
}

int kt_draft_open_named(struct kt_draft *draft, int directory_fd)
{
	unsigned int random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	draft->directory_fd = directory_fd;
	snprintf(draft->name, sizeof(draft->name), KT_DRAFT_PREFIX "%d-%08x",
		 getpid(), random);
	draft->fd = openat(directory_fd, draft->name,
			   O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
	if (draft->fd < 0) {
		*draft->name = '\0';
		return -errno;
	}
	return 0;
}

int kt_draft_open(struct kt_draft *draft, int directory_fd)
{
	draft->directory_fd = directory_fd;
	draft->fd =
		openat(directory_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (draft->fd >= 0)
		return 0;
	/* Kernels that know no O_TMPFILE see an attempt to write to a
	 * directory. */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	return kt_draft_open_named(draft, directory_fd);
}

int kt_draft_publish(const struct kt_draft *draft, const char *name)
{
	char self[64];
	int r;

	if (*draft->name) {
		r = linkat(draft->directory_fd, draft->name,
			   draft->directory_fd, name, 0);
	} else {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", draft->fd);
		r = linkat(AT_FDCWD, self, draft->directory_fd, name,
			   AT_SYMLINK_FOLLOW);
	}
	return r < 0 ? -errno : 0;
}
