// SPDX-License-Identifier: GPL-2.0-only
#include "host/window.h"

#include <errno.h>
#include <stdlib.h>

void kt_windows_deinit(struct kt_windows *windows)
{
	free(windows->cpus);
	free(windows->starts);
	*windows = (struct kt_windows){ 0 };
}

static bool begins_llc(const struct kt_windows *w, size_t at)
{
	return at == 0 || w->cpus[at].llc != w->cpus[at - 1].llc;
}

static bool ends_llc(const struct kt_windows *w, size_t end)
{
	return end == w->n_cpus || begins_llc(w, end);
}

/* Not cut off from an LLC that it has a part of already. */
static bool lies_well(const struct kt_windows *w, size_t start)
{
	size_t last = start + w->length - 1;

	if (!begins_llc(w, start))
		return false;
	return w->cpus[start].llc == w->cpus[last].llc || ends_llc(w, last + 1);
}

/* The pass in which a window is tried; see the header. */
static unsigned int rank_of(const struct kt_windows *w, size_t start)
{
	if (lies_well(w, start))
		return 0;
	if (start == 0 || w->cpus[start].core != w->cpus[start - 1].core)
		return 1;
	return 2;
}

int kt_windows_init(struct kt_windows *windows,
		    const struct kt_host_topology *host, uint32_t n_vcpus)
{
	struct kt_windows w = { .length = n_vcpus };

	w.cpus = calloc(host->n_cpus, sizeof(*w.cpus));
	w.starts = calloc(host->n_cpus, sizeof(*w.starts));
	if (!w.cpus || !w.starts) {
		kt_windows_deinit(&w);
		return -ENOMEM;
	}
	for (size_t i = 0; i < host->n_cpus; i++) {
		if (host->cpus[i].allowed)
			w.cpus[w.n_cpus++] = host->cpus[i];
	}
	for (unsigned int pass = 0; pass < 3; pass++) {
		for (size_t at = 0; at + w.length <= w.n_cpus; at++) {
			if (rank_of(&w, at) == pass)
				w.starts[w.n_starts++] = at;
		}
	}
	*windows = w;
	return 0;
}
