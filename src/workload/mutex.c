// SPDX-License-Identifier: GPL-2.0-only
/* Work that fights for a mutex. */
#include "workload/worker.h"

#include "base/fd.h"

enum {
	MUTEX_FREE,
	MUTEX_HELD,
	MUTEX_WAITED_FOR,
};

/* The third mutex of Drepper's "Futexes Are Tricky"; false: to end. */
static bool mutex_lock(struct ktstr_worker *worker)
{
	_Atomic uint32_t *word = &worker->set->word[0];
	uint32_t is = MUTEX_FREE;
	bool slept;

	if (atomic_compare_exchange_strong(word, &is, MUTEX_HELD))
		return true;
	while (atomic_exchange(word, MUTEX_WAITED_FOR) != MUTEX_FREE) {
		if (!kt_wait_word(worker, word, MUTEX_WAITED_FOR, &slept))
			return false;
		if (slept)
			kt_woken(worker, atomic_load(&worker->set->stamp_ns[0]));
	}
	return true;
}

static void mutex_unlock(struct ktstr_worker *worker)
{
	_Atomic uint32_t *word = &worker->set->word[0];

	if (atomic_exchange(word, MUTEX_FREE) != MUTEX_WAITED_FOR)
		return;
	/*
	 * Only whoever wakes stamps: an unlock without a waiter must not make
	 * a late wake look new. With three contenders and more another
	 * waiter's wake may still do so.
	 */
	atomic_store(&worker->set->stamp_ns[0], kt_now_ns());
	kt_wake_word(word, 1);
}

static uint32_t mutex_members(const struct ktstr_work *work)
{
	return work->mutex_contention.contenders;
}

static int mutex_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("MutexContention", "contenders",
				work->mutex_contention.contenders, err);
}

/*
 * Presses the preemption of a lock's holder: a scheduler that takes the CPU
 * from it, or lets it wait, stalls all who wait for the lock. A unit is an
 * increment under the lock.
 */
static void mutex_run(struct ktstr_worker *worker)
{
	const struct ktstr_mutex_contention *mutex =
		&worker->work->mutex_contention;

	while (mutex_lock(worker)) {
		kt_spin(mutex->hold_spins);
		worker->set->guarded++;
		mutex_unlock(worker);
		if (!ktstr_worker_mark(worker, 1))
			return;
		kt_spin(mutex->work_spins);
	}
}

const struct kt_work_ops kt_work_mutex_contention = {
	.name = "MutexContention",
	.members = mutex_members,
	.check = mutex_check,
	.run = mutex_run,
};
