// SPDX-License-Identifier: GPL-2.0-only
/* Work on memory that lies on several nodes. */
#include "workload/worker.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/fd.h"

#define NUMA_PAGES 256

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
 * Moves pages to a node, or with `node` -1 only looks where they are: how many
 * of them are not on `wanted` is told in `ret_away`.
 */
static int numa_move(unsigned char *part, size_t bytes, int node, int wanted,
		     size_t *ret_away)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), away = 0;
	int nodes[NUMA_PAGES], status[NUMA_PAGES];
	void *pages[NUMA_PAGES];

	for (size_t at = 0; at < bytes;) {
		unsigned long n = 0;

		for (; n < NUMA_PAGES && at < bytes; at += page, n++) {
			pages[n] = part + at;
			nodes[n] = node;
		}
		/* More than 0 is the number that could not be moved just now. */
		if (syscall(SYS_move_pages, 0, n, pages,
			    node < 0 ? NULL : nodes, status, MPOL_MF_MOVE) < 0)
			return -errno;
		for (unsigned long i = 0; i < n; i++)
			away += status[i] != wanted;
	}
	*ret_away = away;
	return 0;
}

/*
 * Has most of a part lie on a node. Not by a memory policy: NUMA balancing
 * keeps off memory that has one, and begins anew with memory whose policy
 * changes. And only where need be: to move pages stops every CPU's page lists.
 */
static int numa_place_part(unsigned char *part, size_t bytes, size_t node)
{
	size_t pages = bytes / (size_t)sysconf(_SC_PAGESIZE), away;
	int r = numa_move(part, bytes, -1, (int)node, &away);

	if (r < 0 || away <= pages / 2)
		return r;
	return numa_move(part, bytes, (int)node, (int)node, &away);
}

/* Huge ones lie across parts, and are few: what is balanced is pages. */
static int numa_use_small_pages(const struct ktstr_worker *worker,
				struct ktstr_error *err)
{
	/* EINVAL: a kernel that has no huge pages anyway. */
	if (madvise(worker->memory, worker->memory_bytes, MADV_NOHUGEPAGE) < 0 &&
	    errno != EINVAL)
		return kt_err_errno(err, -errno,
				    "NumaWorkingSetSweep: MADV_NOHUGEPAGE");
	if (madvise(worker->memory, worker->memory_bytes, MADV_DONTNEED) < 0)
		return kt_err_errno(err, -errno,
				    "NumaWorkingSetSweep: MADV_DONTNEED");
	kt_touch(worker->memory, worker->memory_bytes,
		 (size_t)sysconf(_SC_PAGESIZE));
	return 0;
}

static int numa_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	size_t part, at = 0;
	int r;

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
	r = numa_use_small_pages(worker, err);
	if (r < 0)
		return r;
	kt_bitmap_for_each (node, &nodes) {
		r = numa_place_part(worker->memory + at, part, node);

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
