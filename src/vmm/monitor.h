/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The monitor of one run: a thread that reads the kernel's types while the
 * guest boots, and from when the guest has said where its kernel keeps things
 * looks at its memory ten times a second, until the run ends. The guest's
 * memory and the vCPUs' threads must outlive it.
 */

#include <stdint.h>
#include <sys/types.h>

#include <ktstr/monitor.h>

#include "base/error.h"
#include "memory/guest_memory.h"
#include "monitor/kernel_symbols.h"
#include "monitor/map_write.h"

struct kt_monitor; /* opaque */

struct kt_monitor_config {
	const struct kt_guest_memory *memory; /* borrowed, as is `btf` */
	const void *btf;
	size_t btf_bytes;
	uint32_t n_cpus;
	const struct ktstr_monitor_thresholds *thresholds; /* copied */
	uint32_t watchdog_timeout_ms; /* 0: as it is */
	const struct kt_map_write *map_writes; /* borrowed */
	size_t n_map_writes;
};

int kt_monitor_start(const struct kt_monitor_config *config,
		     struct kt_monitor **ret, struct ktstr_error *err);

/* Once: there is a kernel to watch now. The vCPUs' threads are this process's. */
void kt_monitor_begin(struct kt_monitor *monitor,
		      const struct kt_kernel_symbols *symbols,
		      const pid_t *vcpu_tids);

/*
 * Once: the scheduler is attached, whose maps are to be written to. That is
 * tried until it is done, or cannot be, or for 30 s; then the eventfd, which is
 * the monitor's, becomes readable.
 */
void kt_monitor_write_maps(struct kt_monitor *monitor);
int kt_monitor_eventfd(const struct kt_monitor *monitor);

/*
 * Whether the writes have come to their end, and then why they were not done;
 * NULL: they were. Lives as long as the monitor.
 */
bool kt_monitor_maps_written(struct kt_monitor *monitor, const char **ret_why);

/*
 * Ends the thread, within one sample's time, and hands over what it saw. The
 * report is NULL without memory for it. NULL is fine.
 */
void kt_monitor_stop(struct kt_monitor *monitor,
		     struct ktstr_monitor_report **ret);

/* A report that says only why there is nothing to report; NULL: no memory. */
struct ktstr_monitor_report *kt_monitor_unavailable(const char *why);

void kt_monitor_report_free(struct ktstr_monitor_report *report);
