/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * How long the host kept threads waiting for a CPU, by /proc/PID/schedstat
 * (Documentation/scheduler/sched-stats.rst): three numbers, the time on CPUs and
 * the time runnable but not running, in nanoseconds, and how often the thread
 * was put onto a CPU. The second one is what KVM's steal clock counts too
 * (record_steal_time() in arch/x86/kvm/x86.c). The kernel adds a wait when it
 * ends (sched_info_arrive() in kernel/sched/stats.h), and without
 * CONFIG_SCHED_INFO it prints zeros.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct kt_steal_times {
	uint64_t ran_ns;
	uint64_t stolen_ns;
};

/*
 * The first two numbers of such a text, NUL-terminated. -EBADMSG when it is
 * none, -ENODATA when the kernel does not count.
 */
int kt_steal_parse(const char *text, struct kt_steal_times *ret);

/* Of the calling thread, so far. */
int kt_steal_of_this_thread(struct kt_steal_times *ret);

/* Some threads of this process, read again and again. */
struct kt_steal {
	size_t n;
	pid_t *tids;
	int *fds;            /* -1: not open */
	/* Of the last reading. */
	uint64_t *ran_ns;
	uint64_t *stolen_ns;
};

/* Room for so many; the caller fills in `tids`. -ENOMEM. */
int kt_steal_init(struct kt_steal *steal, size_t n);

/* A zero-initialised one is fine. */
void kt_steal_deinit(struct kt_steal *steal);
#define _cleanup_steal_ _cleanup_(kt_steal_deinit)

/*
 * Reads all of them, none of whose numbers ever falls. -errno of the
 * first that cannot be read: then none of them counts.
 */
int kt_steal_read(struct kt_steal *steal);
