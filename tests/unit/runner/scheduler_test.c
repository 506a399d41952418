// SPDX-License-Identifier: GPL-2.0-only
/* What a list may say of a scheduler, and what a machine gets of it. */
#include "messages.h"

#include <elf.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "kernel/machine.h"
#include "runner/list.h"
#include "runner/run.h"
#include "runner/scheduler.h"

#define WHOLE                                                                  \
	"{\"scheduler\": {\"name\": \"mine\", \"binary\": \"dir/scx_mine\", "  \
	"\"args\": [\"-v\", \"\"], \"enable\": [\"echo 1 > /a\"], "            \
	"\"disable\": [\"echo 0 > /a\", \"true\"], \"flags\": ["               \
	"{\"name\": \"fast\", \"args\": [\"--fast\", \"2\"], \"needs\": []}, " \
	"{\"name\": \"far\", \"args\": [\"--far\"], \"needs\": [\"fast\"]}], " \
	"\"cmdline\": \"a=1 b\"}, \"extra_sched_args\": [\"-x\"]}"

static char directory[] = "/tmp/ktstr-scheduler-test.XXXXXX";

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

static int take(const char *text, struct kt_scheduler **ret,
		struct kt_texts *ret_extra, struct ktstr_error *err)
{
	json_t *entry = json_loads(text, 0, NULL);
	int r;

	assert_non_null(entry);
	r = kt_scheduler_take(entry, ret, ret_extra, err);
	json_decref(entry);
	return r;
}

static void all_of_it_is_taken(void **state)
{
	struct kt_scheduler *s = NULL;
	struct kt_texts extra = {};

	(void)state;
	assert_int_equal(take(WHOLE, &s, &extra, NULL), 0);
	assert_string_equal(s->name, "mine");
	assert_string_equal(s->binary, "dir/scx_mine");
	assert_int_equal(s->args.n, 2);
	assert_string_equal(s->args.texts[1], "");
	assert_null(s->args.texts[2]);
	assert_string_equal(s->enable.texts[0], "echo 1 > /a");
	assert_int_equal(s->disable.n, 2);
	assert_int_equal(s->n_flags, 2);
	assert_string_equal(s->flags[0].args.texts[1], "2");
	assert_string_equal(s->flags[1].needs.texts[0], "fast");
	assert_string_equal(s->cmdline, "a=1 b");
	assert_string_equal(extra.texts[0], "-x");
	kt_scheduler_free(s);
	kt_texts_deinit(&extra);
}

static void none_is_none(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"scheduler\": null}",
		"{\"scheduler\": null, \"extra_sched_args\": []}",
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(texts); i++) {
		struct kt_scheduler *s = NULL;
		struct kt_texts extra = {};

		assert_int_equal(take(texts[i], &s, &extra, NULL), 0);
		assert_null(s);
		assert_int_equal(extra.n, 0);
		kt_texts_deinit(&extra);
	}
}

static void expect_refused(const char *text, const char *message)
{
	struct kt_scheduler *s = NULL;
	struct kt_texts extra = {};
	struct ktstr_error err = {};

	assert_int_equal(take(text, &s, &extra, &err), -EINVAL);
	assert_contains(err.message, message);
	message_seen(err.message);
	assert_null(s);
	kt_texts_deinit(&extra);
}

/* The whole one, with one text replaced. */
static void expect_replaced(const char *from, const char *to, const char *message)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};
	const char *at = strstr(WHOLE, from);

	assert_non_null(at);
	kt_strbuf_addf(&text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, to,
		       at + strlen(from));
	expect_refused(kt_strbuf_text(&text), message);
}

static void what_is_wrong_is_refused(void **state)
{
	char *many = calloc(1, 4 * 300 + 3), *lengthy = calloc(1, 5000);

	(void)state;
	assert_non_null(many);
	assert_non_null(lengthy);
	expect_refused("{\"scheduler\": 1}", "neither null nor an object");
	expect_replaced("\"mine\"", "7", "its name is no text");
	expect_replaced("\"mine\"", "\"\"",
			"scheduler without a name: its "
			"name is not made of letters");
	expect_replaced("\"mine\"", "\"../x\"", "is not made of letters");
	expect_replaced("\"dir/scx_mine\"", "[]",
			"scheduler mine: binary is no text");
	expect_replaced("\"dir/scx_mine\"", "\"\"", "binary is empty");
	expect_replaced("\"dir/scx_mine\"", "null",
			"args are for a scheduler's binary");
	expect_replaced("[\"-v\", \"\"]", "{}", "\"args\" is no list");
	expect_replaced("\"-v\"", "1", "args[0]: it is no text");
	expect_replaced("\"true\"", "\" \\n\"",
			"disable[1] is no command: it is empty");
	expect_replaced("\"echo 1 > /a\"", "null", "enable[0]: it is no text");
	expect_replaced("\"fast\"", "\"f,g\"", "flags[0]: its name is not made");
	expect_replaced("\"far\"", "\"fast\"",
			"flags[1]: there are two of the name fast");
	expect_replaced("\"far\"", "\"plain\"",
			"flags[1]: a flag cannot be called \"plain\"");
	expect_replaced("[\"--far\"]", "[]",
			"flags[1]: far has no args, so it changes nothing");
	expect_replaced("[\"fast\"]", "[\"slow\"]",
			"the flag far needs \"slow\", which is no flag");
	expect_replaced("[\"fast\"]", "[\"far\"]", "the flag far needs itself");
	expect_replaced("\"a=1 b\"", "\"a\\nb\"",
			"cmdline: byte 0x0a at offset 1");
	expect_replaced("[\"-x\"]", "\"-x\"", "\"extra_sched_args\" is no list");
	expect_refused("{\"extra_sched_args\": [\"-x\"]}",
		       "the test's extra_sched_args are for a scheduler's");

	memset(lengthy, 'x', 4097);
	lengthy[0] = lengthy[4098] = '"';
	memset(lengthy + 1, 'x', 4097);
	expect_replaced("\"-v\"", lengthy,
			"args[0]: it is 4097 bytes long; 4096 are possible");
	expect_replaced("\"a=1 b\"", lengthy,
			"cmdline is 4097 bytes long; 1024 are possible");
	strcpy(many, "[");
	for (int i = 0; i < 257; i++)
		strcat(many, i ? ",\"\"" : "\"\"");
	strcat(many, "]");
	expect_replaced("[\"-x\"]", many,
			"extra_sched_args: 257 are too many; 256 are possible");
	free(many);
	free(lengthy);
}

static void a_list_takes_it_with_its_test(void **state)
{
	static const char text[] =
		"{\"ktstr_list\": 1, \"tests\": [{\"name\": \"a\", \"file\": "
		"\"t.c\", \"line\": 7, \"numa_nodes\": 1, \"llcs\": 2, "
		"\"cores\": 3, \"threads\": 1, \"memory_mib\": 512, "
		"\"duration_s\": 4, \"timeout_s\": 0, \"expect_err\": false, "
		"\"include_files\": [], \"scheduler\": {\"name\": \"mine\", "
		"\"binary\": null, \"args\": [], \"enable\": [], \"disable\": "
		"[], \"flags\": [], \"cmdline\": %s}}]}";
	_cleanup_test_list_ struct kt_test_list list = {};
	_cleanup_strbuf_ struct kt_strbuf good = {}, bad = {};
	const char *at = strstr(text, "%s");
	struct ktstr_error err = {};

	(void)state;
	kt_strbuf_addf(&good, "%.*snull%s", (int)(at - text), text, at + 2);
	kt_strbuf_addf(&bad, "%.*s1%s", (int)(at - text), text, at + 2);
	assert_int_equal(
		kt_test_list_parse("bin", good.data, good.length, &list, NULL),
		0);
	assert_string_equal(list.tests[0].scheduler->name, "mine");
	assert_null(list.tests[0].scheduler->binary);
	kt_test_list_deinit(&list);
	assert_int_equal(
		kt_test_list_parse("bin", bad.data, bad.length, &list, &err),
		-EINVAL);
	assert_contains(err.message,
			"bin, test a: scheduler mine: cmdline is no text");
	message_seen(err.message);
}

/* A file of that content, "scx" in the current directory. */
static void make(const void *data, size_t length, mode_t mode)
{
	assert_int_equal(kt_write_file_atomic("scx", data, length, mode), 0);
}

static Elf64_Ehdr program_header(void)
{
	Elf64_Ehdr header = { .e_type = ET_DYN, .e_machine = KT_MACHINE_ELF };

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	return header;
}

static struct kt_scheduler with_binary(const char *binary)
{
	return (struct kt_scheduler){
		.name = (char *)"mine",
		.binary = (char *)binary,
	};
}

static void expect_no_program(const char *binary, int expected,
			      const char *message)
{
	const struct kt_scheduler s = with_binary(binary);
	const struct kt_texts none = {};
	struct kt_scheduler_plan plan;
	struct ktstr_error err = {};

	assert_int_equal(kt_scheduler_plan_init(&plan, "t", &s, NULL, &none,
						NULL, 0, &err),
			 expected);
	assert_contains(err.message, "scheduler mine: binary \"");
	assert_contains(err.message, binary);
	assert_contains(err.message, message);
	message_seen(err.message);
	assert_null(plan.run_args);
	assert_null(plan.host_path);
}

static void what_is_no_program_is_refused(void **state)
{
	Elf64_Ehdr header = program_header();

	(void)state;
	expect_no_program("no/such", -ENOENT, "build it, or correct .binary");
	expect_no_program(directory, -EINVAL, "is a directory");
	make("#!/bin/sh\n", 10, 0755);
	expect_no_program("scx", -ENOEXEC, "is no ELF program");
	make("", 0, 0755);
	expect_no_program("scx", -ENOEXEC, "is no ELF program");
	header.e_machine = EM_S390;
	make(&header, sizeof(header), 0755);
	expect_no_program("scx", -ENOEXEC, "(ELF class 2, machine 22); guests");
	header = program_header();
	header.e_ident[EI_CLASS] = ELFCLASS32;
	make(&header, sizeof(header), 0755);
	expect_no_program("scx", -ENOEXEC, "is for another machine");
	header = program_header();
	header.e_type = ET_REL;
	make(&header, sizeof(header), 0755);
	expect_no_program("scx", -ENOEXEC, "an object file?");
	header = program_header();
	make(&header, sizeof(header), 0644);
	expect_no_program("scx", -EACCES, "chmod +x");
}

static void the_machine_gets_program_and_arguments(void **state)
{
	static const char *const profile[] = { "--fast", NULL };
	static const char *const expected[] = {
		"--ktstr-test-fn", "t", "/opt/scheduler/scx", "-v", "",
		"--fast",          "-x"
	};
	const struct ktstr_include_file files[] = { { "a", "b" } };
	const Elf64_Ehdr header = program_header();
	_cleanup_strbuf_ struct kt_strbuf path = {};
	char *args[] = { (char *)"-v", (char *)"", NULL };
	char *more[] = { (char *)"-x", NULL };
	char *lines[] = { (char *)"true", NULL };
	struct kt_scheduler s = with_binary("./scx");
	const struct kt_test test = {
		.name = (char *)"t",
		.topology = { 1, 1, 1, 1, NULL, NULL },
		.memory_mib = 1,
		.timeout_s = 5,
		.scheduler = &s,
		.extra_sched_args = { more, 1 },
	};
	const struct kt_run_request request = {
		.test = &test,
		.binary = "mytests",
		.profile_args = profile,
		.include_files = files,
		.n_include_files = 1,
	};
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan plan = {};
	struct ktstr_error err = {};

	(void)state;
	make(&header, sizeof(header), 0755);
	s.args = (struct kt_texts){ args, 2 };
	s.disable = (struct kt_texts){ lines, 1 };
	s.cmdline = (char *)"word";
	if (kt_run_plan_init(&plan, &request, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < KT_ARRAY_SIZE(expected); i++)
		assert_string_equal(plan.config.run_args[i], expected[i]);
	assert_null(plan.config.run_args[KT_ARRAY_SIZE(expected)]);
	assert_int_equal(plan.config.n_include_files, 2);
	assert_string_equal(plan.config.include_files[0].host_path, "b");
	assert_string_equal(plan.config.include_files[1].archive_path,
			    "opt/scheduler/scx");
	kt_strbuf_addf(&path, "%s/./scx", directory);
	assert_string_equal(plan.config.include_files[1].host_path,
			    kt_strbuf_text(&path));
	assert_true(plan.config.busybox);
	assert_string_equal(plan.config.cmdline, "word");
	/* Boot, test, margin; attach, stop, one line. */
	assert_int_equal(plan.config.timeout_ms,
			 (60 + 5 + 30 + 120 + 10 + 30) * 1000);
}

static void one_without_a_program_needs_only_a_shell(void **state)
{
	char *lines[] = { (char *)"true", NULL };
	struct kt_scheduler s = with_binary(NULL);
	const struct kt_texts none = {};
	struct kt_scheduler_plan plan;

	(void)state;
	s.enable = (struct kt_texts){ lines, 1 };
	assert_int_equal(kt_scheduler_plan_init(&plan, "t", &s, NULL, &none,
						NULL, 0, NULL),
			 0);
	assert_string_equal(plan.run_args[1], "t");
	assert_null(plan.run_args[2]);
	assert_int_equal(plan.n_include_files, 0);
	assert_int_equal(kt_scheduler_time_s(&s), 30);
	assert_int_equal(kt_scheduler_time_s(NULL), 0);
	kt_scheduler_plan_deinit(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_taken),
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(a_list_takes_it_with_its_test),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(the_machine_gets_program_and_arguments),
		cmocka_unit_test(one_without_a_program_needs_only_a_shell),
		messages_test("runner_scheduler"),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
