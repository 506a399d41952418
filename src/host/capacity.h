/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What this machine can give to a guest, and what stands in its way. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "host/host_topology.h"
#include "host/kvm_caps.h"

/* Priorities of SCHED_FIFO in performance mode. */
#define KT_PRIORITY_VCPU    1
#define KT_PRIORITY_SERVICE 2 /* of the threads that watch over these */

#define KT_HUGEPAGE_MIB 2u

struct kt_hugepages {
	uint64_t total; /* reserved, of 2 MiB each */
	uint64_t free;
};

/* All nodes together; zeros where the kernel has none. */
void kt_hugepages_read(struct kt_hugepages *ret);

/* How many hold so much memory. */
uint64_t kt_hugepages_needed(uint64_t memory_mib);

/* Tasks that run or want to, this one among them; false: not known. */
bool kt_running_tasks(uint32_t *ret);

/* The same from the text of /proc/loadavg. */
bool kt_running_tasks_parse(const char *loadavg, uint32_t *ret);

/* Whether a thread of ours gets SCHED_FIFO; found out by one that tries. */
bool kt_may_use_fifo(void);

struct kt_capacity {
	struct kt_host_topology *host; /* the whole of it */
	struct kt_hugepages hugepages;
	bool running_known;
	uint32_t running;
	bool fifo;
	/* How long of `fifo_period_us` SCHED_FIFO may run; -1: all the time. */
	int64_t fifo_runtime_us;
	int64_t fifo_period_us;
	struct ktstr_error locks; /* kind NONE: they can be taken */
	struct ktstr_error kvm;   /* kind NONE: it can be opened */
	struct kt_kvm_caps caps;  /* if it can */
};

int kt_capacity_read(struct kt_capacity *ret, struct ktstr_error *err);
void kt_capacity_deinit(struct kt_capacity *capacity);
#define _cleanup_capacity_ _cleanup_(kt_capacity_deinit)

/* How many LLCs a guest in performance mode may have here; 0: it cannot be. */
uint32_t kt_capacity_performance_llcs(const struct kt_capacity *capacity);

/* What to do, in order of importance; commands are for a shell. */
struct kt_advice {
	char *text;
	char *command; /* NULL: none does it */
};

struct kt_advices {
	struct kt_advice *list;
	size_t n;
};

void kt_advices_deinit(struct kt_advices *advices);
#define _cleanup_advices_ _cleanup_(kt_advices_deinit)

/*
 * What to change for guests to run here, and for performance mode. Pure, but
 * for the user's name in commands: `user`. 0 or -ENOMEM.
 */
int kt_advise(const struct kt_capacity *capacity, const char *user,
	      struct kt_advices *ret);
