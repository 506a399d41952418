/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the cases of vm_guest share. */

#include <stdbool.h>
#include <stdio.h>

#include <ktstr/vm.h>

#include "base/cleanup.h"

/* One case fails by the first thing that is not as it should be. */
#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			printf("  line %d: %s\n", __LINE__, #condition);       \
			return false;                                          \
		}                                                              \
	} while (0)

/* Says so where it has not. */
bool guest_has(const char *text, const char *part);

/* A command by the init and on the kernel of the command line. */
struct ktstr_vm_config guest_config(const char *command);

/* NULL, with a message, where the VM could not be run. */
struct ktstr_vm_result *guest_run(const struct ktstr_vm_config *config);

KT_DEFINE_CLEANUP(struct ktstr_vm_result *, ktstr_vm_result_free)
#define _cleanup_result_ _cleanup_(ktstr_vm_result_free_cleanup)

/* Of the command line: the fixture scheduler. */
extern const char *guest_scheduler;

/* guest_devices.c */
bool a_disk_tells_what_it_did(void);
bool a_network_card_tells_what_it_did(void);

/* guest_scheduler.c */
bool a_command_runs_under_its_scheduler(void);
bool the_end_of_the_scheduler_is_that_of_the_command(void);
bool a_built_in_one_is_turned_on_and_off(void);
bool maps_are_written_before_the_command(void);
bool writes_that_cannot_be_done_are_told(void);
