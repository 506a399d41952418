// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/sample_store.h"

void kt_sample_store_init(struct kt_sample_store *store, uint32_t n_cpus,
			  size_t max_bytes)
{
	size_t bytes = sizeof(struct ktstr_monitor_sample) +
		       n_cpus * sizeof(struct ktstr_cpu_sample);

	*store = (struct kt_sample_store){
		.max = KT_MAX(max_bytes / bytes, (size_t)2),
		.n_cpus = n_cpus,
		.stride = 1,
	};
}

void kt_sample_store_deinit(struct kt_sample_store *store)
{
	for (size_t i = 0; i < store->n; i++)
		free(store->samples[i].cpus);
	free(store->samples);
	*store = (struct kt_sample_store){ 0 };
}

static void thin_out(struct kt_sample_store *store)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->n; i++) {
		if (i % 2)
			free(store->samples[i].cpus);
		else
			store->samples[kept++] = store->samples[i];
	}
	store->n = kept;
	store->stride *= 2;
}

int kt_sample_store_add(struct kt_sample_store *store,
			const struct ktstr_monitor_sample *sample)
{
	size_t bytes = store->n_cpus * sizeof(*sample->cpus);
	struct ktstr_monitor_sample copy = *sample, *grown;

	if (store->n_seen++ % store->stride)
		return 0;
	if (store->n == store->max) {
		thin_out(store);
		if ((store->n_seen - 1) % store->stride)
			return 0;
	}
	grown = reallocarray(store->samples, store->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	store->samples = grown;
	copy.cpus = malloc(bytes);
	if (!copy.cpus)
		return -ENOMEM;
	memcpy(copy.cpus, sample->cpus, bytes);
	grown[store->n++] = copy;
	return 0;
}
