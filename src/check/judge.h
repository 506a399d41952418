/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the checks share: the table of them, and how a finding is made. */

#include <ktstr/check.h>

#include "base/macro.h"
#include "check/steal.h"

/* One judgement in the making. */
struct kt_judge {
	const struct ktstr_check_limits *limits;
	const struct ktstr_steal *steal;
	struct ktstr_check_report *report;
	bool out_of_memory;

	/* Of the check at hand: */
	enum ktstr_check check;
	double limit;
	size_t n_evaluated;
};

enum kt_check_kind {
	KT_CHECK_FLAG,
	KT_CHECK_MAX,
	KT_CHECK_MIN,
};

struct kt_check_info {
	const char *name;
	enum kt_check_kind kind;
	size_t offset; /* of its flag or limit in ktstr_check_limits */
	void (*judge)(struct kt_judge *judge,
		      const struct ktstr_check_group *group);
};

extern const struct kt_check_info kt_check_table[KTSTR_N_CHECKS];

/* A value as measured, and what it can have been without the host's part. */
struct kt_measured {
	double value;
	double lo;
	double hi;
};

/* How much of that time, since the group's gate, it is excused for. */
uint64_t kt_excused_ns(const struct ktstr_check_group *group, uint64_t from_ns,
		       uint64_t to_ns);

/* The rule of ktstr/check.h. */
enum ktstr_verdict kt_judge_max(struct kt_measured m, double limit);
enum ktstr_verdict kt_judge_min(struct kt_measured m, double limit);

/* Adds a finding; `worker` may be NULL for the whole group. */
void kt_judge_find(struct kt_judge *judge, const struct ktstr_check_group *group,
		   const struct ktstr_worker_report *worker,
		   enum ktstr_verdict verdict, double value, const char *fmt,
		   ...) KT_PRINTF(6, 7);

/* As above for data that are not there: a skip or inconclusive. */
void kt_judge_miss(struct kt_judge *judge, const struct ktstr_check_group *group,
		   const struct ktstr_worker_report *worker,
		   enum ktstr_verdict verdict, const char *what);

/* "; the host stole between 1ms and 20ms", or "" where it stole nothing. */
struct kt_stolen_text {
	char text[96];
};
struct kt_stolen_text kt_stolen_text(struct kt_stolen stolen);

/* Timing. */
void kt_check_not_stuck(struct kt_judge *judge,
			const struct ktstr_check_group *group);
void kt_check_spread(struct kt_judge *judge,
		     const struct ktstr_check_group *group);
void kt_check_throughput_cv(struct kt_judge *judge,
			    const struct ktstr_check_group *group);
void kt_check_work_rate(struct kt_judge *judge,
			const struct ktstr_check_group *group);
void kt_check_iteration_rate(struct kt_judge *judge,
			     const struct ktstr_check_group *group);
void kt_check_p99(struct kt_judge *judge, const struct ktstr_check_group *group);
void kt_check_latency_cv(struct kt_judge *judge,
			 const struct ktstr_check_group *group);
