// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/hotplug.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

static int hotplug_open(const char *path, size_t cpu, struct ktstr_error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return kt_err_errno(err, -errno, "%s", path);
	return kt_err(err, -EINVAL,
		      "CPU %zu cannot be taken offline: the kernel gives it no "
		      "%s (CPU 0 seldom has one)",
		      cpu, path);
}

int kt_cpu_set_online(const char *sysfs, size_t cpu, bool on,
		      struct kt_bitmap *online, struct ktstr_error *err)
{
	_cleanup_close_ int fd = -1;
	char directory[512], path[520];

	snprintf(directory, sizeof(directory), "%s/devices/system/cpu/cpu%zu",
		 sysfs, cpu);
	if (access(directory, F_OK) < 0)
		return kt_err(err, -EINVAL,
			      "there is no CPU %zu on this machine", cpu);
	if (kt_bitmap_test(online, cpu) == on)
		return 0;
	snprintf(path, sizeof(path), "%s/online", directory);
	fd = hotplug_open(path, cpu, err);
	if (fd < 0)
		return fd;
	/* The kernel answers once it is done. */
	if (write(fd, on ? "1" : "0", 1) < 0)
		return kt_err_errno(err, -errno, "CPU %zu cannot go %s", cpu,
				    on ? "online" : "offline");
	if (!on)
		kt_bitmap_clear(online, cpu);
	else if (kt_bitmap_set(online, cpu) < 0)
		return kt_err_errno(err, -ENOMEM, "CPU %zu", cpu);
	return 0;
}
