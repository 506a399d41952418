/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "test.h"
#include "topology/grammar.h"
#include "topology/topology.h"

/* The topology that a text describes, with memory shared out. */
static inline struct kt_topology *shape(const char *text, uint32_t memory_mib)
{
	_cleanup_topology_text_ struct kt_topology_text parsed = {0};
	struct kt_topology *topology = NULL;
	struct ktstr_error err = {0};

	if (kt_topology_parse(text, &parsed, &err) < 0 ||
	    kt_topology_from_public(&parsed.topology, &topology, &err) < 0 ||
	    kt_topology_assign_memory(topology, memory_mib, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return topology;
}
