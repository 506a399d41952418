// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/macro.h"
#include "topology/grammar.h"
#include "topology/topology.h"

#define GOLDEN KTSTR_SOURCE_ROOT "/tests/golden/topology"

static void parse(const char *text, struct kt_topology_text *ret)
{
	struct ktstr_error err = {0};

	if (kt_topology_parse(text, ret, &err) < 0)
		fail_msg("\"%s\" was refused: %s", text, err.message);
}

static void round_trips_to(const char *text, const char *expected)
{
	_cleanup_topology_text_ struct kt_topology_text t = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	parse(text, &t);
	kt_topology_print(&sb, &t.topology);
	assert_string_equal(kt_strbuf_text(&sb), expected);
}

static void the_uniform_form_is_four_numbers(void **state)
{
	_cleanup_topology_text_ struct kt_topology_text t = {0};

	(void)state;
	parse("2n4l16c2t", &t);
	assert_int_equal(t.topology.numa_nodes, 2);
	assert_int_equal(t.topology.llcs, 4);
	assert_int_equal(t.topology.cores_per_llc, 16);
	assert_int_equal(t.topology.threads_per_core, 2);
	assert_null(t.topology.nodes);
	assert_null(t.topology.distances);
}

static void a_node_list_declares_each_node(void **state)
{
	_cleanup_topology_text_ struct kt_topology_text t = {0};
	const struct ktstr_numa_node *node;

	(void)state;
	parse("3n(3l,512M)(1l,1G,lat=120,bw=30000)"
	      "(0l,2G,cache=64M/direct/wb/64)4c2t;"
	      "d=10,21,30,21,10,40,30,40,10",
	      &t);
	node = t.topology.nodes;
	assert_non_null(node);
	assert_int_equal(t.topology.llcs, 4);
	assert_int_equal(node[0].llcs, 3);
	assert_int_equal(node[0].memory_mib, 512);
	assert_int_equal(node[1].memory_mib, 1024);
	assert_int_equal(node[1].latency_ns, 120);
	assert_int_equal(node[1].bandwidth_mbs, 30000);
	assert_int_equal(node[2].llcs, 0);
	assert_int_equal(node[2].cache.size_bytes, 64 << 20);
	assert_int_equal(node[2].cache.associativity, KTSTR_CACHE_DIRECT_MAPPED);
	assert_int_equal(node[2].cache.write_policy, KTSTR_CACHE_WRITE_BACK);
	assert_int_equal(node[2].cache.line_bytes, 64);
	assert_int_equal(t.topology.distances[5], 40);
}

static void canonical_texts_come_back_unchanged(void **state)
{
	static const char *const texts[] = {
		"1n1l1c1t",
		"1n15l8c2t",
		"4n12l8c2t",
		"2n2l1c1t;d=10,255,255,10",
		"2n(3l,512M)(1l,1G)4c2t;d=10,21,21,10",
		"2n(3l)(1l)4c2t",
		"2n(1l,256M)(0l,3T)1c1t",
		"1n(1l,lat=1,bw=2)1c1t",
		"1n(1l,1025M,lat=80,bw=51200,cache=1K/complex/wt/128)1c1t",
		"1n(1l,cache=1)1c1t",
		"1n(1l,cache=1T/a15/w3/1)1c1t",
		"1n(1l,cache=1025M/64)1c1t",
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(texts); i++)
		round_trips_to(texts[i], texts[i]);
}

static void other_spellings_come_back_canonical(void **state)
{
	(void)state;
	round_trips_to("01n002l3c04t", "1n2l3c4t");
	round_trips_to("1n(1l,2048M)1c1t", "1n(1l,2G)1c1t");
	round_trips_to("1n(1l,bw=5,lat=4,3M)1c1t", "1n(1l,3M,lat=4,bw=5)1c1t");
	round_trips_to("1n(1l,cache=2048K/64/wb/direct)1c1t",
		       "1n(1l,cache=2M/direct/wb/64)1c1t");
	round_trips_to("1n(1l,cache=64B/a1/w1)1c1t",
		       "1n(1l,cache=64/direct/wb)1c1t");
	round_trips_to("1n(1l,0M,lat=0,bw=0)1c1t", "1n(1l)1c1t");
	round_trips_to("numa4-12llc", "4n12l8c2t");
}

static void every_preset_is_the_machine_of_its_name(void **state)
{
	static const char *const expected[][2] = {
		{"tiny-1llc", "1n1l4c1t"},    {"tiny-2llc", "1n2l2c1t"},
		{"odd-3llc", "1n3l3c1t"},     {"odd-5llc", "1n5l3c1t"},
		{"odd-7llc", "1n7l2c1t"},     {"smt-2llc", "1n2l2c2t"},
		{"smt-3llc", "1n3l2c2t"},     {"medium-4llc", "1n4l4c2t"},
		{"medium-8llc", "1n8l4c2t"},  {"large-4llc", "1n4l16c2t"},
		{"large-8llc", "1n8l8c2t"},   {"near-max-llc", "1n15l8c2t"},
		{"max-cpu", "1n14l9c2t"},     {"numa2-4llc", "2n4l4c1t"},
		{"numa2-8llc", "2n8l8c2t"},   {"numa4-8llc", "4n8l4c1t"},
		{"numa4-12llc", "4n12l8c2t"},
	};
	size_t n;

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(expected); i++)
		round_trips_to(expected[i][0], expected[i][1]);
	kt_topology_presets(&n);
	assert_int_equal(n, KT_ARRAY_SIZE(expected) + 7);
}

static void a_nosmt_twin_has_as_many_cpus_and_llcs(void **state)
{
	const struct kt_topology_preset *presets;
	size_t n, twins = 0;

	(void)state;
	presets = kt_topology_presets(&n);
	for (size_t i = 0; i < n; i++) {
		const struct ktstr_topology *twin = &presets[i].topology;
		const struct kt_topology_preset *other;
		char name[64];
		char *end;

		strcpy(name, presets[i].name);
		end = strstr(name, "-nosmt");
		if (!end)
			continue;
		*end = '\0';
		twins++;
		other = kt_topology_preset(name);
		assert_non_null(other);
		assert_int_equal(twin->threads_per_core, 1);
		assert_int_equal(other->topology.threads_per_core, 2);
		assert_int_equal(twin->numa_nodes, other->topology.numa_nodes);
		assert_int_equal(twin->llcs, other->topology.llcs);
		assert_int_equal(twin->cores_per_llc,
				 2 * other->topology.cores_per_llc);
	}
	assert_int_equal(twins, 7);
}

static void every_preset_is_valid(void **state)
{
	const struct kt_topology_preset *presets;
	size_t n;

	(void)state;
	presets = kt_topology_presets(&n);
	for (size_t i = 0; i < n; i++) {
		_cleanup_topology_ struct kt_topology *t = NULL;

		assert_int_equal(
			kt_topology_from_public(&presets[i].topology, &t, NULL),
			0);
		assert_ptr_equal(kt_topology_preset(presets[i].name),
				 &presets[i]);
	}
	assert_null(kt_topology_preset("tiny"));
}

/*
 * A golden file's first line is the bad text, the rest is the message. With
 * KTSTR_GOLDEN_WRITE set the rest is written anew instead.
 */
static void check_golden(const char *path)
{
	_cleanup_free_ char *content = NULL;
	_cleanup_strbuf_ struct kt_strbuf seen = {0};
	struct kt_topology_text t = {0};
	struct ktstr_error err = {0};
	char *rest;

	if (kt_read_file(path, 65536, &content, NULL) < 0)
		fail_msg("%s: cannot be read", path);
	rest = strchr(content, '\n');
	assert_non_null(rest);
	*rest++ = '\0';
	if (kt_topology_parse(content, &t, &err) != -EINVAL)
		fail_msg("%s: \"%s\" was not refused", path, content);
	assert_int_equal(err.kind, KTSTR_ERROR_INVALID);
	assert_null(t.nodes);
	kt_strbuf_addf(&seen, "%s\n", err.message);
	if (getenv("KTSTR_GOLDEN_WRITE")) {
		_cleanup_strbuf_ struct kt_strbuf file = {0};

		kt_strbuf_addf(&file, "%s\n%s", content, seen.data);
		assert_int_equal(kt_write_file_atomic(path, file.data,
						      file.length, 0644),
				 0);
		return;
	}
	if (strcmp(rest, seen.data) != 0)
		fail_msg("%s: expected\n%s\nbut the message is\n%s", path, rest,
			 seen.data);
}

static void bad_texts_give_the_golden_messages(void **state)
{
	_cleanup_closedir_ DIR *dir = opendir(GOLDEN);
	const struct dirent *entry;
	int files = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;

		if (strncmp(entry->d_name, "fail-", 5) != 0)
			continue;
		path = kt_path_join(GOLDEN, entry->d_name);
		assert_non_null(path);
		check_golden(path);
		files++;
	}
	assert_true(files >= 30);
}

static void every_cut_off_text_is_refused(void **state)
{
	static const char text[] =
		"2n(3l,512M,lat=5,bw=6,cache=64M/direct/wb/64)(1l,1G)4c2t;"
		"d=10,21,21,10";
	char cut[sizeof(text)];

	(void)state;
	for (size_t length = 0; length < strlen(text); length++) {
		struct kt_topology_text t = {0};

		memcpy(cut, text, length);
		cut[length] = '\0';
		/* Without its distances the topology is whole. */
		if (strcmp(cut + length - KT_MIN(length, (size_t)4), "4c2t") == 0)
			continue;
		/* The last distance, cut short, is below 10. */
		assert_int_equal(kt_topology_parse(cut, &t, NULL), -EINVAL);
		assert_null(t.nodes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_uniform_form_is_four_numbers),
		cmocka_unit_test(a_node_list_declares_each_node),
		cmocka_unit_test(canonical_texts_come_back_unchanged),
		cmocka_unit_test(other_spellings_come_back_canonical),
		cmocka_unit_test(every_preset_is_the_machine_of_its_name),
		cmocka_unit_test(a_nosmt_twin_has_as_many_cpus_and_llcs),
		cmocka_unit_test(every_preset_is_valid),
		cmocka_unit_test(bad_texts_give_the_golden_messages),
		cmocka_unit_test(every_cut_off_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
