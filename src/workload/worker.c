// SPDX-License-Identifier: GPL-2.0-only
#include "workload/worker.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"

/* How long a worker that waits for a partner can miss that it is to end. */
#define WORKER_LOOK_NS 20000000L

static const struct kt_work_ops *const worker_kinds[] = {
	[KTSTR_WORK_SPIN_WAIT] = &kt_work_spin_wait,
	[KTSTR_WORK_YIELD_HEAVY] = &kt_work_yield_heavy,
	[KTSTR_WORK_MIXED] = &kt_work_mixed,
	[KTSTR_WORK_IO_SYNC] = &kt_work_io_sync,
	[KTSTR_WORK_BURSTY] = &kt_work_bursty,
	[KTSTR_WORK_PIPE_IO] = &kt_work_pipe_io,
	[KTSTR_WORK_FUTEX_PING_PONG] = &kt_work_futex_ping_pong,
	[KTSTR_WORK_CACHE_PRESSURE] = &kt_work_cache_pressure,
	[KTSTR_WORK_CACHE_YIELD] = &kt_work_cache_yield,
	[KTSTR_WORK_CACHE_PIPE] = &kt_work_cache_pipe,
	[KTSTR_WORK_FUTEX_FAN_OUT] = &kt_work_futex_fan_out,
	[KTSTR_WORK_FAN_OUT_COMPUTE] = &kt_work_fan_out_compute,
	[KTSTR_WORK_SEQUENCE] = &kt_work_sequence,
	[KTSTR_WORK_FORK_EXIT] = &kt_work_fork_exit,
	[KTSTR_WORK_NICE_SWEEP] = &kt_work_nice_sweep,
	[KTSTR_WORK_AFFINITY_CHURN] = &kt_work_affinity_churn,
	[KTSTR_WORK_POLICY_CHURN] = &kt_work_policy_churn,
	[KTSTR_WORK_PAGE_FAULT_CHURN] = &kt_work_page_fault_churn,
	[KTSTR_WORK_MUTEX_CONTENTION] = &kt_work_mutex_contention,
	[KTSTR_WORK_CUSTOM] = &kt_work_custom,
	[KTSTR_WORK_WAKE_CHAIN] = &kt_work_wake_chain,
	[KTSTR_WORK_THUNDERING_HERD] = &kt_work_thundering_herd,
	[KTSTR_WORK_TIMER_LATENCY] = &kt_work_timer_latency,
};

const struct kt_work_ops *kt_work_ops(enum ktstr_work_kind kind)
{
	return (size_t)kind < KT_ARRAY_SIZE(worker_kinds) ? worker_kinds[kind] :
							    NULL;
}

int kt_work_positive(const char *kind, const char *parameter, uint32_t value,
		     struct ktstr_error *err)
{
	if (value)
		return 0;
	return kt_err(err, -EINVAL,
		      "%s: %s must be > 0; leave it out for its default", kind,
		      parameter);
}

bool ktstr_worker_mark(struct ktstr_worker *worker, uint64_t units)
{
	worker->slot->work_units += units;
	worker->slot->iterations++;
	kt_slot_sign(worker->slot, kt_now_ns(), (uint32_t)sched_getcpu());
	return !ktstr_worker_stopping(worker);
}

bool ktstr_worker_stopping(const struct ktstr_worker *worker)
{
	return atomic_load_explicit(worker->stop, memory_order_relaxed);
}

uint32_t ktstr_worker_index(const struct ktstr_worker *worker)
{
	return worker->index;
}

void kt_spin(uint64_t steps)
{
	uint64_t x = steps | 1;

	for (uint64_t i = 0; i < steps; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		/* Keeps the loop, which has no other effect. */
		__asm__ volatile("" : "+r"(x));
	}
}

void kt_touch(unsigned char *memory, size_t bytes, size_t stride)
{
	for (size_t i = 0; i < bytes; i += stride)
		(*(volatile unsigned char *)(memory + i))++;
}

bool kt_wait_word(struct ktstr_worker *worker, _Atomic uint32_t *word,
		  uint32_t seen, bool *ret_slept)
{
	const struct timespec bound = { .tv_nsec = WORKER_LOOK_NS };

	*ret_slept = false;
	while (atomic_load(word) == seen) {
		if (ktstr_worker_stopping(worker))
			return false;
		*ret_slept = syscall(SYS_futex, word, FUTEX_WAIT, seen, &bound,
				     NULL, 0) == 0;
	}
	return true;
}

void kt_wake_word(_Atomic uint32_t *word, int how_many)
{
	syscall(SYS_futex, word, FUTEX_WAKE, how_many, NULL, NULL, 0);
}

void kt_woken(struct ktstr_worker *worker, uint64_t stamp_ns)
{
	uint64_t now = kt_now_ns();

	kt_reservoir_add(&worker->slot->wake,
			 now > stamp_ns ? now - stamp_ns : 0);
}

bool kt_sleep_until(struct ktstr_worker *worker, uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000),
	};

	/* Unlike FUTEX_WAIT, this one takes an absolute time. */
	while (!ktstr_worker_stopping(worker) && kt_now_ns() < until_ns)
		syscall(SYS_futex, worker->stop, FUTEX_WAIT_BITSET, 0, &until,
			NULL, FUTEX_BITSET_MATCH_ANY);
	return !ktstr_worker_stopping(worker);
}
