/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A virtio-console port found by its name. The driver learns ports and names
 * from the device some time after it was loaded, so they are waited for by
 * the kernel's uevents.
 */

#include <stddef.h>

#include "base/error.h"

#define KT_PORT_CLASS_DIR "/sys/class/virtio-ports"

/*
 * The device name ("vport0p1") of the port called `name`, by `class_dir`/
 * DEVICE/name. Caller frees. -ENOENT when there is none (yet).
 */
int kt_port_find(const char *class_dir, const char *name, char **ret);

/*
 * A socket that hears the kernel's uevents: open it before the driver is
 * loaded, so that none is missed. Returns the descriptor or -errno.
 */
int kt_port_listen(void);

/*
 * Waits until the port is there and the host has its end open, and opens it:
 * non-blocking, close-on-exec. Gives up after `timeout_ms`.
 */
int kt_port_open(int uevent_fd, const char *name, int timeout_ms, int *ret_fd,
		 struct ktstr_error *err);
