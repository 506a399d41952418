/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The emulator's command line, and the emulator's process. */

#include <sys/types.h>

#include "base/error.h"
#include "nest/nest.h"

/* What QEMU is given, as descriptors of its own process. */
struct kt_qemu_fds {
	int kernel;
	int initrd;
	int console; /* socket: the first serial port */
	int agent;   /* socket: the agent's port */
	int files;   /* socket: vhost-user */
};

/* NULL-terminated; freed by kt_qemu_free_argv(). NULL: no memory. */
char **kt_qemu_argv(const struct kt_nest_shape *shape,
		    const struct kt_qemu_fds *fds, const char *cmdline);
void kt_qemu_free_argv(char **argv);

/*
 * Starts QEMU, which is killed when the calling thread ends. `log_fd` gets
 * what it says. The descriptors stay the caller's.
 */
int kt_qemu_start(const struct kt_nest_shape *shape,
		  const struct kt_qemu_fds *fds, const char *cmdline,
		  int log_fd, pid_t *ret, struct ktstr_error *err);
