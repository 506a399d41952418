/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The runs of a command, several at once, from the first to the last. */

#include "cli/cli.h"
#include "cli/test_plan.h"

/*
 * Runs what is planned on this machine's own KVM, and reports it in the order
 * of the plan. Returns the exit status; a signal ends the process by itself
 * once what is over has been reported.
 */
int kt_test_session_run(const struct kt_cli *cli,
			const struct kt_test_plan *plan);
