/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the commands share: messages and exit statuses. Results go to standard
 * output, everything else to standard error.
 */

#include <stdbool.h>
#include <stdio.h>

#include <ktstr/log.h>

#include "base/error.h"
#include "cli/command.h"

/*
 * Exit statuses of ktstr itself, out of the way of the usual ones of a command
 * that it runs, whose own status is handed on.
 */
enum kt_exit {
	KT_EXIT_OK = 0,
	KT_EXIT_CONTENTION = 77, /* another run holds what is needed */
	KT_EXIT_CRASHED = 123,   /* the guest ended without a status */
	KT_EXIT_TIMEOUT = 124,
	KT_EXIT_FAILED = 125, /* ktstr failed, or was called wrongly */
};

struct kt_cli {
	int argc;
	const char *const *argv;
	bool color_out; /* standard output is a terminal that wants colours */
	bool color_err;
	const struct ktstr_log *log; /* prints notes on standard error */
};

extern const struct kt_command kt_root_command;
extern const struct kt_command kt_shell_command;
extern const struct kt_command kt_test_command;
extern const struct kt_command kt_run_command;
extern const struct kt_command kt_inspect_command;
extern const struct kt_command kt_ps_command;
extern const struct kt_command kt_topo_command;
extern const struct kt_command kt_host_command;
extern const struct kt_command kt_locks_command;
extern const struct kt_command kt_verifier_command;
extern const struct kt_command kt_kernel_command;
extern const struct kt_command kt_completions_command;
extern const struct kt_command kt_help_command;

/* "ktstr: MESSAGE" on standard error. */
void kt_cli_error(const struct kt_cli *cli, const char *fmt, ...) KT_PRINTF(2, 3);
void kt_cli_warning(const struct kt_cli *cli, const char *fmt, ...)
	KT_PRINTF(2, 3);

/* Prints the error's message; returns the exit status of its kind. */
int kt_cli_fail(const struct kt_cli *cli, const struct ktstr_error *err);

/* As kt_cli_error(), and where to read on; returns KT_EXIT_FAILED. */
int kt_cli_usage_error(const struct kt_cli *cli, const char *command_path,
		       const char *fmt, ...) KT_PRINTF(3, 4);

/*
 * Prints text on standard output as a whole. Returns KT_EXIT_OK; a failure,
 * such as a full disk, is told and gives KT_EXIT_FAILED.
 */
int kt_cli_print(const struct kt_cli *cli, const struct kt_strbuf *text);

/* Columns of the terminal on standard output, else COLUMNS, else 80. */
unsigned int kt_cli_columns(void);
