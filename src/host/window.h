/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The default mode: as many CPUs as the guest has, side by side, which nobody
 * else of this mode uses; their LLCs are shared. Pure: which window is free is
 * found out by whoever locks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host_topology.h"

/*
 * Windows to be tried in order. First those that begin where an LLC does, if
 * they end within it or fill it, so that guests that can have an LLC each do;
 * then those that begin where a core does; then all others.
 */
struct kt_windows {
	struct kt_host_cpu *cpus; /* those that this process may use */
	size_t n_cpus;
	size_t length;   /* CPUs of each window */
	size_t *starts;  /* indices into `cpus` */
	size_t n_starts; /* 0: more vCPUs than CPUs, all are to be shared */
};

void kt_windows_deinit(struct kt_windows *windows);
#define _cleanup_windows_ _cleanup_(kt_windows_deinit)

/* 0 or -ENOMEM. */
int kt_windows_init(struct kt_windows *windows,
		    const struct kt_host_topology *host, uint32_t n_vcpus);
