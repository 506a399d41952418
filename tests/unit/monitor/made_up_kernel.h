/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A made-up guest whose kernel can be opened: per-CPU areas, runqueues, and a
 * scheduler with counters.
 */

#include "made_up_guest.h"
#include "made_up_types.h"
#include "monitor/kernel.h"

#define MADE_UP_CPUS 3

struct made_up_kernel_guest {
	struct made_up_guest guest;
	const void *btf;
	uint32_t btf_bytes;
	struct kt_kernel_types types;
	struct kt_guest_kernel kernel;
};

/* Opened. */
void made_up_kernel_init(struct made_up_kernel_guest *made_up,
			 enum made_up_kernel which);
/* Not opened: for what cannot be. */
void made_up_kernel_prepare(struct made_up_kernel_guest *made_up,
			    enum made_up_kernel which);
int made_up_kernel_open(struct made_up_kernel_guest *made_up,
			struct ktstr_error *err);
void made_up_kernel_deinit(struct made_up_kernel_guest *made_up);

/* Addresses of what the guest holds. */
uint64_t made_up_rq(uint32_t cpu);
uint64_t made_up_scx_root(void);  /* the pointer */
uint64_t made_up_scx_sched(void); /* what it is to point to */
/* The sched_ext watchdog's time, in jiffies. */
uint64_t made_up_watchdog(enum made_up_kernel which);
uint64_t made_up_counters(uint32_t cpu, enum made_up_kernel which);
