/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A thread that answers who wants to look into a running VM: what it is, and
 * what is in its memory. It only reads, and knows nothing of what it serves. A
 * client that does not take its answers is dropped after a second.
 */

#include <stddef.h>

#include "base/error.h"
#include "memory/guest_memory.h"

/* All borrowed until the server is stopped. */
struct kt_control_config {
	const char *name;
	const struct kt_guest_memory *memory;
	const void *btf;
	size_t btf_bytes;
};

struct kt_control_server;

/* `description` is copied. */
int kt_control_start(const struct kt_control_config *config,
		     const char *description, struct kt_control_server **ret,
		     struct ktstr_error *err);

/* From now on the VM is described so. -ENOMEM: as it was before. */
int kt_control_redescribe(struct kt_control_server *server,
			  const char *description);

/* Takes NULL. */
void kt_control_stop(struct kt_control_server *server);
