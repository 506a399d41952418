/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What stands in the end of a message about others that are in the way. */

#define KT_HINT_NO_PERF                                                        \
	"\n  hint: --no-perf-mode or KTSTR_NO_PERF_MODE=1 run without CPUs "   \
	"of "                                                                  \
	"one's own"
#define KT_HINT_HOLDERS                                                        \
	"\n  hint: \"ktstr locks\" shows who holds what; try again when they " \
	"have ended"
#define KT_HINT_CAP                                                            \
	"\n  hint: a smaller --cpu-cap or KTSTR_CPU_CAP, or none, which "      \
	"means three "                                                         \
	"of ten of the allowed CPUs"
