/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The tests that a command line means. */

#include "cli/command.h"
#include "cli/include.h"
#include "runner/list.h"

struct kt_chosen_test {
	const struct kt_test_list *list;
	const struct kt_test *test;
	struct kt_includes includes; /* the test's own */
};

struct kt_choice {
	struct kt_test_list *lists; /* a binary each */
	size_t n_lists;
	struct kt_chosen_test *tests;
	size_t n;
};

/*
 * Asks the binaries for their tests and chooses those that match a pattern; all
 * without one. One at least is chosen, or it is -EINVAL.
 */
int kt_choice_init(struct kt_choice *choice, const struct kt_words *binaries,
		   const struct kt_words *patterns, struct ktstr_error *err);
void kt_choice_deinit(struct kt_choice *choice);

/* Finds the files that the chosen tests want in their machines. */
int kt_choice_collect_includes(struct kt_choice *choice, struct ktstr_error *err);

/* A binary's name without its directories; no two of a choice are equal. */
const char *kt_choice_binary_name(const struct kt_test_list *list);
