/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Which part of the host a VM gets, and its threads' places there. Planned when
 * the VM is built, with locks that are dropped at once, so that others can run
 * in between; locked again just before the vCPUs start.
 *
 *	plan -> take -> enter -> (place_vcpu, by each) -> leave -> drop
 */

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/log.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "host/host_topology.h"
#include "host/reservation.h"
#include "topology/topology.h"

enum kt_sharing_mode {
	KT_SHARING_DEFAULT,     /* a window of CPUs, as long as one is free */
	KT_SHARING_PERFORMANCE, /* LLCs of its own, a CPU for each vCPU */
	KT_SHARING_NO_PERF,     /* a number of CPUs, in LLCs that are shared */
};

/* What the configuration says. */
struct kt_sharing_wish {
	enum kt_sharing_mode mode;
	uint32_t cpu_cap;     /* KT_BUDGET_NO_CAP: the default; no-perf mode */
	bool bypass;          /* no plan and no locks; no-perf mode */
	bool share_when_busy; /* rather than contention; default mode */
};

struct kt_sharing {
	struct kt_sharing_wish wish;
	const struct ktstr_log *log;   /* borrowed */
	struct kt_host_topology *host; /* NULL: nothing is planned or locked */
	uint32_t n_vcpus;
	bool fifo; /* performance mode, and it may be used */

	struct kt_pinning pinning; /* performance mode */
	struct kt_bitmap *nodes;   /* likewise: by node of the guest */
	uint32_t n_nodes;
	struct kt_budget_plan budget; /* no-perf mode */
	struct kt_share window;       /* default mode, while it runs */

	struct kt_locks locks;
	atomic_bool complained; /* a thread could not be placed */

	/* Of the thread that entered. */
	bool entered;
	cpu_set_t *old_cpus;
	size_t old_cpus_bytes;
	int old_policy;
	struct sched_param old_param;
};

/*
 * The wish, out of the configuration and the environment. `cpu_cap` is
 * KT_BUDGET_NO_CAP where none is given. -EINVAL with what is contradictory.
 */
int kt_sharing_wish(bool performance_mode, bool no_perf_mode, uint32_t cpu_cap,
		    struct kt_sharing_wish *ret, struct ktstr_error *err);

/*
 * Plans, and warns of what is not as good as it could be. `memory_mib` 0: not
 * known yet. On return no lock is held. -EBUSY is contention. `sharing` is
 * zeroed, and to be deinitialised also after a failure.
 */
int kt_sharing_plan(struct kt_sharing *sharing,
		    const struct kt_sharing_wish *wish,
		    const struct kt_topology *guest, uint32_t memory_mib,
		    const struct ktstr_log *log, struct ktstr_error *err);
void kt_sharing_deinit(struct kt_sharing *sharing);

/* Locks what was planned. -EBUSY is contention. */
int kt_sharing_take(struct kt_sharing *sharing, struct ktstr_error *err);
void kt_sharing_drop(struct kt_sharing *sharing);

/*
 * Puts the calling thread, and those that it starts, where they belong; leave()
 * puts it back. Each vCPU's thread then goes to its own place by itself.
 */
void kt_sharing_enter(struct kt_sharing *sharing);
void kt_sharing_leave(struct kt_sharing *sharing);
void kt_sharing_place_vcpu(struct kt_sharing *sharing, uint32_t vcpu);

static inline bool kt_sharing_is_performance(const struct kt_sharing *sharing)
{
	return sharing->wish.mode == KT_SHARING_PERFORMANCE;
}

/* How many CPUs of the host the vCPUs have together. */
uint32_t kt_sharing_cpus(const struct kt_sharing *sharing);
