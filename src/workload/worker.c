// SPDX-License-Identifier: GPL-2.0-only
#include "workload/worker.h"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"

/* How long a worker that waits for a partner can miss that it is to end. */
#define WORKER_LOOK_MS 20
#define WORKER_LOOK_NS (WORKER_LOOK_MS * 1000000L)

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
	[KTSTR_WORK_PRIORITY_INVERSION] = &kt_work_priority_inversion,
	[KTSTR_WORK_SIGNAL_STORM] = &kt_work_signal_storm,
	[KTSTR_WORK_PREEMPT_STORM] = &kt_work_preempt_storm,
	[KTSTR_WORK_RT_STARVATION] = &kt_work_rt_starvation,
	[KTSTR_WORK_SMT_SIBLING_SPIN] = &kt_work_smt_sibling_spin,
	[KTSTR_WORK_ALU_HOT] = &kt_work_alu_hot,
	[KTSTR_WORK_NUMA_WORKING_SET_SWEEP] = &kt_work_numa_working_set_sweep,
	[KTSTR_WORK_CGROUP_ATTACH_STORM] = &kt_work_cgroup_attach_storm,
	[KTSTR_WORK_EPOLL_STORM] = &kt_work_epoll_storm,
	[KTSTR_WORK_IRQ_WAKE] = &kt_work_irq_wake,
	[KTSTR_WORK_NET_TRAFFIC] = &kt_work_net_traffic,
	[KTSTR_WORK_SCHBENCH] = &kt_work_schbench,
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

bool kt_wait_readable(struct ktstr_worker *worker, int fd, bool *ret_waited)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, 0);

	*ret_waited = n == 0;
	while (n <= 0) {
		if (ktstr_worker_stopping(worker) || (n < 0 && errno != EINTR))
			return false;
		n = poll(&p, 1, WORKER_LOOK_MS);
	}
	return true;
}

bool kt_wait_own(struct ktstr_worker *worker, uint32_t other, uint32_t *ret)
{
	bool slept;

	if (!kt_wait_word(worker, &worker->set->own[other], 0, &slept))
		return false;
	*ret = atomic_load(&worker->set->own[other]);
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

int kt_become_fifo(const char *kind, int priority, struct ktstr_error *err)
{
	const struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &param) == 0)
		return 0;
	return kt_err_errno(err, -errno,
			    "%s: policy fifo, priority %d is refused; run it "
			    "as root or raise ulimit -r, and see that its "
			    "cgroup has real-time bandwidth",
			    kind, priority);
}

void kt_share_cpu(struct ktstr_worker *worker)
{
	uint32_t set = worker->index / worker->members;
	cpu_set_t allowed, one;
	int skip, cpu = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	skip = (int)(set % (uint32_t)CPU_COUNT(&allowed));
	while (!CPU_ISSET(cpu, &allowed) || skip-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}
