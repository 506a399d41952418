/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Guests booted by the command-line program, and what their init makes of it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

struct guest_case {
	const char *name;
	const char *command;        /* for --exec */
	const char *const *options; /* further ones, NULL-terminated; or NULL */
	size_t input_bytes;         /* of numbered lines on standard input */

	int status;
	/* Each NULL where it does not matter. */
	const char *output;      /* standard output as a whole */
	const char *const *says; /* parts of standard error, in order */
	/* Looks at what more there is to see; appends why it is wrong. */
	void (*check)(const struct kt_strbuf *output, struct kt_strbuf *report);
	bool slow;
};

extern const struct guest_case guest_cases[];
extern const size_t n_guest_cases;

/* What one run of the program left. */
struct guest_run {
	int status;
	struct kt_strbuf output;
	struct kt_strbuf errors;
};

void guest_run_deinit(struct guest_run *run);

/* The numbered lines that a case's input consists of. */
void guest_numbered_lines(size_t bytes, struct kt_strbuf *ret);

/*
 * Runs `argv` with `input` on its standard input, to its end; -ETIMEDOUT, with
 * it killed, when that does not come in `timeout_ms`.
 */
int guest_run_program(const char *const *argv, const struct kt_strbuf *input,
		      int timeout_ms, struct guest_run *ret);

/* Drives an interactive shell on a pty; appends what went wrong. */
void guest_check_shell(const char *ktstr, const char *kernel,
		       struct kt_strbuf *report);
