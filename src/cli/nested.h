/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Where a command's machines run: --accel and --nest-shape. */

#include "cli/cli.h"

/* The choices of --accel, NULL-terminated. */
extern const char *const kt_cli_accels[];

/*
 * Runs this very command in an emulated machine, with room for a guest of so
 * much memory, where that is asked for or there is no other way. 1: it has run
 * there, with the exit status in `ret_status`; 0: it is to run here; -errno.
 */
int kt_cli_run_nested(const struct kt_cli *cli, uint32_t accel,
		      const char *shape, uint32_t memory_mib, int *ret_status,
		      struct ktstr_error *err);
