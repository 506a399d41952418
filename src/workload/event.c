// SPDX-License-Identifier: GPL-2.0-only
/* Work that waits for events: of many descriptors, and of interrupts. */
#include "workload/worker.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define EVENT_LOOK_MS 20
#define EVENT_BLOCK   256

static uint32_t event_epoll_members(const struct ktstr_work *work)
{
	return work->epoll_storm.waiters + 1;
}

static int event_epoll_check(const struct ktstr_work *work,
			     struct ktstr_error *err)
{
	return kt_work_positive("EpollStorm", "waiters",
				work->epoll_storm.waiters, err);
}

static int event_epoll_share(const struct ktstr_work *work, int *fds,
			     uint32_t members, struct ktstr_error *err)
{
	(void)work;
	for (uint32_t i = 0; i < members; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (fds[i] < 0) {
			int r = kt_err_errno(err, -errno,
					     "EpollStorm: an eventfd; see "
					     "ulimit -n");

			while (i-- > 0)
				kt_close(fds[i]);
			return r;
		}
	}
	return 0;
}

static int event_epoll_setup(struct ktstr_worker *worker, struct ktstr_error *err)
{
	if (worker->member == 0)
		return 0;
	worker->file_fd = epoll_create1(EPOLL_CLOEXEC);
	if (worker->file_fd < 0)
		return kt_err_errno(err, -errno, "EpollStorm: epoll_create1");
	for (uint32_t i = 0; i < worker->members; i++) {
		struct epoll_event event = {
			.events = EPOLLIN | EPOLLEXCLUSIVE,
			.data.u32 = i,
		};

		if (epoll_ctl(worker->file_fd, EPOLL_CTL_ADD,
			      worker->shared_fds[i], &event) < 0)
			return kt_err_errno(err, -errno,
					    "EpollStorm: EPOLL_CTL_ADD; see "
					    "/proc/sys/fs/epoll/"
					    "max_user_watches");
	}
	return 0;
}

static void event_run_sender(struct ktstr_worker *worker)
{
	const uint64_t one = 1;
	uint32_t i = 0;
	bool sent;

	do {
		i = (i + 1) % worker->members;
		kt_spin(worker->work->epoll_storm.spins);
		atomic_store(&worker->set->stamp_ns[i], kt_now_ns());
		sent = write(worker->shared_fds[i], &one, sizeof(one)) > 0;
	} while (ktstr_worker_mark(worker, sent));
}

/* Takes what is there of the events; another may have been faster. */
static uint64_t event_take(const struct ktstr_worker *worker,
			   const struct epoll_event *events, int n)
{
	uint64_t taken = 0, value;

	for (int i = 0; i < n; i++) {
		if (read(worker->shared_fds[events[i].data.u32], &value,
			 sizeof(value)) == sizeof(value))
			taken += value;
	}
	return taken;
}

/*
 * Presses ep_poll_callback(): each event goes through the wait queue of its
 * file, where one of many exclusive waiters is chosen with nothing known of its
 * CPU, and is woken without a hint that the waker will sleep. A unit is an
 * event sent, or taken.
 */
static void event_epoll_run(struct ktstr_worker *worker)
{
	struct epoll_event events[KT_SET_MEMBERS];
	uint64_t waits_ns, stamp_ns;
	int n;

	if (worker->member == 0) {
		event_run_sender(worker);
		return;
	}
	do {
		waits_ns = kt_now_ns();
		n = epoll_wait(worker->file_fd, events, KT_SET_MEMBERS,
			       EVENT_LOOK_MS);
		stamp_ns =
			n > 0 ? atomic_load(
					&worker->set->stamp_ns[events[0].data.u32]) :
				0;
		/* Events that were there already woke nobody. */
		if (stamp_ns > waits_ns)
			kt_woken(worker, stamp_ns);
	} while (ktstr_worker_mark(worker, event_take(worker, events, n)));
}

const struct kt_work_ops kt_work_epoll_storm = {
	.name = "EpollStorm",
	.members = event_epoll_members,
	.check = event_epoll_check,
	.share = event_epoll_share,
	.setup = event_epoll_setup,
	.run = event_epoll_run,
};

static uint32_t event_irq_members(const struct ktstr_work *work)
{
	(void)work;
	return 2;
}

static int event_irq_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	return kt_work_positive("IrqWake", "period_us",
				work->irq_wake.period_us, err);
}

static int event_irq_share(const struct ktstr_work *work, int *fds,
			   uint32_t members, struct ktstr_error *err)
{
	(void)work;
	for (uint32_t i = 0; i < members; i++)
		fds[i] = -1;
	fds[0] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return fds[0] >= 0 ?
		       0 :
		       kt_err_errno(err, -errno, "IrqWake: timerfd_create");
}

/* Sets the timer and spins over it: the interrupt comes on its CPU. */
static void event_irq_run_armer(struct ktstr_worker *worker)
{
	uint64_t period = worker->work->irq_wake.period_us * 1000ULL;

	for (;;) {
		uint64_t at = kt_now_ns() + period;
		const struct itimerspec when = {
			.it_value = { .tv_sec = (time_t)(at / 1000000000),
				      .tv_nsec = (long)(at % 1000000000) },
		};

		atomic_store(&worker->set->stamp_ns[1], at);
		if (timerfd_settime(worker->shared_fds[0], TFD_TIMER_ABSTIME,
				    &when, NULL) < 0)
			return;
		while (kt_now_ns() < at)
			kt_spin(EVENT_BLOCK);
		if (!ktstr_worker_mark(worker, 1))
			return;
	}
}

/*
 * Presses try_to_wake_up() in a hard interrupt: one worker sets a timer and
 * goes on spinning, and the interrupt on its CPU wakes the other. The task that
 * is `current` there has nothing to do with the wake-up and does not want to
 * give its CPU away; still wake-affine placement looks at that CPU first. A
 * timer is the interrupt that every machine has, whatever its devices. A unit
 * is a timer set, or a wake-up.
 */
static void event_irq_run(struct ktstr_worker *worker)
{
	uint64_t expired, at;
	bool waited;

	if (worker->member == 0) {
		event_irq_run_armer(worker);
		return;
	}
	while (kt_wait_readable(worker, worker->shared_fds[0], &waited)) {
		at = atomic_load(&worker->set->stamp_ns[1]);
		/* A stamp of the future is the next timer's. */
		if (waited && at <= kt_now_ns())
			kt_woken(worker, at);
		if (!ktstr_worker_mark(worker, read(worker->shared_fds[0], &expired,
						    sizeof(expired)) > 0))
			return;
	}
}

const struct kt_work_ops kt_work_irq_wake = {
	.name = "IrqWake",
	.members = event_irq_members,
	.check = event_irq_check,
	.share = event_irq_share,
	.run = event_irq_run,
};
