/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The time that sched_ext gives a runnable task before it ends the scheduler,
 * set from outside. It is in jiffies, and where it is depends on the kernel: a
 * member of struct scx_sched, or one static variable for all.
 */

#include <ktstr/monitor.h>

#include "monitor/kernel.h"

struct kt_watchdog {
	uint32_t timeout_ms; /* 0: leave it as it is */
	uint32_t hz;         /* of the kernel; 0: not known yet */
	struct ktstr_watchdog_report report;
};

/*
 * To be called with each sample: sees to it that the scheduler that is attached
 * has that time, and reads it back. Does nothing without one, or where it
 * cannot be told how long a jiffy is.
 */
void kt_watchdog_tick(struct kt_watchdog *watchdog,
		      struct kt_guest_kernel *kernel);
