// SPDX-License-Identifier: GPL-2.0-only
/* Work that fights for a mutex. */
#include "workload/worker.h"

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

#define MUTEX_LOOK_NS       20000000L
#define MUTEX_BLOCK         4096
#define MUTEX_HIGH_PRIORITY 1
#define MUTEX_LOW_NICE      19

enum {
	MUTEX_FREE,
	MUTEX_HELD,
	MUTEX_WAITED_FOR,
};

/*
 * The third mutex of Drepper's "Futexes Are Tricky"; false: to end. `samples`:
 * the wake-ups to it are latency samples.
 */
static bool mutex_lock(struct ktstr_worker *worker, bool samples)
{
	_Atomic uint32_t *word = &worker->set->word[0];
	uint32_t is = MUTEX_FREE;
	bool slept;

	if (atomic_compare_exchange_strong(word, &is, MUTEX_HELD))
		return true;
	while (atomic_exchange(word, MUTEX_WAITED_FOR) != MUTEX_FREE) {
		if (!kt_wait_word(worker, word, MUTEX_WAITED_FOR, &slept))
			return false;
		if (slept && samples)
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

	while (mutex_lock(worker, true)) {
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

/* Members of a set of PriorityInversion; the others are in the middle. */
enum {
	MUTEX_LOW,
	MUTEX_HIGH,
	MUTEX_N_FIGHTERS,
};

static uint32_t mutex_inversion_members(const struct ktstr_work *work)
{
	return work->priority_inversion.middles + MUTEX_N_FIGHTERS;
}

static int mutex_inversion_check(const struct ktstr_work *work,
				 struct ktstr_error *err)
{
	const struct ktstr_priority_inversion *inversion =
		&work->priority_inversion;
	int r = kt_work_positive("PriorityInversion", "middles",
				 inversion->middles, err);

	if (r == 0)
		r = kt_work_positive("PriorityInversion", "hold_spins",
				     inversion->hold_spins, err);
	if (r == 0)
		r = kt_work_positive("PriorityInversion", "period_us",
				     inversion->period_us, err);
	return r;
}

static int mutex_inversion_setup(struct ktstr_worker *worker,
				 struct ktstr_error *err)
{
	if (worker->member == MUTEX_HIGH) {
		if (prctl(PR_SET_TIMERSLACK, 1) < 0)
			return kt_err_errno(err, -errno, "PR_SET_TIMERSLACK");
		return kt_become_fifo("PriorityInversion", MUTEX_HIGH_PRIORITY,
				      err);
	}
	if (worker->member == MUTEX_LOW &&
	    setpriority(PRIO_PROCESS, 0, MUTEX_LOW_NICE) < 0)
		return kt_err_errno(err, -errno, "PriorityInversion: nice %d",
				    MUTEX_LOW_NICE);
	return 0;
}

/*
 * Locks the mutex that hands the priority of who waits to who holds; its word
 * is the holder's thread id (futex(2)). False: to end, or its holder is dead.
 */
static bool mutex_lock_pi(struct ktstr_worker *worker)
{
	_Atomic uint32_t *word = &worker->set->word[0];
	uint32_t free_word = 0;

	if (atomic_compare_exchange_strong(word, &free_word, (uint32_t)gettid()))
		return true;
	while (!ktstr_worker_stopping(worker)) {
		struct timespec until;

		/* This one takes a time of the wall clock. */
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += MUTEX_LOOK_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		if (syscall(SYS_futex, word, FUTEX_LOCK_PI, 0, &until, NULL,
			    0) == 0)
			return true;
		if (errno != ETIMEDOUT && errno != EINTR && errno != EAGAIN)
			return false;
	}
	return false;
}

static void mutex_unlock_pi(struct ktstr_worker *worker)
{
	_Atomic uint32_t *word = &worker->set->word[0];
	uint32_t mine = (uint32_t)gettid();

	if (!atomic_compare_exchange_strong(word, &mine, 0))
		syscall(SYS_futex, word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static bool mutex_inversion_lock(struct ktstr_worker *worker)
{
	return worker->work->priority_inversion.plain ?
		       mutex_lock(worker, false) :
		       mutex_lock_pi(worker);
}

static void mutex_inversion_unlock(struct ktstr_worker *worker)
{
	worker->set->guarded++;
	if (worker->work->priority_inversion.plain)
		mutex_unlock(worker);
	else
		mutex_unlock_pi(worker);
}

static void mutex_run_low(struct ktstr_worker *worker)
{
	while (mutex_inversion_lock(worker)) {
		kt_spin(worker->work->priority_inversion.hold_spins);
		mutex_inversion_unlock(worker);
		if (!ktstr_worker_mark(worker, 1))
			return;
	}
}

/* Its samples are of the way from wanting the mutex to having it. */
static void mutex_run_high(struct ktstr_worker *worker)
{
	uint64_t period = worker->work->priority_inversion.period_us * 1000ULL;
	uint64_t wants_ns;

	while (kt_sleep_until(worker, kt_now_ns() + period)) {
		wants_ns = kt_now_ns();
		if (!mutex_inversion_lock(worker))
			return;
		kt_woken(worker, wants_ns);
		mutex_inversion_unlock(worker);
		if (!ktstr_worker_mark(worker, 1))
			return;
	}
}

/*
 * Presses rt_mutex_setprio(): a task of low weight holds what one of real-time
 * priority waits for, on a CPU that others in between want. It has to take the
 * waiter's priority, which takes it through a change of class and back (out of
 * sched_ext too), and must lose it with the mutex. With `plain` nothing hands
 * the priority on: the waiter waits for those in the middle. A unit is a mutex
 * taken, or in the middle a spin.
 */
static void mutex_inversion_run(struct ktstr_worker *worker)
{
	kt_share_cpu(worker);
	if (worker->member == MUTEX_LOW) {
		mutex_run_low(worker);
	} else if (worker->member == MUTEX_HIGH) {
		mutex_run_high(worker);
	} else {
		do
			kt_spin(MUTEX_BLOCK);
		while (ktstr_worker_mark(worker, MUTEX_BLOCK));
	}
}

const struct kt_work_ops kt_work_priority_inversion = {
	.name = "PriorityInversion",
	.members = mutex_inversion_members,
	.check = mutex_inversion_check,
	.setup = mutex_inversion_setup,
	.run = mutex_inversion_run,
};
