// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "host/host_topology.h"
#include "topology/grammar.h"
#include "topology/picture.h"
#include "topology/topology.h"

struct topo_values {
	bool ascii;
};

static const struct kt_option topo_options[] = {
	{
		.name = "ascii",
		.type = KT_OPTION_FLAG,
		.offset = offsetof(struct topo_values, ascii),
		.help = "Draw with ASCII characters. That is also done where "
			"the locale is not UTF-8.",
	},
	{0},
};

/* What a terminal shows well; the C locale's is plain ASCII. */
static bool locale_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") ||
			       strcasestr(value, "utf8");
	}
	return false;
}

static void count(struct kt_strbuf *sb, size_t n, const char *what)
{
	kt_strbuf_addf(sb, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

static void print_counts(struct kt_strbuf *sb, const struct kt_picture *picture)
{
	const struct kt_picture_cpu *cpus = picture->cpus;
	size_t llcs = 0, cores = 0;

	for (size_t i = 0; i < picture->n_cpus; i++) {
		llcs += i == 0 || cpus[i].llc != cpus[i - 1].llc;
		cores += i == 0 || cpus[i].core != cpus[i - 1].core;
	}
	count(sb, picture->n_nodes, "node");
	kt_strbuf_add(sb, ", ");
	count(sb, llcs, "LLC");
	kt_strbuf_add(sb, ", ");
	count(sb, cores, "core");
	kt_strbuf_add(sb, ", ");
	count(sb, picture->n_cpus, "CPU");
	kt_strbuf_add(sb, "\n\n");
}

static int draw_declared(const char *text, struct kt_strbuf *sb,
			 struct kt_picture *picture, struct ktstr_error *err)
{
	_cleanup_topology_text_ struct kt_topology_text declared = {0};
	_cleanup_topology_ struct kt_topology *topology = NULL;
	int r;

	r = kt_topology_parse(text, &declared, err);
	if (r < 0)
		return r;
	r = kt_topology_from_public(&declared.topology, &topology, err);
	if (r < 0)
		return r;
	r = kt_picture_of_topology(picture, topology, declared.nodes);
	if (r < 0)
		return kt_err_errno(err, r, "topology");
	kt_topology_print(sb, &declared.topology);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct kt_picture_cpu *left = a, *right = b;

	if (left->node != right->node)
		return left->node < right->node ? -1 : 1;
	if (left->llc != right->llc)
		return left->llc < right->llc ? -1 : 1;
	if (left->core != right->core)
		return left->core < right->core ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

static int draw_host(struct kt_strbuf *sb, struct kt_picture *picture,
		     struct ktstr_error *err)
{
	_cleanup_host_topology_ struct kt_host_topology *host = NULL;
	size_t n;
	int r;

	r = kt_host_topology_read(&host, err);
	if (r < 0)
		return r;
	n = host->n_nodes;
	r = kt_picture_init(picture, host->n_cpus, n, host->distances);
	if (r < 0)
		return kt_err_errno(err, r, "topology");
	for (size_t i = 0; i < host->n_cpus; i++) {
		const struct kt_host_cpu *cpu = &host->cpus[i];

		picture->cpus[i] = (struct kt_picture_cpu){
			.id = cpu->id,
			.core = cpu->core,
			.llc = cpu->llc,
			.node = host->llcs[cpu->llc].node,
		};
	}
	qsort(picture->cpus, picture->n_cpus, sizeof(*picture->cpus), by_place);
	for (size_t i = 0; i < n; i++) {
		picture->nodes[i].id = host->nodes[i].id;
		snprintf(picture->nodes[i].text, sizeof(picture->nodes[i].text),
			 "%" PRIu64 " MiB", host->nodes[i].memory_mib);
	}
	for (size_t i = 0; picture->distances && i < n * n; i++)
		picture->distances[i] = host->distances[i];
	kt_strbuf_add(sb, "this host");
	return 0;
}

static int topo_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	const struct topo_values *v = values;
	_cleanup_picture_ struct kt_picture picture = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	struct ktstr_error err = {0};
	int r;

	if (operands->n > 0)
		r = draw_declared(operands->words[0], &sb, &picture, &err);
	else
		r = draw_host(&sb, &picture, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	kt_strbuf_add(&sb, ": ");
	print_counts(&sb, &picture);
	kt_picture_print(&sb, &picture, kt_cli_columns(),
			 !v->ascii && locale_is_utf8());
	return kt_cli_print(cli, &sb);
}

const struct kt_command kt_topo_command = {
	.name = "topo",
	.summary = "Draw the topology of a machine",
	.description =
		"Draws a machine as boxes: NUMA nodes hold last-level caches, "
		"these hold cores, and a core is shown as the ids of its CPUs, "
		"as in [0 1]. Machines of more than 128 CPUs get a line for "
		"each LLC. Below come the distances between the nodes.",
	.example = "ktstr topo 2n4l4c2t\n"
		   "ktstr topo '2n(3l,512M)(0l,1G,lat=250)2c1t'\n"
		   "ktstr topo",
	.options = topo_options,
	.operand =
		{
			.name = "TOPOLOGY",
			.max = 1,
			.complete = KT_COMPLETE_TOPOLOGY,
			.help = "A topology such as 1n2l4c2t or the name of a "
				"preset; "
				"without it, this host.",
		},
	.values_bytes = sizeof(struct topo_values),
	.run = topo_run,
};
