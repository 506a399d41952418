// SPDX-License-Identifier: GPL-2.0-only
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/watch.h"
#include "host/host_topology.h"
#include "runner/here.h"
#include "runner/list.h"
#include "runner/report.h"
#include "runner/sidecar.h"

#define PROGRAM       "ktstr-scenarios"
#define LIST_LIMIT_MS 30000
#define DURATION_MS   5000
#define DAY_MS        (24u * 3600 * 1000)
#define SYSFS_MAX     4096

struct run_values {
	bool list;
	uint32_t duration_ms;
	const char *cgroup;
	uint32_t format; /* enum kt_report_format */
};

static const struct run_values run_defaults = { .duration_ms = DURATION_MS };

static const char *const formats[] = {
	[KT_REPORT_TEXT] = "text",
	[KT_REPORT_TAP] = "tap",
	[KT_REPORT_JUNIT] = "junit",
	NULL,
};

#define AT(member) .offset = offsetof(struct run_values, member)

static const struct kt_option run_options[] = {
	{
		.name = "list",
		.letter = 'l',
		.type = KT_OPTION_FLAG,
		AT(list),
		.help = "Print the names of the scenarios, and run none.",
	},
	{
		.name = "duration",
		.type = KT_OPTION_SECONDS,
		.value = "TIME",
		AT(duration_ms),
		.help = "How long the workers of each scenario work, in whole "
			"seconds. Default: 5.",
	},
	{
		.name = "cgroup",
		.type = KT_OPTION_TEXT,
		.value = "DIRECTORY",
		AT(cgroup),
		.complete = KT_COMPLETE_FILE,
		.help = "The control group to work in. One that holds no "
			"process, and in which you may make others. Default: "
			"the root of the hierarchy for root, else the group "
			"that ktstr was started in, if it was delegated.",
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
	{ 0 },
};

/* One after the other: two would disturb each other. */
struct session {
	const struct kt_cli *cli;
	const struct run_values *values;
	char *program;
	struct kt_test_list list;
	const struct kt_test **chosen;
	size_t n_chosen;
	char *topology;
	struct kt_here_request request;
	struct kt_sidecar_host host;
	struct utsname system;
	char *directory;
	struct kt_watch watch;
	struct kt_progress progress;
	struct kt_report report;
	atomic_bool stopping;
};

static void session_deinit(struct session *s)
{
	kt_report_deinit(&s->report);
	kt_test_list_deinit(&s->list);
	free(s->chosen);
	free(s->topology);
	free(s->directory);
	free(s->program);
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for the scenarios");
}

static int find_program(char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;

	if (kt_beside_find("KTSTR_SCENARIOS", PROGRAM,
			   KTSTR_LIBEXECDIR "/" PROGRAM, &path) < 0)
		return no_memory(err);
	if (access(path, X_OK) < 0)
		return kt_err_errno(err, -errno,
				    "cannot run %s, which has the scenarios; "
				    "KTSTR_SCENARIOS may name another",
				    path);
	*ret = TAKE_PTR(path);
	return 0;
}

static int choose_one(struct session *s, const char *name, struct ktstr_error *err)
{
	struct kt_suggestion near = { .word = name };

	for (size_t i = 0; i < s->list.n; i++) {
		if (strcmp(s->list.tests[i].name, name) == 0) {
			s->chosen[s->n_chosen++] = &s->list.tests[i];
			return 0;
		}
		kt_suggestion_offer(&near, s->list.tests[i].name);
	}
	if (near.best)
		return kt_err(err, -EINVAL,
			      "no scenario \"%s\"; did you mean \"%s\"? --list "
			      "names them all",
			      name, near.best);
	return kt_err(err, -EINVAL, "no scenario \"%s\"; --list names them",
		      name);
}

static int choose(struct session *s, const struct kt_words *names,
		  struct ktstr_error *err)
{
	int r = kt_test_list_read(s->program, LIST_LIMIT_MS, &s->list, err);

	if (r < 0)
		return r;
	s->chosen = calloc(s->list.n + names->n, sizeof(*s->chosen));
	if (!s->chosen)
		return no_memory(err);
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = choose_one(s, names->words[i], err);
	for (size_t i = 0; names->n == 0 && i < s->list.n; i++)
		s->chosen[s->n_chosen++] = &s->list.tests[i];
	return r;
}

/* As one would declare it, or just counted where that is not so regular. */
static void print_topology(struct kt_strbuf *sb,
			   const struct kt_host_topology *host)
{
	size_t n_cores = 0, threads, cores;
	bool regular = true;

	for (size_t i = 0; i < host->n_cpus; i++)
		n_cores = KT_MAX(n_cores, (size_t)host->cpus[i].core + 1);
	threads = host->n_cpus / n_cores;
	cores = n_cores / host->n_llcs;
	for (size_t i = 0; i < host->n_llcs; i++)
		regular &= host->llcs[i].n_cpus == cores * threads;
	if (regular)
		kt_strbuf_addf(sb, "%zun%zul%zuc%zut", host->n_nodes,
			       host->n_llcs, cores, threads);
	else
		kt_strbuf_addf(sb, "%zu CPUs, %zu LLCs", host->n_cpus,
			       host->n_llcs);
}

static int look_at_machine(struct session *s, struct ktstr_error *err)
{
	_cleanup_host_topology_ struct kt_host_topology *host = NULL;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int r = kt_host_topology_read(&host, err);

	if (r < 0)
		return r;
	print_topology(&text, host);
	s->topology = kt_strbuf_steal(&text);
	if (!s->topology)
		return no_memory(err);
	if (uname(&s->system) < 0)
		return kt_err_errno(err, -errno, "the kernel's release");
	s->request.topology = s->topology;
	s->request.numa_nodes = (uint32_t)host->n_nodes;
	s->request.llcs = (uint32_t)host->n_llcs;
	s->request.n_cpus = (uint32_t)host->n_cpus;
	s->host.kernel_release = s->system.release;
	return 0;
}

/* What decides who runs: a sched_ext scheduler, if one is loaded. */
static void print_scheduler(struct kt_strbuf *sb)
{
	_cleanup_free_ char *ops = NULL;

	if (kt_read_file("/sys/kernel/sched_ext/root/ops", SYSFS_MAX, &ops,
			 NULL) < 0 ||
	    !*ops)
		kt_strbuf_add(sb, "the kernel's own scheduler");
	else
		kt_strbuf_addf(sb, "the scheduler %.*s",
			       (int)strcspn(ops, "\n"), ops);
}

static void print_head(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	if (s->report.format == KT_REPORT_TEXT) {
		kt_strbuf_addf(&text, "on this machine, Linux %s, under ",
			       s->system.release);
		print_scheduler(&text);
		kt_strbuf_add_char(&text, '\n');
	}
	kt_report_begin(&s->report, &text);
	if (text.length)
		kt_progress_print(&s->progress, &text);
}

static void stop(void *userdata)
{
	struct session *s = userdata;

	atomic_store(&s->stopping, true);
}

static bool is_stopping(void *userdata)
{
	struct session *s = userdata;

	return atomic_load(&s->stopping);
}

static int run_one(struct session *s, const struct kt_test *test,
		   struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	_cleanup_test_run_ struct kt_test_run run = { 0 };
	int r;

	kt_strbuf_addf(&text, "run  %s\n", test->name);
	kt_progress_show(&s->progress, kt_strbuf_text(&text));
	kt_strbuf_reset(&text);
	s->request.test = test;
	r = kt_here_run_once(&s->request, &run, err);
	if (r == 0 && !run.interrupted)
		r = kt_sidecar_write(&run, &s->host, s->directory, test->name,
				     err);
	kt_progress_show(&s->progress, "");
	if (r < 0)
		return r;
	kt_report_add(&s->report, &run, &text);
	if (text.length)
		kt_progress_print(&s->progress, &text);
	return 0;
}

static int run_all(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	uint64_t start_ns = kt_now_ns();
	struct ktstr_error err = { 0 };
	int r = 0;

	print_head(s);
	for (size_t i = 0; r == 0 && i < s->n_chosen && !is_stopping(s); i++)
		r = run_one(s, s->chosen[i], &err);
	kt_report_end(&s->report, kt_now_ns() - start_ns, &text);
	if (s->report.format == KT_REPORT_TEXT && s->report.done)
		kt_strbuf_addf(&text, "results are in %s\n", s->directory);
	/* Nothing was run, and the message says why. */
	if (r == 0 || s->report.done || s->report.format != KT_REPORT_TEXT)
		kt_progress_print(&s->progress, &text);
	if (r < 0)
		(void)kt_cli_fail(s->cli, &err);
	if ((r < 0 || s->progress.output_failed) && !s->report.tally.failed)
		return KT_EXIT_FAILED;
	return kt_tally_exit_status(&s->report.tally);
}

static int print_list(const struct kt_cli *cli, const struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	for (size_t i = 0; i < s->n_chosen; i++)
		kt_strbuf_addf(&text, "%s\n", s->chosen[i]->name);
	return kt_cli_print(cli, &text);
}

static int run_session(struct session *s)
{
	const struct kt_cli *cli = s->cli;
	const char *wanted = getenv("KTSTR_RUN_DIR");
	const char *no_skip = getenv("KTSTR_NO_SKIP_MODE");
	struct ktstr_error err = { 0 };
	int r = look_at_machine(s, &err), status;

	if (r == 0)
		r = kt_sidecar_directory(wanted && *wanted ? wanted : NULL,
					 &s->directory, &err);
	if (r == 0)
		r = kt_watch_init(&s->watch, false, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	s->request.binary = s->program;
	s->request.cgroup = s->values->cgroup;
	s->request.duration_s = (s->values->duration_ms + 999) / 1000;
	s->request.no_skip = no_skip && *no_skip;
	s->request.cancelled = is_stopping;
	s->request.userdata = s;
	s->report = (struct kt_report){ .format = s->values->format,
					.planned = s->n_chosen,
					.color = cli->color_out };
	kt_progress_init(&s->progress, cli,
			 s->values->format == KT_REPORT_TEXT && cli->color_out);
	s->watch.end = stop;
	s->watch.userdata = s;
	r = kt_watch_start(&s->watch, NULL, &err);
	status = r < 0 ? kt_cli_fail(cli, &err) : run_all(s);
	kt_progress_deinit(&s->progress);
	kt_watch_stop(&s->watch);
	kt_watch_deinit(&s->watch);
	return status;
}

static int run_run(struct kt_cli *cli, const void *values,
		   const struct kt_words *operands)
{
	_cleanup_(session_deinit) struct session s = { .cli = cli,
						       .values = values };
	struct ktstr_error err = { 0 };
	int r;

	if (s.values->duration_ms == 0)
		return kt_cli_usage_error(cli, "ktstr run",
					  "--duration must be > 0: nothing is "
					  "seen in no time");
	if (s.values->duration_ms > DAY_MS)
		return kt_cli_usage_error(cli, "ktstr run",
					  "--duration must be at most a day "
					  "(1440m), not %u s",
					  s.values->duration_ms / 1000);
	r = find_program(&s.program, &err);
	if (r == 0)
		r = choose(&s, operands, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	return s.values->list ? print_list(cli, &s) : run_session(&s);
}

const struct kt_command kt_run_command = {
	.name = "run",
	.summary = "Run scenarios on this machine itself",
	.description =
		"Runs scenarios that come with ktstr under whatever scheduler "
		"is active here, without a virtual machine: groups of workers "
		"that compete, move, change their CPUs, and are judged as "
		"those of a test in a guest are. All that fit this machine, "
		"one after the other, or those that are named.\n\n"
		"Everything happens in control groups (version 2) of its own, "
		"which are gone at the end, also after a signal; no CPU is "
		"taken offline, and nothing outside is touched. It needs a "
		"group that it may make others in: run it as root, or as "
		"`systemd-run --user --scope -p Delegate=yes ktstr run`.\n\n"
		"A machine that is busy with other work, or a virtual one "
		"whose host is, disturbs what is measured: there is nobody to "
		"tell what was stolen. The exit status and the files with the "
		"numbers are those of `ktstr test`.",
	.example = "ktstr run --list\n"
		   "sudo ktstr run steady cgroup_add\n"
		   "sudo ktstr run --duration 30 --format tap",
	.options = run_options,
	.operand = {
		.name = "SCENARIO",
		.max = SIZE_MAX,
		.help = "A scenario, as --list names it; without it, all.",
	},
	.values_bytes = sizeof(struct run_values),
	.defaults = &run_defaults,
	.run = run_run,
};
