// SPDX-License-Identifier: GPL-2.0-only
/* Work on memory: caches and page faults. */
#include "workload/worker.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"

static int memory_cache_check(const char *kind, const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	int r = kt_work_positive(kind, "size_bytes", work->cache.size_bytes, err);

	return r < 0 ? r :
		       kt_work_positive(kind, "stride_bytes",
					work->cache.stride_bytes, err);
}

static size_t memory_cache_bytes(const struct ktstr_work *work)
{
	return work->cache.size_bytes;
}

static void memory_pass(struct ktstr_worker *worker)
{
	kt_touch(worker->memory, worker->memory_bytes,
		 worker->work->cache.stride_bytes);
}

static int memory_pressure_check(const struct ktstr_work *work,
				 struct ktstr_error *err)
{
	return memory_cache_check("CachePressure", work, err);
}

/*
 * Presses the price of migrations: a working set that is warm on one CPU is
 * cold on the next. A unit is a pass.
 */
static void memory_pressure_run(struct ktstr_worker *worker)
{
	do
		memory_pass(worker);
	while (ktstr_worker_mark(worker, 1));
}

const struct kt_work_ops kt_work_cache_pressure = {
	.name = "CachePressure",
	.check = memory_pressure_check,
	.memory = memory_cache_bytes,
	.run = memory_pressure_run,
};

static int memory_yield_check(const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	return memory_cache_check("CacheYield", work, err);
}

/* Presses who comes next on a CPU: each yield lets another one's lines in. */
static void memory_yield_run(struct ktstr_worker *worker)
{
	do {
		memory_pass(worker);
		sched_yield();
	} while (ktstr_worker_mark(worker, 1));
}

const struct kt_work_ops kt_work_cache_yield = {
	.name = "CacheYield",
	.check = memory_yield_check,
	.memory = memory_cache_bytes,
	.run = memory_yield_run,
};

static int memory_fault_check(const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	int r = kt_work_positive("PageFaultChurn", "region_bytes",
				 work->page_fault_churn.region_bytes, err);

	return r < 0 ? r :
		       kt_work_positive("PageFaultChurn", "touches",
					work->page_fault_churn.touches, err);
}

static size_t memory_fault_bytes(const struct ktstr_work *work)
{
	return work->page_fault_churn.region_bytes;
}

/* One fault a page is the point. */
static int memory_fault_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	/* EINVAL: a kernel that has no huge pages anyway. */
	if (madvise(worker->memory, worker->memory_bytes, MADV_NOHUGEPAGE) < 0 &&
	    errno != EINVAL)
		return kt_err_errno(err, -errno,
				    "PageFaultChurn: MADV_NOHUGEPAGE");
	return 0;
}

/*
 * Presses time spent in the kernel for the task's own sake: faults, zeroed
 * pages and TLB shootdowns, which a slice has to account. A unit is a page.
 */
static void memory_fault_run(struct ktstr_worker *worker)
{
	const struct ktstr_page_fault_churn *churn =
		&worker->work->page_fault_churn;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = KT_MAX(worker->memory_bytes / page, (size_t)1);
	size_t touched = KT_MIN(pages, (size_t)churn->touches);
	size_t stride = pages / touched * page;

	do {
		madvise(worker->memory, worker->memory_bytes, MADV_DONTNEED);
		for (size_t i = 0; i < touched; i++)
			worker->memory[i * stride] = 1;
		kt_spin(churn->spins);
	} while (ktstr_worker_mark(worker, touched));
}

const struct kt_work_ops kt_work_page_fault_churn = {
	.name = "PageFaultChurn",
	.check = memory_fault_check,
	.memory = memory_fault_bytes,
	.setup = memory_fault_setup,
	.run = memory_fault_run,
};
