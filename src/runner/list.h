/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The tests of a test binary, as it lists them itself: `BINARY --ktstr-list`
 * (wire/guest_files.h). The binary may be anything that a user names, so all
 * that it prints is checked, and so is the time that it takes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/topology.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runner/constraints.h"
#include "runner/devices.h"
#include "runner/map_writes.h"
#include "runner/monitor_take.h"
#include "runner/profile.h"
#include "runner/scheduler.h"

/* Names are C identifiers: they become file names and fit on a line. */
#define KT_TEST_NAME_MAX 128
#define KT_TESTS_MAX     10000

struct kt_test {
	char *name;
	char *file; /* of the source, with its line */
	uint32_t line;
	struct ktstr_topology topology; /* uniform; within `constraints` */
	struct kt_constraints constraints;
	uint32_t memory_mib;
	uint32_t duration_s;
	uint32_t timeout_s; /* 0: by duration_s */
	bool expect_err;
	struct kt_monitoring monitoring;
	char **include_files; /* PATH or PATH:GUEST_PATH */
	size_t n_include_files;
	struct kt_profiles profiles;    /* of its scheduler */
	struct kt_scheduler *scheduler; /* NULL: the kernel's own */
	struct kt_texts extra_sched_args;
	struct kt_map_writes map_writes; /* into its scheduler's maps */
	struct kt_devices devices;
};

struct kt_test_list {
	char *binary;
	struct kt_test *tests; /* as in the sources: by file and line */
	size_t n;
};

void kt_test_list_deinit(struct kt_test_list *list);
#define _cleanup_test_list_ _cleanup_(kt_test_list_deinit)

/* Checks and takes what a binary printed. -EINVAL, -ENOMEM. */
int kt_test_list_parse(const char *binary, const char *text, size_t length,
		       struct kt_test_list *ret, struct ktstr_error *err);

/*
 * Asks a binary for its tests, of which there is at least one, in so many
 * milliseconds; kt_test_binary_check() comes before. A binary that does not
 * answer as a test binary does is -EINVAL.
 */
int kt_test_list_read(const char *binary, unsigned int limit_ms,
		      struct kt_test_list *ret, struct ktstr_error *err);
