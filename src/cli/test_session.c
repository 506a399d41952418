// SPDX-License-Identifier: GPL-2.0-only
#include "cli/test_session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/affinity.h"
#include "base/fd.h"
#include "base/macro.h"
#include "cli/progress.h"
#include "cli/watch.h"
#include "runner/pool.h"
#include "runner/report.h"
#include "runner/sidecar.h"

#define MEMINFO_MAX_BYTES (64u * 1024)
#define STEM_MAX          200 /* of 255 that a file's name may have */
#define REDRAW_MS         1000

/* One run, on a thread of its own until the pool gives it back. */
struct job {
	struct job *next; /* first of those that run, then of those that wait */
	struct session *session;
	const struct kt_cell *cell;
	size_t place; /* of the run in the report */
	uint32_t nth;
	struct ktstr_log log;
	uint64_t start_ns;
	struct ktstr_vm *vm; /* while it can be stopped; under the lock */
	struct kt_test_run run;
	struct ktstr_error err;
	int result;
};

struct session {
	const struct kt_cli *cli;
	const struct kt_test_plan *plan;
	struct kt_watch watch;
	struct kt_progress progress;
	struct kt_report report;
	struct kt_pool *pool;
	char *directory;
	size_t started; /* runs, in the order of the plan */
	size_t ended;
	size_t reported;     /* the place that is to be reported next */
	struct job *waiting; /* by place: one before them still runs */

	pthread_mutex_t lock;
	struct job *running; /* oldest first */
	bool stopping;

	struct ktstr_error err; /* the first */
	int result;
};

static void job_free(struct job *job)
{
	kt_test_run_deinit(&job->run);
	free(job);
}

static void session_deinit(struct session *s)
{
	kt_pool_destroy(s->pool);
	kt_report_deinit(&s->report);
	kt_progress_deinit(&s->progress);
	free(s->directory);
	pthread_mutex_destroy(&s->lock);
}

/* Nothing begins from here on, and what runs is ended. */
static void stop_all(void *userdata)
{
	struct session *s = userdata;

	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	for (struct job *job = s->running; job; job = job->next) {
		if (job->vm)
			ktstr_vm_stop(job->vm);
	}
	pthread_mutex_unlock(&s->lock);
}

static bool is_stopping(struct session *s)
{
	bool stopping;

	pthread_mutex_lock(&s->lock);
	stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stopping;
}

static void keep_error(struct session *s, int result,
		       const struct ktstr_error *err)
{
	if (s->result == 0) {
		s->result = result;
		s->err = *err;
	}
	stop_all(s);
}

static int begin_machine(void *userdata, struct ktstr_vm *vm,
			 struct ktstr_error *err)
{
	struct job *job = userdata;
	struct session *s = job->session;

	(void)err;
	pthread_mutex_lock(&s->lock);
	job->vm = vm;
	/* It then ends before it starts. */
	if (s->stopping)
		ktstr_vm_stop(vm);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static void end_machine(void *userdata)
{
	struct job *job = userdata;

	pthread_mutex_lock(&job->session->lock);
	job->vm = NULL;
	pthread_mutex_unlock(&job->session->lock);
}

static void add_name(const struct session *s, const struct job *job,
		     struct kt_strbuf *to)
{
	const struct kt_run_labels labels =
		kt_test_plan_labels(s->plan, job->cell);

	kt_run_name(to, kt_test_plan_test(s->plan, job->cell)->test, &labels,
		    job->nth, s->plan->values->repeat);
}

/* Notes of the library come from any thread, of any of the machines. */
static void emit_note(void *userdata, enum ktstr_log_level level,
		      const char *message)
{
	struct job *job = userdata;
	struct session *s = job->session;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	if (s->report.planned > 1) {
		add_name(s, job, &text);
		kt_strbuf_add(&text, ": ");
	}
	kt_strbuf_add(&text, message);
	kt_progress_note(&s->progress, level,
			 kt_strbuf_failed(&text) ? message :
						   kt_strbuf_text(&text));
}

static void work(void *userdata)
{
	struct job *job = userdata;
	struct kt_run_request request =
		kt_test_plan_request(job->session->plan, job->cell);

	request.log = &job->log;
	request.begin = begin_machine;
	request.end = end_machine;
	request.userdata = job;
	job->result = kt_test_run_once(&request, &job->run, &job->err);
}

static struct job *make_job(struct session *s)
{
	uint32_t repeat = s->plan->values->repeat;
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	*job = (struct job){
		.session = s,
		.cell = &s->plan->matrix.cells[s->started / repeat],
		.place = s->started,
		.nth = (uint32_t)(s->started % repeat) + 1,
		.log = { .emit = emit_note, .userdata = job },
		.start_ns = kt_now_ns(),
	};
	return job;
}

static void set_running(struct session *s, struct job *job)
{
	struct job **at = &s->running;

	pthread_mutex_lock(&s->lock);
	while (*at)
		at = &(*at)->next;
	*at = job;
	pthread_mutex_unlock(&s->lock);
}

static void unset_running(struct session *s, struct job *job)
{
	struct job **at = &s->running;

	pthread_mutex_lock(&s->lock);
	while (*at != job)
		at = &(*at)->next;
	*at = TAKE_PTR(job->next);
	pthread_mutex_unlock(&s->lock);
}

static void start_job(struct session *s, const struct kt_pool_load *load)
{
	struct ktstr_error err = { 0 };
	struct job *job = make_job(s);
	int r;

	if (!job) {
		r = kt_err_errno(&err, -ENOMEM, "no memory for the tests");
		keep_error(s, r, &err);
		return;
	}
	set_running(s, job);
	r = kt_pool_start(s->pool, load, work, job, &err);
	if (r < 0) {
		unset_running(s, job);
		job_free(job);
		keep_error(s, r, &err);
		return;
	}
	s->started++;
}

/* What the next run takes; one that cannot be planned is told of as a run. */
static struct kt_pool_load next_load(const struct session *s)
{
	const struct kt_cell *cell =
		&s->plan->matrix.cells[s->started / s->plan->values->repeat];
	const struct kt_run_request request = kt_test_plan_request(s->plan, cell);
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan plan = { 0 };

	if (kt_run_plan_init(&plan, &request, NULL) < 0 || plan.misfit)
		return (struct kt_pool_load){ 0 };
	return (struct kt_pool_load){
		.cpus = plan.n_cpus,
		.memory_mib = plan.config.memory_mib,
	};
}

/* In the order of the plan, so that a large machine has its turn too. */
static void start_what_fits(struct session *s)
{
	while (s->started < s->report.planned && !is_stopping(s)) {
		const struct kt_pool_load load = next_load(s);

		if (!kt_pool_fits(s->pool, &load))
			return;
		start_job(s, &load);
	}
}

static void add_stem(const struct session *s, const struct job *job,
		     struct kt_strbuf *stem)
{
	const struct kt_chosen_test *chosen =
		kt_test_plan_test(s->plan, job->cell);
	const struct kt_run_labels labels =
		kt_test_plan_labels(s->plan, job->cell);
	const char *const words[] = { labels.preset, labels.kernel,
				      labels.profile };

	if (s->plan->choice.n_lists > 1)
		kt_strbuf_addf(stem, "%s.", kt_choice_binary_name(chosen->list));
	kt_strbuf_add(stem, chosen->test->name);
	for (size_t i = 0; i < KT_ARRAY_SIZE(words); i++) {
		if (words[i])
			kt_strbuf_addf(stem, ".%s", words[i]);
	}
	if (s->plan->values->repeat > 1)
		kt_strbuf_addf(stem, ".%u", job->nth);
}

/* A name that is too long for a file is cut, and has its number instead. */
static int write_sidecar(const struct session *s, const struct job *job,
			 struct ktstr_error *err)
{
	const struct kt_kernel_ref *kernel =
		&s->plan->kernels.kernels[job->cell->kernel].ref;
	const struct kt_sidecar_host host = {
		.kernel_image = kernel->image,
		.kernel_release = kernel->release,
		.nested = getenv("KTSTR_NESTED") && *getenv("KTSTR_NESTED"),
	};
	_cleanup_strbuf_ struct kt_strbuf stem = { 0 }, cut = { 0 };

	add_stem(s, job, &stem);
	if (stem.length > STEM_MAX)
		kt_strbuf_addf(&cut, "%.*s.%zu", STEM_MAX, stem.data,
			       job->place + 1);
	if (kt_strbuf_failed(&stem) || kt_strbuf_failed(&cut))
		return kt_err_errno(err, -ENOMEM, "no memory for the tests");
	return kt_sidecar_write(&job->run, &host, s->directory,
				kt_strbuf_text(cut.length ? &cut : &stem), err);
}

static void report_job(struct session *s, struct job *job)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	kt_report_add(&s->report, &job->run, &text);
	if (text.length || kt_strbuf_failed(&text))
		kt_progress_print(&s->progress, &text);
	job_free(job);
}

/* All whose turn it is; in the end, all that there are. */
static void report_waiting(struct session *s, bool all)
{
	while (s->waiting && (all || s->waiting->place == s->reported)) {
		struct job *job = s->waiting;

		s->waiting = job->next;
		s->reported = job->place + 1;
		report_job(s, job);
	}
}

/* What it left is on the disk at once, even if its turn never comes. */
static void take_job(struct session *s, struct job *job)
{
	struct job **at = &s->waiting;
	int r = job->result;

	unset_running(s, job);
	s->ended++;
	if (r < 0) {
		keep_error(s, r, &job->err);
		job_free(job);
		return;
	}
	job->run.nth = job->nth;
	job->run.of = s->plan->values->repeat;
	if (!job->run.interrupted)
		r = write_sidecar(s, job, &job->err);
	if (r < 0)
		keep_error(s, r, &job->err);
	while (*at && (*at)->place < job->place)
		at = &(*at)->next;
	job->next = *at;
	*at = job;
}

/* A line for each run, and one for all. */
static void show_progress(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf lines = { 0 };
	uint64_t now_ns = kt_now_ns();

	if (!s->progress.live)
		return;
	/* Only this thread changes the list. */
	for (const struct job *job = s->running; job; job = job->next) {
		kt_strbuf_add(&lines, "run  ");
		add_name(s, job, &lines);
		kt_strbuf_addf(&lines, " %.0fs\n",
			       (double)(now_ns - job->start_ns) / 1e9);
	}
	if (s->report.planned > 1)
		kt_strbuf_addf(&lines, "%zu of %zu done%s\n", s->ended,
			       s->report.planned,
			       is_stopping(s) ? ", stopping" : "");
	if (!kt_strbuf_failed(&lines))
		kt_progress_show(&s->progress, kt_strbuf_text(&lines));
}

static void run_all(struct session *s)
{
	for (;;) {
		struct job *job;

		start_what_fits(s);
		if (!kt_pool_running(s->pool))
			break;
		show_progress(s);
		/* Machines end by themselves, or by a signal. */
		job = kt_pool_wait(s->pool, s->progress.live ? REDRAW_MS : -1);
		if (!job)
			continue;
		take_job(s, job);
		report_waiting(s, false);
	}
	report_waiting(s, true);
	kt_progress_show(&s->progress, "");
}

static int run_and_report(struct session *s)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	uint64_t start_ns = kt_now_ns();

	kt_report_begin(&s->report, &text);
	kt_progress_print(&s->progress, &text);
	run_all(s);
	kt_strbuf_reset(&text);
	kt_report_end(&s->report, kt_now_ns() - start_ns, &text);
	if (s->report.format == KT_REPORT_TEXT)
		kt_strbuf_addf(&text, "results are in %s\n", s->directory);
	kt_progress_print(&s->progress, &text);
	if (s->result < 0)
		(void)kt_cli_fail(s->cli, &s->err);
	/* A fail is the worst, whatever else went wrong. */
	if ((s->result < 0 || s->progress.output_failed) &&
	    !s->report.tally.failed)
		return KT_EXIT_FAILED;
	return kt_tally_exit_status(&s->report.tally);
}

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || strcmp(term, "dumb") == 0;
}

static void session_init(struct session *s, const struct kt_cli *cli,
			 const struct kt_test_plan *plan)
{
	const struct kt_test_values *v = plan->values;

	*s = (struct session){
		.cli = cli,
		.plan = plan,
		.report = { .format = v->format,
			    .planned = kt_test_plan_runs(plan),
			    .color = cli->color_out },
	};
	pthread_mutex_init(&s->lock, NULL);
	kt_progress_init(&s->progress, cli,
			 v->format == KT_REPORT_TEXT && !v->dmesg &&
				 isatty(STDOUT_FILENO) && !is_dumb());
}

/* As many machines as there are CPUs and memory for, or as the user says. */
static int make_pool(struct session *s, struct ktstr_error *err)
{
	uint32_t jobs = s->plan->values->jobs;
	_cleanup_free_ char *meminfo = NULL;
	struct kt_pool_limits limits = {
		.jobs = jobs == KT_TEST_JOBS_AUTO ? 0 : jobs,
		.cpus = kt_allowed_cpus(),
	};

	if (kt_read_file("/proc/meminfo", MEMINFO_MAX_BYTES, &meminfo, NULL) == 0)
		limits.memory_mib = kt_pool_available_mib(meminfo);
	return kt_pool_create(&limits, &s->pool, err);
}

int kt_test_session_run(const struct kt_cli *cli, const struct kt_test_plan *plan)
{
	_cleanup_(session_deinit) struct session s;
	struct ktstr_error err = { 0 };
	const char *wanted = getenv("KTSTR_RUN_DIR");
	int r, status;

	session_init(&s, cli, plan);
	r = kt_sidecar_directory(wanted && *wanted ? wanted : NULL,
				 &s.directory, &err);
	if (r == 0)
		r = make_pool(&s, &err);
	if (r == 0)
		r = kt_watch_init(&s.watch, false, &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	s.watch.end = stop_all;
	s.watch.userdata = &s;
	r = kt_watch_start(&s.watch, NULL, &err);
	status = r < 0 ? kt_cli_fail(cli, &err) : run_and_report(&s);
	kt_watch_stop(&s.watch);
	kt_watch_deinit(&s.watch);
	return status;
}
