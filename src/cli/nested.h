/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Where a command's machines run: --accel and --nest-shape. */

#include "cli/cli.h"

/* The choices of --accel, NULL-terminated. */
extern const char *const kt_cli_accels[];

/* --nest-shape, the same for all; the member is a const char *. */
#define KT_CLI_NEST_SHAPE_OPTION(offset_)                                      \
	{                                                                      \
		.name = "nest-shape",                                          \
		.type = KT_OPTION_TEXT,                                        \
		.value = "SHAPE",                                              \
		.offset = (offset_),                                           \
		.environment = "KTSTR_NEST_SHAPE",                             \
		.help = "The emulated machine, if one is used. Any of cpus, "  \
			"sockets, nodes, hugepages (of 2 MiB), memory (in "    \
			"MiB) and distance, as in "                            \
			"cpus=4,sockets=2,memory=4096.",                       \
	}

/*
 * Runs this very command in an emulated machine, with room for a guest of so
 * much memory, where that is asked for or there is no other way. 1: it has run
 * there, with the exit status in `ret_status`; 0: it is to run here; -errno.
 */
int kt_cli_run_nested(const struct kt_cli *cli, uint32_t accel,
		      const char *shape, uint32_t memory_mib, int *ret_status,
		      struct ktstr_error *err);
