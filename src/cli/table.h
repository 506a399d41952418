/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Lists of JSON objects alike, as a table or as they are. */

#include <jansson.h>

#include "cli/cli.h"

/*
 * Prints the list as JSON, or with a column for each member of its first object,
 * as wide as need be. The exit status, as kt_cli_print() has it.
 */
int kt_cli_print_list(const struct kt_cli *cli, json_t *list, bool json);
