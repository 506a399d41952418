// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/judge.h"

#include <ktstr/scheduler.h>

#include "base/fd.h"
#include "base/macro.h"
#include "check/judge.h"
#include "scenario/steal_file.h"

/* The host's last sample comes a while after what it tells of. */
#define JUDGE_STEAL_MS  500
#define JUDGE_MAX_NOTES 32

static void judge_tell(struct ktstr_context *ctx,
		       const struct ktstr_check_report *report,
		       enum ktstr_verdict which, size_t *n_told)
{
	for (size_t i = 0; i < report->n_findings; i++) {
		const struct ktstr_finding *finding = &report->findings[i];

		if (finding->verdict != which || (*n_told)++ >= JUDGE_MAX_NOTES)
			continue;
		if (which == KTSTR_FAIL)
			ktstr_note(ctx, "%s", finding->text);
		else
			ktstr_note(ctx, "%s: %s", ktstr_verdict_name(which),
				   finding->text);
	}
}

/* One line a check for what some kind of work has no number for. */
static void judge_tell_skips(struct ktstr_context *ctx,
			     const struct ktstr_check_report *report)
{
	size_t n[KTSTR_N_CHECKS] = { 0 };

	for (size_t i = 0; i < report->n_findings; i++) {
		const struct ktstr_finding *finding = &report->findings[i];

		if (finding->verdict == KTSTR_SKIP && !n[finding->check]++)
			ktstr_note(ctx, "skip: %s", finding->text);
	}
	for (int check = 0; check < KTSTR_N_CHECKS; check++) {
		if (n[check] > 1)
			ktstr_note(ctx, "skip: %s not evaluated for %zu more",
				   ktstr_check_name(check), n[check] - 1);
	}
}

/* Failures first. */
static void judge_tell_all(struct ktstr_context *ctx,
			   const struct ktstr_check_report *report)
{
	size_t n_told = 0;

	judge_tell(ctx, report, KTSTR_FAIL, &n_told);
	judge_tell(ctx, report, KTSTR_INCONCLUSIVE, &n_told);
	if (n_told > JUDGE_MAX_NOTES)
		ktstr_note(ctx, "and %zu findings more",
			   n_told - JUDGE_MAX_NOTES);
	judge_tell_skips(ctx, report);
}

/* What the metrics sum up. */
struct sums {
	uint64_t work_units;
	uint64_t iterations;
	uint64_t migrations;
	uint64_t wake_samples;
	uint64_t p99_wake_ns; /* the worst worker's */
	uint64_t run_delay_ns;
	double worst_gap_ms;
	double spread_pct; /* the widest group's */
	size_t n_workers;
};

/* As the check has it: the part that is excused is no time of the worker. */
static double judge_off_cpu_pct(const struct ktstr_worker_report *worker,
				uint64_t excused_ns)
{
	uint64_t off =
		worker->off_cpu_ns - KT_MIN(excused_ns, worker->off_cpu_ns);

	return 100 * (double)off / (double)(worker->wall_ns - excused_ns);
}

static double judge_gap_ms(const struct ktstr_check_group *group,
			   struct ktstr_gap gap)
{
	uint64_t start = gap.at_ns - KT_MIN(gap.ns, gap.at_ns);
	uint64_t excused = kt_excused_ns(group, start, gap.at_ns);

	return (double)(gap.ns - KT_MIN(excused, gap.ns)) / 1e6;
}

static void sums_add_worker(struct sums *sums,
			    const struct ktstr_check_group *group,
			    const struct ktstr_worker_report *worker)
{
	const struct ktstr_gap max = { worker->max_gap_ns, worker->max_gap_at_ns,
				       worker->max_gap_cpu };

	sums->n_workers++;
	sums->work_units += worker->work_units;
	sums->iterations += worker->iterations;
	sums->migrations += worker->migrations;
	sums->run_delay_ns += worker->run_delay_ns;
	sums->worst_gap_ms = KT_MAX(sums->worst_gap_ms, judge_gap_ms(group, max));
	for (size_t i = 0; i < KTSTR_NEXT_GAPS; i++)
		sums->worst_gap_ms =
			KT_MAX(sums->worst_gap_ms,
			       judge_gap_ms(group, worker->next_gaps[i]));
	if (!worker->wake.samples)
		return;
	sums->wake_samples += worker->wake.samples;
	sums->p99_wake_ns = KT_MAX(sums->p99_wake_ns, worker->wake.p99_ns);
}

static void sums_add_group(struct sums *sums,
			   const struct ktstr_check_group *group)
{
	double max = 0, min = 100;

	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		uint64_t excused = kt_excused_ns(group, 0, worker->wall_ns);
		double off;

		sums_add_worker(sums, group, worker);
		if (excused >= worker->wall_ns)
			continue;
		off = judge_off_cpu_pct(worker, excused);
		max = KT_MAX(max, off);
		min = KT_MIN(min, off);
	}
	if (max > min)
		sums->spread_pct = KT_MAX(sums->spread_pct, max - min);
}

static void judge_metric(struct ktstr_context *ctx, const char *scenario,
			 const char *name, double value, const char *unit)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s%s", scenario ? scenario : "",
		 scenario ? "." : "", name);
	ktstr_metric(ctx, full, value, unit);
}

static void judge_measure(struct ktstr_context *ctx, const char *scenario,
			  const struct ktstr_check_group *groups, size_t n_groups)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < n_groups; i++)
		sums_add_group(&sums, &groups[i]);
	judge_metric(ctx, scenario, "workers", (double)sums.n_workers, "workers");
	judge_metric(ctx, scenario, "work_units", (double)sums.work_units,
		     "units");
	judge_metric(ctx, scenario, "iterations", (double)sums.iterations,
		     "iterations");
	judge_metric(ctx, scenario, "migrations", (double)sums.migrations,
		     "migrations");
	judge_metric(ctx, scenario, "run_delay",
		     (double)sums.run_delay_ns / 1e6, "ms");
	judge_metric(ctx, scenario, "worst_gap", sums.worst_gap_ms, "ms");
	judge_metric(ctx, scenario, "spread", sums.spread_pct, "%");
	if (sums.wake_samples)
		judge_metric(ctx, scenario, "p99_wake_latency",
			     (double)sums.p99_wake_ns, "ns");
}

int kt_judge_limits(const struct ktstr_test *test,
		    const struct ktstr_checks *scenario_checks,
		    struct ktstr_check_limits *ret, struct ktstr_error *err)
{
	const struct ktstr_checks *layers[] = {
		scenario_checks,
		test->scheduler ? test->scheduler->checks : NULL,
		test->checks,
	};

	int r = ktstr_checks_resolve(layers, KT_ARRAY_SIZE(layers), ret, err);

	return r < 0 ? kt_err_context(err, r, "the limits of the test") : 0;
}

/*
 * What the host says of steal. Where it says something that cannot be read, any
 * time may have been stolen: an empty record tells the checks so.
 */
static const struct ktstr_steal *judge_steal(struct ktstr_context *ctx,
					     const char *path,
					     struct kt_steal_file *file)
{
	struct ktstr_error err = { 0 };
	int r = kt_steal_file_read(path, kt_now_ns(), JUDGE_STEAL_MS, file, &err);

	if (r == -ENOENT)
		return NULL;
	if (r < 0)
		ktstr_note(ctx, "what the host stole is not known: %s",
			   err.message);
	return &file->steal;
}

static struct ktstr_check_group *judge_groups(const struct kt_stage *stage)
{
	struct ktstr_check_group *groups =
		calloc(stage->n_crews + 1, sizeof(*groups));

	for (size_t i = 0; groups && i < stage->n_crews; i++) {
		const struct kt_crew *crew = stage->crews[i];

		groups[i] = (struct ktstr_check_group){
			.name = crew->name,
			.workers = crew->reports,
			.n_workers = crew->n_reports,
			.worker_cpus = crew->allowed,
			.started_ns = kt_workers_started_ns(crew->workers),
			.excused = crew->excused,
			.n_excused = crew->n_excused,
		};
	}
	return groups;
}

int kt_judge_stage(struct ktstr_context *ctx, const struct kt_stage *stage,
		   const char *scenario, const struct ktstr_check_limits *limits,
		   const char *steal_path, enum ktstr_verdict *ret,
		   struct ktstr_error *err)
{
	_cleanup_steal_file_ struct kt_steal_file steal = { 0 };
	_cleanup_free_ struct ktstr_check_group *groups = judge_groups(stage);
	struct ktstr_check_report report = { 0 };
	int r;

	if (!groups)
		return kt_err_errno(err, -ENOMEM, "a judgement");
	r = ktstr_check_workers(limits, groups, stage->n_crews,
				judge_steal(ctx, steal_path, &steal), &report,
				err);
	if (r < 0)
		return r;
	judge_tell_all(ctx, &report);
	judge_measure(ctx, scenario, groups, stage->n_crews);
	*ret = report.verdict;
	ktstr_check_report_deinit(&report);
	return 0;
}
