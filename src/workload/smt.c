// SPDX-License-Identifier: GPL-2.0-only
/* Work on the two threads of one core. */
#include "workload/worker.h"

#include <sched.h>
#include <stdio.h>

#include "base/cpulist.h"
#include "base/fd.h"

#define SMT_BLOCK 4096

static uint32_t smt_pair(const struct ktstr_work *work)
{
	(void)work;
	return 2;
}

/* The allowed CPU of `cpu`'s core behind it; -1: there is none. */
static int smt_sibling(const cpu_set_t *allowed, int cpu)
{
	_cleanup_bitmap_ struct kt_bitmap siblings = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
		 cpu);
	if (kt_read_file(path, 65536, &text, NULL) < 0 ||
	    kt_cpulist_parse(text, &siblings, NULL) < 0)
		return -1;
	kt_bitmap_for_each (other, &siblings) {
		if (other > (size_t)cpu && other < CPU_SETSIZE &&
		    CPU_ISSET(other, allowed))
			return (int)other;
	}
	return -1;
}

/*
 * Two threads of the set's core: the n-th of the cores that have two, round
 * again. Of a core with more threads than two some pairs overlap. False: no
 * core has two that may be used.
 */
static bool smt_find(const struct ktstr_worker *worker,
		     const cpu_set_t *allowed, int ret_cpus[2])
{
	uint32_t skip = worker->index / worker->members, found = 0;

	for (;;) {
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			int other = CPU_ISSET(cpu, allowed) ?
					    smt_sibling(allowed, cpu) :
					    -1;

			if (other < 0)
				continue;
			found++;
			ret_cpus[0] = cpu;
			ret_cpus[1] = other;
			if (skip-- == 0)
				return true;
		}
		if (!found)
			return false;
		skip %= found;
	}
}

static int smt_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	cpu_set_t allowed;
	int cpus[2];

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return kt_err_errno(err, -errno,
				    "SmtSiblingSpin: no affinity of up to %d "
				    "CPUs",
				    CPU_SETSIZE);
	if (smt_find(worker, &allowed, cpus))
		return 0;
	return kt_err(err, -EOPNOTSUPP,
		      "SmtSiblingSpin: no two of the %d CPUs that it may use "
		      "are threads of one core; give the machine two threads a "
		      "core, as in 1n1l2c2t",
		      CPU_COUNT(&allowed));
}

/*
 * Presses what knows of SMT: two tasks that share a core's units look as if
 * each had a CPU to itself. Idle-core searches, the balancing between cores and
 * the accounting of a thread's real capacity meet it. A unit is a spin.
 */
static void smt_run(struct ktstr_worker *worker)
{
	cpu_set_t allowed, one;
	int cpus[2];

	/* Its cpuset may have changed since it was set up: else it spins on. */
	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 &&
	    smt_find(worker, &allowed, cpus)) {
		CPU_ZERO(&one);
		CPU_SET(cpus[worker->member], &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	do
		kt_spin(SMT_BLOCK);
	while (ktstr_worker_mark(worker, SMT_BLOCK));
}

const struct kt_work_ops kt_work_smt_sibling_spin = {
	.name = "SmtSiblingSpin",
	.members = smt_pair,
	.setup = smt_setup,
	.run = smt_run,
};
