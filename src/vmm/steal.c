// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/steal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macro.h"

/* A file that stays open is read in a fifth of the time, but descriptors are
 * scarce: those of further threads are opened for each reading. */
#define STEAL_KEPT_OPEN 256

#define SCHEDSTAT_BYTES 128

int kt_steal_parse(const char *text, struct kt_steal_times *ret)
{
	uint64_t numbers[3];
	char *end;

	for (size_t i = 0; i < KT_ARRAY_SIZE(numbers); i++) {
		if (*text < '0' || *text > '9')
			return -EBADMSG;
		errno = 0;
		numbers[i] = strtoull(text, &end, 10);
		if (errno)
			return -EBADMSG;
		text = *end == ' ' ? end + 1 : end;
	}
	if (*text && *text != '\n')
		return -EBADMSG;
	/* Who reads this has run, unless nobody counts. */
	if (!numbers[2])
		return -ENODATA;
	*ret = (struct kt_steal_times){ numbers[0], numbers[1] };
	return 0;
}

static int read_schedstat(int fd, struct kt_steal_times *ret)
{
	char text[SCHEDSTAT_BYTES];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return kt_steal_parse(text, ret);
}

int kt_steal_of_this_thread(struct kt_steal_times *ret)
{
	_cleanup_close_ int fd =
		open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_schedstat(fd, ret);
}

int kt_steal_init(struct kt_steal *steal, size_t n)
{
	*steal = (struct kt_steal){
		.n = n,
		.tids = calloc(n, sizeof(*steal->tids)),
		.fds = calloc(n, sizeof(*steal->fds)),
		.ran_ns = calloc(n, sizeof(*steal->ran_ns)),
		.stolen_ns = calloc(n, sizeof(*steal->stolen_ns)),
	};
	if (!steal->tids || !steal->fds || !steal->ran_ns || !steal->stolen_ns) {
		free(steal->fds);
		steal->fds = NULL; /* it holds no descriptors yet */
		kt_steal_deinit(steal);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		steal->fds[i] = -1;
	return 0;
}

void kt_steal_deinit(struct kt_steal *steal)
{
	for (size_t i = 0; steal->fds && i < steal->n; i++)
		kt_close(steal->fds[i]);
	free(steal->tids);
	free(steal->fds);
	free(steal->ran_ns);
	free(steal->stolen_ns);
	*steal = (struct kt_steal){};
}

static int open_schedstat(pid_t tid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kt_steal_read(struct kt_steal *steal)
{
	for (size_t i = 0; i < steal->n; i++) {
		_cleanup_close_ int opened = -1;
		struct kt_steal_times times;
		int fd = steal->fds[i], r;

		if (fd < 0)
			fd = opened = open_schedstat(steal->tids[i]);
		r = fd < 0 ? fd : read_schedstat(fd, &times);
		if (r < 0)
			return r;
		steal->ran_ns[i] = times.ran_ns;
		steal->stolen_ns[i] = times.stolen_ns;
		if (opened >= 0 && i < STEAL_KEPT_OPEN)
			steal->fds[i] = TAKE_FD(opened);
	}
	return 0;
}
