// SPDX-License-Identifier: GPL-2.0-only
/*
 * topology KTSTR KERNEL [SHAPE...]: boots a guest of each shape with the
 * command-line program and holds what the guest sees against the declaration.
 * Without names: all shapes that are not slow. Exits 1 when one is not right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/process.h"
#include "check.h"

/* Seconds; a guest in an emulated machine on a busy host takes its time. */
#define TIMEOUT_S         "300"
#define SLOW_TIMEOUT_S    "1800"
#define TIMEOUT_MARGIN_MS 60000u

static bool run_shape(const char *ktstr, const char *kernel,
		      const struct shape *shape)
{
	_cleanup_strbuf_ struct kt_strbuf script = {0}, output = {0},
					  report = {0};
	const char *timeout_s = shape->slow ? SLOW_TIMEOUT_S : TIMEOUT_S;
	const char *argv[24];
	struct kt_process process = {
		.argv = argv,
		.silence_ms = (unsigned int)strtoul(timeout_s, NULL, 10) * 1000 +
			      TIMEOUT_MARGIN_MS,
	};
	struct ktstr_error err = {0};
	uint64_t start_ns = kt_now_ns();
	char memory[32];
	size_t n = 0;
	bool fine;

	guest_script(shape, &script);
	snprintf(memory, sizeof(memory), "%uM", shape_memory_mib(shape));
	argv[n++] = ktstr;
	argv[n++] = "shell";
	argv[n++] = "--kernel";
	argv[n++] = kernel;
	argv[n++] = "--topology";
	argv[n++] = shape->text;
	argv[n++] = "--memory";
	argv[n++] = memory;
	argv[n++] = "--timeout";
	argv[n++] = timeout_s;
	if (shape->cmdline) {
		argv[n++] = "--cmdline";
		argv[n++] = shape->cmdline;
	}
	argv[n++] = "--exec";
	argv[n++] = kt_strbuf_text(&script);
	argv[n] = NULL;

	if (shape->vendor)
		setenv("KTSTR_CPU_VENDOR", shape->vendor, 1);
	else
		unsetenv("KTSTR_CPU_VENDOR");
	fine = kt_process_run(&process, &output, &err) == 0;
	if (!fine)
		kt_strbuf_addf(&report, "%s\n%s\n", err.message,
			       kt_strbuf_text(&output));
	else
		fine = check_output(shape, kt_strbuf_text(&output), &report);
	printf("%s %s %s: %s (%.1f s)\n%s", fine ? "ok  " : "FAIL", kernel,
	       shape->name, shape->text, (double)(kt_now_ns() - start_ns) / 1e9,
	       kt_strbuf_text(&report));
	fflush(stdout);
	return fine;
}

static bool is_wanted(const struct shape *shape, int argc, char **argv)
{
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], shape->name) == 0)
			return true;
	}
	return argc == 3 && !shape->slow;
}

int main(int argc, char **argv)
{
	size_t n_wanted = 0, n_fine = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s KTSTR KERNEL [SHAPE...]\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < n_shapes; i++) {
		if (!is_wanted(&shapes[i], argc, argv))
			continue;
		n_wanted++;
		n_fine += run_shape(argv[1], argv[2], &shapes[i]);
	}
	if (n_wanted == 0 || (argc > 3 && n_wanted != (size_t)argc - 3)) {
		fprintf(stderr, "%s: no such shape\n", argv[0]);
		return 2;
	}
	printf("%zu of %zu shapes are as declared\n", n_fine, n_wanted);
	return n_fine == n_wanted ? 0 : 1;
}
