// SPDX-License-Identifier: GPL-2.0-only
/* Work on memory that lies on several nodes. */
#include "workload/worker.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/fd.h"

#define NUMA_WORDS ((KT_CPULIST_MAX + 1) / 64)

static int numa_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	int r = kt_work_positive("NumaWorkingSetSweep", "size_bytes",
				 work->numa_sweep.size_bytes, err);

	if (r == 0)
		r = kt_work_positive("NumaWorkingSetSweep", "stride_bytes",
				     work->numa_sweep.stride_bytes, err);
	if (r == 0)
		r = kt_work_positive("NumaWorkingSetSweep", "passes",
				     work->numa_sweep.passes, err);
	return r;
}

static size_t numa_bytes(const struct ktstr_work *work)
{
	return work->numa_sweep.size_bytes;
}

/* Nodes with memory; none where the kernel knows nothing of nodes. */
static void numa_read_nodes(struct kt_bitmap *ret)
{
	_cleanup_free_ char *text = NULL;

	if (kt_read_file("/sys/devices/system/node/has_memory", 65536, &text,
			 NULL) == 0)
		(void)kt_cpulist_parse(text, ret, NULL);
}

/* Whole pages; 0: there are not enough of them. */
static size_t numa_part_bytes(const struct ktstr_worker *worker,
			      const struct kt_bitmap *nodes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return worker->memory_bytes / kt_bitmap_count(nodes) / page * page;
}

/*
 * Moves a part to a node, and leaves no policy on it: memory with one is none
 * of NUMA balancing's business.
 */
static int numa_place_part(unsigned char *part, size_t bytes, size_t node)
{
	unsigned long mask[NUMA_WORDS] = { 0 };

	mask[node / 64] = 1UL << node % 64;
	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_mbind, part, bytes, MPOL_BIND, mask, node + 2,
		    MPOL_MF_MOVE) < 0 ||
	    syscall(SYS_mbind, part, bytes, MPOL_DEFAULT, NULL, 0, 0) < 0)
		return -errno;
	return 0;
}

static int numa_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	size_t part, at = 0;

	numa_read_nodes(&nodes);
	if (kt_bitmap_count(&nodes) < 2)
		return kt_err(
			err, -EOPNOTSUPP,
			"NumaWorkingSetSweep: this machine has no two "
			"nodes with memory; give it some, as in 2n2l2c1t");
	part = numa_part_bytes(worker, &nodes);
	if (!part)
		return kt_err(err, -EINVAL,
			      "NumaWorkingSetSweep: size_bytes %zu is less "
			      "than a page for each of %zu nodes",
			      worker->memory_bytes, kt_bitmap_count(&nodes));
	kt_bitmap_for_each (node, &nodes) {
		int r = numa_place_part(worker->memory + at, part, node);

		if (r < 0)
			return kt_err_errno(err, r,
					    "NumaWorkingSetSweep: memory on "
					    "node %zu is refused; see the "
					    "cpuset.mems of its cgroup",
					    node);
		at += part;
	}
	return 0;
}

/*
 * Presses NUMA balancing: a task whose memory is now here, now there. Its
 * hinting faults (task_numa_fault()) keep choosing another node for it, and
 * both answers, to move the task and to move the pages, are wrong by the next
 * sweep. A unit is a pass over a part.
 */
static void numa_run(struct ktstr_worker *worker)
{
	const struct ktstr_numa_sweep *sweep = &worker->work->numa_sweep;
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	size_t part, node, at = 0;
	unsigned char *memory;

	numa_read_nodes(&nodes);
	part = numa_part_bytes(worker, &nodes);
	node = kt_bitmap_next(&nodes, 0);
	do {
		memory = worker->memory + at;
		/* Refused by a new cpuset: then it sweeps what it has. */
		(void)numa_place_part(memory, part, node);
		for (uint32_t i = 1; i < sweep->passes; i++) {
			kt_touch(memory, part, sweep->stride_bytes);
			if (!ktstr_worker_mark(worker, 1))
				return;
		}
		kt_touch(memory, part, sweep->stride_bytes);
		at += part;
		node = kt_bitmap_next(&nodes, node + 1);
		if (node == KT_BITMAP_END) {
			node = kt_bitmap_next(&nodes, 0);
			at = 0;
		}
	} while (ktstr_worker_mark(worker, 1));
}

const struct kt_work_ops kt_work_numa_working_set_sweep = {
	.name = "NumaWorkingSetSweep",
	.check = numa_check,
	.memory = numa_bytes,
	.setup = numa_setup,
	.run = numa_run,
};
