// SPDX-License-Identifier: GPL-2.0-only
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "base/fd.h"
#include "cli/choice.h"
#include "cli/cli.h"
#include "cli/nested.h"
#include "cli/watch.h"
#include "kernel/kernel.h"
#include "runner/report.h"
#include "runner/run.h"
#include "runner/sidecar.h"
#include "topology/grammar.h"

struct test_values {
	const char *topology;
	const char *kernel;
	const char *nest_shape;
	struct kt_words patterns;
	uint32_t repeat;
	uint32_t timeout_ms; /* 0: as the tests declare */
	uint32_t accel;      /* index into kt_cli_accels */
	uint32_t format;     /* enum kt_report_format */
	bool list;
	bool dmesg;
};

static const struct test_values test_defaults = { .repeat = 1 };

static const char *const formats[] = {
	[KT_REPORT_TEXT] = "text",
	[KT_REPORT_TAP] = "tap",
	[KT_REPORT_JUNIT] = "junit",
	NULL,
};

#define AT(member) .offset = offsetof(struct test_values, member)

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
			"preset; see TOPOLOGIES in ktstr(1).",
	},
	{
		.name = "kernel",
		.type = KT_OPTION_TEXT,
		.value = "KERNEL",
		AT(kernel),
		.complete = KT_COMPLETE_FILE,
		.environment = "KTSTR_KERNEL",
		.help = "The kernel to boot. An image, a source tree that was "
			"built, or a version such as 7.3 or 6.18.15. Without "
			"it, the newest that was fetched, else the newest in "
			"/boot.",
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
		.name = "list",
		.letter = 'l',
		.type = KT_OPTION_FLAG,
		AT(list),
		.help = "Print the tests and their machines, and run none.",
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
	KT_CLI_NEST_SHAPE_OPTION(offsetof(struct test_values, nest_shape)),
	{ 0 },
};

/* Everything of one command. */
struct session {
	const struct kt_cli *cli;
	const struct test_values *values;
	struct kt_choice choice;
	struct kt_topology_text topology;
	struct kt_kernel_ref kernel;
	struct kt_watch watch;
	struct kt_report report;
	struct ktstr_log log;
	char *directory;
	bool live;	     /* a terminal: the running test has a line */
	atomic_bool drawn;   /* that line is there */
	bool output_failed;
};

static void session_deinit(struct session *s)
{
	kt_choice_deinit(&s->choice);
	kt_topology_text_deinit(&s->topology);
	kt_kernel_ref_deinit(&s->kernel);
	kt_report_deinit(&s->report);
	free(s->directory);
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for the tests");
}

static const struct ktstr_topology *declared(const struct session *s)
{
	return s->values->topology ? &s->topology.topology : NULL;
}

static struct kt_run_request request_for(struct session *s,
					 const struct kt_chosen_test *chosen);

/* The largest of all machines. */
static int largest_memory(struct session *s, uint32_t *ret,
			  struct ktstr_error *err)
{
	*ret = 0;
	for (size_t i = 0; i < s->choice.n; i++) {
		const struct kt_run_request request =
			request_for(s, &s->choice.tests[i]);
		_cleanup_(kt_run_plan_deinit) struct kt_run_plan plan = { 0 };
		int r = kt_run_plan_init(&plan, &request, err);

		if (r < 0)
			return r;
		*ret = KT_MAX(*ret, plan.config.memory_mib);
	}
	return 0;
}

/* All that can be found wrong before anything is started. */
static int prepare(struct session *s, struct ktstr_error *err)
{
	struct kt_kernel *kernel = NULL;
	int r = 0;

	if (s->values->topology)
		r = kt_topology_parse(s->values->topology, &s->topology, err);
	if (r == 0)
		r = kt_choice_collect_includes(&s->choice, err);
	if (r == 0)
		r = kt_kernel_resolve(s->values->kernel, &s->kernel, err);
	/* Unpacked here, it need not be where all is slow. */
	if (r == 0)
		r = kt_kernel_open(s->kernel.image, s->cli->log, &kernel, err);
	kt_kernel_close(kernel);
	return r;
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static int begin_machine(void *userdata, struct ktstr_vm *vm,
			 struct ktstr_error *err)
{
	struct session *s = userdata;

	return kt_watch_start(&s->watch, vm, err);
}

static void end_machine(void *userdata)
{
	struct session *s = userdata;

	kt_watch_stop(&s->watch);
}

static struct kt_run_request request_for(struct session *s,
					 const struct kt_chosen_test *chosen)
{
	return (struct kt_run_request){
		.test = chosen->test,
		.binary = chosen->list->binary,
		.topology = declared(s),
		.kernel = s->kernel.image,
		.include_files = chosen->includes.files,
		.n_include_files = chosen->includes.n,
		.timeout_ms = s->values->timeout_ms,
		.nested = is_set("KTSTR_NESTED"),
		.no_skip = is_set("KTSTR_NO_SKIP_MODE"),
		.dmesg = s->values->dmesg,
		.log = &s->log,
		.begin = begin_machine,
		.end = end_machine,
		.userdata = s,
	};
}

static void erase_line(struct session *s)
{
	if (atomic_exchange(&s->drawn, false))
		(void)kt_write_all(STDOUT_FILENO, "\r\033[K", 4);
}

/* Notes of the library come from any thread, while the line is there. */
static void emit_note(void *userdata, enum ktstr_log_level level,
		      const char *message)
{
	struct session *s = userdata;

	erase_line(s);
	s->cli->log->emit(s->cli->log->userdata, level, message);
}

static void draw_line(struct session *s, const struct kt_chosen_test *chosen,
		      uint32_t nth)
{
	_cleanup_strbuf_ struct kt_strbuf line = { 0 };

	if (!s->live)
		return;
	kt_strbuf_addf(&line, "run  %s", chosen->test->name);
	if (s->values->repeat > 1)
		kt_strbuf_addf(&line, " (%u of %u)", nth, s->values->repeat);
	if (line.length >= kt_cli_columns() || kt_strbuf_failed(&line))
		return;
	if (kt_write_all(STDOUT_FILENO, line.data, line.length) == 0)
		atomic_store(&s->drawn, true);
}

/* Told once: what cannot be written now will not be later. */
static void print(struct session *s, const struct kt_strbuf *text)
{
	if (!s->output_failed)
		s->output_failed = kt_cli_print(s->cli, text) != KT_EXIT_OK;
}

static int write_sidecar(struct session *s, const struct kt_chosen_test *chosen,
			 const struct kt_test_run *run, struct ktstr_error *err)
{
	const struct kt_sidecar_host host = {
		.kernel_image = s->kernel.image,
		.kernel_release = s->kernel.release,
		.nested = is_set("KTSTR_NESTED"),
	};
	_cleanup_strbuf_ struct kt_strbuf stem = { 0 };

	if (s->choice.n_lists > 1)
		kt_strbuf_addf(&stem, "%s.", kt_choice_binary_name(chosen->list));
	kt_strbuf_add(&stem, run->test->name);
	if (run->of > 1)
		kt_strbuf_addf(&stem, ".%u", run->nth);
	if (kt_strbuf_failed(&stem))
		return no_memory(err);
	return kt_sidecar_write(run, &host, s->directory, kt_strbuf_text(&stem),
				err);
}

static int run_once(struct session *s, const struct kt_chosen_test *chosen,
		    uint32_t nth, struct ktstr_error *err)
{
	const struct kt_run_request request = request_for(s, chosen);
	_cleanup_test_run_ struct kt_test_run run = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int r;

	draw_line(s, chosen, nth);
	r = kt_test_run_once(&request, &run, err);
	erase_line(s);
	if (r < 0)
		return r;
	run.nth = nth;
	run.of = s->values->repeat;
	kt_report_add(&s->report, &run, &text);
	print(s, &text);
	return run.interrupted ? 0 : write_sidecar(s, chosen, &run, err);
}

static int run_all(struct session *s, struct ktstr_error *err)
{
	for (size_t i = 0; i < s->choice.n; i++) {
		for (uint32_t nth = 1; nth <= s->values->repeat; nth++) {
			int r = run_once(s, &s->choice.tests[i], nth, err);

			if (r < 0)
				return r;
			if (s->watch.stop_signal)
				return 0;
		}
	}
	return 0;
}

static int run_and_report(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	struct ktstr_error err = { 0 };
	uint64_t start_ns = kt_now_ns();
	int r;

	s->report = (struct kt_report){
		.format = s->values->format,
		.planned = s->choice.n * s->values->repeat,
		.color = s->cli->color_out,
	};
	kt_report_begin(&s->report, &text);
	print(s, &text);
	r = run_all(s, &err);
	kt_strbuf_reset(&text);
	kt_report_end(&s->report, kt_now_ns() - start_ns, &text);
	if (s->values->format == KT_REPORT_TEXT)
		kt_strbuf_addf(&text, "results are in %s\n", s->directory);
	print(s, &text);
	if (r < 0)
		(void)kt_cli_fail(s->cli, &err);
	/* A fail is the worst, whatever else went wrong. */
	if ((r < 0 || s->output_failed) && !s->report.tally.failed)
		return KT_EXIT_FAILED;
	return kt_tally_exit_status(&s->report.tally);
}

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || strcmp(term, "dumb") == 0;
}

/* On this machine's own KVM. */
static int run_here(struct session *s)
{
	struct ktstr_error err = { 0 };
	const char *wanted = getenv("KTSTR_RUN_DIR");
	int r, status;

	s->log = (struct ktstr_log){ .emit = emit_note, .userdata = s };
	s->live = s->values->format == KT_REPORT_TEXT && !s->values->dmesg &&
		  isatty(STDOUT_FILENO) && !is_dumb();
	r = kt_sidecar_directory(wanted && *wanted ? wanted : NULL,
				 &s->directory, &err);
	if (r == 0)
		r = kt_watch_init(&s->watch, false, &err);
	if (r < 0)
		return kt_cli_fail(s->cli, &err);
	status = run_and_report(s);
	kt_watch_deinit(&s->watch);
	return status;
}

static int print_list(const struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	for (size_t i = 0; i < s->choice.n; i++) {
		const struct kt_chosen_test *chosen = &s->choice.tests[i];

		if (s->choice.n_lists > 1)
			kt_strbuf_addf(&text, "%s ", chosen->list->binary);
		kt_strbuf_addf(&text, "%s [", chosen->test->name);
		kt_topology_print(&text, declared(s) ?:
						 &chosen->test->topology);
		kt_strbuf_addf(&text, "] %us%s\n", chosen->test->duration_s,
			       chosen->test->expect_err ? ", to fail" : "");
	}
	return kt_cli_print(s->cli, &text);
}

static int test_run_session(struct session *s)
{
	struct ktstr_error err = { 0 };
	uint32_t memory_mib;
	int status, r;

	r = prepare(s, &err);
	if (r == 0)
		r = largest_memory(s, &memory_mib, &err);
	if (r == 0)
		r = kt_cli_run_nested(s->cli, s->values->accel,
				      s->values->nest_shape, memory_mib,
				      &status, &err);
	if (r < 0)
		return kt_cli_fail(s->cli, &err);
	return r > 0 ? status : run_here(s);
}

static int test_run(struct kt_cli *cli, const void *values,
		    const struct kt_words *operands)
{
	_cleanup_(session_deinit) struct session s = {
		.cli = cli,
		.values = values,
	};
	struct ktstr_error err = { 0 };
	int r;

	r = kt_choice_init(&s.choice, operands, &s.values->patterns, &err);
	if (r == 0 && s.values->list && s.values->topology)
		r = kt_topology_parse(s.values->topology, &s.topology, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	return s.values->list ? print_list(&s) : test_run_session(&s);
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
		"NAME.ktstr.json. Ctrl-C ends the running test and reports "
		"those that are over.",
	.example = "ktstr test ./mytests\n"
		   "ktstr test ./mytests -k 'wake_*' --kernel 7.3 "
		   "--repeat 20\n"
		   "ktstr test ./mytests --format junit > report.xml",
	.options = test_options,
	.operand = {
		.name = "BINARY",
		.min = 1,
		.max = SIZE_MAX,
		.complete = KT_COMPLETE_FILE,
		.help = "A test binary.",
	},
	.values_bytes = sizeof(struct test_values),
	.defaults = &test_defaults,
	.run = test_run,
};
