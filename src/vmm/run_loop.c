// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/macro.h"
#include "vmm/run.h"

#define NS_PER_MS 1000000ULL

/* How long readers may take for the last bytes of a guest that is gone. */
#define DRAIN_NS         (10000 * NS_PER_MS)
#define DRAIN_STOPPED_NS (500 * NS_PER_MS)

enum loop_fd {
	LOOP_STOP,
	LOOP_RESIZE,
	LOOP_END,
	LOOP_CONSOLE,
	LOOP_MONITOR,
	LOOP_SESSION,
	LOOP_FDS = LOOP_SESSION + KT_SESSION_FDS,
};

bool kt_run_stop_requested(const struct kt_run *run)
{
	struct pollfd fd = { .fd = run->vm->stop_eventfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static uint64_t later(uint64_t from_ns, uint64_t by_ns)
{
	return from_ns > UINT64_MAX - by_ns ? UINT64_MAX : from_ns + by_ns;
}

/* When the wait must be over; UINT64_MAX: never. */
static uint64_t deadline(const struct kt_run *run)
{
	if (run->config->timeout_ms == KTSTR_TIMEOUT_NONE)
		return UINT64_MAX;
	return later(run->first_run_ns, run->config->timeout_ms * NS_PER_MS);
}

/* poll()'s timeout until then, rounded up. */
static int until(uint64_t at_ns)
{
	uint64_t now = kt_now_ns(), ms;

	if (at_ns == UINT64_MAX)
		return -1;
	if (at_ns <= now)
		return 0;
	ms = (at_ns - now + NS_PER_MS - 1) / NS_PER_MS;
	return (int)KT_MIN(ms, (uint64_t)INT_MAX);
}

static void apply_resize(struct kt_run *run)
{
	unsigned int size = atomic_load(&run->vm->terminal);
	eventfd_t count;

	(void)eventfd_read(run->vm->resize_eventfd, &count);
	if (size)
		kt_session_resize(&run->session, (uint16_t)(size >> 16),
				  (uint16_t)size);
}

static void fill(struct kt_run *run, struct pollfd fds[LOOP_FDS])
{
	const int own[] = {
		[LOOP_STOP] = run->vm->stop_eventfd,
		[LOOP_RESIZE] = run->vm->resize_eventfd,
		[LOOP_END] = run->machine->end_eventfd,
		[LOOP_CONSOLE] = kt_console_eventfd(run->machine->console),
		[LOOP_MONITOR] = kt_run_monitor_eventfd(run),
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(own); i++)
		fds[i] = (struct pollfd){ .fd = own[i], .events = POLLIN };
	kt_session_poll(&run->session, &fds[LOOP_SESSION]);
}

/* When there is something to do that no descriptor tells. */
static uint64_t next_duty(const struct kt_run *run)
{
	return KT_MIN(kt_run_measure_due(run), kt_run_save_due(run));
}

int kt_run_loop(struct kt_run *run, struct ktstr_error *err)
{
	struct pollfd fds[LOOP_FDS];

	for (;;) {
		int n;

		fill(run, fds);
		n = poll(fds, LOOP_FDS,
			 until(KT_MIN(deadline(run), next_duty(run))));
		if (n < 0 && errno != EINTR)
			return kt_err_errno(err, -errno,
					    "cannot wait for the guest");
		if (n < 0)
			continue;
		if (fds[LOOP_STOP].revents) {
			run->stopped = true;
			return 0;
		}
		if (fds[LOOP_RESIZE].revents)
			apply_resize(run);
		if (fds[LOOP_CONSOLE].revents)
			kt_console_process(run->machine->console);
		kt_session_polled(&run->session, &fds[LOOP_SESSION]);
		kt_run_monitor(run);
		kt_run_control(run);
		if (fds[LOOP_END].revents)
			return 0;
		/*
		 * The exit code is init's last word. Were the guest left to
		 * reset itself, it would first take its virtqueues down, with
		 * whatever was not read from them yet.
		 */
		if (run->session.exited)
			return 0;
		if (kt_now_ns() >= deadline(run)) {
			run->timed_out = true;
			return 0;
		}
		if (kt_now_ns() >= kt_run_measure_due(run))
			kt_run_measure(run);
		if (kt_now_ns() >= kt_run_save_due(run))
			kt_run_save(run);
	}
}

void kt_run_drain(struct kt_run *run)
{
	bool stopped = run->stopped || run->timed_out;
	uint64_t bound = later(kt_now_ns(), DRAIN_STOPPED_NS);
	struct pollfd fds[1 + KT_SESSION_FDS];
	bool more;

	/* A reader may take as long as the guest itself might have. */
	if (!stopped)
		bound = KT_MAX(deadline(run), later(kt_now_ns(), DRAIN_NS));
	for (;;) {
		/* A stream that emptied made room for what still waits. */
		more = kt_console_process(run->machine->console);
		if (!more && !kt_session_has_pending(&run->session))
			return;
		kt_session_poll(&run->session, fds + 1);
		fds[0] = (struct pollfd){ .fd = run->vm->stop_eventfd,
					  .events = POLLIN };
		fds[1].fd = -1; /* no input for a guest that is gone */
		if (run->stopped)
			fds[0].fd = -1;
		if (poll(fds, KT_ARRAY_SIZE(fds),
			 kt_session_has_pending(&run->session) ? until(bound) :
								 0) < 0 &&
		    errno != EINTR)
			return;
		if (fds[0].revents || kt_now_ns() >= bound) {
			kt_warn(run->config->log,
				"the last output of the guest was not read in "
				"time and is lost");
			return;
		}
		kt_session_polled(&run->session, fds + 1);
	}
}
