// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/macro.h"
#include "check.h"

static const struct shape *shape_named(const char *name)
{
	for (size_t i = 0; i < n_shapes; i++) {
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	}
	fail_msg("no shape %s", name);
	return NULL;
}

/* What a guest prints that is as declared; the parts may be changed. */
struct output {
	struct kt_strbuf facts;
	struct kt_strbuf memory;
	struct kt_strbuf dmesg;
};

static void output_deinit(struct output *o)
{
	kt_strbuf_deinit(&o->facts);
	kt_strbuf_deinit(&o->memory);
	kt_strbuf_deinit(&o->dmesg);
}

#define _cleanup_output_ _cleanup_(output_deinit)

static void output_init(struct output *o, const struct shape *shape)
{
	_cleanup_strbuf_ struct kt_strbuf ranges = {0};
	uint32_t total_kib = shape_memory_mib(shape) * 1024;

	*o = (struct output){0};
	shape_facts(shape, &o->facts);
	for (uint32_t i = 0; i < shape->n_nodes; i++) {
		uint32_t kib = shape->nodes[i].memory_mib * 1024;

		/* 48 MiB of the first are the kernel's, 1/64 of all pages' */
		kt_strbuf_addf(&o->memory, "Node %u MemTotal: %u kB\n", i,
			       i == 0 ? kib - 49152 : kib - kib / 64);
	}
	kt_strbuf_addf(&o->dmesg,
		       "<6>[    1.0] Memory: %uK/%uK available (17852K kernel "
		       "code, 3437K rwdata, 13728K rodata, 4412K init, 5136K "
		       "bss, %uK reserved, 0K cma-reserved)\n",
		       total_kib - 65396, total_kib - 396,
		       65000 + total_kib / 64);
	if (shape->n_nodes > 1) {
		shape_memory_ranges(shape, &ranges);
		for (char *line = strtok(ranges.data, "\n"); line;
		     line = strtok(NULL, "\n"))
			kt_strbuf_addf(&o->dmesg,
				       "<6>[    0.0] ACPI: SRAT: Node %c PXM "
				       "%c [mem %s]\n",
				       line[0], line[0], line + 2);
	}
}

static bool check(const struct shape *shape, const struct output *o,
		  struct kt_strbuf *report)
{
	_cleanup_strbuf_ struct kt_strbuf text = {0};

	kt_strbuf_addf(&text,
		       "noise\n== facts\n%s== memory\n%s== dmesg\n%s== end\n",
		       kt_strbuf_text(&o->facts), kt_strbuf_text(&o->memory),
		       kt_strbuf_text(&o->dmesg));
	return check_output(shape, kt_strbuf_text(&text), report);
}

/* Replaces the first occurrence of `from`, which must be there. */
static void replace(struct kt_strbuf *sb, const char *from, const char *to)
{
	_cleanup_free_ char *text = kt_strbuf_steal(sb);
	char *at = strstr(text, from);

	if (!at)
		fail_msg("no \"%s\" in:\n%s", from, text);
	kt_strbuf_add_bytes(sb, text, (size_t)(at - text));
	kt_strbuf_add(sb, to);
	kt_strbuf_add(sb, at + strlen(from));
}

static void what_was_declared_passes(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_shapes; i++) {
		_cleanup_output_ struct output o;
		_cleanup_strbuf_ struct kt_strbuf report = {0};

		output_init(&o, &shapes[i]);
		if (!check(&shapes[i], &o, &report))
			fail_msg("%s: %s", shapes[i].name, report.data);
		assert_int_equal(report.length, 0);
	}
}

static void another_shape_does_not_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_shapes; i++) {
		_cleanup_output_ struct output o;

		output_init(&o, &shapes[i]);
		for (size_t j = 0; j < n_shapes; j++) {
			_cleanup_strbuf_ struct kt_strbuf report = {0};

			if (strcmp(shapes[i].text, shapes[j].text) == 0)
				continue;
			assert_false(check(&shapes[j], &o, &report));
			assert_true(report.length > 0);
		}
	}
}

/* Makes one change to a right output and expects one complaint. */
static void expect(const char *name, size_t part, const char *from,
		   const char *to, const char *complaint)
{
	const struct shape *shape = shape_named(name);
	_cleanup_output_ struct output o;
	_cleanup_strbuf_ struct kt_strbuf report = {0};

	output_init(&o, shape);
	replace((struct kt_strbuf *)((char *)&o + part), from, to);
	assert_false(check(shape, &o, &report));
	assert_contains(report.data, complaint);
}

#define FACTS  offsetof(struct output, facts)
#define MEMORY offsetof(struct output, memory)
#define DMESG  offsetof(struct output, dmesg)

static void a_wrong_fact_is_noticed(void **state)
{
	(void)state;
	expect("odd", FACTS, "cpu/cpu4/cache/index3/shared_cpu_list:3-5",
	       "cpu/cpu4/cache/index3/shared_cpu_list:3-4",
	       "seen, not declared: "
	       "cpu/cpu4/cache/index3/shared_cpu_list:3-4");
	expect("odd", FACTS, "cpu/cpu8/topology/core_id:2\n", "",
	       "declared, not seen: cpu/cpu8/topology/core_id:2");
	expect("memory-only", FACTS,
	       "node/node1/access0/initiators/read_latency:595",
	       "node/node1/access0/initiators/read_latency:596",
	       "declared, not seen: "
	       "node/node1/access0/initiators/read_latency:595");
	expect("memory-only", FACTS, "node/node0/distance:10 17 21",
	       "node/node0/distance:10 21 17",
	       "declared, not seen: node/node0/distance:10 17 21");
	expect("memory-only", FACTS, "write_policy:1", "write_policy:0",
	       "seen, not declared: "
	       "node/node1/memory_side_cache/index1/write_policy:0");
}

static void a_fact_too_many_is_noticed(void **state)
{
	(void)state;
	expect("one", FACTS, "cpu/online:0\n",
	       "cpu/online:0\nnode/node1/cpulist:\n",
	       "seen, not declared: node/node1/cpulist:");
}

static void wrong_memory_is_noticed(void **state)
{
	(void)state;
	expect("numa", MEMORY, "Node 1 MemTotal: 258048 kB",
	       "Node 1 MemTotal: 249000 kB",
	       "node 1: the kernel keeps 13144 KiB of 256 MiB");
	expect("numa", MEMORY, "Node 1 MemTotal: 258048 kB",
	       "Node 1 MemTotal: 262145 kB",
	       "node 1: declared 256 MiB, MemTotal is 262145 KiB");
	expect("numa", MEMORY, "Node 0 MemTotal: 212992 kB",
	       "Node 0 MemTotal: 192000 kB",
	       "all nodes: 74240 KiB are missing, the kernel had reserved "
	       "73588");
	expect("one", DMESG, "Memory: ", "Mem: ", "no line \"Memory:\"");
}

static void a_wrong_range_is_noticed(void **state)
{
	(void)state;
	expect("numa", DMESG, "0x0fffffff]", "0x0ffeffff]",
	       "declared, not seen: 0 0x00000000-0x0fffffff");
	expect("numa", DMESG, "Node 1 PXM 1", "Node 1 PXM 2",
	       "not understood: 1 PXM 2");
}

static void a_warning_that_is_not_on_the_list_is_noticed(void **state)
{
	(void)state;
	expect("one", DMESG, "<6>[    1.0]",
	       "<4>[    0.5] [Firmware Bug]: TSC is odd\n<6>[    1.0]",
	       "the kernel warns: <4>[    0.5] [Firmware Bug]: TSC is odd");
	expect("one", DMESG, "<6>[    1.0]", "<2>[    0.5] dead\n<6>[    1.0]",
	       "the kernel warns: <2>");
	expect("one", DMESG, "<6>[    1.0]",
	       "<4>[    0.5]  #2 is odd\n<6>[    1.0]",
	       "the kernel warns: <4>[    0.5]  #2 is odd");
}

static void warnings_on_the_list_pass(void **state)
{
	const struct shape *shape = shape_named("one");
	_cleanup_output_ struct output o;
	_cleanup_strbuf_ struct kt_strbuf report = {0};

	(void)state;
	output_init(&o, shape);
	kt_strbuf_add(&o.dmesg,
		      "<4>[    2.0] PCI: System does not support PCI\n"
		      "<4>[    2.1]  #11  #12\n"
		      "<5>[    2.1] a notice\n");
	assert_true(check(shape, &o, &report));
}

static void output_that_breaks_off_is_noticed(void **state)
{
	const char *const part = "== facts\ncpu/online:0\n== memory\n";
	_cleanup_strbuf_ struct kt_strbuf report = {0};

	(void)state;
	assert_false(check_output(shape_named("one"), part, &report));
	assert_contains(report.data, "the guest's output is not whole");
}

static void the_hole_splits_a_node(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf ranges = {0};

	(void)state;
	shape_memory_ranges(shape_named("hole"), &ranges);
	assert_string_equal(ranges.data, "0 0x00000000-0x0fffffff\n"
					 "2 0x10000000-0xbfffffff\n"
					 "2 0x100000000-0x10fffffff\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_declared_passes),
		cmocka_unit_test(another_shape_does_not_pass),
		cmocka_unit_test(a_wrong_fact_is_noticed),
		cmocka_unit_test(a_fact_too_many_is_noticed),
		cmocka_unit_test(wrong_memory_is_noticed),
		cmocka_unit_test(a_wrong_range_is_noticed),
		cmocka_unit_test(a_warning_that_is_not_on_the_list_is_noticed),
		cmocka_unit_test(warnings_on_the_list_pass),
		cmocka_unit_test(output_that_breaks_off_is_noticed),
		cmocka_unit_test(the_hole_splits_a_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
