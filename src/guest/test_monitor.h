/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the host is to hold a test to, for the list of tests. */

#include <jansson.h>

#include <ktstr/test.h>

/*
 * The test's thresholds over its scheduler's over the defaults, as JSON. What
 * cannot be broken (INFINITY) is left out. NULL without memory.
 */
json_t *kt_test_monitor(const struct ktstr_test *test);
