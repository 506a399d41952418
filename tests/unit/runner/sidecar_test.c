// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "made_up.h"
#include "runner/sidecar.h"
#include "schema.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)
#define _cleanup_json_ _cleanup_(json_decref_cleanup)

static const struct kt_sidecar_host host = {
	.kernel_image = "/boot/vmlinuz",
	.kernel_release = "7.3.4",
	.nested = true,
};

static char directory[] = "/tmp/ktstr-sidecar-test.XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 ? kt_remove_tree(directory) : -1;
}

static json_t *load_schema(void)
{
	json_t *schema =
		json_load_file(KTSTR_SOURCE_ROOT "/docs/sidecar.schema.json",
			       JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(schema);
	return schema;
}

static json_t *document_of(const struct kt_test_run *run)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};
	json_t *document;

	assert_int_equal(kt_sidecar_text(run, &host, &text), 0);
	document = json_loadb(text.data, text.length,
			      JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(document);
	return document;
}

static void every_outcome_is_as_the_schema_says(void **state)
{
	_cleanup_json_ json_t *schema = load_schema();

	(void)state;
	for (size_t i = 0; i < MADE_UP_RUNS; i++) {
		_cleanup_json_ json_t *document = document_of(&made_up_runs[i]);
		_cleanup_strbuf_ struct kt_strbuf violations = {};

		schema_check(schema, document, "$", &violations);
		assert_string_equal(kt_strbuf_text(&violations), "");
	}
}

static void a_run_without_a_machine_is_too(void **state)
{
	_cleanup_json_ json_t *schema = load_schema();
	_cleanup_strbuf_ struct kt_strbuf violations = {};
	_cleanup_json_ json_t *document = NULL;
	struct kt_test_run run = made_up_runs[4];

	(void)state;
	run.machine = NULL;
	run.topology = (char *)"";
	run.numa_nodes = run.llcs = run.n_cpus = run.memory_mib = 0;
	document = document_of(&run);
	schema_check(schema, document, "$", &violations);
	assert_string_equal(kt_strbuf_text(&violations), "");
	assert_null(json_object_get(document, "guest"));
	assert_null(json_object_get(document, "kvm_stats"));
	assert_null(json_object_get(document, "steal"));
	assert_null(json_object_get(document, "events"));
	assert_null(json_object_get(document, "disk"));
	assert_null(json_object_get(document, "network"));
}

/* Removes `key`, or replaces it, in a part of the document or in the whole. */
static void expect_violation(const char *part, const char *key, json_t *value,
			     const char *violation)
{
	_cleanup_json_ json_t *schema = load_schema();
	_cleanup_json_ json_t *document = document_of(&made_up_runs[5]);
	_cleanup_strbuf_ struct kt_strbuf violations = {};
	json_t *object = part ? json_object_get(document, part) : document;

	if (value)
		assert_int_equal(json_object_set_new(object, key, value), 0);
	else
		assert_int_equal(json_object_del(object, key), 0);
	schema_check(schema, document, "$", &violations);
	assert_string_equal(kt_strbuf_text(&violations), violation);
}

/* Otherwise the tests above would show nothing. */
static void the_schema_refuses_what_is_wrong(void **state)
{
	(void)state;
	expect_violation(NULL, "verdict", NULL, "$: has no verdict\n");
	expect_violation(NULL, "verdict", json_string("passed"),
			 "$.verdict: enum\n");
	expect_violation(NULL, "ktstr_sidecar", json_integer(2),
			 "$.ktstr_sidecar: const\n");
	expect_violation(NULL, "unheard_of", json_true(),
			 "$: unheard_of is not declared\n");
	expect_violation("test", "name", NULL, "$.test: has no name\n");
	expect_violation("test", "line", json_integer(-1),
			 "$.test.line: minimum\n");
	expect_violation("topology", "cpus", json_string("4"),
			 "$.topology.cpus: type\n");
	expect_violation("steal", "samples", NULL, "$.steal: has no samples\n");
	expect_violation("steal", "vcpus",
			 json_pack("[{s:i, s:i}]", "lived_ns", 1, "ran_ns", 1),
			 "$.steal.vcpus[0]: has no stolen_ns\n");
	expect_violation(NULL, "events", json_pack("[{}]"),
			 "$.events[0]: has no kind\n"
			 "$.events[0]: has no step\n"
			 "$.events[0]: has no detail\n"
			 "$.events[0]: has no guest_ns\n"
			 "$.events[0]: has no received_ns\n");
	expect_violation(NULL, "events_lost", json_integer(0),
			 "$.events_lost: minimum\n");
	expect_violation("guest", "crash", json_string(""),
			 "$.guest.crash: minLength\n");
	expect_violation("timings", "wall_ns", json_real(1.5),
			 "$.timings.wall_ns: type\n");
}

static const char *text_at(const json_t *document, const char *part,
			   const char *key)
{
	return json_string_value(
		json_object_get(json_object_get(document, part), key));
}

static void what_was_measured_is_there(void **state)
{
	_cleanup_json_ json_t *document = document_of(&made_up_runs[1]);
	const json_t *stats = json_object_get(document, "kvm_stats");
	const json_t *metric =
		json_array_get(json_object_get(document, "metrics"), 0);
	const json_t *timings = json_object_get(document, "timings");

	(void)state;
	assert_string_equal(text_at(document, "test", "name"), "wakes_in_time");
	assert_string_equal(text_at(document, "topology", "text"), "2n4l2c1t");
	assert_string_equal(text_at(document, "timings", "started"),
			    "2023-11-14T22:13:20Z");
	assert_string_equal(text_at(document, "kernel", "release"), "7.3.4");
	assert_true(json_is_true(json_object_get(
		json_object_get(document, "test"), "expect_err")));
	assert_float_equal(json_real_value(json_object_get(metric, "value")),
			   12.5, 0);
	assert_int_equal(
		json_integer_value(json_object_get(timings, "boot_ns")), 2000);
	assert_int_equal(
		json_integer_value(json_object_get(timings, "test_ns")),
		1000000000);
	assert_int_equal(json_array_size(stats), 2);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(stats, 0), "value")),
			 1234);
	assert_null(json_object_get(json_array_get(stats, 1), "vcpu"));
	/* Too large for JSON's integers here. */
	assert_true(json_real_value(json_object_get(json_array_get(stats, 1),
						    "value")) > 1.8e19);
}

static json_int_t integer_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void devices_are_there(void **state)
{
	_cleanup_json_ json_t *document = document_of(&made_up_runs[0]);
	const json_t *disk = json_object_get(document, "disk");
	const json_t *network = json_object_get(document, "network");

	(void)state;
	assert_int_equal(integer_at(disk, "reads"), 11);
	assert_int_equal(integer_at(disk, "writes"), 0);
	assert_int_equal(integer_at(disk, "delayed_ns"), 12);
	assert_int_equal(json_object_size(disk), 11);
	assert_int_equal(integer_at(network, "sent"), 13);
	assert_int_equal(integer_at(network, "dropped_header"), 14);
	assert_int_equal(json_object_size(network), 9);
}

static void steal_and_events_are_there(void **state)
{
	_cleanup_json_ json_t *document = document_of(&made_up_runs[0]);
	const json_t *steal = json_object_get(document, "steal");
	const json_t *vcpus = json_object_get(steal, "vcpus");
	const json_t *events = json_object_get(document, "events");
	const json_t *first = json_array_get(events, 0);
	const json_t *second = json_array_get(events, 1);

	(void)state;
	assert_int_equal(integer_at(steal, "samples"), 31);
	assert_int_equal(integer_at(steal, "time_error_ns"), 210000);
	assert_int_equal(json_array_size(vcpus), 2);
	assert_int_equal(integer_at(json_array_get(vcpus, 0), "stolen_ns"),
			 1000000000);
	assert_float_equal(json_real_value(json_object_get(
				   json_array_get(vcpus, 0), "stolen_share")),
			   0.25, 0);
	assert_null(json_object_get(json_array_get(vcpus, 1), "stolen_share"));

	assert_int_equal(json_array_size(events), 2);
	assert_string_equal(json_string_value(json_object_get(first, "detail")),
			    "back: 0-3 \033[2J caf\303\251\n");
	assert_int_equal(integer_at(first, "guest_ns"), 1500000000);
	assert_int_equal(integer_at(first, "received_ns"), 7001000000);
	assert_int_equal(integer_at(first, "host_ns"), 7000000000);
	assert_int_equal(integer_at(first, "host_error_ns"), 200000);
	assert_true(integer_at(second, "guest_ns") == INT64_MAX);
	assert_null(json_object_get(second, "host_ns"));
	assert_null(json_object_get(second, "host_error_ns"));
	assert_int_equal(integer_at(document, "events_lost"), 3);
	assert_int_equal(integer_at(json_object_get(document, "timings"),
				    "machine_started_ns"),
			 5000000000);
}

/* Where there are several kernels, presets or profiles, and only there. */
static void what_tells_runs_apart_is_there(void **state)
{
	_cleanup_json_ json_t *schema = load_schema();
	_cleanup_strbuf_ struct kt_strbuf violations = {};
	_cleanup_json_ json_t *alone = document_of(&made_up_runs[0]);
	_cleanup_json_ json_t *document = NULL;
	struct kt_test_run run = made_up_runs[0];

	(void)state;
	run.labels = (struct kt_run_labels){ "tiny-1llc", "7.3", "fast+numa" };
	document = document_of(&run);
	schema_check(schema, document, "$", &violations);
	assert_string_equal(kt_strbuf_text(&violations), "");
	assert_string_equal(text_at(document, "topology", "preset"),
			    "tiny-1llc");
	assert_string_equal(text_at(document, "kernel", "name"), "7.3");
	assert_string_equal(text_at(document, "test", "profile"), "fast+numa");
	assert_null(text_at(alone, "topology", "preset"));
	assert_null(text_at(alone, "kernel", "name"));
	assert_null(text_at(alone, "test", "profile"));
}

static void what_was_not_measured_is_absent(void **state)
{
	_cleanup_json_ json_t *passed = document_of(&made_up_runs[0]);
	_cleanup_json_ json_t *late = document_of(&made_up_runs[4]);
	_cleanup_json_ json_t *crashed = document_of(&made_up_runs[5]);
	const json_t *timings = json_object_get(late, "timings");

	(void)state;
	assert_null(json_object_get(timings, "boot_ns"));
	assert_null(json_object_get(timings, "test_ns"));
	assert_null(
		json_object_get(json_object_get(late, "guest"), "exit_code"));
	assert_null(json_object_get(passed, "reason"));
	assert_null(json_object_get(json_object_get(late, "steal"), "vcpus"));
	assert_null(json_object_get(json_object_get(late, "steal"),
				    "time_error_ns"));
	assert_int_equal(json_array_size(json_object_get(late, "events")), 0);
	assert_null(json_object_get(late, "events_lost"));
	assert_null(text_at(passed, "test", "scheduler"));
	assert_null(text_at(passed, "guest", "scheduler_log"));
	assert_string_equal(text_at(crashed, "test", "scheduler"), "scx_mine");
	assert_string_equal(text_at(crashed, "guest", "scheduler_log"),
			    "attached ?\n");
	/* The log is kept where something is to be found out. */
	assert_null(text_at(passed, "guest", "console_tail"));
	assert_string_equal(text_at(crashed, "guest", "console_tail"),
			    "a log that is no UTF-8: ?\n");
	assert_string_equal(text_at(crashed, "guest", "crash"),
			    "BUG: unable to handle\n");
	assert_null(text_at(passed, "guest", "wire_error"));
	assert_string_equal(text_at(crashed, "guest", "wire_error"),
			    "1 byte that is no frame");
}

/* The beginning and the end, and how much there is between them. */
static void of_endless_output_both_ends_are_there(void **state)
{
	enum { BYTES = 3 << 20 };
	_cleanup_json_ json_t *schema = load_schema();
	_cleanup_strbuf_ struct kt_strbuf violations = {};
	_cleanup_json_ json_t *document = NULL;
	_cleanup_free_ char *output = malloc(BYTES);
	struct kt_test_run run = made_up_runs[5];
	struct ktstr_vm_result machine = *run.machine;
	const json_t *guest;

	(void)state;
	assert_non_null(output);
	memset(output, 'x', BYTES);
	memcpy(output, "begin", 5);
	memcpy(output + BYTES - 3, "end", 3);
	machine.output = output;
	machine.output_bytes = BYTES;
	machine.output_lost_bytes = 5;
	run.machine = &machine;
	run.outcome.left_processes = 7;
	document = document_of(&run);
	schema_check(schema, document, "$", &violations);
	assert_string_equal(kt_strbuf_text(&violations), "");
	guest = json_object_get(document, "guest");
	assert_int_equal(json_string_length(json_object_get(guest, "output")),
			 256 << 10);
	assert_int_equal(
		json_string_length(json_object_get(guest, "output_end")),
		768 << 10);
	assert_int_equal(integer_at(guest, "output_lost_bytes"),
			 BYTES - (1 << 20) + 5);
	assert_memory_equal(text_at(document, "guest", "output"), "begin", 5);
	assert_string_equal(text_at(document, "guest", "output_end") +
				    (768 << 10) - 4,
			    "xend");
	assert_int_equal(integer_at(document, "left_processes"), 7);
}

static void a_nul_does_not_end_the_output(void **state)
{
	struct kt_test_run run = made_up_runs[5];
	struct ktstr_vm_result machine = *run.machine;
	_cleanup_json_ json_t *document = NULL;
	const json_t *output;

	(void)state;
	machine.output = (char *)"one\0two\xff";
	machine.output_bytes = 8;
	run.machine = &machine;
	document = document_of(&run);
	output = json_object_get(json_object_get(document, "guest"), "output");
	assert_int_equal(json_string_length(output), 8);
	assert_memory_equal(json_string_value(output), "one\0two?", 9);
	assert_null(text_at(document, "guest", "output_end"));
	assert_null(json_object_get(json_object_get(document, "guest"),
				    "output_lost_bytes"));
	assert_null(json_object_get(document, "left_processes"));
}

static void a_file_is_written_whole(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};
	_cleanup_free_ char *found = NULL;
	struct ktstr_error err = {};

	(void)state;
	assert_int_equal(kt_sidecar_text(&made_up_runs[0], &host, &text), 0);
	assert_int_equal(kt_sidecar_write(&made_up_runs[0], &host, directory,
					  "everyone_runs", NULL),
			 0);
	assert_int_equal(
		kt_read_file("everyone_runs.ktstr.json", 1 << 20, &found, NULL),
		0);
	assert_string_equal(found, text.data);
	assert_int_equal(kt_sidecar_write(&made_up_runs[0], &host,
					  "/nonexistent", "x", &err),
			 -ENOENT);
	assert_contains(err.message,
			"cannot write /nonexistent/x.ktstr.json: No such file");
	message_seen(err.message);
}

static void directories_are_never_shared_unless_named(void **state)
{
	_cleanup_free_ char *one = NULL, *two = NULL, *named = NULL;
	struct ktstr_error err = {};
	struct stat st;

	(void)state;
	assert_int_equal(kt_sidecar_directory(NULL, &one, NULL), 0);
	assert_int_equal(kt_sidecar_directory(NULL, &two, NULL), 0);
	assert_string_not_equal(one, two);
	assert_int_equal(strncmp(one, "ktstr-runs/2", 12), 0);
	assert_int_equal(stat(one, &st) | stat(two, &st), 0);
	for (int i = 0; i < 2; i++) {
		free(named);
		named = NULL;
		assert_int_equal(kt_sidecar_directory("a/b", &named, NULL), 0);
		assert_string_equal(named, "a/b");
	}
	assert_int_equal(stat("a/b", &st), 0);
	free(named);
	named = NULL;
	assert_true(kt_sidecar_directory("/proc/none", &named, &err) < 0);
	assert_contains(err.message, "/proc/none");
	assert_contains(err.message, "KTSTR_RUN_DIR");
	message_seen(err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_is_as_the_schema_says),
		cmocka_unit_test(a_run_without_a_machine_is_too),
		cmocka_unit_test(the_schema_refuses_what_is_wrong),
		cmocka_unit_test(what_was_measured_is_there),
		cmocka_unit_test(devices_are_there),
		cmocka_unit_test(steal_and_events_are_there),
		cmocka_unit_test(what_tells_runs_apart_is_there),
		cmocka_unit_test(what_was_not_measured_is_absent),
		cmocka_unit_test(of_endless_output_both_ends_are_there),
		cmocka_unit_test(a_nul_does_not_end_the_output),
		cmocka_unit_test(a_file_is_written_whole),
		cmocka_unit_test(directories_are_never_shared_unless_named),
		messages_test("runner_sidecar"),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
