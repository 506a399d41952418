// SPDX-License-Identifier: GPL-2.0-only

/*
 * nest-run SHAPE COMMAND [ARGUMENT]...: kt_nest_run() for any command, so that
 * tests can look at what a command inside the emulated machine sees. The shape
 * "-" asks for no more than a KVM that can run a kernel: the host's own if it
 * can, else a machine of the default shape; "any" is content with a /dev/kvm
 * that opens, for guests of a few instructions. `nest-run --probe` succeeds if it
 * can, and says why not.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nest/nest.h"

static void print(void *userdata, enum ktstr_log_level level, const char *message)
{
	(void)userdata;
	if (level != KTSTR_LOG_DEBUG)
		fprintf(stderr, "nest-run: %s\n", message);
}

static bool is_default(const char *shape)
{
	return !strcmp(shape, "-") || !strcmp(shape, "any");
}

/* Whether this host itself will do. */
static bool serves(const char *shape)
{
	if (!strcmp(shape, "any"))
		return access("/dev/kvm", R_OK | W_OK) == 0;
	return !strcmp(shape, "-") && kt_kvm_probe(NULL) == 0;
}

int main(int argc, char **argv)
{
	const struct ktstr_log log = { .emit = print };
	struct ktstr_error err = { 0 };
	struct kt_nest_shape shape;
	int status = 0, r;

	if (argc == 2 && !strcmp(argv[1], "--probe")) {
		if (kt_kvm_probe(&err) == 0)
			return 0;
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	if (argc < 3) {
		fprintf(stderr,
			"usage: nest-run SHAPE COMMAND [ARGUMENT]...\n");
		return 120;
	}
	if (serves(argv[1])) {
		execvp(argv[2], argv + 2);
		fprintf(stderr, "nest-run: %s: %s\n", argv[2],
			strerror(errno));
		return 121;
	}
	r = kt_nest_shape_parse(is_default(argv[1]) ? "" : argv[1], &shape,
				&err);
	if (r == 0)
		r = kt_nest_run(&shape, (const char *const *)argv + 2, &log,
				&status, &err);
	if (r < 0) {
		fprintf(stderr, "nest-run: %s\n", err.message);
		return 121;
	}
	return status;
}
