// SPDX-License-Identifier: GPL-2.0-only
#include "runner/list.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "runner/binary.h"
#include "topology/grammar.h"
#include "topology/topology.h"
#include "wire/guest_files.h"

#define LIST_VERSION   1
#define LIST_MAX_BYTES (4u << 20)
#define ERRORS_SHOWN   600
#define EXEC_FAILED    127 /* of kt_process_run(), and of ld.so */

#define WEEK_S (7u * 24 * 3600)

KT_DEFINE_CLEANUP(json_t *, json_decref)

static void test_deinit(struct kt_test *test)
{
	free(test->name);
	free(test->file);
	for (size_t i = 0; i < test->n_include_files; i++)
		free(test->include_files[i]);
	free(test->include_files);
	kt_profiles_deinit(&test->profiles);
	kt_scheduler_free(test->scheduler);
	kt_map_writes_deinit(&test->map_writes);
	kt_devices_deinit(&test->devices);
	kt_texts_deinit(&test->extra_sched_args);
}

void kt_test_list_deinit(struct kt_test_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		test_deinit(&list->tests[i]);
	free(list->tests);
	free(list->binary);
	*list = (struct kt_test_list){};
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a list of tests");
}

static int take_text(const json_t *entry, const char *key, char **ret,
		     struct ktstr_error *err)
{
	const char *text = json_string_value(json_object_get(entry, key));

	if (!text || !*text)
		return kt_err(err, -EINVAL, "\"%s\" is no text", key);
	*ret = strdup(text);
	return *ret ? 0 : no_memory(err);
}

static bool is_identifier(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *text && strchr(letters, *text) &&
	       strspn(text, all) == strlen(text);
}

static int take_name(const json_t *entry, struct kt_test *test,
		     struct ktstr_error *err)
{
	int r = take_text(entry, "name", &test->name, err);

	if (r < 0)
		return r;
	if (strlen(test->name) > KT_TEST_NAME_MAX)
		return kt_err(err, -EINVAL,
			      "the name of %zu bytes is too long: at most %d",
			      strlen(test->name), KT_TEST_NAME_MAX);
	if (!is_identifier(test->name)) {
		free(test->name);
		test->name = NULL;
		return kt_err(err, -EINVAL, "the name is no C identifier");
	}
	return 0;
}

struct number {
	const char *key;
	uint32_t min;
	uint32_t max;
	uint32_t *to;
};

static int take_number(const json_t *entry, const struct number *number,
		       struct ktstr_error *err)
{
	const json_t *value = json_object_get(entry, number->key);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value))
		return kt_err(err, -EINVAL, "\"%s\" is no number", number->key);
	if (n < number->min || n > number->max)
		return kt_err(err, -EINVAL,
			      "%s must be from %u to %u, not %lld", number->key,
			      number->min, number->max, (long long)n);
	*number->to = (uint32_t)n;
	return 0;
}

static int take_numbers(const json_t *entry, struct kt_test *test,
			struct ktstr_error *err)
{
	const struct number numbers[] = {
		{ "line", 0, INT32_MAX, &test->line },
		{ "numa_nodes", 1, KT_TOPOLOGY_MAX_NODES,
		  &test->topology.numa_nodes },
		{ "llcs", 1, KT_TOPOLOGY_MAX_CPUS, &test->topology.llcs },
		{ "cores", 1, KT_TOPOLOGY_MAX_CPUS,
		  &test->topology.cores_per_llc },
		{ "threads", 1, KT_TOPOLOGY_MAX_CPUS,
		  &test->topology.threads_per_core },
		{ "memory_mib", 1, 16u << 20, &test->memory_mib },
		{ "duration_s", 0, WEEK_S, &test->duration_s },
		{ "timeout_s", 0, WEEK_S, &test->timeout_s },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(numbers); i++) {
		int r = take_number(entry, &numbers[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Each may be absent and is then none. */
static int take_constraints(const json_t *entry, struct kt_constraints *ret,
			    struct ktstr_error *err)
{
	const struct number numbers[] = {
		{ "min_numa_nodes", 0, UINT32_MAX, &ret->min_numa_nodes },
		{ "max_numa_nodes", 0, UINT32_MAX, &ret->max_numa_nodes },
		{ "min_llcs", 0, UINT32_MAX, &ret->min_llcs },
		{ "max_llcs", 0, UINT32_MAX, &ret->max_llcs },
		{ "min_cpus", 0, UINT32_MAX, &ret->min_cpus },
		{ "max_cpus", 0, UINT32_MAX, &ret->max_cpus },
	};
	const json_t *smt = json_object_get(entry, "requires_smt");

	*ret = KT_CONSTRAINTS_NONE;
	for (size_t i = 0; i < KT_ARRAY_SIZE(numbers); i++) {
		int r = json_object_get(entry, numbers[i].key) ?
				take_number(entry, &numbers[i], err) :
				0;

		if (r < 0)
			return r;
	}
	if (smt && !json_is_boolean(smt))
		return kt_err(err, -EINVAL,
			      "\"requires_smt\" is neither true nor false");
	ret->requires_smt = json_is_true(smt);
	return kt_constraints_check(ret, err);
}

static int take_files(const json_t *entry, struct kt_test *test,
		      struct ktstr_error *err)
{
	const json_t *list = json_object_get(entry, "include_files");
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return kt_err(err, -EINVAL, "\"include_files\" is no list");
	test->include_files = calloc(n + 1, sizeof(*test->include_files));
	if (!test->include_files)
		return no_memory(err);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !*text)
			return kt_err(err, -EINVAL,
				      "include_files[%zu] is no text", i);
		test->include_files[i] = strdup(text);
		if (!test->include_files[i])
			return no_memory(err);
		test->n_include_files++;
	}
	return 0;
}

static int check_topology(const struct kt_test *test, struct ktstr_error *err)
{
	_cleanup_topology_ struct kt_topology *topology = NULL;
	_cleanup_strbuf_ struct kt_strbuf text = {}, why = {};
	int r = kt_topology_from_public(&test->topology, &topology, err);

	if (r < 0 || kt_constraints_allow(&test->constraints, topology, &why))
		return r;
	kt_topology_print(&text, &test->topology);
	return kt_err(err, -EINVAL,
		      "the machine that it declares, %s, is outside its own "
		      "constraints: %s; change one or the other",
		      kt_strbuf_text(&text), kt_strbuf_text(&why));
}

static int take_test(const json_t *entry, struct kt_test *test,
		     struct ktstr_error *err)
{
	const json_t *expect_err = json_object_get(entry, "expect_err");
	int r = take_name(entry, test, err);

	if (r == 0)
		r = take_text(entry, "file", &test->file, err);
	if (r == 0)
		r = take_numbers(entry, test, err);
	if (r == 0 && !json_is_boolean(expect_err))
		r = kt_err(err, -EINVAL,
			   "\"expect_err\" is neither true nor false");
	if (r == 0)
		r = take_constraints(entry, &test->constraints, err);
	if (r == 0)
		r = kt_monitoring_take(entry, &test->monitoring, err);
	if (r == 0)
		r = take_files(entry, test, err);
	if (r == 0)
		r = kt_scheduler_take(entry, &test->scheduler,
				      &test->extra_sched_args, err);
	if (r == 0)
		r = kt_map_writes_take(entry, &test->map_writes, err);
	if (r == 0)
		r = kt_devices_take(entry, &test->devices, err);
	if (r == 0 && test->map_writes.n && !test->scheduler)
		r = kt_err(err, -EINVAL,
			   "bpf_map_writes are for a scheduler's maps, and it "
			   "has none: set .scheduler");
	if (r == 0 && kt_profiles_make(test->scheduler, &test->profiles) < 0)
		r = no_memory(err);
	if (r == 0)
		r = check_topology(test, err);
	test->expect_err = json_is_true(expect_err);
	return r;
}

static int check_twice(const struct kt_test_list *list, struct ktstr_error *err)
{
	const struct kt_test *last = &list->tests[list->n - 1];

	for (size_t i = 0; i + 1 < list->n; i++) {
		if (strcmp(list->tests[i].name, last->name) == 0)
			return kt_err(err, -EINVAL,
				      "%s has two tests named %s (%s:%u and "
				      "%s:%u); rename one",
				      list->binary, last->name,
				      list->tests[i].file, list->tests[i].line,
				      last->file, last->line);
	}
	return 0;
}

/* Compilers put them into a section in any order; sources have one. */
static int compare_places(const void *a, const void *b)
{
	const struct kt_test *one = a, *other = b;
	int r = strcmp(one->file, other->file);

	if (r == 0)
		r = (one->line > other->line) - (one->line < other->line);
	return r ? r : strcmp(one->name, other->name);
}

static int take_tests(const json_t *tests, struct kt_test_list *list,
		      struct ktstr_error *err)
{
	size_t n = json_array_size(tests);

	list->tests = calloc(n + 1, sizeof(*list->tests));
	if (!list->tests)
		return no_memory(err);
	while (list->n < n) {
		struct kt_test *test = &list->tests[list->n];
		const json_t *entry = json_array_get(tests, list->n++);
		int r = take_test(entry, test, err);

		if (r < 0)
			return kt_err_context(err, r, "%s, test %s", list->binary,
					      test->name ?: "without a name");
		r = check_twice(list, err);
		if (r < 0)
			return r;
	}
	qsort(list->tests, list->n, sizeof(*list->tests), compare_places);
	return 0;
}

int kt_test_list_parse(const char *binary, const char *text, size_t length,
		       struct kt_test_list *ret, struct ktstr_error *err)
{
	_cleanup_test_list_ struct kt_test_list list = {
		.binary = strdup(binary),
	};
	_cleanup_(json_decref_cleanup) json_t *root = NULL;
	const json_t *version, *tests;
	json_error_t why;
	int r;

	if (!list.binary)
		return no_memory(err);
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return kt_err(err, -EINVAL,
			      "%s is no test binary: what it prints for %s is "
			      "no JSON (line %d: %s)",
			      binary, KT_TEST_ARG_LIST, why.line, why.text);
	version = json_object_get(root, "ktstr_list");
	tests = json_object_get(root, "tests");
	if (!json_is_integer(version) || !json_is_array(tests))
		return kt_err(err, -EINVAL,
			      "%s is no test binary: what it prints for %s is "
			      "no list of tests",
			      binary, KT_TEST_ARG_LIST);
	if (json_integer_value(version) != LIST_VERSION)
		return kt_err(err, -EINVAL,
			      "%s lists its tests in version %lld, but this "
			      "ktstr knows %d; build both from one version",
			      binary, (long long)json_integer_value(version),
			      LIST_VERSION);
	if (json_array_size(tests) == 0)
		return kt_err(err, -EINVAL,
			      "%s has no tests; KTSTR_TEST() declares one",
			      binary);
	if (json_array_size(tests) > KT_TESTS_MAX)
		return kt_err(err, -EINVAL, "%s lists %zu tests; %d are possible",
			      binary, json_array_size(tests), KT_TESTS_MAX);
	r = take_tests(tests, &list, err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct kt_test_list){};
	return 0;
}

/* The end of what it wrote to its standard error, without a last newline. */
static void add_errors(struct kt_strbuf *sb, const struct kt_strbuf *errors)
{
	const char *text = kt_strbuf_text(errors);
	size_t length = errors->length;

	while (length && text[length - 1] == '\n')
		length--;
	if (length > ERRORS_SHOWN) {
		text += length - ERRORS_SHOWN;
		length = ERRORS_SHOWN;
	}
	if (length)
		kt_strbuf_addf(sb, ":\n%.*s", (int)length, text);
}

static const char *missing_library(const struct kt_strbuf *errors)
{
	static const char *const words[] = {
		"error while loading shared libraries: ", /* glibc */
		"Error loading shared library ",          /* musl */
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(words); i++) {
		const char *at = strstr(kt_strbuf_text(errors), words[i]);

		if (at)
			return at + strlen(words[i]);
	}
	return NULL;
}

/* What is to be said of a binary that ended otherwise than with a 0. */
static int explain_end(const char *path, int status,
		       const struct kt_strbuf *errors, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf said = {};
	const char *library = missing_library(errors);

	add_errors(&said, errors);
	if (WIFSIGNALED(status))
		return kt_err(err, -EINVAL,
			      "%s crashed while it was asked for its tests: "
			      "signal %d (%s), in a constructor perhaps; run "
			      "it with %s in a debugger%s",
			      path, WTERMSIG(status), strsignal(WTERMSIG(status)),
			      KT_TEST_ARG_LIST, kt_strbuf_text(&said));
	if (WEXITSTATUS(status) == EXEC_FAILED && library)
		return kt_err(err, -EINVAL,
			      "%s needs a shared library that is not here: "
			      "%.*s; a test binary is linked with -static",
			      path, (int)strcspn(library, ":\n"), library);
	if (WEXITSTATUS(status) == EXEC_FAILED && !errors->length)
		return kt_err(
			err, -EINVAL,
			"%s cannot be run here: it is no program for this "
			"machine, or its interpreter is missing",
			path);
	return kt_err(err, -EINVAL,
		      "%s exited with %d when it was asked for its tests (%s); "
		      "a test binary is linked with libktstr-test%s",
		      path, WEXITSTATUS(status), KT_TEST_ARG_LIST,
		      kt_strbuf_text(&said));
}

int kt_test_list_read(const char *binary, unsigned int limit_ms,
		      struct kt_test_list *ret, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf output = {}, errors = {};
	_cleanup_free_ char *path = kt_test_binary_path(binary);
	const char *const argv[] = { path, KT_TEST_ARG_LIST, NULL };
	int r, status = 0;
	const struct kt_process process = {
		.argv = argv,
		.silence_ms = limit_ms,
		.limit_ms = limit_ms,
		.output_max_bytes = LIST_MAX_BYTES,
		.errors = &errors,
		.wait_status = &status,
	};

	if (!path)
		return no_memory(err);
	r = kt_process_run(&process, &output, err);
	if (r == -EREMOTEIO)
		return explain_end(binary, status, &errors, err);
	if (r == -ETIMEDOUT)
		return kt_err(err, -EINVAL,
			      "%s hangs: asked for its tests (%s), it had not "
			      "ended after %g s",
			      binary, KT_TEST_ARG_LIST, limit_ms / 1000.0);
	if (r == -EFBIG)
		return kt_err(err, -EINVAL,
			      "%s is no test binary: asked for its tests (%s), "
			      "it prints more than %u MiB",
			      binary, KT_TEST_ARG_LIST, LIST_MAX_BYTES >> 20);
	if (r < 0)
		return r;
	if (!output.length)
		return kt_err(err, -EINVAL,
			      "%s is no test binary: asked for its tests (%s), "
			      "it prints nothing",
			      binary, KT_TEST_ARG_LIST);
	return kt_test_list_parse(path, output.data, output.length, ret, err);
}
