/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The background process that owns the emulated machine: starts it, starts it
 * afresh when it hangs or dies in its own boot, routes messages between clients
 * and the agent, and ends with a bound after its last client.
 */

#include <stdint.h>

#include "base/error.h"
#include "nest/image.h"
#include "nest/nest.h"

#define KT_NEST_RESTARTS_MAX 3

struct kt_supervisor_config {
	const struct kt_nest_shape *shape;
	const struct kt_nest_image *image;
	/* Taken over; bound to socket_path. */
	int listen_fd;           /* bound to socket_path */
	const char *socket_path; /* removed at the end */
	const char *lock_path;   /* held around that */
	const char *log_path;    /* of log_fd, removed after an idle end */
	int log_fd;              /* what happens, and QEMU's words */
	unsigned int idle_ms;    /* without a client */
	unsigned int boot_ms;    /* without a sign of life while booting */
	unsigned int answer_ms;  /* without an answer once it is up */
	/* For tests: appended to the first start's kernel command line. */
	const char *first_cmdline;
};

/* Runs to the end of the machine's life. 0, or -errno as logged. */
int kt_supervisor_run(const struct kt_supervisor_config *config);
