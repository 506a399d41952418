/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Which runs a command line means: each test on each kernel, and in a gauntlet
 * on each preset that it is meant for and with each profile of its scheduler's
 * flags. Pure: the same input gives the same runs in the same order on any
 * machine, which is what lets several of them share the work.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/list.h"
#include "topology/grammar.h"

#define KT_CELLS_MAX   1000000
#define KT_SHARDS_MAX  1000
#define KT_KERNELS_MAX 100

/* A run, or as many as --repeat says. What it points to is the input's. */
struct kt_cell {
	size_t test;
	size_t kernel;
	const struct kt_topology_preset *preset; /* NULL: not varied */
	const struct kt_profile *profile;        /* NULL: none */
	uint32_t n_cpus;
	uint32_t n_nodes;
	bool smt;
	uint64_t estimate_ms; /* of all repeats, one after the other */
	/* What kt_budget_choose() says of it: in which order it was chosen,
	 * from 1, and how many pairs it was the first to cover. */
	uint32_t pick;
	uint32_t new_pairs;
};

struct kt_matrix {
	struct kt_cell *cells; /* by test, preset, kernel and profile */
	size_t n;
};

struct kt_matrix_input {
	const struct kt_test *const *tests;
	size_t n_tests;
	size_t n_kernels; /* 1 at least */
	uint32_t repeat;  /* as above */
	bool gauntlet;
	/* Without a gauntlet: the machine of all; NULL: the tests' own. */
	const struct ktstr_topology *topology;
};

void kt_matrix_deinit(struct kt_matrix *matrix);
#define _cleanup_matrix_ _cleanup_(kt_matrix_deinit)

/*
 * Makes the runs. A test that no preset is right for keeps its own machine in a
 * gauntlet, so that none is lost. -EINVAL when there are too many, -ENOMEM.
 */
int kt_matrix_expand(const struct kt_matrix_input *input, struct kt_matrix *ret,
		     struct ktstr_error *err);

/* "2/4": the second of four. -EINVAL with what is wrong. */
int kt_shard_parse(const char *text, uint32_t *ret_nth, uint32_t *ret_of,
		   struct ktstr_error *err);

/*
 * Keeps the runs of one shard, counted from 1. Each run is in exactly one, and
 * all have about as much to do, by estimated time and CPUs.
 */
int kt_matrix_shard(struct kt_matrix *matrix, uint32_t nth, uint32_t of,
		    struct ktstr_error *err);
