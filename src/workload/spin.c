// SPDX-License-Identifier: GPL-2.0-only
/* Work that stays runnable. */
#include "workload/worker.h"

#include <sched.h>

#include "base/fd.h"

#define SPIN_BLOCK 4096

/*
 * Presses the tick: a task that never gives up its CPU has to be preempted at
 * the end of its slice, and the balancer has to spread such tasks.
 */
static void spin_wait_run(struct ktstr_worker *worker)
{
	do
		kt_spin(SPIN_BLOCK);
	while (ktstr_worker_mark(worker, SPIN_BLOCK));
}

const struct kt_work_ops kt_work_spin_wait = {
	.name = "SpinWait",
	.run = spin_wait_run,
};

/*
 * Presses yield_task() and the pick behind it: the task is dequeued from and
 * put back onto the runqueue without ever sleeping.
 */
static void spin_yield_run(struct ktstr_worker *worker)
{
	do
		sched_yield();
	while (ktstr_worker_mark(worker, 1));
}

const struct kt_work_ops kt_work_yield_heavy = {
	.name = "YieldHeavy",
	.run = spin_yield_run,
};

static int spin_alu_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("AluHot", "steps", work->alu_hot.steps, err);
}

/* Eight chains that do not wait for each other fill a core's multipliers. */
static void spin_alu_steps(uint32_t steps)
{
	uint64_t x[8] = { 1, 3, 5, 7, 11, 13, 17, 19 };

	for (uint32_t i = 0; i < steps; i++) {
		for (int chain = 0; chain < 8; chain++)
			x[chain] = x[chain] * 0x5851f42d4c957f2d + 0x14057b7e;
		/* Keeps the chains, and keeps them in registers. */
		__asm__ volatile(""
				 : "+r"(x[0]), "+r"(x[1]), "+r"(x[2]),
				   "+r"(x[3]), "+r"(x[4]), "+r"(x[5]),
				   "+r"(x[6]), "+r"(x[7]));
	}
}

/*
 * Presses the belief that a busy CPU is a busy CPU: work that fills the units
 * of a core, from registers only, is what shared cores, frequency and capacity
 * (arch_scale_cpu_capacity()) matter most to. A unit is a block of steps.
 */
static void spin_alu_run(struct ktstr_worker *worker)
{
	do
		spin_alu_steps(worker->work->alu_hot.steps);
	while (ktstr_worker_mark(worker, 1));
}

const struct kt_work_ops kt_work_alu_hot = {
	.name = "AluHot",
	.check = spin_alu_check,
	.run = spin_alu_run,
};

static int spin_mixed_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("Mixed", "spins", work->mixed.spins, err);
}

/* Presses slices that end early and by choice: accounting of partial ones. */
static void spin_mixed_run(struct ktstr_worker *worker)
{
	do {
		kt_spin(worker->work->mixed.spins);
		sched_yield();
	} while (ktstr_worker_mark(worker, worker->work->mixed.spins));
}

const struct kt_work_ops kt_work_mixed = {
	.name = "Mixed",
	.check = spin_mixed_check,
	.run = spin_mixed_run,
};

static int spin_sequence_check(const struct ktstr_work *work,
			       struct ktstr_error *err)
{
	const struct ktstr_phase *phases = work->sequence.phases;

	if (phases[0].kind == KTSTR_PHASE_END)
		return kt_err(err, -EINVAL,
			      "Sequence: it has no phases; give at least one, "
			      "such as { KTSTR_PHASE_SPIN, 5000 }");
	for (int i = 0; i < KTSTR_MAX_PHASES && phases[i].kind; i++) {
		if (phases[i].kind > KTSTR_PHASE_YIELD)
			return kt_err(err, -EINVAL,
				      "Sequence: phase %d is of no known kind: "
				      "%d; use KTSTR_PHASE_SPIN, _SLEEP or "
				      "_YIELD",
				      i, (int)phases[i].kind);
		if (!phases[i].duration_us)
			return kt_err(err, -EINVAL,
				      "Sequence: duration_us of phase %d must "
				      "be > 0",
				      i);
	}
	return 0;
}

static bool spin_phase(struct ktstr_worker *worker,
		       const struct ktstr_phase *phase)
{
	uint64_t end = kt_now_ns() + phase->duration_us * 1000ULL;

	if (phase->kind == KTSTR_PHASE_SLEEP) {
		if (kt_sleep_until(worker, end))
			kt_woken(worker, end);
		return ktstr_worker_mark(worker, 0);
	}
	do {
		if (phase->kind == KTSTR_PHASE_YIELD)
			sched_yield();
		else
			kt_spin(SPIN_BLOCK);
		if (!ktstr_worker_mark(worker, 1))
			return false;
	} while (kt_now_ns() < end);
	return true;
}

/*
 * Presses what a scheduler remembers of a task: utilisation and sleep history
 * that were right in one phase are wrong in the next.
 */
static void spin_sequence_run(struct ktstr_worker *worker)
{
	const struct ktstr_phase *phases = worker->work->sequence.phases;
	int i = 0;

	while (spin_phase(worker, &phases[i])) {
		i++;
		if (i == KTSTR_MAX_PHASES || phases[i].kind == KTSTR_PHASE_END)
			i = 0;
	}
}

const struct kt_work_ops kt_work_sequence = {
	.name = "Sequence",
	.check = spin_sequence_check,
	.run = spin_sequence_run,
};

static int spin_custom_check(const struct ktstr_work *work,
			     struct ktstr_error *err)
{
	if (work->custom.run)
		return 0;
	return kt_err(err, -EINVAL,
		      "Custom: run is NULL; give it the function to run");
}

/* Presses whatever the test's own function does. */
static void spin_custom_run(struct ktstr_worker *worker)
{
	worker->work->custom.run(worker, worker->work->custom.argument);
}

const struct kt_work_ops kt_work_custom = {
	.name = "Custom",
	.check = spin_custom_check,
	.run = spin_custom_run,
};
