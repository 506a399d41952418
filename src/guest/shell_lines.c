// SPDX-License-Identifier: GPL-2.0-only
#include "guest/shell_lines.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/program.h"

#define OUTPUT_MAX_BYTES 4096
#define OUTPUT_SHOWN     1000
#define LINE_SHOWN       500
#define NS_PER_MS        1000000ull

static int explain(const char *what, const char *line,
		   const struct kt_program *program, unsigned int limit_ms,
		   struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf end = { 0 };
	const char *output;
	size_t length;

	if (program->ended)
		kt_program_describe_end(program, &end);
	else
		kt_strbuf_addf(&end, "was still running after %.6g s",
			       limit_ms / 1000.0);
	output = kt_program_tail(program, OUTPUT_SHOWN, &length);
	return kt_err(err, -EREMOTEIO, "the %s line \"%.*s\" %s; %s%.*s", what,
		      LINE_SHOWN, line, kt_strbuf_text(&end),
		      length ? "it said: " : "it said nothing", (int)length,
		      output);
}

static int run(const char *shell, const char *what, const char *line,
	       unsigned int limit_ms, struct ktstr_error *err)
{
	static char name[] = "sh", option[] = "-c";
	char *const argv[] = { name, option, (char *)line, NULL };
	_cleanup_(kt_program_deinit) struct kt_program program = KT_PROGRAM_NONE;
	int r = kt_program_start(&program, shell, argv, OUTPUT_MAX_BYTES, err);

	if (r < 0)
		return r;
	if (kt_program_await(&program, kt_now_ns() + limit_ms * NS_PER_MS, -1) &&
	    program.wait_status == 0) {
		/* What it started in the background is to stay. */
		program.pid = 0;
		return 0;
	}
	return explain(what, line, &program, limit_ms, err);
}

int kt_shell_lines_run(const char *shell, const char *what,
		       const char *const *lines, unsigned int limit_ms,
		       struct ktstr_error *err)
{
	for (size_t i = 0; lines && lines[i]; i++) {
		int r = run(shell, what, lines[i], limit_ms, err);

		if (r < 0)
			return r;
	}
	return 0;
}
