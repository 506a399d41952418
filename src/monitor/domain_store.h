/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Snapshots of domains, of which some are kept: see sample_store.h. */

#include <stddef.h>

#include "monitor/domains.h"

struct kt_domain_store {
	struct ktstr_domain_snapshot *snapshots;
	size_t n;
	uint64_t n_seen;
	uint64_t stride;
	uint64_t n_dropped; /* that could not be read, or were torn */
};

#define KT_DOMAIN_SNAPSHOTS_MAX 16

/* Takes one of all CPUs, or lets this one be. -ENOMEM, or as kt_domains_take(). */
int kt_domain_store_take(struct kt_domain_store *store,
			 struct kt_guest_kernel *kernel);
void kt_domain_store_deinit(struct kt_domain_store *store);

void kt_domain_snapshot_deinit(struct ktstr_domain_snapshot *snapshot);
