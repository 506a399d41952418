// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/macro.h"
#include "topology/grammar.h"

#define PRESET(name_, nodes, llcs_, cores, threads)                            \
	{                                                                      \
		.name = (name_),                                               \
		.topology = {                                                  \
			.numa_nodes = (nodes),                                 \
			.llcs = (llcs_),                                       \
			.cores_per_llc = (cores),                              \
			.threads_per_core = (threads),                         \
		},                                                             \
	}

/* A -nosmt twin has as many CPUs: the threads become cores. */
static const struct kt_topology_preset presets[] = {
	PRESET("tiny-1llc", 1, 1, 4, 1),
	PRESET("tiny-2llc", 1, 2, 2, 1),
	PRESET("odd-3llc", 1, 3, 3, 1),
	PRESET("odd-5llc", 1, 5, 3, 1),
	PRESET("odd-7llc", 1, 7, 2, 1),
	PRESET("smt-2llc", 1, 2, 2, 2),
	PRESET("smt-3llc", 1, 3, 2, 2),
	PRESET("medium-4llc", 1, 4, 4, 2),
	PRESET("medium-4llc-nosmt", 1, 4, 8, 1),
	PRESET("medium-8llc", 1, 8, 4, 2),
	PRESET("medium-8llc-nosmt", 1, 8, 8, 1),
	PRESET("large-4llc", 1, 4, 16, 2),
	PRESET("large-4llc-nosmt", 1, 4, 32, 1),
	PRESET("large-8llc", 1, 8, 8, 2),
	PRESET("large-8llc-nosmt", 1, 8, 16, 1),
	PRESET("near-max-llc", 1, 15, 8, 2),
	PRESET("near-max-llc-nosmt", 1, 15, 16, 1),
	PRESET("max-cpu", 1, 14, 9, 2),
	PRESET("max-cpu-nosmt", 1, 14, 18, 1),
	PRESET("numa2-4llc", 2, 4, 4, 1),
	PRESET("numa2-8llc", 2, 8, 8, 2),
	PRESET("numa2-8llc-nosmt", 2, 8, 16, 1),
	PRESET("numa4-8llc", 4, 8, 4, 1),
	PRESET("numa4-12llc", 4, 12, 8, 2),
};

const struct kt_topology_preset *kt_topology_presets(size_t *ret_n)
{
	*ret_n = KT_ARRAY_SIZE(presets);
	return presets;
}

const struct kt_topology_preset *kt_topology_preset(const char *name)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(presets); i++) {
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	}
	return NULL;
}
