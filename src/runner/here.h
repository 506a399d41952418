/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A scenario on the machine that this is: ktstr-scenarios is started for it,
 * does it in control groups of its own (src/scenario/here.h), and what it
 * answers is judged as a guest's answer is.
 */

#include <stdbool.h>
#include <stdint.h>

#include "runner/run.h"

/* Borrowed for the run, but for `test`, which the run goes on pointing to. */
struct kt_here_request {
	const char *binary;
	const struct kt_test *test;
	const char *cgroup; /* NULL: it looks for one */
	uint32_t duration_s;
	const char *topology; /* this machine's, as text */
	uint32_t numa_nodes;
	uint32_t llcs;
	uint32_t n_cpus;
	bool no_skip;
	bool (*cancelled)(void *userdata);
	void *userdata;
};

/*
 * What a scenario makes of itself is in the outcome, and `interrupted` says
 * that there is none. -errno, with the binary's own words, when it could not be
 * run: then no other can.
 */
int kt_here_run_once(const struct kt_here_request *request,
		     struct kt_test_run *ret, struct ktstr_error *err);
