/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The back end of a vhost-user device of the virtio-fs kind (QEMU's
 * docs/interop/vhost-user.rst; virtio 1.2, section 5.11): QEMU hands over the
 * machine's memory and the rings, and a thread of its own takes requests
 * straight out of them and gives them to a file server.
 *
 * The rings are the guest's, hence hostile: only virtio/queue.c reads them.
 */

#include <stddef.h>

#include "base/error.h"
#include "nest/fs.h"

struct kt_vhost_user;

/*
 * Starts the thread. It takes `fd` over, a stream socket to QEMU, and `fs`.
 * It ends by itself when QEMU closes the socket.
 */
int kt_vhost_user_start(int fd, struct kt_fs *fs, struct kt_vhost_user **ret,
			struct ktstr_error *err);

/* Ends and joins the thread; frees everything. NULL is fine. */
void kt_vhost_user_stop(struct kt_vhost_user *server);

/*
 * Why the thread gave up, or NULL: QEMU said something that this back end does
 * not know, or the guest broke its ring. Valid until stop. Any thread.
 */
const char *kt_vhost_user_broken(struct kt_vhost_user *server);

/* The file server holds so many descriptors that the guest should forget. */
bool kt_vhost_user_crowded(struct kt_vhost_user *server);
