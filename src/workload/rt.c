// SPDX-License-Identifier: GPL-2.0-only
/* Work in which a real-time task takes the CPU from ordinary ones. */
#include "workload/worker.h"

#include <sys/prctl.h>

#include "base/fd.h"

#define RT_PRIORITY 1
#define RT_BLOCK    4096

/* The first of the set is the one that the others suffer from. */
static int rt_setup(const char *kind, const struct ktstr_worker *worker,
		    struct ktstr_error *err)
{
	if (worker->member != 0)
		return 0;
	if (prctl(PR_SET_TIMERSLACK, 1) < 0)
		return kt_err_errno(err, -errno, "PR_SET_TIMERSLACK");
	return kt_become_fifo(kind, RT_PRIORITY, err);
}

static void rt_run_victim(struct ktstr_worker *worker)
{
	do
		kt_spin(RT_BLOCK);
	while (ktstr_worker_mark(worker, RT_BLOCK));
}

static uint32_t rt_storm_members(const struct ktstr_work *work)
{
	return work->preempt_storm.victims + 1;
}

static int rt_storm_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	int r = kt_work_positive("PreemptStorm", "victims",
				 work->preempt_storm.victims, err);

	return r < 0 ? r :
		       kt_work_positive("PreemptStorm", "period_us",
					work->preempt_storm.period_us, err);
}

static int rt_storm_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	return rt_setup("PreemptStorm", worker, err);
}

/*
 * Presses wakeup_preempt() across classes: a task is thrown off its CPU in the
 * middle of its slice, again and again, and what is left of the slice, its lag
 * and its place in the queue must survive that. A sched_ext scheduler loses the
 * CPU each time (ops.cpu_release()). A unit is a spin, or a wake-up.
 */
static void rt_storm_run(struct ktstr_worker *worker)
{
	const struct ktstr_preempt_storm *storm = &worker->work->preempt_storm;
	uint64_t period = storm->period_us * 1000ULL, next;

	kt_share_cpu(worker);
	if (worker->member != 0) {
		rt_run_victim(worker);
		return;
	}
	next = kt_now_ns() + period;
	while (kt_sleep_until(worker, next)) {
		kt_woken(worker, next);
		kt_spin(storm->spins);
		if (!ktstr_worker_mark(worker, 1))
			return;
		/* Its victims get what it leaves: never wake in a burst. */
		next += ((kt_now_ns() - next) / period + 1) * period;
	}
}

const struct kt_work_ops kt_work_preempt_storm = {
	.name = "PreemptStorm",
	.members = rt_storm_members,
	.check = rt_storm_check,
	.setup = rt_storm_setup,
	.run = rt_storm_run,
};

static uint32_t rt_starve_members(const struct ktstr_work *work)
{
	return work->rt_starvation.starved + 1;
}

static int rt_starve_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	const struct ktstr_rt_starvation *starve = &work->rt_starvation;
	int r = kt_work_positive("RtStarvation", "starved", starve->starved, err);

	if (r == 0)
		r = kt_work_positive("RtStarvation", "burst_ms",
				     starve->burst_ms, err);
	if (r == 0)
		r = kt_work_positive("RtStarvation", "rest_ms", starve->rest_ms,
				     err);
	return r;
}

static int rt_starve_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	return rt_setup("RtStarvation", worker, err);
}

/*
 * Presses what keeps a class below the real-time one alive: the deadline server
 * of fair tasks (6.12) or of sched_ext ones (7.0), or the throttling of
 * real-time tasks before them. Their period is a second: a shorter burst
 * starves the others for all of it. A unit is a spin.
 */
static void rt_starve_run(struct ktstr_worker *worker)
{
	const struct ktstr_rt_starvation *starve = &worker->work->rt_starvation;
	uint64_t end;

	kt_share_cpu(worker);
	if (worker->member != 0) {
		rt_run_victim(worker);
		return;
	}
	do {
		end = kt_now_ns() + starve->burst_ms * 1000000ULL;
		do {
			kt_spin(RT_BLOCK);
			if (!ktstr_worker_mark(worker, RT_BLOCK))
				return;
		} while (kt_now_ns() < end);
	} while (kt_sleep_until(worker,
				kt_now_ns() + starve->rest_ms * 1000000ULL));
}

const struct kt_work_ops kt_work_rt_starvation = {
	.name = "RtStarvation",
	.members = rt_starve_members,
	.check = rt_starve_check,
	.setup = rt_starve_setup,
	.run = rt_starve_run,
};
