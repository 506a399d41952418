/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One run of one test: a machine is made as the test declares it, runs with the
 * test binary as its init, and is judged.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <ktstr/vm.h>

#include "base/strbuf.h"
#include "runner/list.h"
#include "runner/outcome.h"

/* Within this a machine has booted, and the test may begin. */
#define KT_RUNNER_BOOT_MS        (60 * 1000)
#define KT_RUNNER_BOOT_NESTED_MS (300 * 1000) /* where all is emulated */

/*
 * What tells a run from the others of its test: words that can be shown and be
 * part of a file's name. NULL where all runs have the same, or none has any.
 */
struct kt_run_labels {
	const char *preset;
	const char *kernel;
	const char *profile;
};

/*
 * "NAME", or with what there is to tell of the rest "NAME (PRESET, KERNEL,
 * PROFILE, 2 of 10)"; the last one only where `of` is more than 1.
 */
void kt_run_name(struct kt_strbuf *sb, const struct kt_test *test,
		 const struct kt_run_labels *labels, uint32_t nth, uint32_t of);

/* Borrowed for the run; the labels for as long as there is a kt_test_run. */
struct kt_run_request {
	const struct kt_test *test;
	const char *machine_name; /* NULL: the test's */
	struct kt_run_labels labels;
	const char *binary;
	const struct ktstr_topology *topology; /* NULL: the test's own */
	const char *kernel;
	/* Of its scheduler, behind that one's own; NULL-ended; NULL: none. */
	const char *const *profile_args;
	const struct ktstr_include_file *include_files;
	size_t n_include_files;
	uint32_t timeout_ms; /* of the machine; 0: as the test declares */
	bool performance_mode; /* as in struct ktstr_vm_config */
	bool no_perf_mode;
	uint32_t cpu_cap;
	bool nested;         /* this is an emulated machine */
	bool no_skip;
	bool dmesg;
	const struct ktstr_log *log;

	/* Around the machine's life, to be able to stop it; may be NULL. Not
	 * called for a machine that cannot even be built. */
	int (*begin)(void *userdata, struct ktstr_vm *vm,
		     struct ktstr_error *err);
	void (*end)(void *userdata);
	void *userdata;
};

#define KT_RUN_MACHINE_NAME_BYTES 56

/* What a machine is made from; `config` borrows the rest and the request. */
struct kt_run_plan {
	struct ktstr_vm_config config;
	struct kt_scheduler_plan scheduler;
	char *topology; /* as text */
	uint32_t n_cpus;
	char machine_name[KT_RUN_MACHINE_NAME_BYTES];
	char *misfit; /* why the test is not meant for it; NULL: it is */
};

int kt_run_plan_init(struct kt_run_plan *plan,
		     const struct kt_run_request *request,
		     struct ktstr_error *err);
void kt_run_plan_deinit(struct kt_run_plan *plan);

/* A run that is over. */
struct kt_test_run {
	const struct kt_test *test; /* borrowed, as is `binary` */
	const char *binary;
	struct kt_run_labels labels;
	uint32_t nth; /* of `of` runs of this test, counted from 1 */
	uint32_t of;
	char *topology; /* "" if the machine could not be planned */
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t n_cpus;
	uint32_t memory_mib;
	time_t started;
	uint64_t wall_ns;
	bool interrupted; /* the machine was stopped: no outcome */
	struct kt_outcome outcome;
	struct ktstr_vm_result *machine; /* NULL: it never ran */
};

/*
 * Runs the test, if it is meant for the machine. Whatever goes wrong is in the
 * outcome; -ENOMEM when not even that can be told. `nth` and `of` are 1.
 */
int kt_test_run_once(const struct kt_run_request *request,
		     struct kt_test_run *ret, struct ktstr_error *err);
void kt_test_run_deinit(struct kt_test_run *run);
#define _cleanup_test_run_ _cleanup_(kt_test_run_deinit)
