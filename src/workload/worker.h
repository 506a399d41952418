/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The running worker, and the kinds of work as tables of operations. */

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/work.h>

#include "base/error.h"
#include "workload/telemetry.h"

#define KT_SET_WORDS   4
#define KT_SET_MEMBERS 64

/*
 * What the workers of one set share: words for futexes and tokens, whose
 * meaning is the kind's. A wait on a word is bounded (kt_wait_word()), so that
 * a set whose partner died ends when it is told to.
 */
struct kt_set {
	alignas(128) _Atomic uint32_t word[KT_SET_WORDS];
	alignas(128) _Atomic uint64_t stamp_ns[KT_SET_MEMBERS];
	/* A word of each member's own: what it waits for, or its pid. */
	alignas(128) _Atomic uint32_t own[KT_SET_MEMBERS];
	uint64_t guarded; /* by word[0], where that is a mutex */
};

struct ktstr_worker {
	const struct ktstr_work *work;
	struct kt_slot *slot;
	struct kt_set *set;
	const _Atomic uint32_t *stop;
	uint32_t index;   /* within the group */
	uint32_t member;  /* within the set */
	uint32_t members; /* of the set */
	int in_fd;        /* from the member before it; -1: no pipes */
	int out_fd;       /* to the next member */
	int file_fd;
	const int *shared_fds; /* one a member; NULL: the kind has none */
	unsigned char *memory; /* its working set, anonymous; NULL: none */
	size_t memory_bytes;
};

struct kt_work_ops {
	const char *name;
	/* The size of a set; NULL: 1, it needs no partners. */
	uint32_t (*members)(const struct ktstr_work *work);
	/* Refuses parameters that make no sense; NULL: it has none. */
	int (*check)(const struct ktstr_work *work, struct ktstr_error *err);
	/* Bytes of its working set; NULL: none. */
	size_t (*memory)(const struct ktstr_work *work);
	/* In the worker, before the gate; NULL: nothing to do. */
	int (*setup)(struct ktstr_worker *worker, struct ktstr_error *err);
	/* Works until ktstr_worker_mark() says no. */
	void (*run)(struct ktstr_worker *worker);
	bool pipes; /* a ring of them through the set */
	/*
	 * In the starter, before the set is forked: makes a descriptor a member
	 * (-1: none), which all of them get. On failure none is left. NULL:
	 * nothing to do.
	 */
	int (*share)(const struct ktstr_work *work, int *fds, uint32_t members,
		     struct ktstr_error *err);
	/* In the starter, over a dead worker: removes what it left behind. */
	void (*clean)(const char *left);
};

/* One a file, each with a comment that names the scheduler path it presses. */
extern const struct kt_work_ops kt_work_spin_wait, kt_work_yield_heavy,
	kt_work_mixed, kt_work_sequence;
extern const struct kt_work_ops kt_work_io_sync, kt_work_bursty,
	kt_work_timer_latency;
extern const struct kt_work_ops kt_work_pipe_io, kt_work_cache_pipe,
	kt_work_wake_chain;
extern const struct kt_work_ops kt_work_futex_ping_pong, kt_work_futex_fan_out,
	kt_work_fan_out_compute, kt_work_thundering_herd,
	kt_work_mutex_contention;
extern const struct kt_work_ops kt_work_cache_pressure, kt_work_cache_yield,
	kt_work_page_fault_churn;
extern const struct kt_work_ops kt_work_fork_exit, kt_work_nice_sweep,
	kt_work_affinity_churn, kt_work_policy_churn;
extern const struct kt_work_ops kt_work_custom;
extern const struct kt_work_ops kt_work_priority_inversion,
	kt_work_preempt_storm, kt_work_rt_starvation;
extern const struct kt_work_ops kt_work_smt_sibling_spin, kt_work_alu_hot,
	kt_work_numa_working_set_sweep;
extern const struct kt_work_ops kt_work_signal_storm,
	kt_work_cgroup_attach_storm, kt_work_epoll_storm, kt_work_irq_wake,
	kt_work_net_traffic, kt_work_schbench;

/* NULL: there is no such kind. */
const struct kt_work_ops *kt_work_ops(enum ktstr_work_kind kind);

/* -EINVAL with "KIND: PARAMETER must be > 0" when `value` is 0. */
int kt_work_positive(const char *kind, const char *parameter, uint32_t value,
		     struct ktstr_error *err);

/* That many steps of integer arithmetic. */
void kt_spin(uint64_t steps);
/* Reads and writes all of `bytes`, a byte every `stride`. */
void kt_touch(unsigned char *memory, size_t bytes, size_t stride);

/*
 * Waits until `*word` is not `seen`, or the worker is to end. True: it changed;
 * `ret_slept` says whether it slept for it.
 */
bool kt_wait_word(struct ktstr_worker *worker, _Atomic uint32_t *word,
		  uint32_t seen, bool *ret_slept);
void kt_wake_word(_Atomic uint32_t *word, int how_many);

/*
 * As kt_wait_word(), for a descriptor to have something to read.
 * `ret_waited`: it did not at first.
 */
bool kt_wait_readable(struct ktstr_worker *worker, int fd, bool *ret_waited);

/* Waits until the set's `other` member has put something into its own word. */
bool kt_wait_own(struct ktstr_worker *worker, uint32_t other, uint32_t *ret);

/* A latency sample: woken now, by whoever stamped `stamp_ns`. */
void kt_woken(struct ktstr_worker *worker, uint64_t stamp_ns);

/*
 * Sleeps to that time of CLOCK_MONOTONIC by one timer, or until the worker is
 * to end: then it returns false.
 */
bool kt_sleep_until(struct ktstr_worker *worker, uint64_t until_ns);

/*
 * Makes the caller a FIFO task, for a kind that is about one; where it may not,
 * the message says what would help.
 */
int kt_become_fifo(const char *kind, int priority, struct ktstr_error *err);

/*
 * Behind the gate: puts the whole set onto one CPU, the n-th that it may use
 * for the n-th set, round again. Behind it because a worker may be moved to
 * another cpuset before.
 */
void kt_share_cpu(struct ktstr_worker *worker);
