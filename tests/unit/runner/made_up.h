/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Runs of tests that never were: one of each outcome, with hostile texts. */

#include "runner/run.h"

#define MADE_UP_RUNS 6

/* They live as long as the program. */
extern struct kt_test_run made_up_runs[MADE_UP_RUNS];
