// SPDX-License-Identifier: GPL-2.0-only
/* A server under load, after the model that schbench made common. */
#include "workload/worker.h"

#include "base/fd.h"

#define SCHBENCH_LINE_BYTES 64

/* Counts the requests for work. */
#define SCHBENCH_ASKED 0

/* A worker's own word. */
enum {
	SCHBENCH_BUSY,
	SCHBENCH_WAITS,
};

static uint32_t schbench_members(const struct ktstr_work *work)
{
	return work->schbench.workers + 1;
}

static int schbench_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	const struct ktstr_schbench *bench = &work->schbench;
	int r = kt_work_positive("Schbench", "workers", bench->workers, err);

	if (r == 0)
		r = kt_work_positive("Schbench", "size_bytes",
				     bench->size_bytes, err);
	if (r == 0)
		r = kt_work_positive("Schbench", "operations",
				     bench->operations, err);
	return r;
}

static size_t schbench_memory(const struct ktstr_work *work)
{
	return work->schbench.size_bytes;
}

/* Wakes those that wait, each for itself; their number. */
static uint32_t schbench_dispatch(struct ktstr_worker *worker)
{
	struct kt_set *set = worker->set;
	uint32_t woken = 0;

	for (uint32_t i = 1; i < worker->members; i++) {
		if (atomic_load(&set->own[i]) != SCHBENCH_WAITS)
			continue;
		atomic_store(&set->stamp_ns[i], kt_now_ns());
		atomic_store(&set->own[i], SCHBENCH_BUSY);
		kt_wake_word(&set->own[i], 1);
		woken++;
	}
	return woken;
}

/* Sleeps until somebody asks: woken late itself, it is late for all. */
static void schbench_run_messages(struct ktstr_worker *worker)
{
	_Atomic uint32_t *asked = &worker->set->word[SCHBENCH_ASKED];
	uint32_t seen;
	bool slept;

	do {
		seen = atomic_load(asked);
		if (!ktstr_worker_mark(worker, schbench_dispatch(worker)))
			return;
	} while (kt_wait_word(worker, asked, seen, &slept));
}

/* Asks for work and sleeps until it is there. */
static bool schbench_await(struct ktstr_worker *worker)
{
	struct kt_set *set = worker->set;
	_Atomic uint32_t *own = &set->own[worker->member];
	bool slept;

	atomic_store(own, SCHBENCH_WAITS);
	atomic_fetch_add(&set->word[SCHBENCH_ASKED], 1);
	kt_wake_word(&set->word[SCHBENCH_ASKED], 1);
	if (!kt_wait_word(worker, own, SCHBENCH_WAITS, &slept))
		return false;
	if (slept)
		kt_woken(worker, atomic_load(&set->stamp_ns[worker->member]));
	return true;
}

/*
 * Presses the tail of wake-up latency on a machine with more to run than CPUs:
 * one message worker wakes its workers one by one, each does a request's worth
 * of work and asks for the next, so that every wake-up competes with workers
 * that compute. A unit is a request.
 */
static void schbench_run(struct ktstr_worker *worker)
{
	const struct ktstr_schbench *bench = &worker->work->schbench;

	if (worker->member == 0) {
		schbench_run_messages(worker);
		return;
	}
	while (schbench_await(worker)) {
		if (bench->sleep_us)
			kt_sleep_until(worker,
				       kt_now_ns() + bench->sleep_us * 1000ULL);
		for (uint32_t i = 0; i < bench->operations; i++)
			kt_touch(worker->memory, worker->memory_bytes,
				 SCHBENCH_LINE_BYTES);
		if (!ktstr_worker_mark(worker, 1))
			return;
	}
}

const struct kt_work_ops kt_work_schbench = {
	.name = "Schbench",
	.members = schbench_members,
	.check = schbench_check,
	.memory = schbench_memory,
	.run = schbench_run,
};
