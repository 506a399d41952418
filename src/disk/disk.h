/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A guest's disk as it was asked for, and the file that it becomes. */

#include <ktstr/disk.h>

#include "base/error.h"
#include "disk/throttle.h"

/* A copy that owns its name. */
struct kt_disk {
	struct ktstr_disk disk;
	char *name;
};

/* Refuses what makes no sense, and copies the rest. */
int kt_disk_init(struct kt_disk *disk, const struct ktstr_disk *public,
		 struct ktstr_error *err);
void kt_disk_deinit(struct kt_disk *disk);

uint64_t kt_disk_bytes(const struct kt_disk *disk);
struct kt_throttle_limits kt_disk_limits(const struct kt_disk *disk);

/*
 * A file of the disk's size without a name, all holes, in $TMPDIR or else in
 * /tmp; it is gone when it is closed.
 */
int kt_disk_open(const struct kt_disk *disk, int *ret_fd,
		 struct ktstr_error *err);
