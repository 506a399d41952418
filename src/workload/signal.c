// SPDX-License-Identifier: GPL-2.0-only
/* Work whose workers interrupt each other by signals. */
#include "workload/worker.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* Of this worker alone: each is a process. */
static volatile sig_atomic_t signal_count;

static void signal_handle(int number)
{
	(void)number;
	signal_count++;
}

static uint32_t signal_pair(const struct ktstr_work *work)
{
	(void)work;
	return 2;
}

static int signal_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	const struct sigaction action = { .sa_handler = signal_handle,
					  .sa_flags = SA_RESTART };
	_Atomic uint32_t *own = &worker->set->own[worker->member];

	if (sigaction(SIGUSR1, &action, NULL) < 0)
		return kt_err_errno(err, -errno, "SignalStorm: SIGUSR1");
	/* Its handler is there before anybody can know its pid. */
	atomic_store(own, (uint32_t)getpid());
	kt_wake_word(own, 1);
	return 0;
}

/* Whether a signal cut the sleep short. */
static bool signal_sleep(uint32_t sleep_us)
{
	const struct timespec time = { .tv_sec = sleep_us / 1000000,
				       .tv_nsec = sleep_us % 1000000 * 1000L };

	return sleep_us && nanosleep(&time, NULL) < 0 && errno == EINTR;
}

/*
 * Presses signal_wake_up(): of a task that runs, an interrupt to its CPU and the
 * way out to user space and back (kick_process()), of one that sleeps, a wake-up
 * that was none of those that it waited for. A unit is a signal handled.
 */
static void signal_run(struct ktstr_worker *worker)
{
	const struct ktstr_signal_storm *storm = &worker->work->signal_storm;
	uint32_t me = worker->member, other = 1 - me, pid;
	_Atomic uint64_t *stamps = worker->set->stamp_ns;
	_cleanup_close_ int partner = -1;
	sig_atomic_t seen = signal_count, now;
	uint64_t units;

	if (!kt_wait_own(worker, other, &pid))
		return;
	/* A pid may be somebody else's by then; this never is. */
	partner = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (partner < 0)
		return;
	do {
		atomic_store(&stamps[other], kt_now_ns());
		syscall(SYS_pidfd_send_signal, partner, SIGUSR1, NULL, 0);
		kt_spin(storm->spins);
		if (signal_sleep(storm->sleep_us))
			kt_woken(worker, atomic_load(&stamps[me]));
		now = signal_count;
		units = (unsigned int)now - (unsigned int)seen;
		seen = now;
	} while (ktstr_worker_mark(worker, units));
}

const struct kt_work_ops kt_work_signal_storm = {
	.name = "SignalStorm",
	.members = signal_pair,
	.setup = signal_setup,
	.run = signal_run,
};
