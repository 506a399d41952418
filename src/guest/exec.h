/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A command under a scheduler: what init runs in place of the command where the
 * host has given it KT_GUEST_SCHEDULER, or lines to enable and disable one. The
 * scheduler's end ends the command. A failure of it is told on the error stream
 * and is status 1 (77: this kernel cannot have it), whatever the command's was,
 * and KT_GUEST_RESULT says the same.
 */

#include <stdbool.h>

#include <ktstr/scheduler.h>

#include "base/error.h"
#include "guest/files.h"

/* What the host has given, read. */
struct kt_given_scheduler {
	struct ktstr_scheduler declared;
	char **argv; /* of its program; NULL: it has none */

	struct kt_string_list words; /* that these two borrow */
	struct kt_string_list enable;
	struct kt_string_list disable;
};

/* Whether the host has given any. */
bool kt_given_scheduler_exists(void);

int kt_given_scheduler_read(struct kt_given_scheduler *given,
			    struct ktstr_error *err);
void kt_given_scheduler_deinit(struct kt_given_scheduler *given);

/* Runs `command` by /bin/sh; the exit status of this process. */
int kt_exec_main(const char *command);
