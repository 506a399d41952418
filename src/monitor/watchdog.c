// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "monitor/watchdog.h"

/* SCX_WATCHDOG_MAX_TIMEOUT, for a scheduler that does not say. */
#define DEFAULT_TIMEOUT_MS 30000

/* enum scx_exit_kind: nothing has ended it yet. */
#define SCX_EXIT_NONE 0

/* Where the time is; 0: this kernel has none, or the scheduler is gone. */
static uint64_t find(const struct kt_guest_kernel *kernel, uint64_t scheduler)
{
	const struct kt_layout *layout = kernel->layout;

	if (layout->has[KT_SCX_WATCHDOG_TIMEOUT])
		return scheduler +
		       kt_member_offset(&layout->member[KT_SCX_WATCHDOG_TIMEOUT]);
	return kernel->symbols.address[KT_SYMBOL_SCX_WATCHDOG_TIMEOUT];
}

/* Attached, and not about to go: then its memory stays for a while. */
static bool is_alive(struct kt_guest_kernel *kernel, uint64_t scheduler)
{
	uint64_t root = kernel->symbols.address[KT_SYMBOL_SCX_ROOT];
	uint64_t now, kind;

	return kt_view_u64(&kernel->view, root, &now) == 0 && now == scheduler &&
	       kt_guest_kernel_get(kernel, scheduler, KT_SCX_EXIT_KIND, &kind) ==
		       0 &&
	       kind == SCX_EXIT_NONE;
}

/*
 * How many jiffies a second has: the kernel made the time from the scheduler's
 * own, in milliseconds. 0 when no kernel is built so.
 */
static uint32_t find_hz(struct kt_guest_kernel *kernel, uint64_t scheduler,
			uint64_t timeout_jiffies)
{
	static const uint32_t known[] = { 100, 250, 300, 1000 };
	uint64_t timeout_ms;

	if (kt_guest_kernel_get(kernel, scheduler, KT_SCX_OPS_TIMEOUT_MS,
				&timeout_ms) < 0)
		return 0;
	if (!timeout_ms)
		timeout_ms = DEFAULT_TIMEOUT_MS;
	for (size_t i = 0; i < KT_ARRAY_SIZE(known); i++) {
		/* As msecs_to_jiffies() rounds. */
		if (timeout_jiffies == (timeout_ms * known[i] + 999) / 1000)
			return known[i];
	}
	return 0;
}

/* The scheduler to look after; 0: there is none. */
static uint64_t find_scheduler(struct kt_guest_kernel *kernel)
{
	uint64_t root = kernel->symbols.address[KT_SYMBOL_SCX_ROOT];
	uint64_t scheduler;

	if (!root || kt_view_u64(&kernel->view, root, &scheduler) < 0 ||
	    !scheduler || !is_alive(kernel, scheduler))
		return 0;
	return scheduler;
}

void kt_watchdog_tick(struct kt_watchdog *watchdog, struct kt_guest_kernel *kernel)
{
	struct ktstr_watchdog_report *report = &watchdog->report;
	uint64_t scheduler, at, now, wanted;

	if (!watchdog->timeout_ms)
		return;
	scheduler = find_scheduler(kernel);
	at = scheduler ? find(kernel, scheduler) : 0;
	if (!at || kt_view_u64(&kernel->view, at, &now) < 0)
		return;
	/*
	 * One that is about to be attached may not have its own time there yet:
	 * then the next tick tells.
	 */
	if (!watchdog->hz)
		watchdog->hz = find_hz(kernel, scheduler, now);
	if (!watchdog->hz)
		return;
	wanted = ((uint64_t)watchdog->timeout_ms * watchdog->hz + 999) / 1000;
	/* Only what differs, and as short after a look at it as can be. */
	if (now != wanted && is_alive(kernel, scheduler) &&
	    kt_view_write(&kernel->view, at, &wanted, sizeof(wanted)) == 0)
		report->n_writes++;
	if (kt_view_u64(&kernel->view, at, &now) < 0)
		return;
	report->expected_jiffies = wanted;
	report->observed_jiffies = now;
	report->hz = watchdog->hz;
}
