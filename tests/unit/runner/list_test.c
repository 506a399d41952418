// SPDX-License-Identifier: GPL-2.0-only
/* Test binaries here are shell scripts, or things that are no test binary. */
#include "messages.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "runner/list.h"

#define LIMIT_MS 20000

#define TEST(name, more)                                                       \
	"{\"name\": \"" name "\", \"file\": \"t.c\", \"line\": 7, "            \
	"\"numa_nodes\": 1, \"llcs\": 2, \"cores\": 3, \"threads\": 1, "       \
	"\"memory_mib\": 512, \"duration_s\": 4, \"timeout_s\": 0, "           \
	"\"expect_err\": false, \"include_files\": []" more "}"
#define LIST(tests) "{\"ktstr_list\": 1, \"tests\": [" tests "]}"

static char directory[] = "/tmp/ktstr-list-test.XXXXXX";
static char path[128];

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return kt_remove_tree(directory);
}

/* A file of that content, mode 0755; its path is `path`. */
static void make(const char *name, const char *content)
{
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(
		kt_write_file_atomic(path, content, strlen(content), 0755), 0);
}

static void make_script(const char *body)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};

	kt_strbuf_addf(&text, "#!/bin/sh\n%s\n", body);
	make("script", kt_strbuf_text(&text));
}

/* The message has every one of these parts. */
static void expect_refused(const char *binary, unsigned int limit_ms,
			   int expected, const char *const parts[])
{
	_cleanup_test_list_ struct kt_test_list list = {};
	struct ktstr_error err = {};

	assert_int_equal(kt_test_list_read(binary, limit_ms, &list, &err),
			 expected);
	assert_contains(err.message, binary);
	for (size_t i = 0; parts[i]; i++)
		assert_contains(err.message, parts[i]);
	message_seen(err.message);
}

#define REFUSED(binary, ...)                                                   \
	expect_refused(binary, LIMIT_MS, -EINVAL,                              \
		       (const char *const[]){ __VA_ARGS__, NULL })

static void a_list_is_taken_as_it_is(void **state)
{
	static const char text[] =
		"{\"ktstr_list\": 1, \"tests\": ["
		"{\"name\": \"a\", \"file\": \"s.c\", \"line\": 3, "
		"\"numa_nodes\": 2, \"llcs\": 4, \"cores\": 2, \"threads\": 2, "
		"\"memory_mib\": 1024, \"duration_s\": 5, \"timeout_s\": 9, "
		"\"expect_err\": true, \"include_files\": [\"f\", \"g:/h\"], "
		"\"min_numa_nodes\": 2, \"max_numa_nodes\": 3, "
		"\"min_llcs\": 4, \"max_llcs\": 5, \"min_cpus\": 6, "
		"\"max_cpus\": 16, \"requires_smt\": true, "
		"\"watchdog_timeout_s\": 8, "
		"\"monitor\": {\"enforced\": true, "
		"\"max_imbalance_ratio\": 2.5, \"max_local_dsq_depth\": 7, "
		"\"fail_on_stall\": false, \"sustained_samples\": 3, "
		"\"max_keep_last_rate\": 9}, "
		"\"scheduler\": {\"name\": \"s\", \"binary\": \"scx_s\", "
		"\"args\": [], \"enable\": [], \"disable\": [], \"cmdline\": "
		"null, \"flags\": ["
		"{\"name\": \"f\", "
		"\"args\": [\"-f\"], \"needs\": []}]}, "
		"\"disk\": {\"size_mib\": 64, \"read_only\": true, "
		"\"name\": \"d\", \"iops\": 5, \"bytes_per_s\": 6, "
		"\"iops_burst\": 7, \"bytes_burst\": 8}, "
		"\"network\": {\"queue_pairs\": 3}, "
		"\"of_a_later_version\": 1}," TEST("b", "") "]}\n";
	_cleanup_test_list_ struct kt_test_list list = {};
	const struct kt_test *t;

	(void)state;
	assert_int_equal(
		kt_test_list_parse("bin", text, strlen(text), &list, NULL), 0);
	assert_string_equal(list.binary, "bin");
	assert_int_equal(list.n, 2);
	t = &list.tests[0];
	assert_string_equal(t->name, "a");
	assert_string_equal(t->file, "s.c");
	assert_int_equal(t->line, 3);
	assert_int_equal(t->topology.numa_nodes, 2);
	assert_int_equal(t->topology.llcs, 4);
	assert_int_equal(t->topology.cores_per_llc, 2);
	assert_int_equal(t->topology.threads_per_core, 2);
	assert_int_equal(t->memory_mib, 1024);
	assert_int_equal(t->duration_s, 5);
	assert_int_equal(t->timeout_s, 9);
	assert_true(t->expect_err);
	assert_true(t->monitoring.enforced);
	assert_int_equal(t->monitoring.watchdog_timeout_s, 8);
	assert_float_equal(t->monitoring.thresholds.max_imbalance_ratio, 2.5, 0);
	assert_int_equal(t->monitoring.thresholds.max_local_dsq_depth, 7);
	assert_false(t->monitoring.thresholds.fail_on_stall);
	assert_int_equal(t->monitoring.thresholds.sustained_samples, 3);
	/* What is not there cannot be broken. */
	assert_true(isinf(t->monitoring.thresholds.max_fallback_rate));
	assert_float_equal(t->monitoring.thresholds.max_keep_last_rate, 9, 0);
	assert_int_equal(t->n_include_files, 2);
	assert_string_equal(t->include_files[1], "g:/h");
	assert_int_equal(t->constraints.min_numa_nodes, 2);
	assert_int_equal(t->constraints.max_numa_nodes, 3);
	assert_int_equal(t->constraints.min_llcs, 4);
	assert_int_equal(t->constraints.max_llcs, 5);
	assert_int_equal(t->constraints.min_cpus, 6);
	assert_int_equal(t->constraints.max_cpus, 16);
	assert_true(t->constraints.requires_smt);
	assert_int_equal(t->profiles.n, 2);
	assert_string_equal(t->profiles.profiles[1].args[0], "-f");
	assert_true(t->devices.has_disk);
	assert_int_equal(t->devices.disk.size_mib, 64);
	assert_true(t->devices.disk.read_only);
	assert_string_equal(t->devices.disk.name, "d");
	assert_int_equal(t->devices.disk.iops, 5);
	assert_int_equal(t->devices.disk.bytes_per_s, 6);
	assert_int_equal(t->devices.disk.iops_burst, 7);
	assert_int_equal(t->devices.disk.bytes_burst, 8);
	assert_true(t->devices.has_network);
	assert_int_equal(t->devices.network.queue_pairs, 3);
	t = &list.tests[1];
	assert_false(t->devices.has_disk);
	assert_false(t->devices.has_network);
	assert_false(t->expect_err);
	/* Of a test binary of before: the defaults, and reported only. */
	assert_false(t->monitoring.enforced);
	assert_int_equal(t->monitoring.watchdog_timeout_s, 0);
	assert_float_equal(t->monitoring.thresholds.max_imbalance_ratio, 4, 0);
	/* What a list has not is no constraint. */
	assert_int_equal(t->constraints.min_cpus, 0);
	assert_int_equal(t->constraints.max_cpus, UINT32_MAX);
	assert_false(t->constraints.requires_smt);
	assert_int_equal(t->profiles.n, 0);
}

#define TEST_AT(name, file, line)                                              \
	"{\"name\": \"" name "\", \"file\": \"" file "\", "                    \
	"\"line\": " #line ", \"numa_nodes\": 1, \"llcs\": 1, \"cores\": 1, "  \
	"\"threads\": 1, \"memory_mib\": 1, \"duration_s\": 1, "               \
	"\"timeout_s\": 0, \"expect_err\": false, \"include_files\": []}"

static void tests_are_in_the_order_of_their_sources(void **state)
{
	static const char text[] = LIST(TEST_AT("d", "b.c", 3) ", " TEST_AT(
		"c", "a.c", 30) ", " TEST_AT("b", "a.c",
					     4) ", " TEST_AT("a", "a.c", 4));
	_cleanup_test_list_ struct kt_test_list list = {};

	(void)state;
	assert_int_equal(
		kt_test_list_parse("bin", text, strlen(text), &list, NULL), 0);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.tests[0].name, "a");
	assert_string_equal(list.tests[1].name, "b");
	assert_string_equal(list.tests[2].name, "c");
	assert_string_equal(list.tests[3].name, "d");
}

static void every_wrong_list_has_its_message(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "hello", "no JSON" },
		{ "{\"ktstr_list\": 1, \"ktstr_list\": 1}", "no JSON" },
		{ "[1, 2]", "no list of tests" },
		{ "{\"tests\": []}", "no list of tests" },
		{ "{\"ktstr_list\": 1, \"tests\": {}}", "no list of tests" },
		{ "{\"ktstr_list\": 2, \"tests\": []}", "in version 2" },
		{ LIST(""), "has no tests" },
		{ LIST("1"), "test without a name: \"name\" is no text" },
		{ LIST(TEST("../x", "")), "is no C identifier" },
		{ LIST(TEST("a b", "")), "is no C identifier" },
		{ LIST(TEST("1a", "")), "is no C identifier" },
		{ LIST(TEST("a", "") ", " TEST("b", "") ", " TEST("a", "")),
		  "two tests named a (t.c:7 and t.c:7)" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		_cleanup_test_list_ struct kt_test_list list = {};
		struct ktstr_error err = {};

		assert_int_equal(kt_test_list_parse("bin", cases[i].text,
						    strlen(cases[i].text),
						    &list, &err),
				 -EINVAL);
		assert_contains(err.message, cases[i].message);
		assert_contains(err.message, "bin");
		message_seen(err.message);
		assert_null(list.tests);
	}
}

/* The list of one test in which one text is replaced. */
static void expect_replaced(const char *from, const char *to, const char *message)
{
	static const char good[] = LIST(TEST("a", ""));
	_cleanup_test_list_ struct kt_test_list list = {};
	_cleanup_strbuf_ struct kt_strbuf text = {};
	const char *at = strstr(good, from);
	struct ktstr_error err = {};

	assert_non_null(at);
	kt_strbuf_addf(&text, "%.*s%s%s", (int)(at - good), good, to,
		       at + strlen(from));
	assert_int_equal(
		kt_test_list_parse("bin", text.data, text.length, &list, &err),
		-EINVAL);
	assert_contains(err.message, "bin, test a: ");
	assert_contains(err.message, message);
	message_seen(err.message);
}

static void what_is_out_of_range_is_refused(void **state)
{
	(void)state;
	expect_replaced("\"cores\": 3", "\"cores\": 0",
			"cores must be from 1 to 8192, not 0");
	expect_replaced("\"cores\": 3", "\"cores\": -1", "not -1");
	expect_replaced("\"cores\": 3", "\"cores\": 4294967297",
			"not 4294967297");
	expect_replaced("\"cores\": 3", "\"cores\": 2.5",
			"\"cores\" is no number");
	expect_replaced("\"cores\": 3", "\"kores\": 3", "\"cores\" is no number");
	expect_replaced("\"cores\": 3", "\"cores\": 8192", "topology");
	expect_replaced("\"llcs\": 2", "\"llcs\": 0", "llcs must be from 1");
	expect_replaced("\"numa_nodes\": 1", "\"numa_nodes\": 3",
			"2 LLCs are not divisible by 3 NUMA nodes");
	expect_replaced("\"memory_mib\": 512", "\"memory_mib\": 0",
			"memory_mib must be from 1");
	expect_replaced("\"duration_s\": 4", "\"duration_s\": 604801",
			"duration_s must be from 0 to 604800");
	expect_replaced("\"timeout_s\": 0", "\"timeout_s\": \"1\"",
			"\"timeout_s\" is no number");
	expect_replaced("false", "0", "\"expect_err\" is neither");
	expect_replaced("[]}", "7}", "\"include_files\" is no list");
	expect_replaced("[]}", "[\"\"]}", "include_files[0] is no text");
	expect_replaced("\"t.c\"", "null", "\"file\" is no text");
}

#define WRITES(what) "[], \"bpf_map_writes\": " what "}"
#define WRITE(offset, value)                                                   \
	"[{\"map\": \".bss\", \"variable\": null, \"offset\": " offset      \
	", \"value\": " value "}]"

static void writes_that_are_none_are_refused(void **state)
{
	(void)state;
	expect_replaced("[]}", WRITES("7"), "\"bpf_map_writes\" is no list");
	expect_replaced("[]}", WRITES("[7]"),
			"bpf_map_writes[0]: it has no map, offset and value");
	expect_replaced("[]}", WRITES(WRITE("-1", "1")),
			"offset (-1) and value (1) must be from 0");
	expect_replaced("[]}", WRITES(WRITE("1", "4294967296")),
			"must be from 0 to 4294967295");
	expect_replaced("[]}", WRITES(WRITE("1", "1")),
			"bpf_map_writes are for a scheduler's maps, and it has "
			"none");
}

#define DISK(more)    "[], \"disk\": {\"size_mib\": 1" more "}}"
#define DEVICE(more) "[], " more "}"

static void devices_that_are_none_are_refused(void **state)
{
	(void)state;
	expect_replaced("[]}", DEVICE("\"disk\": 7"), "\"disk\" is no object");
	expect_replaced("[]}", DEVICE("\"disk\": {}"),
			"disk.size_mib must be from 1 to 4294967295, not 0");
	expect_replaced("[]}", DISK("0000000000"), "disk.size_mib must be");
	expect_replaced("[]}", DISK(", \"iops\": \"9\""),
			"disk.iops is no number");
	expect_replaced("[]}", DISK(", \"bytes_per_s\": -1"),
			"disk.bytes_per_s must be from 0 to "
			"9223372036854775807, not -1");
	expect_replaced("[]}", DISK(", \"read_only\": 1"),
			"disk.read_only is neither true nor false");
	expect_replaced("[]}", DISK(", \"name\": 1"), "disk.name is no text");
	expect_replaced("[]}", DISK(", \"name\": \"one-and-twenty-bytes.\""),
			"disk.name \"one-and-twenty-bytes.\" is longer than "
			"20 bytes");
	expect_replaced("[]}", DEVICE("\"network\": []"),
			"\"network\" is no object");
	expect_replaced("[]}", DEVICE("\"network\": {\"queue_pairs\": 9}"),
			"network.queue_pairs must be from 0 to 8, not 9");
}

#define MONITOR(imbalance, depth, stall, samples)                              \
	"[], \"monitor\": {\"enforced\": false, "                              \
	"\"max_imbalance_ratio\": " imbalance                                  \
	", \"max_local_dsq_depth\": " depth ", \"fail_on_stall\": " stall      \
	", \"sustained_samples\": " samples "}}"

static void thresholds_that_are_none_are_refused(void **state)
{
	(void)state;
	expect_replaced("[]}", MONITOR("-1", "1", "true", "1"),
			"max_imbalance_ratio is no limit");
	expect_replaced("[]}", MONITOR("null", "1", "true", "1"),
			"max_imbalance_ratio is no limit");
	expect_replaced("[]}", MONITOR("1", "-1", "true", "1"),
			"max_local_dsq_depth must be a number from 0 up");
	expect_replaced("[]}", MONITOR("1", "4294967296", "true", "1"),
			"not 4294967296");
	expect_replaced("[]}", MONITOR("1", "1", "1", "1"),
			"fail_on_stall is neither");
	expect_replaced("[]}", MONITOR("1", "1", "true", "0"),
			"sustained_samples must be a number from 1 up, not 0");
	expect_replaced(
		"[]}", "[], \"watchdog_timeout_s\": -1}",
		"watchdog_timeout_s must be a number from 0 up, not -1");
	expect_replaced("[]}", "[], \"monitor\": 7}",
			"enforced is neither true nor false");
}

static void what_contradicts_itself_is_refused(void **state)
{
	(void)state;
	expect_replaced("[]}", "[], \"min_cpus\": \"1\"}",
			"\"min_cpus\" is no number");
	expect_replaced("[]}", "[], \"max_llcs\": -1}",
			"max_llcs must be from 0 to 4294967295, not -1");
	expect_replaced("[]}", "[], \"requires_smt\": 1}",
			"\"requires_smt\" is neither true nor false");
	expect_replaced("[]}", "[], \"min_llcs\": 3, \"max_llcs\": 2}",
			"min_llcs is 3 and max_llcs is 2");
	expect_replaced("[]}", "[], \"max_llcs\": 1}",
			"1n2l3c1t, is outside its own constraints: 2 llcs, but "
			"max_llcs is 1");
	expect_replaced("[]}", "[], \"requires_smt\": true}",
			"one thread a core, but requires_smt is set");
	expect_replaced("[]}", "[], \"scheduler\": 1}",
			"\"scheduler\" is neither null nor an object");
}

static void a_binary_is_asked(void **state)
{
	_cleanup_test_list_ struct kt_test_list list = {};
	struct ktstr_error err = {};

	(void)state;
	make_script("[ \"$*\" = --ktstr-list ] || exit 9\n"
		    "echo a warning >&2\n"
		    "cat <<'E'\n" LIST(TEST("a", "")) "\nE");
	if (kt_test_list_read(path, LIMIT_MS, &list, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.binary, path);
}

static void a_bare_name_is_a_file_here(void **state)
{
	_cleanup_test_list_ struct kt_test_list list = {};
	_cleanup_free_ char *before = getcwd(NULL, 0);
	int r;

	(void)state;
	make_script("cat <<'E'\n" LIST(TEST("a", "")) "\nE");
	assert_int_equal(chdir(directory), 0);
	r = kt_test_list_read("script", LIMIT_MS, &list, NULL);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(r, 0);
	assert_string_equal(list.binary, "./script");
}

/* What looks like a program and still is none, kt_test_binary_check() or not. */
static void what_cannot_be_run_is_refused(void **state)
{
	(void)state;
	make("text", "text");
	REFUSED(path, "cannot be run here");
	make("orphan", "#!/nonexistent/interpreter\n");
	REFUSED(path, "cannot be run here", "interpreter");
}

static void a_binary_that_answers_otherwise_is_told_apart(void **state)
{
	(void)state;
	REFUSED("/bin/true", "is no test binary", "prints nothing");
	make_script("echo hello");
	REFUSED(path, "is no test binary", "no JSON");
	make_script("echo unknown option >&2; exit 2");
	REFUSED(path, "exited with 2", "libktstr-test:\nunknown option");
	make_script("kill -SEGV $$");
	REFUSED(path, "crashed while", "signal 11", "Segmentation fault");
	make_script("exit 139");
	REFUSED(path, "exited with 139");
	make_script("echo 'x: error while loading shared libraries: libq.so.1: "
		    "cannot open shared object file' >&2; exit 127");
	REFUSED(path, "shared library that is not here: libq.so.1;", "-static");
	make_script("exec yes");
	REFUSED(path, "prints more than 4 MiB");
}

static void a_binary_that_hangs_is_ended(void **state)
{
	static const char *const parts[] = { "hangs", "0.3 s", NULL };

	(void)state;
	make_script("exec sleep 1000");
	expect_refused(path, 300, -EINVAL, parts);
	make_script("while :; do echo x; sleep 0.05; done");
	expect_refused(path, 300, -EINVAL, parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_taken_as_it_is),
		cmocka_unit_test(tests_are_in_the_order_of_their_sources),
		cmocka_unit_test(every_wrong_list_has_its_message),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(writes_that_are_none_are_refused),
		cmocka_unit_test(devices_that_are_none_are_refused),
		cmocka_unit_test(thresholds_that_are_none_are_refused),
		cmocka_unit_test(what_contradicts_itself_is_refused),
		cmocka_unit_test(a_binary_is_asked),
		cmocka_unit_test(a_bare_name_is_a_file_here),
		cmocka_unit_test(what_cannot_be_run_is_refused),
		cmocka_unit_test(a_binary_that_answers_otherwise_is_told_apart),
		cmocka_unit_test(a_binary_that_hangs_is_ended),
		messages_test("runner_list"),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
