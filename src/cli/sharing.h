/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* How the machines of a command share the host: the same for all that boot. */

#include <stdbool.h>
#include <stdlib.h>

#include <ktstr/vm.h>

#include "cli/command.h"

struct kt_cli_sharing {
	bool performance_mode;
	bool no_perf_mode;
	uint32_t cpu_cap;
};

/* To begin with, in the command's defaults. */
#define KT_CLI_SHARING_DEFAULTS                                                \
	{                                                                      \
		.cpu_cap = KTSTR_CPU_CAP_NONE                                  \
	}

/* Three options; `values_` is the type of the command's values, with the above. */
#define KT_CLI_SHARING_OPTIONS(values_, member_)                               \
	{                                                                      \
		.name = "performance-mode",                                    \
		.type = KT_OPTION_FLAG,                                        \
		.offset = offsetof(values_, member_.performance_mode),         \
		.help = "Give each LLC of the guest one of the host's alone, " \
			"and each of its CPUs a CPU. Memory is near them, in " \
			"hugepages if there are enough. Exits with 77 where "  \
			"the host has too few, or others have them; see "      \
			"ktstr host.",                                         \
	},                                                                     \
		{                                                              \
			.name = "no-perf-mode",                                \
			.type = KT_OPTION_FLAG,                                \
			.offset = offsetof(values_, member_.no_perf_mode),     \
			.help = "Run on a few CPUs that are shared with "      \
				"others. Wins "                                \
				"over --performance-mode. KTSTR_NO_PERF_MODE " \
				"in the "                                      \
				"environment does the same.",                  \
		},                                                             \
	{                                                                      \
		.name = "cpu-cap", .type = KT_OPTION_NUMBER, .value = "N",     \
		.min = 1, .offset = offsetof(values_, member_.cpu_cap),        \
		.help = "With --no-perf-mode, on how many. Default: "          \
			"KTSTR_CPU_CAP, else three of ten of the CPUs that "   \
			"may be used.",                                        \
	}

/* Whether any of the options was given. */
static inline bool kt_cli_has_share(const struct kt_cli_sharing *sharing)
{
	return sharing->performance_mode || sharing->no_perf_mode ||
	       sharing->cpu_cap != KTSTR_CPU_CAP_NONE;
}

static inline void kt_cli_share(const struct kt_cli_sharing *sharing,
				struct ktstr_vm_config *config)
{
	const char *nested = getenv("KTSTR_NESTED");

	config->performance_mode = sharing->performance_mode;
	config->no_perf_mode = sharing->no_perf_mode;
	config->cpu_cap = sharing->cpu_cap;
	/* Commands that meet in an emulated machine share what it has. */
	config->share_when_busy = nested && *nested;
}
