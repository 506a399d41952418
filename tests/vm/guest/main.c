// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest KTSTR KERNEL [CASE...]: boots a guest a case with the command-line
 * program and looks at what its init made of the command. Without names: all
 * cases that are not slow. Exits 1 when one is not right.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "guest.h"

/* A guest of the test host, emulated twice over, may take its time. */
#define TIMEOUT_MS  300000
#define OPTIONS_MAX 8
#define SHELL_CASE  "shell"

static bool is_wanted(const char *name, bool by_default, int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return by_default && argc <= 3;
}

static void compare(const struct guest_case *c, const struct guest_run *run,
		    struct kt_strbuf *report)
{
	const char *errors = kt_strbuf_text(&run->errors);

	if (run->status != c->status)
		kt_strbuf_addf(report, "  status %d, not %d\n", run->status,
			       c->status);
	if (c->output && strcmp(kt_strbuf_text(&run->output), c->output) != 0)
		kt_strbuf_addf(report, "  output \"%s\", not \"%s\"\n",
			       kt_strbuf_text(&run->output), c->output);
	for (size_t i = 0; c->says && c->says[i]; i++) {
		const char *at = strstr(errors, c->says[i]);

		if (!at) {
			kt_strbuf_addf(report, "  does not say \"%s\"\n",
				       c->says[i]);
			break;
		}
		errors = at + strlen(c->says[i]);
	}
	if (c->check)
		c->check(&run->output, report);
	if (report->length > 0 && run->errors.length > 0)
		kt_strbuf_addf(report, "  standard error:\n%s\n",
			       kt_strbuf_text(&run->errors));
}

static void run_case(const char *ktstr, const char *kernel,
		     const struct guest_case *c, struct kt_strbuf *report)
{
	_cleanup_(guest_run_deinit) struct guest_run run = { 0 };
	_cleanup_strbuf_ struct kt_strbuf input = { 0 };
	const char *argv[OPTIONS_MAX + 8];
	size_t n = 0;
	int r;

	argv[n++] = ktstr;
	argv[n++] = "shell";
	argv[n++] = "--kernel";
	argv[n++] = kernel;
	for (size_t i = 0; c->options && c->options[i] && i < OPTIONS_MAX; i++)
		argv[n++] = c->options[i];
	argv[n++] = "--exec";
	argv[n++] = c->command;
	argv[n] = NULL;
	guest_numbered_lines(c->input_bytes, &input);
	r = guest_run_program(argv, &input, TIMEOUT_MS, &run);
	if (r < 0)
		kt_strbuf_addf(report, "  %s\n", strerror(-r));
	compare(c, &run, report);
}

static bool tell(const char *name, uint64_t start_ns,
		 const struct kt_strbuf *report)
{
	bool fine = report->length == 0;

	printf("%s %s (%.1f s)\n%s", fine ? "ok  " : "FAIL", name,
	       (double)(kt_now_ns() - start_ns) / 1e9, kt_strbuf_text(report));
	fflush(stdout);
	return fine;
}

int main(int argc, char **argv)
{
	bool fine = true;

	if (argc < 3) {
		fprintf(stderr, "usage: guest KTSTR KERNEL [CASE...]\n");
		return 2;
	}
	for (size_t i = 0; i < n_guest_cases; i++) {
		const struct guest_case *c = &guest_cases[i];
		_cleanup_strbuf_ struct kt_strbuf report = { 0 };
		uint64_t start_ns = kt_now_ns();

		if (!is_wanted(c->name, !c->slow, argc, argv))
			continue;
		run_case(argv[1], argv[2], c, &report);
		fine &= tell(c->name, start_ns, &report);
	}
	if (is_wanted(SHELL_CASE, true, argc, argv)) {
		_cleanup_strbuf_ struct kt_strbuf report = { 0 };
		uint64_t start_ns = kt_now_ns();

		guest_check_shell(argv[1], argv[2], &report);
		fine &= tell(SHELL_CASE, start_ns, &report);
	}
	return fine ? 0 : 1;
}
