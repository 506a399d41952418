/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* One start of the emulated machine: QEMU, its file server, its console. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "nest/channel.h"
#include "nest/image.h"
#include "nest/nest.h"
#include "nest/vhost_user.h"

#define KT_NEST_MACHINE_CONSOLE_BYTES 8192

struct kt_nest_machine {
	pid_t qemu; /* 0: not running */
	int console_fd;
	struct kt_nest_channel agent;
	struct kt_vhost_user *files;
	/* The console's last bytes, oldest first. */
	char console[KT_NEST_MACHINE_CONSOLE_BYTES];
	size_t console_bytes;
};

/* Zeroes and empties. */
void kt_nest_machine_init(struct kt_nest_machine *machine);

/* QEMU's own words go to `log_fd`. */
int kt_nest_machine_start(struct kt_nest_machine *machine,
			  const struct kt_nest_shape *shape,
			  const struct kt_nest_image *image, const char *cmdline,
			  int log_fd, struct ktstr_error *err);

/* Kills and reaps QEMU; the console's text stays. */
void kt_nest_machine_stop(struct kt_nest_machine *machine);

/* Takes in what the console has; true when there was something. */
bool kt_nest_machine_read_console(struct kt_nest_machine *machine);

/* The console's last line of text without control characters, "" if none. */
void kt_nest_machine_last_line(const struct kt_nest_machine *machine,
			       char *line, size_t bytes);
