// SPDX-License-Identifier: GPL-2.0-only
/* Work that keeps changing what the scheduler knows of the task. */
#include "workload/worker.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"

/*
 * Presses the beginning and the end of tasks: the choice of a CPU at fork, the
 * first enqueue, and the exit path. A unit is a child that was reaped.
 */
static void churn_fork_run(struct ktstr_worker *worker)
{
	uint64_t reaped;

	do {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			sched_yield(); /* at a limit; it may pass */
		reaped = pid > 0 && waitpid(pid, NULL, 0) == pid;
	} while (ktstr_worker_mark(worker, reaped));
}

const struct kt_work_ops kt_work_fork_exit = {
	.name = "ForkExit",
	.run = churn_fork_run,
};

static int churn_check(const char *kind, const struct ktstr_work *work,
		       struct ktstr_error *err)
{
	return kt_work_positive(kind, "spins", work->churn.spins, err);
}

static int churn_nice_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return churn_check("NiceSweep", work, err);
}

static int churn_nice_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	(void)worker;
	if (setpriority(PRIO_PROCESS, 0, -20) < 0)
		return kt_err_errno(err, -errno,
				    "NiceSweep: nice -20 is refused, run it "
				    "as root");
	return 0;
}

/*
 * Presses reweight_task(): the weight of a running task changes under its
 * virtual runtime and its runqueue's load. A unit is a change.
 */
static void churn_nice_run(struct ktstr_worker *worker)
{
	int nice = -20;

	do {
		nice = nice < 19 ? nice + 1 : -20;
		kt_spin(worker->work->churn.spins);
	} while (ktstr_worker_mark(worker,
				   setpriority(PRIO_PROCESS, 0, nice) == 0));
}

const struct kt_work_ops kt_work_nice_sweep = {
	.name = "NiceSweep",
	.check = churn_nice_check,
	.setup = churn_nice_setup,
	.run = churn_nice_run,
};

static int churn_affinity_check(const struct ktstr_work *work,
				struct ktstr_error *err)
{
	return churn_check("AffinityChurn", work, err);
}

static int churn_affinity_setup(struct ktstr_worker *worker,
				struct ktstr_error *err)
{
	cpu_set_t allowed;

	(void)worker;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return kt_err_errno(err, -errno,
				    "AffinityChurn: no affinity of up to %d "
				    "CPUs",
				    CPU_SETSIZE);
	return 0;
}

/* The allowed CPU behind `cpu`, round again. */
static int churn_next_cpu(const cpu_set_t *allowed, int cpu)
{
	do
		cpu = (cpu + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(cpu, allowed));
	return cpu;
}

/*
 * Presses set_cpus_allowed(): a running task is pushed to another CPU by the
 * stopper thread at each change. A unit is a change.
 */
static void churn_affinity_run(struct ktstr_worker *worker)
{
	cpu_set_t allowed, one;
	int cpu = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	do {
		cpu = churn_next_cpu(&allowed, cpu);
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		kt_spin(worker->work->churn.spins);
	} while (ktstr_worker_mark(
		worker, sched_setaffinity(0, sizeof(one), &one) == 0));
}

const struct kt_work_ops kt_work_affinity_churn = {
	.name = "AffinityChurn",
	.check = churn_affinity_check,
	.setup = churn_affinity_setup,
	.run = churn_affinity_run,
};

static int churn_policy_check(const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	return churn_check("PolicyChurn", work, err);
}

/*
 * Presses the switch between scheduling classes, where a task leaves one
 * class's runqueue and enters another's: the real-time ones too where the
 * worker may. A unit is a change.
 */
static void churn_policy_run(struct ktstr_worker *worker)
{
	static const int policies[] = { SCHED_BATCH, SCHED_IDLE, SCHED_FIFO,
					SCHED_RR, SCHED_OTHER };
	bool changed;
	size_t i = 0;

	do {
		struct sched_param param = {
			.sched_priority = policies[i] == SCHED_FIFO ||
					  policies[i] == SCHED_RR,
		};

		changed = sched_setscheduler(0, policies[i], &param) == 0;
		i = (i + 1) % KT_ARRAY_SIZE(policies);
		kt_spin(worker->work->churn.spins);
	} while (ktstr_worker_mark(worker, changed));
}

const struct kt_work_ops kt_work_policy_churn = {
	.name = "PolicyChurn",
	.check = churn_policy_check,
	.run = churn_policy_run,
};
