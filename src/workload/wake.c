// SPDX-License-Identifier: GPL-2.0-only
/* Work whose workers wake each other by futexes. */
#include "workload/worker.h"

#include <limits.h>

#include "base/fd.h"

#define WAKE_LINE_BYTES 64

/* What the words of a set mean here. */
enum {
	WAKE_ROUND, /* what the others wait for: the round, or the mutex */
	WAKE_DONE,  /* what the sender waits for: the last round done */
	WAKE_COUNT, /* receivers that are through with this round */
};

static uint32_t wake_pair(const struct ktstr_work *work)
{
	(void)work;
	return 2;
}

/* Begins the next round and wakes whoever waits for it. */
static uint32_t wake_begin_round(struct ktstr_worker *worker)
{
	struct kt_set *set = worker->set;
	uint32_t round;

	atomic_store(&set->stamp_ns[0], kt_now_ns());
	round = atomic_fetch_add(&set->word[WAKE_ROUND], 1) + 1;
	kt_wake_word(&set->word[WAKE_ROUND], INT_MAX);
	return round;
}

/* Waits for the round behind `*round`; a sample if it slept for it. */
static bool wake_await_round(struct ktstr_worker *worker, uint32_t *round)
{
	struct kt_set *set = worker->set;
	bool slept;

	if (!kt_wait_word(worker, &set->word[WAKE_ROUND], *round, &slept))
		return false;
	*round = atomic_load(&set->word[WAKE_ROUND]);
	if (slept)
		kt_woken(worker, atomic_load(&set->stamp_ns[0]));
	return true;
}

/*
 * Presses the plain wake of one task by one other, without the hint of a pipe
 * that the waker is about to sleep. A unit is a turn taken.
 */
static void wake_ping_pong_run(struct ktstr_worker *worker)
{
	uint32_t round = 0;

	/* A round's parity says whose turn it is. */
	for (;;) {
		if (round % 2 == worker->member) {
			kt_spin(worker->work->futex_ping_pong.spins);
			round = wake_begin_round(worker);
			if (!ktstr_worker_mark(worker, 1))
				return;
		}
		if (!wake_await_round(worker, &round))
			return;
	}
}

const struct kt_work_ops kt_work_futex_ping_pong = {
	.name = "FutexPingPong",
	.members = wake_pair,
	.run = wake_ping_pong_run,
};

/*
 * The sender of a fan-out: wakes all, and waits until they are all through.
 * A unit is a receiver woken that did its part.
 */
static void wake_run_sender(struct ktstr_worker *worker)
{
	struct kt_set *set = worker->set;
	uint32_t receivers = worker->members - 1;
	bool slept;

	for (;;) {
		uint32_t round;

		atomic_store(&set->word[WAKE_COUNT], 0);
		round = wake_begin_round(worker);
		if (!kt_wait_word(worker, &set->word[WAKE_DONE], round - 1,
				  &slept) ||
		    !ktstr_worker_mark(worker, receivers))
			return;
	}
}

static void wake_receiver_done(struct ktstr_worker *worker, uint32_t round)
{
	struct kt_set *set = worker->set;
	uint32_t done = atomic_fetch_add(&set->word[WAKE_COUNT], 1) + 1;

	if (done == worker->members - 1) {
		atomic_store(&set->word[WAKE_DONE], round);
		kt_wake_word(&set->word[WAKE_DONE], 1);
	}
}

static uint32_t wake_fan_out_members(const struct ktstr_work *work)
{
	return work->futex_fan_out.receivers + 1;
}

static int wake_fan_out_check(const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	return kt_work_positive("FutexFanOut", "receivers",
				work->futex_fan_out.receivers, err);
}

/*
 * Presses one waker that makes many tasks runnable at once: select_task_rq()
 * has to spread them before any of them has run.
 */
static void wake_fan_out_run(struct ktstr_worker *worker)
{
	uint32_t round = 0;

	if (worker->member == 0) {
		wake_run_sender(worker);
		return;
	}
	while (wake_await_round(worker, &round)) {
		kt_spin(worker->work->futex_fan_out.spins);
		wake_receiver_done(worker, round);
		if (!ktstr_worker_mark(worker, 1))
			return;
	}
}

const struct kt_work_ops kt_work_futex_fan_out = {
	.name = "FutexFanOut",
	.members = wake_fan_out_members,
	.check = wake_fan_out_check,
	.run = wake_fan_out_run,
};

static uint32_t wake_compute_members(const struct ktstr_work *work)
{
	return work->fan_out_compute.receivers + 1;
}

static int wake_compute_check(const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	const struct ktstr_fan_out_compute *compute = &work->fan_out_compute;
	int r = kt_work_positive("FanOutCompute", "receivers",
				 compute->receivers, err);

	if (r == 0)
		r = kt_work_positive("FanOutCompute", "size_bytes",
				     compute->size_bytes, err);
	if (r == 0)
		r = kt_work_positive("FanOutCompute", "operations",
				     compute->operations, err);
	return r;
}

static size_t wake_compute_memory(const struct ktstr_work *work)
{
	return work->fan_out_compute.size_bytes;
}

/*
 * Presses a server's shape: a dispatcher wakes its threads, each sleeps a
 * little more and then works on memory of its own, so that wake-ups by futex
 * and by timer and cache warmth all count.
 */
static void wake_compute_run(struct ktstr_worker *worker)
{
	const struct ktstr_fan_out_compute *compute =
		&worker->work->fan_out_compute;
	uint32_t round = 0;

	if (worker->member == 0) {
		wake_run_sender(worker);
		return;
	}
	while (wake_await_round(worker, &round)) {
		if (compute->sleep_us)
			kt_sleep_until(worker, kt_now_ns() + compute->sleep_us *
								     1000ULL);
		for (uint32_t i = 0; i < compute->operations; i++)
			kt_touch(worker->memory, worker->memory_bytes,
				 WAKE_LINE_BYTES);
		wake_receiver_done(worker, round);
		if (!ktstr_worker_mark(worker, compute->operations))
			return;
	}
}

const struct kt_work_ops kt_work_fan_out_compute = {
	.name = "FanOutCompute",
	.members = wake_compute_members,
	.check = wake_compute_check,
	.memory = wake_compute_memory,
	.run = wake_compute_run,
};

static uint32_t wake_herd_members(const struct ktstr_work *work)
{
	return work->thundering_herd.waiters + 1;
}

static int wake_herd_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("ThunderingHerd", "waiters",
				work->thundering_herd.waiters, err);
}

/* One token a round, which the first to come takes: a unit is a token. */
static void wake_herd_take(struct ktstr_worker *worker, uint32_t round,
			   uint64_t *ret_taken)
{
	struct kt_set *set = worker->set;
	uint32_t before = round - 1;

	*ret_taken = atomic_compare_exchange_strong(&set->word[WAKE_DONE],
						    &before, round);
	if (*ret_taken)
		kt_wake_word(&set->word[WAKE_DONE], 1);
}

/*
 * Presses wake-ups for nothing: all are made runnable, one finds something to
 * do, and the others go back to sleep at once.
 */
static void wake_herd_run(struct ktstr_worker *worker)
{
	uint32_t round = 0;
	uint64_t units;
	bool slept;

	if (worker->member == 0) {
		do {
			round = wake_begin_round(worker);
			if (!kt_wait_word(worker, &worker->set->word[WAKE_DONE],
					  round - 1, &slept))
				return;
		} while (ktstr_worker_mark(worker, 1));
		return;
	}
	while (wake_await_round(worker, &round)) {
		wake_herd_take(worker, round, &units);
		if (!ktstr_worker_mark(worker, units))
			return;
	}
}

const struct kt_work_ops kt_work_thundering_herd = {
	.name = "ThunderingHerd",
	.members = wake_herd_members,
	.check = wake_herd_check,
	.run = wake_herd_run,
};
