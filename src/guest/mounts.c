// SPDX-License-Identifier: GPL-2.0-only
#include "guest/mounts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"

struct mount_entry {
	const char *type;
	const char *path;
	unsigned long flags;
	const char *data;
	mode_t mode; /* of the directory below, where it has to be made */
};

#define MOUNT_SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct mount_entry required_mounts[] = {
	{"devtmpfs", "/dev", MS_NOSUID, NULL, 0755},
	{"proc", "/proc", MOUNT_SAFE, NULL, 0555},
	{"sysfs", "/sys", MOUNT_SAFE, NULL, 0555},
};

/* Parents before children: /dev/pts lies in /dev, tracefs in sysfs. */
static const struct mount_entry optional_mounts[] = {
	{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666",
	 0755},
	{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", 01777},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755", 0755},
	{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777", 01777},
	{"cgroup2", "/sys/fs/cgroup", MOUNT_SAFE, NULL, 0555},
	{"bpf", "/sys/fs/bpf", MOUNT_SAFE, "mode=0700", 0700},
	{"debugfs", "/sys/kernel/debug", MOUNT_SAFE, NULL, 0700},
	{"tracefs", "/sys/kernel/tracing", MOUNT_SAFE, NULL, 0700},
};

static const struct {
	const char *target;
	const char *path;
} dev_links[] = {
	{"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
};

/* Files that the user packed below /tmp or /run would vanish under a mount;
 * the initramfs below is as good a place to write to. */
static bool mount_hides_files(const struct mount_entry *entry)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *file;

	if (strcmp(entry->type, "tmpfs") != 0 || !(dir = opendir(entry->path)))
		return false;
	while ((file = readdir(dir)))
		if (strcmp(file->d_name, ".") && strcmp(file->d_name, ".."))
			return true;
	return false;
}

static int mount_one(const struct mount_entry *entry)
{
	if (mount_hides_files(entry))
		return 0;
	/* In sysfs the mount point is there, or the kernel lacks the type and
	 * mount() says so better than mkdir() would. */
	if (mkdir(entry->path, entry->mode) < 0 && errno != EEXIST &&
	    errno != EPERM)
		return -errno;
	if (mount(entry->type, entry->path, entry->type, entry->flags,
		  entry->data) == 0)
		return 0;
	/* The kernel mounts /dev by itself with CONFIG_DEVTMPFS_MOUNT. */
	return errno == EBUSY ? 0 : -errno;
}

int kt_mount_required(struct ktstr_error *err)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(required_mounts); i++) {
		const struct mount_entry *entry = &required_mounts[i];
		int r = mount_one(entry);

		if (r < 0)
			return kt_err_errno(
				err,
				r, "cannot mount %s on %s; the guest's kernel needs it built in",
				entry->type, entry->path);
	}
	return 0;
}

static void mount_note(kt_note_fn note, void *userdata, const char *what,
		       const char *path, int error)
{
	char text[160];

	snprintf(text, sizeof(text), "%s %s: %s", what, path, strerror(error));
	note(userdata, text);
}

void kt_mount_optional(kt_note_fn note, void *userdata)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(optional_mounts); i++) {
		int r = mount_one(&optional_mounts[i]);

		if (r < 0)
			mount_note(note, userdata, "cannot mount",
				   optional_mounts[i].path, -r);
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(dev_links); i++)
		if (symlink(dev_links[i].target, dev_links[i].path) < 0 &&
		    errno != EEXIST)
			mount_note(note, userdata, "cannot link",
				   dev_links[i].path, errno);
}
