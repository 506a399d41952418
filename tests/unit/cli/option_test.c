// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/macro.h"
#include "cli/command.h"
#include "cli/help.h"

struct values {
	bool dmesg;
	bool quick;
	const char *kernel;
	struct kt_words files;
	uint32_t accel;
	uint32_t count;
	uint32_t memory_mib;
	uint32_t timeout_ms;
};

static const char *const accels[] = {"auto", "kvm", "nested", NULL};

#define AT(member) .offset = offsetof(struct values, member)

static const struct kt_option options[] = {
	{.name = "dmesg",
	 .letter = 'd',
	 .type = KT_OPTION_FLAG,
	 AT(dmesg),
	 .help = "Show the kernel's log. It is long."},
	{.name = "quick",
	 .letter = 'q',
	 .type = KT_OPTION_FLAG,
	 AT(quick),
	 .help = "Hurry."},
	{.name = "kernel",
	 .letter = 'k',
	 .type = KT_OPTION_TEXT,
	 AT(kernel),
	 .value = "KERNEL",
	 .complete = KT_COMPLETE_FILE,
	 .environment = "KTSTR_TEST_KERNEL",
	 .help = "The kernel."},
	{.name = "include",
	 .letter = 'i',
	 .type = KT_OPTION_LIST,
	 AT(files),
	 .value = "PATH",
	 .help = "A file."},
	{.name = "accel",
	 .type = KT_OPTION_CHOICE,
	 AT(accel),
	 .value = "HOW",
	 .choices = accels,
	 .help = "How to run."},
	{.name = "count",
	 .type = KT_OPTION_NUMBER,
	 AT(count),
	 .value = "N",
	 .help = "How many."},
	{.name = "memory",
	 .letter = 'm',
	 .type = KT_OPTION_MEMORY,
	 AT(memory_mib),
	 .value = "SIZE",
	 .help = "Memory."},
	{.name = "timeout",
	 .type = KT_OPTION_SECONDS,
	 AT(timeout_ms),
	 .value = "SECONDS",
	 .help = "Time."},
	{0},
};

static const struct values defaults = {.count = 7, .accel = 1};

static const struct kt_command run_command = {
	.name = "run",
	.summary = "Run it",
	.description = "Runs it.",
	.options = options,
	.operand = {.name = "WORD", .max = 2, .help = "Words."},
	.values_bytes = sizeof(struct values),
	.defaults = &defaults,
};

static const struct kt_command fetch_command = {
	.name = "fetch",
	.summary = "Fetch one",
	.description = "Fetches one.\n\nSecond paragraph.",
	.operand = {.name = "VERSION", .min = 1, .max = 1, .help = "Which."},
};

static const struct kt_command *const kernel_commands[] = {&fetch_command, NULL};

static const struct kt_command kernel_command = {
	.name = "kernel",
	.summary = "Kernels",
	.description = "Handles kernels.",
	.subcommands = kernel_commands,
};

static const struct kt_command hidden_command = {.name = "shell", .hidden = true};

static const struct kt_command *const commands[] = {
	&run_command, &kernel_command, &hidden_command, NULL};

static const struct kt_command root = {
	.name = "prog",
	.description = "A program.",
	.subcommands = commands,
};

#define MAX_WORDS 16

/* Splits a command line at blanks; `buffer` holds the words. */
static int parse(const char *line, char *buffer, struct kt_invocation *ret,
		 struct ktstr_error *err)
{
	const char *argv[MAX_WORDS + 1] = {"prog"};
	char *rest = strcpy(buffer, line), *word;
	int argc = 1;

	while ((word = strsep(&rest, " "))) {
		assert_true(argc < MAX_WORDS);
		argv[argc++] = word;
	}
	return kt_command_parse(&root, argc, argv, ret, err);
}

static const struct values *accepts(const char *line, char *buffer,
				    struct kt_invocation *ret)
{
	struct ktstr_error err = {0};

	if (parse(line, buffer, ret, &err) < 0)
		fail_msg("\"%s\" was refused: %s", line, err.message);
	return ret->values;
}

static void refuses(const char *line, const char *message)
{
	_cleanup_invocation_ struct kt_invocation invocation = {0};
	struct ktstr_error err = {0};
	char buffer[256];

	assert_int_equal(parse(line, buffer, &invocation, &err), -EINVAL);
	if (strcmp(err.message, message) != 0)
		fail_msg("\"%s\" gave \"%s\", not \"%s\"", line, err.message,
			 message);
}

static void every_type_of_option_is_read(void **state)
{
	_cleanup_invocation_ struct kt_invocation in = {0};
	char buffer[256];
	const struct values *v =
		accepts("run --dmesg --kernel=7.3 --include a -i b -ic "
			"--accel nested --count=12 --memory 2G --timeout 1.5",
			buffer, &in);

	(void)state;
	assert_ptr_equal(in.command, &run_command);
	assert_string_equal(kt_strbuf_text(&in.path), "prog run");
	assert_true(v->dmesg);
	assert_false(v->quick);
	assert_string_equal(v->kernel, "7.3");
	assert_int_equal(v->files.n, 3);
	assert_string_equal(v->files.words[2], "c");
	assert_int_equal(v->accel, 2);
	assert_int_equal(v->count, 12);
	assert_int_equal(v->memory_mib, 2048);
	assert_int_equal(v->timeout_ms, 1500);
}

static void defaults_stand_where_nothing_is_given(void **state)
{
	_cleanup_invocation_ struct kt_invocation in = {0};
	char buffer[256];
	const struct values *v = accepts("run", buffer, &in);

	(void)state;
	assert_int_equal(v->count, 7);
	assert_int_equal(v->accel, 1);
	assert_null(v->kernel);
}

static void short_options_may_stand_together(void **state)
{
	_cleanup_invocation_ struct kt_invocation in = {0};
	char buffer[256];
	const struct values *v = accepts("run -qdk7.3", buffer, &in);

	(void)state;
	assert_true(v->quick);
	assert_true(v->dmesg);
	assert_string_equal(v->kernel, "7.3");
}

static void options_and_operands_come_in_any_order(void **state)
{
	_cleanup_invocation_ struct kt_invocation in = {0};
	char buffer[256];
	const struct values *v = accepts("run a -d -- -q", buffer, &in);

	(void)state;
	assert_true(v->dmesg);
	assert_false(v->quick);
	assert_int_equal(in.operands.n, 2);
	assert_string_equal(in.operands.words[0], "a");
	assert_string_equal(in.operands.words[1], "-q");
}

static void the_last_of_several_values_wins(void **state)
{
	_cleanup_invocation_ struct kt_invocation in = {0};
	char buffer[256];
	const struct values *v = accepts("run --count 1 --count 2", buffer, &in);

	(void)state;
	assert_int_equal(v->count, 2);
}

static void the_environment_stands_in_for_an_option(void **state)
{
	_cleanup_invocation_ struct kt_invocation one = {0}, two = {0},
						  three = {0};
	char buffer[256];

	(void)state;
	setenv("KTSTR_TEST_KERNEL", "6.12", 1);
	assert_string_equal(accepts("run", buffer, &one)->kernel, "6.12");
	assert_string_equal(accepts("run -k 7.3", buffer, &two)->kernel, "7.3");
	setenv("KTSTR_TEST_KERNEL", "", 1);
	assert_null(accepts("run", buffer, &three)->kernel);
	unsetenv("KTSTR_TEST_KERNEL");
}

static void subcommands_are_found(void **state)
{
	_cleanup_invocation_ struct kt_invocation in = {0};
	char buffer[256];

	(void)state;
	accepts("kernel fetch 7.3", buffer, &in);
	assert_ptr_equal(in.command, &fetch_command);
	assert_string_equal(kt_strbuf_text(&in.path), "prog kernel fetch");
	assert_string_equal(in.operands.words[0], "7.3");
}

static void help_ends_the_reading(void **state)
{
	_cleanup_invocation_ struct kt_invocation one = {0}, two = {0};
	char buffer[256];

	(void)state;
	accepts("kernel fetch --help --nonsense", buffer, &one);
	assert_true(one.help);
	accepts("run -dh", buffer, &two);
	assert_true(two.help);
}

static void memory_is_read_with_its_unit(void **state)
{
	static const struct {
		const char *line;
		uint32_t mib;
	} good[] = {
		{"run -m 512", 512},          {"run -m 512M", 512},
		{"run -m 512m", 512},         {"run -m 3G", 3072},
		{"run -m 3GiB", 3072},        {"run -m 1T", 1048576},
		{"run -m 4095T", 4293918720},
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(good); i++) {
		_cleanup_invocation_ struct kt_invocation in = {0};
		char buffer[256];

		assert_int_equal(accepts(good[i].line, buffer, &in)->memory_mib,
				 good[i].mib);
	}
}

static void times_are_read_with_their_unit(void **state)
{
	static const struct {
		const char *line;
		uint32_t ms;
	} good[] = {
		{"run --timeout 12", 12000},  {"run --timeout 0", 0},
		{"run --timeout 250ms", 250}, {"run --timeout 0.0004", 0},
		{"run --timeout 2m", 120000}, {"run --timeout 1h", 3600000},
		{"run --timeout 1.5s", 1500},
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(good); i++) {
		_cleanup_invocation_ struct kt_invocation in = {0};
		char buffer[256];

		assert_int_equal(accepts(good[i].line, buffer, &in)->timeout_ms,
				 good[i].ms);
	}
}

static void bad_command_lines_are_told_why(void **state)
{
	(void)state;
	refuses("rnu", "no command \"rnu\"; did you mean \"run\"?");
	refuses("kernel ftech",
		"no command \"ftech\"; did you mean \"fetch\"?");
	refuses("xyzzy", "no command \"xyzzy\"");
	/* What is hidden is not suggested. */
	refuses("shel", "no command \"shel\"");
	refuses("run --memroy 5", "no option --memroy; did you mean --memory?");
	refuses("run --memroy=5", "no option --memroy; did you mean --memory?");
	refuses("run --xyzzy", "no option --xyzzy");
	refuses("run -x", "no option -x");
	refuses("run -dx", "no option -x");
	refuses("run --kernel", "--kernel needs a value (KERNEL)");
	refuses("run -k", "-k needs a value (KERNEL)");
	refuses("run --kernel=", "--kernel must not be empty");
	refuses("run --dmesg=yes",
		"--dmesg takes no value, but was given \"yes\"");
	refuses("run --accel kvn",
		"--accel must be auto, kvm or nested, not \"kvn\"; did you "
		"mean kvm?");
	refuses("run --accel x",
		"--accel must be auto, kvm or nested, not \"x\"");
	refuses("run a b c", "unexpected argument \"c\"");
	refuses("kernel fetch", "VERSION is missing");
	refuses("kernel fetch a b", "unexpected argument \"b\"");
}

static void bad_values_are_told_why(void **state)
{
	(void)state;
	refuses("run --count x",
		"--count must be a number from 0 to 4294967295, not \"x\"");
	refuses("run --count 4294967296",
		"--count must be a number from 0 to 4294967295, not "
		"\"4294967296\"");
	refuses("run --count -1",
		"--count must be a number from 0 to 4294967295, not \"-1\"");
	refuses("run --count 99999999999999999999",
		"--count must be a number from 0 to 4294967295, not "
		"\"99999999999999999999\"");
	refuses("run --memory 0",
		"--memory must be > 0: a machine without memory cannot boot");
	refuses("run --memory much",
		"--memory must be an amount of memory such as 512M or 2G, not "
		"\"much\"");
	refuses("run --memory 5K",
		"--memory must be an amount of memory such as 512M or 2G, not "
		"\"5K\"");
	refuses("run --memory 4096T", "--memory: \"4096T\" is too much");
	refuses("run --timeout soon",
		"--timeout must be a time such as 30, 0.5, 250ms or 2m, not "
		"\"soon\"");
	refuses("run --timeout 1e3",
		"--timeout must be a time such as 30, 0.5, 250ms or 2m, not "
		"\"1e3\"");
	refuses("run --timeout 0x1",
		"--timeout must be a time such as 30, 0.5, 250ms or 2m, not "
		"\"0x1\"");
	refuses("run --timeout 5d",
		"--timeout must be a time such as 30, 0.5, 250ms or 2m, not "
		"\"5d\"");
	refuses("run --timeout 2000h", "--timeout: \"2000h\" is too long");
}

static void a_bad_environment_is_named(void **state)
{
	static const struct kt_option count = {
		.name = "count",
		.type = KT_OPTION_NUMBER,
		.environment = "KTSTR_COUNT",
	};
	struct ktstr_error err;
	uint32_t value;

	(void)state;
	assert_int_equal(kt_option_set(&count, "KTSTR_COUNT", "x", &value, &err),
			 -EINVAL);
	assert_contains(err.message, "KTSTR_COUNT must be a number");
}

static void help_shows_options_in_columns(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_help_text(&sb, &run_command, "prog run", 66, false);
	assert_contains(sb.data, "Usage: prog run [OPTION]... [WORD]...\n");
	assert_contains(
		sb.data,
		"  -d, --dmesg             Show the kernel's log. It is "
		"long.\n");
	assert_contains(sb.data, "  -k, --kernel=KERNEL     The kernel. "
				 "[environment:\n"
				 "                          "
				 "KTSTR_TEST_KERNEL]\n");
	assert_contains(sb.data, "      --accel=HOW         How to run.\n");
	assert_contains(sb.data, "  -h, --help              Show this help.\n");
}

static void help_lists_commands_but_not_hidden_ones(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_help_text(&sb, &root, "prog", 80, false);
	assert_contains(sb.data, "  run                     Run it\n");
	assert_null(strstr(sb.data, "shell"));
	assert_null(strstr(sb.data, "\033"));
	kt_strbuf_reset(&sb);
	kt_help_text(&sb, &root, "prog", 80, true);
	assert_contains(sb.data, "\033[1mCommands:\033[0m");
}

static void the_manual_quotes_what_roff_would_read(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_help_manual(&sb, &root);
	assert_contains(sb.data, ".SS \"prog run [OPTION]... [WORD]...\"\n");
	assert_contains(sb.data, ".SS \"prog kernel fetch VERSION\"\n");
	assert_contains(sb.data, "\\fB\\-k\\fR, \\fB\\-\\-kernel\\fR="
				 "\\fIKERNEL\\fR\nThe kernel.\n");
	assert_contains(sb.data, "Show the kernel's log.\nIt is long.\n");
	assert_contains(sb.data, "Fetches one.\n.PP\nSecond paragraph.\n");
	assert_contains(sb.data, ".B KTSTR_TEST_KERNEL\n");
	assert_null(strstr(sb.data, "shell"));
}

static void a_hint_is_the_first_sentence(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_help_hint(&sb, "Show the kernel's log. It is long.");
	assert_string_equal(sb.data, "Show the kernel's log");
	kt_strbuf_reset(&sb);
	kt_help_hint(&sb, "Use 6.18.15");
	assert_string_equal(sb.data, "Use 6.18.15");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_option_is_read),
		cmocka_unit_test(defaults_stand_where_nothing_is_given),
		cmocka_unit_test(short_options_may_stand_together),
		cmocka_unit_test(options_and_operands_come_in_any_order),
		cmocka_unit_test(the_last_of_several_values_wins),
		cmocka_unit_test(the_environment_stands_in_for_an_option),
		cmocka_unit_test(subcommands_are_found),
		cmocka_unit_test(help_ends_the_reading),
		cmocka_unit_test(memory_is_read_with_its_unit),
		cmocka_unit_test(times_are_read_with_their_unit),
		cmocka_unit_test(bad_command_lines_are_told_why),
		cmocka_unit_test(bad_values_are_told_why),
		cmocka_unit_test(a_bad_environment_is_named),
		cmocka_unit_test(help_shows_options_in_columns),
		cmocka_unit_test(help_lists_commands_but_not_hidden_ones),
		cmocka_unit_test(the_manual_quotes_what_roff_would_read),
		cmocka_unit_test(a_hint_is_the_first_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
