// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/machines.h"
#include "cli/nested.h"
#include "cli/test_plan.h"
#include "cli/test_session.h"
#include "runner/binary.h"
#include "runner/report.h"

/* What git takes for "this commit cannot be tested". */
#define EXIT_BISECT_SKIP 125

static const struct kt_test_values test_defaults = {
	.repeat = 1,
	.jobs = KT_TEST_JOBS_AUTO,
	.budget_ms = KT_TEST_BUDGET_NONE,
	.sharing = KT_CLI_SHARING_DEFAULTS,
};

static const char *const formats[] = {
	[KT_REPORT_TEXT] = "text",
	[KT_REPORT_TAP] = "tap",
	[KT_REPORT_JUNIT] = "junit",
	NULL,
};

#define AT(member) .offset = offsetof(struct kt_test_values, member)

static const struct kt_option test_options[] = {
	{
		.name = "filter",
		.letter = 'k',
		.type = KT_OPTION_LIST,
		.value = "PATTERN",
		AT(patterns),
		.help = "Only tests with this in their name. With *, ? or [ in "
			"it, it must match the whole name, as in a shell. May "
			"be given many times, for tests that match any.",
	},
	{
		.name = "topology",
		.letter = 't',
		.type = KT_OPTION_TEXT,
		.value = "TOPOLOGY",
		AT(topology),
		.complete = KT_COMPLETE_TOPOLOGY,
		.help = "The machine of all tests, in place of those that they "
			"declare. A text such as 1n2l4c2t or the name of a "
			"preset; see TOPOLOGIES in ktstr(1). A test that is "
			"not meant for it is skipped.",
	},
	{
		.name = "kernel",
		.type = KT_OPTION_LIST,
		.value = "KERNEL",
		AT(kernels),
		.complete = KT_COMPLETE_FILE,
		.environment = "KTSTR_KERNEL",
		.help = "The kernel to boot. An image, a source tree that was "
			"built, or a version such as 7.3 or 6.18.15. Without "
			"it, the newest that was fetched, else the newest in "
			"/boot. May be given many times, and then each test "
			"runs on each of them.",
	},
	{
		.name = "repeat",
		.type = KT_OPTION_NUMBER,
		.value = "N",
		.min = 1,
		.max = 100000,
		AT(repeat),
		.help = "Run each test so many times, and tell which share "
			"passed, with a Wilson interval of 95 %.",
	},
	{
		.name = "jobs",
		.letter = 'j',
		.type = KT_OPTION_NUMBER,
		.value = "N",
		.min = 1,
		.max = 1024,
		AT(jobs),
		.help = "Run so many machines at once, whatever their size. "
			"Default: as many as there are CPUs and memory for.",
	},
	{
		.name = "gauntlet",
		.type = KT_OPTION_FLAG,
		AT(gauntlet),
		.help = "Run each test on every preset that it is meant for, "
			"and with each flag of its scheduler. See also "
			"--budget and --list.",
	},
	{
		.name = "budget",
		.type = KT_OPTION_SECONDS,
		.value = "TIME",
		AT(budget_ms),
		.help = "Of a gauntlet, run what fits into this time and "
			"covers most, as in 10min. The time is estimated, for "
			"machines one after the other, or as many at once as "
			"--jobs says. --list explains the choice.",
	},
	{
		.name = "shard",
		.type = KT_OPTION_TEXT,
		.value = "I/N",
		AT(shard),
		.help = "Run only the Ith of N parts of all runs, as in 2/4, "
			"to "
			"share them among machines. The same command line "
			"gives the same parts everywhere; --budget is for "
			"each part.",
	},
	{
		.name = "bisect",
		.type = KT_OPTION_FLAG,
		AT(bisect),
		.help = "Exit as `git bisect run` wants it. 0 for pass, 1 for "
			"fail, and 125 for skip, inconclusive and broken.",
	},
	{
		.name = "list",
		.letter = 'l',
		.type = KT_OPTION_FLAG,
		AT(list),
		.help = "Print the tests and their machines, and run none. "
			"With "
			"--budget, tell why they were chosen.",
	},
	{
		.name = "timeout",
		.type = KT_OPTION_SECONDS,
		.value = "TIME",
		AT(timeout_ms),
		.help = "End a test's machine after this time, its boot "
			"included, as in 90 or 5m. Default: what the test "
			"declares, and some more for the boot.",
	},
	{
		.name = "format",
		.type = KT_OPTION_CHOICE,
		.value = "FORMAT",
		AT(format),
		.choices = formats,
		.help = "How to report. text is for reading, tap is TAP 14, "
			"junit is JUnit XML. Default: text.",
	},
	{
		.name = "dmesg",
		.letter = 'd',
		.type = KT_OPTION_FLAG,
		AT(dmesg),
		.help = "Show the guests' kernel logs on standard error.",
	},
	{
		.name = "accel",
		.type = KT_OPTION_CHOICE,
		.value = "HOW",
		AT(accel),
		.choices = kt_cli_accels,
		.environment = "KTSTR_ACCEL",
		.help = "Where the machines run. kvm is the host's KVM; nested "
			"is an emulated machine, which has a KVM of its own; "
			"auto is nested only if the host's KVM cannot run a "
			"kernel. Default: auto.",
	},
	KT_CLI_NEST_SHAPE_OPTION(offsetof(struct kt_test_values, nest_shape)),
	KT_CLI_NAME_OPTION(offsetof(struct kt_test_values, name),
			   "the machines, with -2 and so on behind "
			   "it where there are several at once. "
			   "Default: the test's name."),
	KT_CLI_SHARING_OPTIONS(struct kt_test_values, sharing),
	{ 0 },
};

static void list_cell(const struct kt_test_plan *plan,
		      const struct kt_cell *cell, struct kt_strbuf *to)
{
	const struct kt_chosen_test *chosen = kt_test_plan_test(plan, cell);
	const struct kt_run_request request = kt_test_plan_request(plan, cell);

	if (plan->choice.n_lists > 1)
		kt_strbuf_addf(to, "%s ", chosen->list->binary);
	kt_run_name(to, chosen->test, &request.labels, 1, 1);
	kt_strbuf_add(to, " [");
	kt_topology_print(to, request.topology ?: &chosen->test->topology);
	kt_strbuf_addf(to, "] %us%s", chosen->test->duration_s,
		       chosen->test->expect_err ? ", to fail" : "");
	if (chosen->test->scheduler)
		kt_strbuf_addf(to, ", scheduler %s",
			       chosen->test->scheduler->name);
	if (cell->pick)
		kt_strbuf_addf(to, ", choice %u: %u new pair%s in about %.0fs",
			       cell->pick, cell->new_pairs,
			       cell->new_pairs == 1 ? "" : "s",
			       (double)cell->estimate_ms / 1000);
	kt_strbuf_add_char(to, '\n');
}

static int print_list(const struct kt_cli *cli, const struct kt_test_plan *plan)
{
	const struct kt_budget_result *budget = &plan->budget;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	for (size_t i = 0; i < plan->matrix.n; i++)
		list_cell(plan, &plan->matrix.cells[i], &text);
	if (budget->of)
		kt_strbuf_addf(
			&text,
			"%zu of %zu are chosen, of about %.0fs together; "
			"they cover %zu of %zu pairs\n",
			plan->matrix.n, budget->of,
			(double)budget->estimate_ms / 1000, budget->covered,
			budget->pairs);
	return kt_cli_print(cli, &text);
}

/* Here, or in an emulated machine, if there is one to run at all. */
static int run_plan(const struct kt_cli *cli, struct kt_test_plan *plan)
{
	const struct kt_test_values *v = plan->values;
	struct ktstr_error err = { 0 };
	uint32_t memory_mib = 0;
	int r, status;

	r = kt_test_plan_prepare(plan, cli->log, &err);
	if (r == 0)
		r = kt_test_plan_memory(plan, &memory_mib, &err);
	if (r == 0 && memory_mib)
		r = kt_cli_run_nested(cli, v->accel, v->nest_shape, memory_mib,
				      &status, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	return r > 0 ? status : kt_test_session_run(cli, plan);
}

static int bisect_status(int status)
{
	bool no_verdict = status == ktstr_verdict_exit_code(KTSTR_SKIP) ||
			  status == ktstr_verdict_exit_code(KTSTR_INCONCLUSIVE);

	return no_verdict ? EXIT_BISECT_SKIP : status;
}

static const char path[] = "ktstr test";

static int check_values(const struct kt_cli *cli, const struct kt_test_values *v)
{
	if (v->gauntlet && v->topology)
		return kt_cli_usage_error(cli, path,
					  "--gauntlet varies the machines, and "
					  "--topology says which one it is; "
					  "give one of them");
	if (v->budget_ms != KT_TEST_BUDGET_NONE && !v->gauntlet)
		return kt_cli_usage_error(cli, path,
					  "--budget chooses from the runs of a "
					  "gauntlet; give --gauntlet too");
	if (v->bisect && v->list)
		return kt_cli_usage_error(cli, path,
					  "--bisect is about the end of tests, "
					  "and --list runs none; give one of "
					  "them");
	if (v->budget_ms == 0)
		return kt_cli_usage_error(cli, path,
					  "--budget must be > 0: nothing runs "
					  "in no time");
	return KT_EXIT_OK;
}

/* All of them before the first is run. */
static int check_binaries(const struct kt_cli *cli,
			  const struct kt_words *binaries)
{
	struct ktstr_error err = { 0 };

	for (size_t i = 0; i < binaries->n; i++) {
		if (kt_test_binary_check(binaries->words[i], &err) < 0)
			return kt_cli_fail(cli, &err);
	}
	return KT_EXIT_OK;
}

static int test_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	const struct kt_test_values *v = values;
	_cleanup_test_plan_ struct kt_test_plan plan = { 0 };
	struct ktstr_error err = { 0 };
	int status = check_values(cli, v);

	if (status == KT_EXIT_OK)
		status = check_binaries(cli, operands);
	if (status != KT_EXIT_OK)
		return status;
	if (kt_test_plan_init(&plan, v, operands, &err) < 0)
		status = kt_cli_fail(cli, &err);
	else
		status = v->list ? print_list(cli, &plan) : run_plan(cli, &plan);
	return v->bisect ? bisect_status(status) : status;
}

const struct kt_command kt_test_command = {
	.name = "test",
	.summary = "Run the tests of test binaries, each in a machine",
	.description =
		"Runs tests of schedulers: a test binary, linked with "
		"libktstr-test, lists the tests that it has, and each of them "
		"runs in a virtual machine of the topology that it declares, "
		"with the binary as its init.\n\n"
		"The exit status tells of all tests together: 1 when one "
		"failed, else 125 when one could not be run, else 2 when one "
		"was inconclusive, else 0; and 77 when all were skipped. The "
		"numbers behind the verdicts are in a directory below "
		"./ktstr-runs, or the one that KTSTR_RUN_DIR names, as "
		"NAME.ktstr.json. Ctrl-C ends what is running and reports "
		"what is over; a second one ends ktstr itself.",
	.example = "ktstr test ./mytests\n"
		   "ktstr test ./mytests -k 'wake_*' --kernel 7.3 "
		   "--repeat 20\n"
		   "ktstr test ./mytests --gauntlet --kernel 7.3 --kernel "
		   "6.18 --budget 10min\n"
		   "ktstr test ./mytests --format junit > report.xml",
	.options = test_options,
	.operand = {
		.name = "BINARY",
		.min = 1,
		.max = SIZE_MAX,
		.complete = KT_COMPLETE_FILE,
		.help = "A test binary.",
	},
	.values_bytes = sizeof(struct kt_test_values),
	.defaults = &test_defaults,
	.run = test_run,
};
