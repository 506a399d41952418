// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology grammar. A text that is taken must print to one that parses to
 * the same declaration and prints the same again; its model must be sound. One
 * that is refused must leave a message.
 */
#include "fuzz.h"
#include "topology/grammar.h"
#include "topology/picture.h"
#include "topology/topology.h"

#define DRAW_MAX_CPUS 256

static void check_equal(const struct ktstr_topology *a,
			const struct ktstr_topology *b)
{
	uint32_t n = a->numa_nodes;

	fuzz_check(a->numa_nodes == b->numa_nodes && a->llcs == b->llcs);
	fuzz_check(a->cores_per_llc == b->cores_per_llc);
	fuzz_check(a->threads_per_core == b->threads_per_core);
	fuzz_check(!a->nodes == !b->nodes && !a->distances == !b->distances);
	if (a->nodes)
		fuzz_check(memcmp(a->nodes, b->nodes, n * sizeof(*a->nodes)) == 0);
	if (a->distances)
		fuzz_check(memcmp(a->distances, b->distances, n * n) == 0);
}

static void check_model(const struct ktstr_topology *declared)
{
	_cleanup_topology_ struct kt_topology *t = NULL;
	uint32_t llcs = 0, cpus = 0;

	fuzz_check(kt_topology_from_public(declared, &t, NULL) == 0);
	fuzz_check(t->n_cpus > 0 && t->n_cpus <= KT_TOPOLOGY_MAX_CPUS);
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		fuzz_check(t->nodes[i].first_llc == llcs);
		fuzz_check(t->nodes[i].first_cpu == cpus);
		llcs += t->nodes[i].n_llcs;
		cpus += t->nodes[i].n_cpus;
	}
	fuzz_check(llcs == t->n_llcs && cpus == t->n_cpus);
	for (uint32_t i = 0; i < t->n_cpus; i++) {
		struct kt_topology_place place = kt_topology_cpu(t, i);
		const struct kt_topology_llc *llc = &t->llcs[place.llc];

		fuzz_check(place.node == llc->node);
		fuzz_check(llc->first_cpu + place.core * llc->threads_per_core +
				   place.thread ==
			   i);
	}
	if (t->n_cpus <= DRAW_MAX_CPUS && t->n_nodes <= DRAW_MAX_CPUS) {
		_cleanup_picture_ struct kt_picture picture = { 0 };
		_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

		fuzz_check(kt_picture_of_topology(&picture, t,
						  declared->nodes) == 0);
		kt_picture_print(&sb, &picture, 80, false);
		fuzz_check(!kt_strbuf_failed(&sb));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_topology_text_ struct kt_topology_text first = { 0 },
							second = { 0 };
	_cleanup_strbuf_ struct kt_strbuf printed = { 0 }, again = { 0 };
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct ktstr_error err = { 0 };

	fuzz_check(text);
	if (kt_topology_parse(text, &first, &err) < 0) {
		fuzz_check(err.message[0] && err.code == -EINVAL);
		fuzz_check(!first.nodes && !first.distances);
		return 0;
	}
	kt_topology_print(&printed, &first.topology);
	fuzz_check(kt_topology_parse(kt_strbuf_text(&printed), &second, NULL) ==
		   0);
	check_equal(&first.topology, &second.topology);
	kt_topology_print(&again, &second.topology);
	fuzz_check(strcmp(printed.data, again.data) == 0);
	check_model(&first.topology);
	return 0;
}
