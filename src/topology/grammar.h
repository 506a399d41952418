/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Topologies as text.
 *
 *	topology  = preset | NODES "n" (LLCS "l" | node...) CORES "c" THREADS
 *		    "t" [";d=" distance {"," distance}]
 *	node      = "(" LLCS "l" {"," attribute} ")"
 *	attribute = memory | "lat=" NS | "bw=" MBS | "cache=" cache
 *	memory    = NUMBER ("M" | "G" | "T")
 *	cache     = NUMBER ["B" | "K" | "M" | "G" | "T"] {"/" detail}
 *	detail    = "direct" | "complex" | "aN"		(associativity)
 *		  | "wb" | "wt" | "wN"			(write policy)
 *		  | BYTES				(line size)
 *
 * "2n4l4c2t": 2 nodes, 4 LLCs in all, 4 cores an LLC, 2 threads a core.
 * "2n(3l,512M)(0l,1G,lat=250,cache=64M/direct/wb/64)4c2t;d=10,21,21,10": one
 * pair of parentheses a node, with the node's own LLCs; 0l is a node of memory
 * only. Distances go row by row. N stands for the 4-bit value that ACPI has
 * reserved but not named yet. No blanks.
 */

#include <stddef.h>

#include <ktstr/topology.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/strbuf.h"

/* A declaration that owns what it points to. */
struct kt_topology_text {
	struct ktstr_topology topology; /* borrows the two below */
	struct ktstr_numa_node *nodes;
	uint8_t *distances;
};

void kt_topology_text_deinit(struct kt_topology_text *text);
#define _cleanup_topology_text_ _cleanup_(kt_topology_text_deinit)

/*
 * Reads a topology, or the name of a preset, and checks that it is one that
 * kt_topology_from_public() takes. -EINVAL with a message that shows the place
 * in the text, on lines of its own; -ENOMEM.
 */
int kt_topology_parse(const char *text, struct kt_topology_text *ret,
		      struct ktstr_error *err);

/*
 * Appends the text of a valid declaration. Parsing it gives an equal
 * declaration, and printing that the same text.
 */
void kt_topology_print(struct kt_strbuf *sb,
		       const struct ktstr_topology *declared);

/* A named topology of the gauntlet. */
struct kt_topology_preset {
	const char *name;
	struct ktstr_topology topology;
};

/* All of them, from small to large; constant. */
const struct kt_topology_preset *kt_topology_presets(size_t *ret_n);

/* NULL when there is none of that name. */
const struct kt_topology_preset *kt_topology_preset(const char *name);
