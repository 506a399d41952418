/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What this test holds against the guest: declarations, each written down
 * twice, once as ktstr's text and once as numbers. What the numbers mean is
 * worked out here, by none of the code under test.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define SHAPE_MAX_NODES 8

struct shape_node {
	uint32_t llcs;
	uint32_t memory_mib;
	uint32_t latency_ns;
	uint32_t bandwidth_mbs;
	uint64_t cache_bytes;
	uint32_t cache_line;
	uint32_t cache_indexing; /* as in sysfs: 0 direct, 1 indexed, 2 other */
	uint32_t cache_policy;   /* as in sysfs: 0 back, 1 through, 2 other */
};

struct shape {
	const char *name;
	const char *text; /* for --topology */
	uint32_t cores;
	uint32_t threads;
	uint32_t n_nodes;
	struct shape_node nodes[SHAPE_MAX_NODES];
	const uint8_t *distances; /* NULL: 10 and 20 */
	const char *vendor;       /* KTSTR_CPU_VENDOR, or NULL */
	const char *cmdline;      /* more of the kernel's, or NULL */
	/* With maxcpus=1: the CPUs that the guest brings up by hand. */
	const uint32_t *extra_cpus;
	size_t n_extra_cpus;
	bool slow; /* only when asked for by name */
};

extern const struct shape shapes[];
extern const size_t n_shapes;

uint32_t shape_cpus(const struct shape *shape);
uint32_t shape_memory_mib(const struct shape *shape);
uint8_t shape_distance(const struct shape *shape, uint32_t from, uint32_t to);

/* Appends all lines "FILE:VALUE" that the guest's sysfs must show. */
void shape_facts(const struct shape *shape, struct kt_strbuf *ret);

/* Appends the lines "NODE FIRST-LAST" of the memory that SRAT must list. */
void shape_memory_ranges(const struct shape *shape, struct kt_strbuf *ret);
