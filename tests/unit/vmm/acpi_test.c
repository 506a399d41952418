// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/macro.h"
#include "shape.h"
#include "vmm/x86_64/acpi.h"
#include "vmm/x86_64/layout.h"

extern char **environ;

#define BUFFER_BYTES (KT_ACPI_END - KT_ACPI_GPA)
#define MAX_REGIONS  150

static uint8_t buffer[BUFFER_BYTES];

/* One shape's tables, and what they were made from. */
struct tables {
	struct kt_topology *topology;
	struct kt_memory_region regions[MAX_REGIONS];
	struct kt_acpi_config config;
	size_t bytes;
};

/* RAM as the VMM lays it out, but without the hole: node after node. */
static size_t lay_out_memory(const struct kt_topology *topology,
			     struct kt_memory_region *regions)
{
	uint64_t gpa = 0;
	size_t n = 0;

	for (uint32_t node = 0; node < topology->n_nodes; node++) {
		uint64_t size = topology->nodes[node].memory_mib * KT_MIB;

		if (!size)
			continue;
		assert_true(n < MAX_REGIONS);
		regions[n++] = (struct kt_memory_region){ .gpa = gpa,
							  .size_bytes = size,
							  .node = node };
		gpa += size;
	}
	return n;
}

static void tables_deinit(struct tables *t)
{
	kt_topology_free(t->topology);
}

#define _cleanup_tables_ _cleanup_(tables_deinit)

static void write_tables(struct tables *t, const char *text, uint32_t memory_mib)
{
	struct ktstr_error err = { 0 };

	t->topology = shape(text, memory_mib);
	t->config = (struct kt_acpi_config){
		.topology = t->topology,
		.regions = t->regions,
		.n_regions = lay_out_memory(t->topology, t->regions),
		.n_virtio = 2,
	};
	memset(buffer, 0xaa, sizeof(buffer));
	if (kt_acpi_write(&t->config, buffer, sizeof(buffer), &t->bytes, &err) < 0)
		fail_msg("%s: %s", text, err.message);
}

static uint64_t le(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = bytes; i--;)
		value = value << 8 | p[i];
	return value;
}

/* The table at a guest address, checked to be whole and to sum to zero. */
static const uint8_t *table_at(const struct tables *t, uint64_t gpa)
{
	const uint8_t *table;
	uint8_t sum = 0;
	size_t length;

	assert_true(gpa >= KT_ACPI_GPA + 36 && gpa - KT_ACPI_GPA + 36 <= t->bytes);
	table = buffer + (gpa - KT_ACPI_GPA);
	length = le(table + 4, 4);
	assert_true(length >= 36 && gpa - KT_ACPI_GPA + length <= t->bytes);
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + table[i]);
	assert_int_equal(sum, 0);
	return table;
}

/* Walks as a kernel does: RSDP, XSDT, entry number `index`; NULL at the end. */
static const uint8_t *table_number(const struct tables *t, size_t index)
{
	const uint8_t *xsdt;

	assert_memory_equal(buffer, "RSD PTR ", 8);
	xsdt = table_at(t, le(buffer + 24, 8));
	assert_memory_equal(xsdt, "XSDT", 4);
	if (36 + index * 8 >= le(xsdt + 4, 4))
		return NULL;
	return table_at(t, le(xsdt + 36 + index * 8, 8));
}

static const uint8_t *find_table(const struct tables *t, const char *signature)
{
	const uint8_t *table;

	if (strcmp(signature, "DSDT") == 0)
		return table_at(t, le(find_table(t, "FACP") + 140, 8));
	for (size_t i = 0; (table = table_number(t, i)); i++) {
		if (memcmp(table, signature, 4) == 0)
			return table;
	}
	return NULL;
}

/* Runs iasl quietly in `dir`; its output goes to the file "log" there. */
static int run_iasl(const char *dir, const char *option, const char *file)
{
	const char *argv[] = { "iasl", option, file, NULL };
	posix_spawn_file_actions_t actions;
	int status, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, dir);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "log",
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		fail_msg("cannot run iasl (Debian: acpica-tools): %s",
			 strerror(r));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static char *read_in(const char *dir, const char *name)
{
	_cleanup_free_ char *path = kt_path_join(dir, name);
	char *text = NULL;

	if (kt_read_file(path, GOLDEN_MAX_BYTES, &text, NULL) < 0)
		fail_msg("cannot read %s", path);
	return text;
}

static void write_in(const char *dir, const char *name, const void *data,
		     size_t length)
{
	_cleanup_free_ char *path = kt_path_join(dir, name);

	assert_int_equal(kt_write_file_atomic(path, data, length, 0600), 0);
}

/*
 * Appends the disassembly without its first comment (versions, paths, date)
 * and without the hex dump that follows a data table.
 */
static void add_disassembly(struct kt_strbuf *text, const char *dsl)
{
	const char *start = strstr(dsl, "*/"), *end;

	assert_non_null(start);
	start += 2;
	start += strspn(start, "\n");
	end = strstr(start, "\nRaw Table Data");
	kt_strbuf_add_bytes(text, start,
			    end ? (size_t)(end - start) : strlen(start));
}

/*
 * Disassembles a table and assembles the result again, which must go without
 * a complaint and give the same bytes.
 */
static void disassemble(const char *dir, const uint8_t *table,
			struct kt_strbuf *text)
{
	_cleanup_free_ char *log = NULL, *dsl = NULL, *again_path = NULL,
			    *again = NULL;
	size_t length = le(table + 4, 4), again_length = 0;

	write_in(dir, "t.dat", table, length);
	if (run_iasl(dir, "-d", "t.dat") != 0)
		fail_msg("%.4s: %s", (const char *)table, read_in(dir, "log"));
	dsl = read_in(dir, "t.dsl");
	kt_strbuf_addf(text, "==== %.4s\n", (const char *)table);
	add_disassembly(text, dsl);

	if (run_iasl(dir, "-ta", "t.dsl") != 0)
		fail_msg("%.4s: %s", (const char *)table, read_in(dir, "log"));
	log = read_in(dir, "log");
	assert_contains(log, "0 Errors, 0 Warnings, 0 Remarks");
	again_path = kt_path_join(dir, "t.aml");
	assert_int_equal(
		kt_read_file(again_path, BUFFER_BYTES, &again, &again_length), 0);
	/* AML has more than one way to write a length: ours is fixed. */
	if (memcmp(table, "DSDT", 4) != 0) {
		assert_int_equal(again_length, length);
		assert_memory_equal(again + 36, table + 36, length - 36);
	}
}

static void golden(const char *name, const char *text, uint32_t memory_mib)
{
	_cleanup_tables_ struct tables t = { 0 };
	_cleanup_strbuf_ struct kt_strbuf out = { 0 };
	char dir[] = "/tmp/ktstr-acpi-XXXXXX";
	char golden_name[256];
	const uint8_t *table;

	write_tables(&t, text, memory_mib);
	assert_non_null(mkdtemp(dir));
	disassemble(dir, find_table(&t, "DSDT"), &out);
	for (size_t i = 0; (table = table_number(&t, i)); i++)
		disassemble(dir, table, &out);
	assert_int_equal(kt_remove_tree(dir), 0);
	snprintf(golden_name, sizeof(golden_name), "x86_64/acpi-%s.dsl", name);
	assert_golden(golden_name, kt_strbuf_text(&out));
}

static void tables_equal_the_golden_files(void **state)
{
	(void)state;
	golden("1n1l1c1t", "1n1l1c1t", 256);
	golden("1n3l3c1t", "1n3l3c1t", 256);
	golden("2n4l2c1t", "2n4l2c1t", 512);
	golden("memory-only",
	       "3n(1l,256M)(0l,128M,lat=350,bw=12345,"
	       "cache=64M/direct/wt/128)(1l,128M,cache=1G)2c1t"
	       ";d=10,17,21,17,10,28,21,28,10",
	       512);
	golden("1n14l9c2t", "1n14l9c2t", 512);
}

static void one_node_has_no_numa_tables(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };

	(void)state;
	write_tables(&t, "1n2l2c2t", 256);
	assert_non_null(find_table(&t, "FACP"));
	assert_non_null(find_table(&t, "APIC"));
	assert_null(find_table(&t, "SRAT"));
	assert_null(find_table(&t, "SLIT"));
	assert_null(find_table(&t, "HMAT"));
}

static void rsdp_checksums_are_right(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };
	uint8_t first = 0, all = 0;

	(void)state;
	write_tables(&t, "1n1l1c1t", 256);
	for (size_t i = 0; i < 36; i++) {
		first = (uint8_t)(first + (i < 20 ? buffer[i] : 0));
		all = (uint8_t)(all + buffer[i]);
	}
	assert_int_equal(first, 0);
	assert_int_equal(all, 0);
	assert_int_equal(buffer[15], 2);
}

/* APIC ids of the MADT's CPUs in order; returns how many of them are x2. */
static uint32_t madt_cpus(const struct tables *t, uint32_t *ids, uint32_t *n)
{
	const uint8_t *madt = find_table(t, "APIC");
	size_t length = le(madt + 4, 4);
	uint32_t n_x2apic = 0;

	*n = 0;
	for (size_t at = 44; at < length; at += madt[at + 1]) {
		const uint8_t *e = madt + at;

		if (e[0] == 0) {
			assert_int_equal(e[2], *n); /* UID */
			ids[(*n)++] = e[3];
		} else if (e[0] == 9) {
			assert_int_equal(le(e + 12, 4), *n);
			ids[(*n)++] = (uint32_t)le(e + 4, 4);
			n_x2apic++;
		}
	}
	return n_x2apic;
}

static void ids_from_255_on_get_x2apic_entries(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };
	uint32_t ids[256], n, n_x2apic = 0;

	(void)state;
	write_tables(&t, "1n14l9c2t", 512);
	assert_int_equal(madt_cpus(&t, ids, &n), 252 - 8 * 18);
	assert_int_equal(n, 252);
	for (uint32_t cpu = 0; cpu < n; cpu++) {
		assert_int_equal(ids[cpu], cpu / 18 * 32 + cpu % 18);
		n_x2apic += ids[cpu] >= 255;
	}
	assert_int_equal(n_x2apic, 252 - 8 * 18);
}

static void every_cpu_has_one_affinity_entry(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };
	const uint8_t *srat;
	uint32_t n = 0;

	(void)state;
	write_tables(&t, "2n4l3c1t", 512);
	srat = find_table(&t, "SRAT");
	for (size_t at = 48; at < le(srat + 4, 4); at += srat[at + 1]) {
		if (srat[at] != 2)
			continue;
		assert_int_equal(le(srat + at + 4, 4), n / 6);
		assert_int_equal(le(srat + at + 8, 4), n / 3 * 4 + n % 3);
		assert_int_equal(le(srat + at + 12, 4), 1);
		n++;
	}
	assert_int_equal(n, 12);
}

/*
 * Linux's rule for node numbers: first come, first served, entries of CPUs
 * before entries of memory. It must lead to the declared numbers.
 */
static void check_node_numbers(const char *text, uint32_t memory_mib,
			       uint32_t n_placeholders)
{
	_cleanup_tables_ struct tables t = { 0 };
	uint32_t seen = 0, n_cpu_entries = 0;
	const uint8_t *srat;

	write_tables(&t, text, memory_mib);
	srat = find_table(&t, "SRAT");
	for (unsigned int pass = 2; pass >= 1; pass--) {
		for (size_t at = 48; at < le(srat + 4, 4); at += srat[at + 1]) {
			uint32_t domain;

			if (srat[at] != pass)
				continue;
			domain = (uint32_t)le(srat + at + (pass == 2 ? 4 : 2), 4);
			assert_true(domain <= seen);
			seen += domain == seen;
			n_cpu_entries += pass == 2;
		}
	}
	assert_int_equal(seen, t.topology->n_nodes);
	assert_int_equal(n_cpu_entries, t.topology->n_cpus + n_placeholders);
}

static void linux_numbers_the_nodes_as_declared(void **state)
{
	(void)state;
	check_node_numbers("2n4l2c1t", 512, 0);
	check_node_numbers("2n(1l,256M)(0l,256M)2c1t", 512, 0);
	check_node_numbers("3n(1l,256M)(0l,128M)(1l,128M)2c1t", 512, 1);
	check_node_numbers("4n(0l,128M)(0l,128M)(1l,128M)(0l,128M)2c1t", 512, 2);
}

/* An HMAT figure as Linux reads it: entry times unit, in ns or MB/s. */
static uint64_t hmat_figure(const struct tables *t, uint8_t type,
			    uint32_t initiator, uint32_t target)
{
	const uint8_t *hmat = find_table(t, "HMAT");

	for (size_t at = 40; at < le(hmat + 4, 4); at += le(hmat + at + 4, 4)) {
		const uint8_t *e = hmat + at;
		size_t n_initiators = le(e + 12, 4), n_targets = le(e + 16, 4);
		const uint8_t *initiators = e + 32;
		const uint8_t *targets = initiators + 4 * n_initiators;
		const uint8_t *entries = targets + 4 * n_targets;

		if (le(e, 2) != 1 || e[9] != type)
			continue;
		assert_int_equal(le(e + 4, 4),
				 32 + 4 * n_initiators + 4 * n_targets +
					 2 * n_initiators * n_targets);
		for (size_t i = 0; i < n_initiators; i++) {
			for (size_t j = 0; j < n_targets; j++) {
				uint64_t value;

				value = le(entries + 2 * (i * n_targets + j), 2);
				assert_int_not_equal(value, 0);
				assert_int_not_equal(value, 0xffff);
				value *= le(e + 24, 8);
				if (type == 0) {
					assert_int_equal(value % 1000, 0);
					value /= 1000;
				}
				if (le(initiators + 4 * i, 4) == initiator &&
				    le(targets + 4 * j, 4) == target)
					return value;
			}
		}
	}
	fail_msg("no figure of type %u for %u -> %u", type, initiator, target);
	return 0;
}

#define LATENCY   0
#define BANDWIDTH 3

static void hmat_says_what_was_declared(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };

	(void)state;
	write_tables(&t,
		     "3n(1l,128M,lat=150,bw=40000)(1l,128M)(0l,256M,lat=333)"
		     "2c1t;d=10,21,30,21,10,17,30,17,10",
		     512);
	assert_int_equal(hmat_figure(&t, LATENCY, 0, 0), 150);
	assert_int_equal(hmat_figure(&t, LATENCY, 1, 1), 100);
	assert_int_equal(hmat_figure(&t, LATENCY, 1, 0), 150 * 21 / 10);
	assert_int_equal(hmat_figure(&t, LATENCY, 0, 1), 210);
	assert_int_equal(hmat_figure(&t, LATENCY, 0, 2), 999);
	assert_int_equal(hmat_figure(&t, LATENCY, 1, 2), 333 * 17 / 10);
	assert_int_equal(hmat_figure(&t, BANDWIDTH, 0, 0), 40000);
	assert_int_equal(hmat_figure(&t, BANDWIDTH, 1, 0), 40000 * 10 / 21);
	assert_int_equal(hmat_figure(&t, BANDWIDTH, 1, 1), 51200);
	assert_int_equal(hmat_figure(&t, BANDWIDTH, 1, 2), 20480 * 10 / 17);
}

static void hmat_figures_never_reach_zero(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };

	(void)state;
	write_tables(&t, "2n(1l,128M,bw=1)(1l,128M)1c1t;d=10,200,200,10", 256);
	assert_int_equal(hmat_figure(&t, BANDWIDTH, 1, 0), 1);
}

static void large_hmat_figures_stay_exact_where_they_can(void **state)
{
	_cleanup_tables_ struct tables even = { 0 }, odd = { 0 };

	(void)state;
	/* A common divisor: nothing is lost. */
	write_tables(&even, "2n(1l,128M,bw=400000)(1l,128M,bw=100000)1c1t", 256);
	assert_int_equal(hmat_figure(&even, BANDWIDTH, 0, 0), 400000);
	assert_int_equal(hmat_figure(&even, BANDWIDTH, 0, 1), 50000);
	/* None: the nearest multiple of the smallest unit that will do. */
	write_tables(&odd, "2n(1l,128M,bw=400003)(1l,128M,bw=100000)1c1t", 256);
	assert_int_equal(hmat_figure(&odd, BANDWIDTH, 0, 0), 400001);
	assert_int_equal(hmat_figure(&odd, BANDWIDTH, 1, 1), 100002);
}

/* The initiator of each target's domain entry. */
static uint32_t hmat_initiator(const struct tables *t, uint32_t target)
{
	const uint8_t *hmat = find_table(t, "HMAT");

	for (size_t at = 40; at < le(hmat + 4, 4); at += le(hmat + at + 4, 4)) {
		const uint8_t *e = hmat + at;

		if (le(e, 2) == 0 && le(e + 16, 4) == target) {
			assert_int_equal(le(e + 8, 2), 1);
			return (uint32_t)le(e + 12, 4);
		}
	}
	return UINT32_MAX;
}

static void memory_only_nodes_have_the_nearest_initiator(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };

	(void)state;
	write_tables(&t,
		     "4n(1l,128M)(1l,128M)(0l,128M)(1l,0M)1c1t"
		     ";d=10,20,40,20,20,10,30,20,40,30,10,30,20,20,30,10",
		     384);
	assert_int_equal(hmat_initiator(&t, 0), 0);
	assert_int_equal(hmat_initiator(&t, 1), 1);
	assert_int_equal(hmat_initiator(&t, 2), 1);          /* 1 and 3 tie */
	assert_int_equal(hmat_initiator(&t, 3), UINT32_MAX); /* no memory */
}

static void tables_that_do_not_fit_are_refused(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };
	struct ktstr_error err = { 0 };
	size_t bytes = 12345;

	(void)state;
	write_tables(&t, "2n4l2c1t", 512);
	assert_int_equal(kt_acpi_write(&t.config, buffer, 1000, &bytes, &err),
			 -E2BIG);
	assert_int_equal(bytes, 12345);
	assert_contains(err.message,
			"ACPI tables for 8 CPUs and 2 nodes take ");
	assert_contains(err.message, "but there is room for 1000");
	message_seen(err.message);
}

static void room_is_enough_for_what_is_promised(void **state)
{
	_cleanup_tables_ struct tables cpus = { 0 }, nodes = { 0 };

	(void)state;
	write_tables(&cpus, "2n8l350c1t", 512);
	write_tables(&nodes, "140n140l1c1t", 140);
}

static void more_devices_than_windows_are_refused(void **state)
{
	_cleanup_tables_ struct tables t = { 0 };
	struct ktstr_error err = { 0 };
	size_t bytes;

	(void)state;
	write_tables(&t, "1n1l1c1t", 256);
	t.config.n_virtio = KT_VIRTIO_MAX + 1;
	assert_int_equal(
		kt_acpi_write(&t.config, buffer, sizeof(buffer), &bytes, &err),
		-EINVAL);
	assert_string_equal(err.message,
			    "5 virtio devices, but there is room for 4");
	message_seen(err.message);
}

/* `nodes` nodes of one LLC each. */
static bool fits(uint32_t nodes, uint32_t cpus_in_each)
{
	struct ktstr_topology declared =
		KTSTR_TOPOLOGY(nodes, nodes, cpus_in_each, 1);
	_cleanup_topology_ struct kt_topology *t = NULL;
	struct ktstr_error err = { 0 };
	int r;

	assert_int_equal(kt_topology_from_public(&declared, &t, NULL), 0);
	r = kt_acpi_check_room(t, &err);
	assert_true(r == 0 || r == -E2BIG);
	if (r)
		assert_contains(err.message, "there is room for 131072");
	return r == 0;
}

/* The figures in messages and in docs/topology.md. */
static void the_limits_that_are_told_are_those_there_are(void **state)
{
	(void)state;
	assert_int_equal(KT_ACPI_CPUS_IN_ONE_NODE, KT_TOPOLOGY_MAX_CPUS);
	assert_true(fits(1, KT_ACPI_CPUS_IN_ONE_NODE));
	assert_true(fits(2, KT_ACPI_CPUS_IN_TWO_NODES / 2));
	assert_false(fits(2, KT_ACPI_CPUS_IN_TWO_NODES / 2 + 1));
	assert_true(fits(KT_ACPI_NODES, 1));
	assert_false(fits(KT_ACPI_NODES + 1, 1));
	/* Without taking minutes over it. */
	assert_false(fits(KT_TOPOLOGY_MAX_NODES, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_equal_the_golden_files),
		cmocka_unit_test(one_node_has_no_numa_tables),
		cmocka_unit_test(rsdp_checksums_are_right),
		cmocka_unit_test(ids_from_255_on_get_x2apic_entries),
		cmocka_unit_test(every_cpu_has_one_affinity_entry),
		cmocka_unit_test(linux_numbers_the_nodes_as_declared),
		cmocka_unit_test(hmat_says_what_was_declared),
		cmocka_unit_test(hmat_figures_never_reach_zero),
		cmocka_unit_test(large_hmat_figures_stay_exact_where_they_can),
		cmocka_unit_test(memory_only_nodes_have_the_nearest_initiator),
		cmocka_unit_test(tables_that_do_not_fit_are_refused),
		cmocka_unit_test(the_limits_that_are_told_are_those_there_are),
		cmocka_unit_test(room_is_enough_for_what_is_promised),
		cmocka_unit_test(more_devices_than_windows_are_refused),
		messages_test("vmm_acpi"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
