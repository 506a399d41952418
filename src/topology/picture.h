/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A machine drawn in text: nodes hold LLCs, LLCs hold cores, and a core is
 * shown as the ids of its CPUs:
 *
 *	+- node 0: 512 MiB ---------------------+
 *	| +- LLC 0 ---------+ +- LLC 1 -------+ |
 *	| | [0 1] [2 3]     | | [4 5] [6 7]   | |
 *	| +-----------------+ +---------------+ |
 *	+---------------------------------------+
 *
 * The picture knows neither a declared topology nor a host's, so that both
 * look alike.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "topology/topology.h"

/* CPUs with equal numbers share that level; the numbers are machine-wide. */
struct kt_picture_cpu {
	uint32_t id;
	uint32_t core;
	uint32_t llc;
	uint32_t node; /* index into `nodes` */
};

struct kt_picture_node {
	uint32_t id;
	char text[96]; /* behind "node N", may be empty */
};

struct kt_picture {
	struct kt_picture_cpu *cpus; /* ordered by node, LLC, core */
	size_t n_cpus;
	struct kt_picture_node *nodes;
	size_t n_nodes;
	uint32_t *distances; /* n_nodes x n_nodes, or NULL: not known */
};

void kt_picture_deinit(struct kt_picture *picture);
#define _cleanup_picture_ _cleanup_(kt_picture_deinit)

/* Makes room for so many CPUs and nodes, all zero. 0 or -ENOMEM. */
int kt_picture_init(struct kt_picture *picture, size_t n_cpus, size_t n_nodes,
		    bool distances);

/* A declared topology; with what its nodes declare, if there is a list. */
int kt_picture_of_topology(struct kt_picture *picture,
			   const struct kt_topology *topology,
			   bool has_node_list);

/* Above so many CPUs an LLC is a line instead of a box. */
#define KT_PICTURE_BOXES_MAX 128

/*
 * Appends the picture, at most `columns` wide if it can be; with lines of
 * Unicode's box drawing, or of ASCII.
 */
void kt_picture_print(struct kt_strbuf *sb, const struct kt_picture *picture,
		      unsigned int columns, bool unicode);
