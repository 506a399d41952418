/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The scheduler that a test declares: as the list of tests has it, and what of
 * it goes into the machine.
 */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <ktstr/vm.h>

#include "base/cleanup.h"
#include "base/error.h"

#define KT_SCHEDULER_ARGS_MAX    256
#define KT_SCHEDULER_LINES_MAX   64
#define KT_SCHEDULER_FLAGS_MAX   64
#define KT_SCHEDULER_TEXT_MAX    4096 /* bytes of one of any of these */
#define KT_SCHEDULER_CMDLINE_MAX 1024 /* bytes; x86-64 has 2048 for all */

/* What running it without any of its flags is called. */
#define KT_PROFILE_PLAIN "plain"

/* NULL-ended; owned. */
struct kt_texts {
	char **texts;
	size_t n;
};

void kt_texts_deinit(struct kt_texts *texts);

struct kt_scheduler_flag {
	char *name;
	struct kt_texts args;
	struct kt_texts needs; /* names of others, all there */
};

struct kt_scheduler {
	char *name;
	char *binary; /* as declared; NULL: none */
	struct kt_texts args;
	struct kt_texts enable;
	struct kt_texts disable;
	struct kt_scheduler_flag *flags;
	size_t n_flags;
	char *cmdline; /* NULL: none */
};

/*
 * Takes "scheduler" and "extra_sched_args" of a test's entry, whatever it is
 * (wire/guest_files.h). `ret` becomes NULL where there is none. The binary
 * itself is not looked at.
 */
int kt_scheduler_take(const json_t *entry, struct kt_scheduler **ret,
		      struct kt_texts *ret_extra_args, struct ktstr_error *err);
void kt_scheduler_free(struct kt_scheduler *scheduler);

/* What a machine is given of a test and its scheduler; borrows from them. */
struct kt_scheduler_plan {
	const char **run_args; /* of the test binary; NULL-ended */
	struct ktstr_include_file *include_files; /* the test's, and it */
	size_t n_include_files;
	char *host_path; /* of the binary: absolute */
	char *guest_path;
};

/*
 * `scheduler` may be NULL, and so may `profile_args`, which come behind the
 * scheduler's own arguments and before `extra_args`. A binary that is not there
 * or no program for the guest is an error that says so.
 */
int kt_scheduler_plan_init(struct kt_scheduler_plan *plan, const char *test,
			   const struct kt_scheduler *scheduler,
			   const char *const *profile_args,
			   const struct kt_texts *extra_args,
			   const struct ktstr_include_file *include_files,
			   size_t n_include_files, struct ktstr_error *err);
void kt_scheduler_plan_deinit(struct kt_scheduler_plan *plan);

/* How long the guest may take for it, beside the test; 0 without one. */
uint32_t kt_scheduler_time_s(const struct kt_scheduler *scheduler);
