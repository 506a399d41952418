// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "monitor/domain_store.h"

void kt_domain_snapshot_deinit(struct ktstr_domain_snapshot *snapshot)
{
	free(snapshot->n_domains);
	free(snapshot->domains);
	*snapshot = (struct ktstr_domain_snapshot){ 0 };
}
#define _cleanup_snapshot_ _cleanup_(kt_domain_snapshot_deinit)

void kt_domain_store_deinit(struct kt_domain_store *store)
{
	for (size_t i = 0; i < store->n; i++)
		kt_domain_snapshot_deinit(&store->snapshots[i]);
	free(store->snapshots);
	*store = (struct kt_domain_store){ 0 };
}

static int take(struct kt_guest_kernel *kernel, struct ktstr_domain_snapshot *ret)
{
	_cleanup_snapshot_ struct ktstr_domain_snapshot snapshot = {
		.host_ns = kt_now_ns(),
		.n_domains = calloc(kernel->n_cpus, sizeof(*snapshot.n_domains)),
	};
	size_t total = 0;

	if (!snapshot.n_domains)
		return -ENOMEM;
	for (uint32_t cpu = 0; cpu < kernel->n_cpus; cpu++) {
		struct ktstr_sched_domain chain[KT_DOMAINS_MAX], *grown;
		uint32_t n;
		int r = kt_domains_take(kernel, cpu, chain, &n);

		if (r)
			return r;
		grown = reallocarray(snapshot.domains, total + n + 1,
				     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		snapshot.domains = grown;
		memcpy(grown + total, chain, n * sizeof(*chain));
		snapshot.n_domains[cpu] = n;
		total += n;
	}
	snapshot.took_ns = kt_now_ns() - snapshot.host_ns;
	*ret = snapshot;
	snapshot = (struct ktstr_domain_snapshot){ 0 };
	return 0;
}

static void thin_out(struct kt_domain_store *store)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->n; i++) {
		if (i % 2)
			kt_domain_snapshot_deinit(&store->snapshots[i]);
		else
			store->snapshots[kept++] = store->snapshots[i];
	}
	store->n = kept;
	store->stride *= 2;
}

static int add(struct kt_domain_store *store,
	       struct ktstr_domain_snapshot *snapshot)
{
	if (!store->snapshots) {
		store->snapshots = calloc(KT_DOMAIN_SNAPSHOTS_MAX,
					  sizeof(*store->snapshots));
		if (!store->snapshots)
			return -ENOMEM;
	}
	store->snapshots[store->n++] = *snapshot;
	*snapshot = (struct ktstr_domain_snapshot){ 0 };
	return 0;
}

int kt_domain_store_take(struct kt_domain_store *store,
			 struct kt_guest_kernel *kernel)
{
	_cleanup_snapshot_ struct ktstr_domain_snapshot snapshot = { 0 };
	uint64_t nth = store->n_seen++;
	int r;

	if (!store->stride)
		store->stride = 1;
	if (store->n == KT_DOMAIN_SNAPSHOTS_MAX)
		thin_out(store);
	if (nth % store->stride)
		return 0;
	r = take(kernel, &snapshot);
	if (r)
		store->n_dropped++;
	return r ? r : add(store, &snapshot);
}
