/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The VMs of this user that are running: on this machine, and in the emulated
 * machines that are up.
 */

#include <jansson.h>

#include "cli/cli.h"

/* --name, the same for all; the member is a const char *. */
#define KT_CLI_NAME_OPTION(offset_, help_)                                     \
	{                                                                      \
		.name = "name", .letter = 'n', .type = KT_OPTION_TEXT,         \
		.value = "NAME", .offset = (offset_),                          \
		.help = "What ktstr ps calls " help_,                          \
	}

/*
 * One object a VM: name, pid, state, kernel, topology, memory_mib, scheduler
 * and seconds; `where`, which is "here" or the emulated machine's socket. NULL
 * on failure; json_decref() it.
 */
json_t *kt_machines_list(struct ktstr_error *err);

/* The one of that name or pid; -ENOENT, -EEXIST when there are several. */
int kt_machines_find(json_t *list, const char *word, json_t **ret,
		     struct ktstr_error *err);

#define KT_MACHINES_HERE "here"
