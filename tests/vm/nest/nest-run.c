// SPDX-License-Identifier: GPL-2.0-only

/*
 * nest-run SHAPE COMMAND [ARGUMENT]...: kt_nest_run() for any command, so that
 * tests can look at what a command inside the emulated machine sees.
 */

#include <stdio.h>

#include "nest/nest.h"

static void print(void *userdata, enum ktstr_log_level level, const char *message)
{
	(void)userdata;
	if (level != KTSTR_LOG_DEBUG)
		fprintf(stderr, "nest-run: %s\n", message);
}

int main(int argc, char **argv)
{
	const struct ktstr_log log = {.emit = print};
	struct ktstr_error err = {0};
	struct kt_nest_shape shape;
	int status = 0, r;

	if (argc < 3) {
		fprintf(stderr,
			"usage: nest-run SHAPE COMMAND [ARGUMENT]...\n");
		return 120;
	}
	r = kt_nest_shape_parse(argv[1], &shape, &err);
	if (r == 0)
		r = kt_nest_run(&shape, (const char *const *)argv + 2, &log,
				&status, &err);
	if (r < 0) {
		fprintf(stderr, "nest-run: %s\n", err.message);
		return 121;
	}
	return status;
}
