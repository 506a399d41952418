// SPDX-License-Identifier: GPL-2.0-only
/* Work that sleeps and is woken by a timer or a device. */
#include "workload/worker.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define SLEEP_BLOCK 4096

static int sleep_io_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	if (!work->io_sync.directory)
		return kt_err(err, -EINVAL,
			      "IoSync: directory is NULL; leave it out for "
			      "/tmp");
	return kt_work_positive("IoSync", "bytes", work->io_sync.bytes, err);
}

static size_t sleep_io_memory(const struct ktstr_work *work)
{
	return work->io_sync.bytes;
}

static int sleep_io_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	const char *directory = worker->work->io_sync.directory;
	_cleanup_free_ char *path = kt_path_join(directory, "ktstr-io-XXXXXX");

	if (!path)
		return kt_err_errno(err, -ENOMEM, "IoSync");
	worker->file_fd = mkostemp(path, O_CLOEXEC);
	if (worker->file_fd < 0)
		return kt_err_errno(err, -errno,
				    "IoSync: no file can be made in %s",
				    directory);
	unlink(path);
	return 0;
}

/*
 * Presses blocking in the kernel for a device and the wake from its interrupt
 * or kworker: iowait, and tasks that sleep often and run little.
 */
static void sleep_io_run(struct ktstr_worker *worker)
{
	const struct ktstr_io_sync *io = &worker->work->io_sync;
	bool written;

	do {
		written = kt_pwrite_all(worker->file_fd, worker->memory,
					io->bytes, 0) == 0 &&
			  fsync(worker->file_fd) == 0;
		if (io->device_us)
			kt_sleep_until(worker,
				       kt_now_ns() + io->device_us * 1000ULL);
	} while (ktstr_worker_mark(worker, written));
}

const struct kt_work_ops kt_work_io_sync = {
	.name = "IoSync",
	.check = sleep_io_check,
	.memory = sleep_io_memory,
	.setup = sleep_io_setup,
	.run = sleep_io_run,
};

/* The kernel may add 50 us of its own to a timer; here they would be blamed. */
static int sleep_timer_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	(void)worker;
	if (prctl(PR_SET_TIMERSLACK, 1) < 0)
		return kt_err_errno(err, -errno, "PR_SET_TIMERSLACK");
	return 0;
}

static int sleep_bursty_check(const struct ktstr_work *work,
			      struct ktstr_error *err)
{
	int r = kt_work_positive("Bursty", "burst_ms", work->bursty.burst_ms,
				 err);

	return r < 0 ? r :
		       kt_work_positive("Bursty", "sleep_ms",
					work->bursty.sleep_ms, err);
}

/*
 * Presses the placement of a task that wakes after a long sleep: its lag or
 * vtime is old, and the CPU where it ran may be busy by now.
 */
static void sleep_bursty_run(struct ktstr_worker *worker)
{
	const struct ktstr_bursty *bursty = &worker->work->bursty;
	uint64_t end;

	do {
		end = kt_now_ns() + bursty->burst_ms * 1000000ULL;
		do {
			kt_spin(SLEEP_BLOCK);
			if (!ktstr_worker_mark(worker, SLEEP_BLOCK))
				return;
		} while (kt_now_ns() < end);
		end = kt_now_ns() + bursty->sleep_ms * 1000000ULL;
		if (!kt_sleep_until(worker, end))
			return;
		kt_woken(worker, end);
	} while (ktstr_worker_mark(worker, 0));
}

const struct kt_work_ops kt_work_bursty = {
	.name = "Bursty",
	.check = sleep_bursty_check,
	.setup = sleep_timer_setup,
	.run = sleep_bursty_run,
};

static int sleep_timer_check(const struct ktstr_work *work,
			     struct ktstr_error *err)
{
	return kt_work_positive("TimerLatency", "period_us",
				work->timer_latency.period_us, err);
}

/*
 * Presses the wake from a timer interrupt, of a task that hardly runs: how soon
 * it gets the CPU from whoever has it.
 */
static void sleep_timer_run(struct ktstr_worker *worker)
{
	uint64_t period = worker->work->timer_latency.period_us * 1000ULL;
	uint64_t next = kt_now_ns() + period;

	while (kt_sleep_until(worker, next)) {
		kt_woken(worker, next);
		if (!ktstr_worker_mark(worker, 1))
			return;
		/* Periods that were missed do not come in a burst. */
		next += ((kt_now_ns() - next) / period + 1) * period;
	}
}

const struct kt_work_ops kt_work_timer_latency = {
	.name = "TimerLatency",
	.check = sleep_timer_check,
	.setup = sleep_timer_setup,
	.run = sleep_timer_run,
};
