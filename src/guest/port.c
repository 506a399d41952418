// SPDX-License-Identifier: GPL-2.0-only
#include "guest/port.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

/* sysfs announces a page for each attribute, 64 KiB at most. */
#define PORT_ATTRIBUTE_MAX_BYTES (64 * KT_KIB)
#define PORT_PATH_BYTES          320
#define UEVENT_GROUP_KERNEL      1
#define NS_PER_MS                1000000ull

static bool port_is_called(const char *class_dir, const char *device,
			   const char *name)
{
	_cleanup_free_ char *text = NULL;
	char path[PORT_PATH_BYTES];

	if (snprintf(path, sizeof(path), "%s/%s/name", class_dir, device) >=
	    (int)sizeof(path))
		return false;
	if (kt_read_file(path, PORT_ATTRIBUTE_MAX_BYTES, &text, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, name) == 0;
}

int kt_port_find(const char *class_dir, const char *name, char **ret)
{
	_cleanup_closedir_ DIR *dir = opendir(class_dir);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    !port_is_called(class_dir, entry->d_name, name))
			continue;
		*ret = strdup(entry->d_name);
		return *ret ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

int kt_port_listen(void)
{
	_cleanup_close_ int fd = -1;
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = UEVENT_GROUP_KERNEL,
	};

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int port_ms_left(uint64_t deadline_ns)
{
	uint64_t now = kt_now_ns();

	/* Rounded up: a poll must not return just before the deadline. */
	return now >= deadline_ns
		       ? 0
		       : (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* What an event says does not matter: each is a reason to look again. */
static int port_await_uevent(int uevent_fd, uint64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = uevent_fd, .events = POLLIN};
	char scratch[4096];
	int r;

	r = poll(&poll_fd, 1, port_ms_left(deadline_ns));
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r == 0)
		return -ETIMEDOUT;
	while (recv(uevent_fd, scratch, sizeof(scratch), 0) >= 0)
		;
	return 0;
}

/*
 * A port whose other end is closed polls as hung up, at once and for ever, so
 * the wait is for the edge.
 */
static int port_await_host(int port_fd, uint64_t deadline_ns)
{
	_cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLOUT | EPOLLET};

	if (epoll_fd < 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, port_fd, &event) < 0)
		return -errno;
	for (;;) {
		int r = epoll_wait(epoll_fd, &event, 1,
				   port_ms_left(deadline_ns));

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		if (r > 0 && !(event.events & EPOLLHUP))
			return 0;
	}
}

int kt_port_open(int uevent_fd, const char *name, int timeout_ms, int *ret_fd,
		 struct ktstr_error *err)
{
	uint64_t deadline = kt_now_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *device = NULL;
	char path[PORT_PATH_BYTES];
	int r;

	while ((r = kt_port_find(KT_PORT_CLASS_DIR, name, &device)) < 0) {
		if (r == -ENOENT)
			r = port_await_uevent(uevent_fd, deadline);
		if (r < 0)
			return kt_err_errno(
				err,
				r, "no virtio-console port named %s came up within %d ms; is virtio_mmio loaded?",
				name, timeout_ms);
	}
	snprintf(path, sizeof(path), "/dev/%s", device);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot open %s", path);
	r = port_await_host(fd, deadline);
	if (r < 0)
		return kt_err_errno(err, r,
				    "the host did not open its end of %s (%s)",
				    path, name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
