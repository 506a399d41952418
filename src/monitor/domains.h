/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The scheduling domains of a guest's CPUs (Documentation/scheduler/
 * sched-domains.rst), from each CPU's lowest one up.
 */

#include <ktstr/monitor.h>

#include "monitor/kernel.h"

/* A chain that is longer is none: the kernel has a level for each step from
 * SMT to the whole of NUMA. */
#define KT_DOMAINS_MAX 16

/*
 * Fills in up to KT_DOMAINS_MAX of one CPU's domains. -EFAULT when one cannot
 * be read, -ERANGE when what is read is no chain: it does not widen, names more
 * CPUs than there are, or does not end. A domain that is freed meanwhile, as
 * when CPUs come and go, may show as either. -ENOENT: this kernel's have
 * another form.
 */
int kt_domains_take(struct kt_guest_kernel *kernel, uint32_t cpu,
		    struct ktstr_sched_domain ret[KT_DOMAINS_MAX],
		    uint32_t *ret_n);
