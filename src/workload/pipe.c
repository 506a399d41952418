// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that passes a message round a ring of pipes: one member runs at a time.
 *
 * A member that ends, or dies, closes its pipes, and the next one reads the
 * end of file: nobody waits for a partner that is gone.
 */
#include "workload/worker.h"

#include <limits.h>

#include "base/fd.h"

#define PIPE_LINE_BYTES 64

static uint32_t pipe_pair(const struct ktstr_work *work)
{
	(void)work;
	return 2;
}

static bool pipe_send(struct ktstr_worker *worker, const void *message,
		      size_t bytes)
{
	uint32_t to = (worker->member + 1) % worker->members;

	atomic_store(&worker->set->stamp_ns[to], kt_now_ns());
	return kt_write_all(worker->out_fd, message, bytes) == 0;
}

static bool pipe_receive(struct ktstr_worker *worker, void *message, size_t bytes)
{
	uint64_t waits_ns = kt_now_ns(), stamp_ns;

	if (kt_read_all(worker->in_fd, message, bytes) < 0)
		return false;
	stamp_ns = atomic_load(&worker->set->stamp_ns[worker->member]);
	/* A message that was there already woke nobody. */
	if (stamp_ns > waits_ns)
		kt_woken(worker, stamp_ns);
	return true;
}

static void pipe_run_ring(struct ktstr_worker *worker, size_t bytes,
			  uint32_t spins)
{
	char message[PIPE_BUF] = { 0 };
	bool sends = worker->member == 0;

	for (;; sends = true) {
		if (sends) {
			kt_spin(spins);
			kt_touch(worker->memory, worker->memory_bytes,
				 PIPE_LINE_BYTES);
			if (!pipe_send(worker, message, bytes))
				return;
		}
		if (!pipe_receive(worker, message, bytes) ||
		    !ktstr_worker_mark(worker, bytes))
			return;
	}
}

static int pipe_io_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	uint32_t bytes = work->pipe_io.message_bytes;

	if (bytes > 0 && bytes <= PIPE_BUF)
		return 0;
	return kt_err(err, -EINVAL,
		      "PipeIo: message_bytes must be 1 to %d, not %u", PIPE_BUF,
		      bytes);
}

/*
 * Presses the synchronous wake of pipe_write(): waker and woken never run
 * together, and select_task_rq() chooses between keeping them on one CPU and
 * an idle one elsewhere. A unit is a byte received.
 */
static void pipe_io_run(struct ktstr_worker *worker)
{
	pipe_run_ring(worker, worker->work->pipe_io.message_bytes,
		      worker->work->pipe_io.spins);
}

const struct kt_work_ops kt_work_pipe_io = {
	.name = "PipeIo",
	.members = pipe_pair,
	.check = pipe_io_check,
	.run = pipe_io_run,
	.pipes = true,
};

static int pipe_cache_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("CachePipe", "size_bytes",
				work->cache_pipe.size_bytes, err);
}

static size_t pipe_cache_memory(const struct ktstr_work *work)
{
	return work->cache_pipe.size_bytes;
}

/*
 * Presses the same choice with a price on it: each member has a working set in
 * cache, which a wake-up on a far CPU leaves behind.
 */
static void pipe_cache_run(struct ktstr_worker *worker)
{
	pipe_run_ring(worker, 1, worker->work->cache_pipe.spins);
}

const struct kt_work_ops kt_work_cache_pipe = {
	.name = "CachePipe",
	.members = pipe_pair,
	.check = pipe_cache_check,
	.memory = pipe_cache_memory,
	.run = pipe_cache_run,
	.pipes = true,
};

static uint32_t pipe_chain_members(const struct ktstr_work *work)
{
	return work->wake_chain.length;
}

static int pipe_chain_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	if (work->wake_chain.length >= 2)
		return 0;
	return kt_err(err, -EINVAL,
		      "WakeChain: length must be at least 2, not %u",
		      work->wake_chain.length);
}

/*
 * Presses wakers that were woken themselves: a wake-affine choice made at each
 * link drags the whole chain onto one CPU, or spreads it over all.
 */
static void pipe_chain_run(struct ktstr_worker *worker)
{
	pipe_run_ring(worker, 1, 0);
}

const struct kt_work_ops kt_work_wake_chain = {
	.name = "WakeChain",
	.members = pipe_chain_members,
	.check = pipe_chain_check,
	.run = pipe_chain_run,
	.pipes = true,
};
