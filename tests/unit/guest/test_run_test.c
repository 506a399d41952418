// SPDX-License-Identifier: GPL-2.0-only
/* Tests of tests: what becomes of every way in which one can end. */
#include "test.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/disk.h>
#include <ktstr/monitor.h>
#include <ktstr/network.h>
#include <ktstr/payload.h>
#include <ktstr/scheduler.h>

#include "base/fd.h"
#include "guest/test_registry.h"
#include "guest/test_run.h"

#define LONG_MS  20000
#define SHORT_MS 200

static const char *const files[] = { "perf", "/etc/passwd:etc/passwd", NULL };

KTSTR_PAYLOAD(stress, .binary = "stress-ng")
KTSTR_PAYLOAD(again, .binary = "stress-ng")
KTSTR_PAYLOAD(own, .binary = "build/own")

KTSTR_TEST(plain)
{
	return KTSTR_PASS;
}

KTSTR_TEST(declared, .numa_nodes = 2, .llcs = 4, .cores = 3, .threads = 2,
	   .memory_mib = 512, .duration_s = 5, .timeout_s = 9,
	   .expect_err = true, .include_files = files, .max_numa_nodes = 2,
	   .min_llcs = 2, .min_cpus = 8, .max_cpus = 24, .requires_smt = true,
	   .payloads = KTSTR_PAYLOADS(&stress, &again, &own),
	   .monitor = KTSTR_MONITOR(.max_fallback_rate = INFINITY,
				    .fail_on_stall = false))
{
	return KTSTR_SKIP;
}

KTSTR_TEST(has_devices, .network = KTSTR_NETWORK(.queue_pairs = 2),
	   .disk = KTSTR_DISK(.name = "scratch", .iops = 50))
{
	return KTSTR_PASS;
}

KTSTR_TEST(has_plain_devices, .network = KTSTR_NETWORK(), .disk = KTSTR_DISK())
{
	return KTSTR_PASS;
}

KTSTR_SCHEDULER(mine, .binary = "dir/scx_mine", .args = KTSTR_WORDS("-v"),
		.enable = KTSTR_WORDS("echo 1", "echo 2"),
		.disable = KTSTR_WORDS("echo 0"), .llcs = 3, .cores = 5,
		KTSTR_FLAGS({ .name = "fast", .args = KTSTR_WORDS("--fast", "2") },
			    { .name = "far",
			      .args = KTSTR_WORDS("--far"),
			      .needs = KTSTR_WORDS("fast") }),
		.monitor = KTSTR_MONITOR(.max_imbalance_ratio = 2.5,
					 .sustained_samples = 1,
					 .max_keep_last_rate = 0),
		.cmdline = "a=1")

KTSTR_TEST(has_a_scheduler, .scheduler = &mine, .cores = 1,
	   .extra_sched_args = KTSTR_WORDS("-x"),
	   KTSTR_MAP_WRITES(
		   { .map = ".bss", .variable = "stall", .value = 7 },
		   { .map = "limits", .offset = 4, .value = 9 }))
{
	return KTSTR_PASS;
}

KTSTR_TEST(talks)
{
	ktstr_note(ctx, "gap of %d ms", 12);
	ktstr_note(ctx, "not UTF-8: \xff\xfe");
	ktstr_metric(ctx, "latency", 1.5, "us");
	ktstr_note(ctx, "%s", ktstr_current(ctx)->name);
	return KTSTR_INCONCLUSIVE;
}

KTSTR_TEST(requires)
{
	KTSTR_REQUIRE(ctx, 1 + 1 == 2);
	KTSTR_REQUIRE(ctx, 1 + 1 == 3);
	return KTSTR_PASS;
}

KTSTR_TEST(crashes)
{
	ktstr_note(ctx, "so far so good");
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
	return KTSTR_PASS;
}

KTSTR_TEST(leaves)
{
	int *volatile status = &(int){ 3 };

	(void)ctx;
	if (*status)
		_exit(*status);
	return KTSTR_PASS;
}

KTSTR_TEST(exits)
{
	int *volatile status = &(int){ 0 };

	(void)ctx;
	if (*status == 0)
		_exit(*status);
	return KTSTR_PASS;
}

KTSTR_TEST(hangs)
{
	ktstr_note(ctx, "about to hang");
	while (ktstr_current(ctx))
		pause();
	return KTSTR_PASS;
}

KTSTR_TEST(chatters)
{
	for (int i = 0; i < 4000; i++)
		ktstr_note(ctx, "%0100d", i);
	return KTSTR_FAIL;
}

/* A worker that is left behind holds the pipe, and must not hold the result. */
KTSTR_TEST(leaves_a_worker)
{
	(void)ctx;
	if (fork() == 0) {
		for (;;)
			pause();
	}
	return KTSTR_PASS;
}

KTSTR_TEST(hangs_with_a_worker)
{
	(void)fork();
	while (ktstr_current(ctx))
		pause();
	return KTSTR_PASS;
}

/* Children that come back from the test: their verdicts are nobody's. */
KTSTR_TEST(hangs_beside_a_child)
{
	if (fork() == 0)
		return KTSTR_PASS;
	while (ktstr_current(ctx))
		pause();
	return KTSTR_PASS;
}

KTSTR_TEST(fails_beside_a_child)
{
	pid_t pid = fork();

	if (pid == 0)
		return KTSTR_PASS;
	waitpid(pid, NULL, 0);
	return KTSTR_FAIL;
}

KTSTR_TEST(divides_by_zero)
{
	volatile double n = 0;

	ktstr_metric(ctx, "mean", 0 / n, "s");
	return KTSTR_PASS;
}

/* What goes along with a test, as it is to behave. */
struct made_up {
	struct kt_test_companion companion;
	enum ktstr_verdict at_begin;
	enum ktstr_verdict at_end;
	int watch[2]; /* a pipe; what is in it is of no good */
	bool has_ended;
};

static int made_up_begin(struct kt_test_companion *companion,
			 enum ktstr_verdict *ret, struct ktstr_error *err)
{
	struct made_up *m = companion->userdata;

	(void)err;
	kt_test_companion_metric(companion, "begun", 1, "times");
	*ret = m->at_begin;
	return 0;
}

static bool made_up_attend(struct kt_test_companion *companion)
{
	struct made_up *m = companion->userdata;
	char byte;

	kt_test_companion_note(companion, "it \xff broke");
	assert_int_equal(read(m->watch[0], &byte, 1), 1);
	return byte != 'x';
}

static enum ktstr_verdict made_up_end(struct kt_test_companion *companion)
{
	struct made_up *m = companion->userdata;

	m->has_ended = true;
	return m->at_end;
}

static struct made_up made_up_make(void)
{
	struct made_up m = { .at_begin = KTSTR_PASS };

	assert_int_equal(pipe(m.watch), 0);
	assert_int_equal(kt_test_companion_init(&m.companion, NULL), 0);
	m.companion.begin = made_up_begin;
	m.companion.attend = made_up_attend;
	m.companion.end = made_up_end;
	m.companion.watch_fd = m.watch[0];
	return m;
}

static json_t *run_beside(const char *name, unsigned int timeout_ms,
			  struct kt_test_companion *companion,
			  enum ktstr_verdict expected)
{
	char path[] = "/tmp/ktstr-test-run-XXXXXX";
	struct ktstr_error err = { 0 };
	enum ktstr_verdict verdict;
	json_t *result;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(kt_test_run(kt_test_find(name), timeout_ms, companion,
				     path, &verdict, &err),
			 0);
	assert_int_equal(verdict, expected);
	result = json_load_file(path, 0, NULL);
	unlink(path);
	assert_non_null(result);
	assert_string_equal(json_string_value(json_object_get(result, "test")),
			    name);
	assert_string_equal(
		json_string_value(json_object_get(result, "verdict")),
		ktstr_verdict_name(expected));
	assert_true(json_is_integer(json_object_get(result, "duration_ns")));
	return result;
}

static json_t *run(const char *name, unsigned int timeout_ms,
		   enum ktstr_verdict expected)
{
	return run_beside(name, timeout_ms, NULL, expected);
}

static size_t n_notes(const json_t *result)
{
	return json_array_size(json_object_get(result, "notes"));
}

static json_int_t left_processes(const json_t *result)
{
	const json_t *value = json_object_get(result, "left_processes");

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *note(const json_t *result, size_t i)
{
	return json_string_value(
		json_array_get(json_object_get(result, "notes"), i));
}

static void a_verdict_comes_back(void **state)
{
	(void)state;
	json_decref(run("plain", LONG_MS, KTSTR_PASS));
	json_decref(run("declared", LONG_MS, KTSTR_SKIP));
}

static void notes_and_metrics_come_back(void **state)
{
	json_t *result = run("talks", LONG_MS, KTSTR_INCONCLUSIVE);
	json_t *metric = json_array_get(json_object_get(result, "metrics"), 0);

	(void)state;
	assert_int_equal(n_notes(result), 3);
	assert_string_equal(note(result, 0), "gap of 12 ms");
	assert_string_equal(note(result, 1), "not UTF-8: ??");
	assert_string_equal(note(result, 2), "talks");
	assert_string_equal(json_string_value(json_object_get(metric, "name")),
			    "latency");
	assert_true(json_real_value(json_object_get(metric, "value")) == 1.5);
	assert_string_equal(json_string_value(json_object_get(metric, "unit")),
			    "us");
	json_decref(result);
}

static void a_requirement_names_itself(void **state)
{
	json_t *result = run("requires", LONG_MS, KTSTR_FAIL);

	(void)state;
	assert_int_equal(n_notes(result), 1);
	assert_non_null(strstr(note(result, 0), "not so: 1 + 1 == 3"));
	json_decref(result);
}

static void a_crash_is_a_failure_with_its_notes(void **state)
{
	json_t *result = run("crashes", LONG_MS, KTSTR_FAIL);

	(void)state;
	assert_int_equal(n_notes(result), 2);
	assert_string_equal(note(result, 0), "so far so good");
	assert_non_null(
		strstr(note(result, 1), "killed by signal 6 (Aborted)"));
	json_decref(result);
}

static void an_exit_is_no_verdict(void **state)
{
	json_t *result = run("exits", LONG_MS, KTSTR_FAIL);

	(void)state;
	assert_string_equal(note(result, 0),
			    "the test's process exited with 0 and gave no "
			    "verdict");
	json_decref(result);
	result = run("leaves", LONG_MS, KTSTR_FAIL);
	assert_string_equal(note(result, 0),
			    "the test's process exited with 3 and gave no "
			    "verdict");
	json_decref(result);
}

static void a_hang_is_ended(void **state)
{
	json_t *result = run("hangs", SHORT_MS, KTSTR_FAIL);

	(void)state;
	assert_string_equal(note(result, n_notes(result) - 1),
			    "the test was still running after 0.2 s");
	json_decref(result);
}

static void a_flood_of_notes_is_cut(void **state)
{
	json_t *result = run("chatters", LONG_MS, KTSTR_FAIL);
	size_t n = n_notes(result);
	char *text = json_dumps(result, 0);

	(void)state;
	assert_true(n > 100 && n < 4000);
	assert_non_null(
		strstr(note(result, n - 1), "more notes were not kept"));
	assert_true(strlen(text) < 256 * 1024);
	free(text);
	json_decref(result);
}

static void a_left_worker_is_no_hang(void **state)
{
	json_t *result = run("leaves_a_worker", LONG_MS, KTSTR_PASS);

	(void)state;
	assert_int_equal(left_processes(result), 1);
	json_decref(result);
}

/* They had to end because the test had. */
static void who_is_ended_with_the_test_was_not_left(void **state)
{
	json_t *result = run("hangs_with_a_worker", SHORT_MS, KTSTR_FAIL);

	(void)state;
	assert_int_equal(left_processes(result), 0);
	json_decref(result);
	result = run("fails_beside_a_child", LONG_MS, KTSTR_FAIL);
	assert_int_equal(left_processes(result), 0);
	json_decref(result);
}

static void a_child_has_no_say(void **state)
{
	json_t *result = run("hangs_beside_a_child", SHORT_MS, KTSTR_FAIL);

	(void)state;
	assert_string_equal(note(result, 0),
			    "the test was still running after 0.2 s");
	json_decref(result);
	json_decref(run("fails_beside_a_child", LONG_MS, KTSTR_FAIL));
}

static void a_metric_that_is_no_number_is_told(void **state)
{
	json_t *result = run("divides_by_zero", LONG_MS, KTSTR_PASS);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(result, "metrics")), 0);
	assert_non_null(
		strstr(note(result, 0), "the metric mean was not kept"));
	json_decref(result);
}

/* A test's entry of the list, one line, without what tells where it is. */
static char *listed(const char *name)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	size_t n;
	const struct ktstr_test *const *tests = kt_tests(&n);
	json_t *root, *list, *entry = NULL;
	char *line;

	assert_int_equal(kt_tests_list(tests, n, &text), 0);
	root = json_loads(text.data, 0, NULL);
	assert_non_null(root);
	assert_int_equal(
		json_integer_value(json_object_get(root, "ktstr_list")), 1);
	list = json_object_get(root, "tests");
	assert_int_equal(json_array_size(list), n);
	for (size_t i = 0; i < n; i++) {
		json_t *e = json_array_get(list, i);

		if (!strcmp(json_string_value(json_object_get(e, "name")), name))
			entry = e;
	}
	assert_non_null(entry);
	json_object_del(entry, "line");
	json_object_del(entry, "file");
	json_object_del(entry, "name");
	line = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(root);
	return line;
}

static void the_list_says_what_is_declared(void **state)
{
	_cleanup_free_ char *line = listed("declared");

	(void)state;
	assert_string_equal(
		line, "{\"bpf_map_writes\":[],\"cores\":3,\"duration_s\":5,\"expect_err\":true,"
		      "\"extra_sched_args\":[],"
		      "\"include_files\":[\"perf\",\"/etc/passwd:etc/passwd\","
		      "\"stress-ng:bin/stress-ng\",\"build/own:bin/own\"],"
		      "\"llcs\":4,\"max_cpus\":24,\"max_llcs\":12,"
		      "\"max_numa_nodes\":2,\"memory_mib\":512,\"min_cpus\":8,"
		      "\"min_llcs\":2,\"min_numa_nodes\":1,"
		      "\"monitor\":{\"enforced\":true,"
		      "\"fail_on_stall\":false,\"max_imbalance_ratio\":4.0,"
		      "\"max_keep_last_rate\":100.0,"
		      "\"max_local_dsq_depth\":50,\"sustained_samples\":5},"
		      "\"numa_nodes\":2,"
		      "\"requires_smt\":true,\"scheduler\":null,\"threads\":2,"
		      "\"timeout_s\":9,\"watchdog_timeout_s\":5}");
}

static void the_list_has_the_scheduler(void **state)
{
	_cleanup_free_ char *line = listed("has_a_scheduler");

	(void)state;
	assert_string_equal(
		line, "{\"bpf_map_writes\":["
		      "{\"map\":\".bss\",\"offset\":0,\"value\":7,"
		      "\"variable\":\"stall\"},"
		      "{\"map\":\"limits\",\"offset\":4,\"value\":9,"
		      "\"variable\":null}],\"cores\":1,\"duration_s\":12,\"expect_err\":false,"
		      "\"extra_sched_args\":[\"-x\"],\"include_files\":[],"
		      "\"llcs\":3,\"max_cpus\":192,\"max_llcs\":12,"
		      "\"max_numa_nodes\":1,\"memory_mib\":2048,\"min_cpus\":1,"
		      "\"min_llcs\":1,\"min_numa_nodes\":1,"
		      "\"monitor\":{\"enforced\":false,"
		      "\"fail_on_stall\":true,\"max_fallback_rate\":200.0,"
		      "\"max_imbalance_ratio\":2.5,\"max_keep_last_rate\":0.0,"
		      "\"max_local_dsq_depth\":50,\"sustained_samples\":1},"
		      "\"numa_nodes\":1,"
		      "\"requires_smt\":false,\"scheduler\":{\"args\":[\"-v\"],"
		      "\"binary\":\"dir/scx_mine\",\"cmdline\":\"a=1\","
		      "\"disable\":[\"echo 0\"],"
		      "\"enable\":[\"echo 1\",\"echo 2\"],"
		      "\"flags\":[{\"args\":[\"--fast\",\"2\"],"
		      "\"name\":\"fast\",\"needs\":[]},"
		      "{\"args\":[\"--far\"],\"name\":\"far\","
		      "\"needs\":[\"fast\"]}],\"name\":\"mine\"},"
		      "\"threads\":1,\"timeout_s\":0,"
		      "\"watchdog_timeout_s\":5}");
}

static void the_list_has_the_devices(void **state)
{
	_cleanup_free_ char *line = listed("has_devices");
	_cleanup_free_ char *plain = listed("has_plain_devices");
	_cleanup_free_ char *none = listed("declared");

	(void)state;
	assert_contains(line, "\"disk\":{\"bytes_burst\":0,\"bytes_per_s\":0,"
			      "\"iops\":50,\"iops_burst\":0,"
			      "\"name\":\"scratch\",\"read_only\":false,"
			      "\"size_mib\":256}");
	assert_contains(line, "\"network\":{\"queue_pairs\":2}");
	assert_contains(plain, "\"name\":null,");
	assert_contains(plain, "\"network\":{\"queue_pairs\":0}");
	assert_null(strstr(none, "\"disk\""));
	assert_null(strstr(none, "\"network\""));
}

static json_t *run_made_up(struct made_up *m, const char *name,
			   enum ktstr_verdict expected)
{
	json_t *result;

	m->companion.userdata = m;
	result = run_beside(name, LONG_MS, &m->companion, expected);
	assert_true(m->has_ended);
	assert_int_equal(json_array_size(json_object_get(result, "metrics")), 1);
	kt_test_companion_deinit(&m->companion);
	close(m->watch[0]);
	close(m->watch[1]);
	return result;
}

static void a_companion_has_a_say(void **state)
{
	struct made_up m = made_up_make();

	(void)state;
	json_decref(run_made_up(&m, "plain", KTSTR_PASS));

	/* The test is not run. */
	m = made_up_make();
	m.at_begin = KTSTR_SKIP;
	json_decref(run_made_up(&m, "hangs", KTSTR_SKIP));

	/* What comes at the end is worse than what the test says. */
	m = made_up_make();
	m.at_end = KTSTR_FAIL;
	json_decref(run_made_up(&m, "declared", KTSTR_FAIL));
}

static void a_companion_ends_a_test(void **state)
{
	struct made_up m = made_up_make();
	json_t *result;

	(void)state;
	assert_int_equal(write(m.watch[1], "..x", 3), 3);
	result = run_made_up(&m, "hangs", KTSTR_FAIL);
	/* Before its own there may be the test's. */
	assert_true(n_notes(result) >= 3);
	assert_string_equal(note(result, n_notes(result) - 1), "it ? broke");
	json_decref(result);
}

static void an_unknown_name_is_no_test(void **state)
{
	(void)state;
	assert_null(kt_test_find("plai"));
	assert_null(kt_test_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_comes_back),
		cmocka_unit_test(notes_and_metrics_come_back),
		cmocka_unit_test(a_requirement_names_itself),
		cmocka_unit_test(a_crash_is_a_failure_with_its_notes),
		cmocka_unit_test(an_exit_is_no_verdict),
		cmocka_unit_test(a_hang_is_ended),
		cmocka_unit_test(a_flood_of_notes_is_cut),
		cmocka_unit_test(a_left_worker_is_no_hang),
		cmocka_unit_test(who_is_ended_with_the_test_was_not_left),
		cmocka_unit_test(a_child_has_no_say),
		cmocka_unit_test(a_metric_that_is_no_number_is_told),
		cmocka_unit_test(the_list_says_what_is_declared),
		cmocka_unit_test(the_list_has_the_devices),
		cmocka_unit_test(the_list_has_the_scheduler),
		cmocka_unit_test(a_companion_has_a_say),
		cmocka_unit_test(a_companion_ends_a_test),
		cmocka_unit_test(an_unknown_name_is_no_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
