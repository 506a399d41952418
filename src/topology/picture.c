// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/macro.h"
#include "topology/picture.h"

/* The lines that boxes are made of. */
struct lines {
	const char *horizontal, *vertical;
	const char *top_left, *top_right, *bottom_left, *bottom_right;
};

static const struct lines ascii_lines = {"-", "|", "+", "+", "+", "+"};
static const struct lines unicode_lines = {"─", "│", "┌", "┐", "└", "┘"};

/* Every LLC gets a box of one size, so that they stand in rows. */
struct layout {
	const struct lines *lines;
	unsigned int id_width;     /* of a CPU's id */
	unsigned int max_threads;  /* of a core */
	unsigned int cell_width;   /* of a core: "[0 1]" */
	unsigned int cells_in_row; /* of an LLC's box */
	unsigned int llc_width;    /* inside its box */
	unsigned int boxes_in_row; /* of a node's box */
	unsigned int node_width;   /* inside its box */
};

/* A run of CPUs of one LLC, or of one core. */
struct run {
	const struct kt_picture_cpu *cpus;
	size_t n;
};

void kt_picture_deinit(struct kt_picture *picture)
{
	free(picture->cpus);
	free(picture->nodes);
	free(picture->distances);
	*picture = (struct kt_picture){0};
}

int kt_picture_init(struct kt_picture *picture, size_t n_cpus, size_t n_nodes,
		    bool distances)
{
	*picture = (struct kt_picture){
		.cpus = calloc(n_cpus, sizeof(*picture->cpus)),
		.n_cpus = n_cpus,
		.nodes = calloc(n_nodes, sizeof(*picture->nodes)),
		.n_nodes = n_nodes,
	};
	if (distances)
		picture->distances =
			calloc(n_nodes * n_nodes, sizeof(*picture->distances));
	if (picture->cpus && picture->nodes && (picture->distances || !distances))
		return 0;
	kt_picture_deinit(picture);
	return -ENOMEM;
}

static void describe_node(struct kt_picture_node *to,
			  const struct kt_topology_node *node, bool has_node_list)
{
	char *text = to->text;
	size_t room = sizeof(to->text), used = 0;

	if (node->memory_mib)
		used += (size_t)snprintf(text, room, "%u MiB", node->memory_mib);
	if (has_node_list)
		used += (size_t)snprintf(text + used, room - used,
					 "%s%u ns, %u MB/s", used ? ", " : "",
					 node->latency_ns, node->bandwidth_mbs);
	if (node->cache.size_bytes)
		snprintf(text + used, room - used, ", %" PRIu64 " KiB cache",
			 node->cache.size_bytes / 1024);
}

int kt_picture_of_topology(struct kt_picture *picture,
			   const struct kt_topology *topology, bool has_node_list)
{
	size_t n = topology->n_nodes;
	int r = kt_picture_init(picture, topology->n_cpus, n, n > 1);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < topology->n_cpus; i++) {
		struct kt_topology_place place = kt_topology_cpu(topology, i);

		picture->cpus[i] = (struct kt_picture_cpu){
			.id = i,
			/* Unique in the machine: the first CPU of the core. */
			.core = i - place.thread,
			.llc = place.llc,
			.node = place.node,
		};
	}
	for (uint32_t i = 0; i < n; i++) {
		picture->nodes[i].id = i;
		describe_node(&picture->nodes[i], &topology->nodes[i],
			      has_node_list);
	}
	for (size_t i = 0; picture->distances && i < n * n; i++)
		picture->distances[i] = topology->distances[i];
	return 0;
}

static bool next_llc(const struct run *of, size_t *at, struct run *ret)
{
	size_t start = *at;

	if (start == of->n)
		return false;
	while (*at < of->n && of->cpus[*at].llc == of->cpus[start].llc)
		(*at)++;
	*ret = (struct run){of->cpus + start, *at - start};
	return true;
}

static bool next_core(const struct run *of, size_t *at, struct run *ret)
{
	size_t start = *at;

	if (start == of->n)
		return false;
	while (*at < of->n && of->cpus[*at].core == of->cpus[start].core)
		(*at)++;
	*ret = (struct run){of->cpus + start, *at - start};
	return true;
}

/* The CPUs of a node; none for one that has memory only. */
static struct run run_of_node(const struct kt_picture *picture, size_t node)
{
	struct run run = {picture->cpus, 0};
	size_t at = 0;

	while (at < picture->n_cpus && picture->cpus[at].node != node)
		at++;
	run.cpus = picture->cpus + at;
	while (at < picture->n_cpus && picture->cpus[at].node == node) {
		run.n++;
		at++;
	}
	return run;
}

static size_t count_cores(const struct run *run)
{
	size_t at = 0, n = 0;
	struct run core;

	while (next_core(run, &at, &core))
		n++;
	return n;
}

static size_t count_llcs(const struct run *run)
{
	size_t at = 0, n = 0;
	struct run llc;

	while (next_llc(run, &at, &llc))
		n++;
	return n;
}

static unsigned int digits(uint32_t value)
{
	return (unsigned int)snprintf(NULL, 0, "%u", value);
}

static unsigned int title_length(const struct kt_picture_node *node)
{
	return (unsigned int)snprintf(NULL, 0, "node %u: %s", node->id,
				      node->text);
}

/* Squarish boxes, but rows of four cores at least. */
static unsigned int cells_for(unsigned int cores)
{
	unsigned int cells = 4;

	while (cells * cells < cores)
		cells++;
	return KT_MIN(cells, cores);
}

static struct layout lay_out(const struct kt_picture *picture,
			     unsigned int columns, bool unicode)
{
	const unsigned int borders = 4; /* "| " and " |" */
	struct layout l = {
		.lines = unicode ? &unicode_lines : &ascii_lines,
	};
	unsigned int max_cores = 1, max_llcs = 1, box, n;

	for (size_t i = 0; i < picture->n_nodes; i++) {
		struct run node = run_of_node(picture, i), llc, core;
		size_t at = 0;

		n = (unsigned int)count_llcs(&node);
		max_llcs = KT_MAX(max_llcs, n);
		while (next_llc(&node, &at, &llc)) {
			size_t core_at = 0;

			n = (unsigned int)count_cores(&llc);
			max_cores = KT_MAX(max_cores, n);
			n = digits(llc.cpus->llc) + 6; /* "LLC N" */
			l.llc_width = KT_MAX(l.llc_width, n);
			while (next_core(&llc, &core_at, &core)) {
				n = (unsigned int)core.n;
				l.max_threads = KT_MAX(l.max_threads, n);
			}
		}
		l.node_width = KT_MAX(l.node_width,
				      title_length(&picture->nodes[i]) + 2);
	}
	for (size_t i = 0; i < picture->n_cpus; i++)
		l.id_width = KT_MAX(l.id_width, digits(picture->cpus[i].id));
	l.cell_width = l.max_threads * (l.id_width + 1) + 1;

	l.cells_in_row = cells_for(max_cores);
	while (l.cells_in_row > 1 &&
	       l.cells_in_row * (l.cell_width + 1) - 1 + 2 * borders > columns)
		l.cells_in_row--;
	l.llc_width =
		KT_MAX(l.llc_width, l.cells_in_row * (l.cell_width + 1) - 1);
	box = l.llc_width + borders + 1; /* and the gap behind it */
	n = columns > borders ? (columns - borders + 1) / box : 0;
	n = KT_MAX(n, 1u);
	l.boxes_in_row = KT_MIN(n, max_llcs);
	l.node_width = KT_MAX(l.node_width, l.boxes_in_row * box - 1);
	return l;
}

static void repeat(struct kt_strbuf *sb, const char *text, unsigned int times)
{
	while (times-- > 0)
		kt_strbuf_add(sb, text);
}

/* "+- title ----+" of `width` columns inside "| " and " |". */
static void print_top(struct kt_strbuf *sb, const struct lines *lines,
		      const char *title, unsigned int width)
{
	kt_strbuf_addf(sb, "%s%s %s ", lines->top_left, lines->horizontal, title);
	repeat(sb, lines->horizontal, width - (unsigned int)strlen(title) - 1);
	kt_strbuf_add(sb, lines->top_right);
}

static void print_bottom(struct kt_strbuf *sb, const struct lines *lines,
			 unsigned int width)
{
	kt_strbuf_add(sb, lines->bottom_left);
	repeat(sb, lines->horizontal, width + 2);
	kt_strbuf_add(sb, lines->bottom_right);
}

static void print_core(struct kt_strbuf *sb, const struct layout *l,
		       const struct run *core)
{
	kt_strbuf_add_char(sb, '[');
	for (size_t i = 0; i < l->max_threads; i++) {
		if (i > 0)
			kt_strbuf_add_char(sb, ' ');
		if (i < core->n)
			kt_strbuf_addf(sb, "%*u", (int)l->id_width,
				       core->cpus[i].id);
		else
			kt_strbuf_addf(sb, "%*s", (int)l->id_width, "");
	}
	kt_strbuf_add_char(sb, ']');
}

/* Line `row` of the cores of an LLC, with its borders. */
static void print_cells(struct kt_strbuf *sb, const struct layout *l,
			const struct run *llc, unsigned int row)
{
	unsigned int first = row * l->cells_in_row, cell = 0, used = 0;
	struct run core;
	size_t at = 0;

	kt_strbuf_addf(sb, "%s ", l->lines->vertical);
	while (next_core(llc, &at, &core)) {
		if (cell >= first && cell < first + l->cells_in_row) {
			if (cell > first) {
				kt_strbuf_add_char(sb, ' ');
				used++;
			}
			print_core(sb, l, &core);
			used += l->cell_width;
		}
		cell++;
	}
	kt_strbuf_addf(sb, "%*s %s", (int)(l->llc_width - used), "",
		       l->lines->vertical);
}

/* Some LLCs side by side; lines of the node's box around them. */
static void print_llc_row(struct kt_strbuf *sb, const struct layout *l,
			  const struct run *llcs, unsigned int n)
{
	unsigned int rows = 0, box = l->llc_width + 5;
	unsigned int rest = l->node_width - (n * box - 1);

	for (unsigned int i = 0; i < n; i++) {
		unsigned int cores = (unsigned int)count_cores(&llcs[i]);

		rows = KT_MAX(rows,
			      (cores + l->cells_in_row - 1) / l->cells_in_row);
	}
	for (unsigned int line = 0; line < rows + 2; line++) {
		kt_strbuf_addf(sb, "%s ", l->lines->vertical);
		for (unsigned int i = 0; i < n; i++) {
			char title[32];

			if (i > 0)
				kt_strbuf_add_char(sb, ' ');
			snprintf(title, sizeof(title), "LLC %u",
				 llcs[i].cpus->llc);
			if (line == 0)
				print_top(sb, l->lines, title, l->llc_width);
			else if (line == rows + 1)
				print_bottom(sb, l->lines, l->llc_width);
			else
				print_cells(sb, l, &llcs[i], line - 1);
		}
		kt_strbuf_addf(sb, "%*s %s\n", (int)rest, "", l->lines->vertical);
	}
}

static void title_of(const struct kt_picture_node *node, char *title, size_t bytes)
{
	snprintf(title, bytes, node->text[0] ? "node %u: %s" : "node %u",
		 node->id, node->text);
}

static void print_node_box(struct kt_strbuf *sb, const struct layout *l,
			   const struct kt_picture *picture, size_t index)
{
	struct run node = run_of_node(picture, index), llcs[64];
	unsigned int n = 0, most = KT_MIN(l->boxes_in_row,
					  (unsigned int)KT_ARRAY_SIZE(llcs));
	char title[128];
	size_t at = 0;

	title_of(&picture->nodes[index], title, sizeof(title));
	print_top(sb, l->lines, title, l->node_width);
	kt_strbuf_add_char(sb, '\n');
	while (next_llc(&node, &at, &llcs[n])) {
		if (++n < most)
			continue;
		print_llc_row(sb, l, llcs, n);
		n = 0;
	}
	if (n > 0)
		print_llc_row(sb, l, llcs, n);
	if (node.n == 0)
		kt_strbuf_addf(sb, "%s %-*s %s\n", l->lines->vertical,
			       (int)l->node_width, "memory only",
			       l->lines->vertical);
	print_bottom(sb, l->lines, l->node_width);
	kt_strbuf_add_char(sb, '\n');
}

/* A line an LLC, for machines whose boxes would fill many screens. */
static void print_node_lines(struct kt_strbuf *sb,
			     const struct kt_picture *picture, size_t index)
{
	struct run node = run_of_node(picture, index), llc;
	char title[128];
	size_t at = 0;

	title_of(&picture->nodes[index], title, sizeof(title));
	kt_strbuf_addf(sb, "%s%s\n", title, node.n ? "" : ", memory only");
	while (next_llc(&node, &at, &llc)) {
		_cleanup_bitmap_ struct kt_bitmap cpus = {0};
		size_t cores = count_cores(&llc);

		for (size_t i = 0; i < llc.n; i++) {
			if (kt_bitmap_set(&cpus, llc.cpus[i].id) < 0)
				sb->failed = true;
		}
		kt_strbuf_addf(sb, "  LLC %u: %zu core%s, %zu CPU%s: ",
			       llc.cpus->llc, cores, cores == 1 ? "" : "s",
			       llc.n, llc.n == 1 ? "" : "s");
		kt_cpulist_print(sb, &cpus);
		kt_strbuf_add_char(sb, '\n');
	}
}

static void print_distances(struct kt_strbuf *sb, const struct kt_picture *picture)
{
	size_t n = picture->n_nodes;

	kt_strbuf_add(sb, "\ndistances");
	for (size_t i = 0; i < n; i++)
		kt_strbuf_addf(sb, " %4u", picture->nodes[i].id);
	kt_strbuf_add_char(sb, '\n');
	for (size_t i = 0; i < n; i++) {
		kt_strbuf_addf(sb, "%9u", picture->nodes[i].id);
		for (size_t j = 0; j < n; j++)
			kt_strbuf_addf(sb, " %4u", picture->distances[i * n + j]);
		kt_strbuf_add_char(sb, '\n');
	}
}

void kt_picture_print(struct kt_strbuf *sb, const struct kt_picture *picture,
		      unsigned int columns, bool unicode)
{
	struct layout l = lay_out(picture, columns, unicode);

	for (size_t i = 0; i < picture->n_nodes; i++) {
		if (picture->n_cpus > KT_PICTURE_BOXES_MAX)
			print_node_lines(sb, picture, i);
		else
			print_node_box(sb, &l, picture, i);
	}
	if (picture->distances)
		print_distances(sb, picture);
}
