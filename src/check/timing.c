// SPDX-License-Identifier: GPL-2.0-only
/* The checks of time, each by the rule of ktstr/check.h. */
#include <math.h>
#include <stdio.h>
#include <sys/wait.h>

#include "check/judge.h"

#define NS_PER_MS 1e6
#define NS_PER_S  1e9

struct kt_stolen_text kt_stolen_text(struct kt_stolen stolen)
{
	struct kt_stolen_text ret = { "" };

	if (stolen.hi)
		snprintf(ret.text, sizeof(ret.text),
			 "; the host stole between %.6gms and %.6gms",
			 (double)stolen.lo / NS_PER_MS,
			 (double)stolen.hi / NS_PER_MS);
	return ret;
}

static struct kt_stolen stolen_in_run(const struct kt_judge *judge,
				      const struct ktstr_check_group *group,
				      const struct ktstr_worker_report *worker)
{
	return kt_steal_of_worker(judge->steal, worker, group->started_ns,
				  group->started_ns + worker->wall_ns);
}

/* Its time, without what it is excused for. */
static uint64_t wall_of(const struct ktstr_check_group *group,
			const struct ktstr_worker_report *worker)
{
	return worker->wall_ns - kt_excused_ns(group, 0, worker->wall_ns);
}

static bool has_times(struct kt_judge *judge,
		      const struct ktstr_check_group *group,
		      const struct ktstr_worker_report *worker)
{
	if (worker->wall_ns && wall_of(group, worker))
		return true;
	kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
		      worker->wall_ns ? "it could not run at any time, by the "
					"test's own will" :
					"it left no times behind");
	return false;
}

static void find_unfinished(struct kt_judge *judge,
			    const struct ktstr_check_group *group,
			    const struct ktstr_worker_report *worker)
{
	char how[64];

	if (WIFSIGNALED(worker->wait_status))
		snprintf(how, sizeof(how), "killed by signal %d",
			 WTERMSIG(worker->wait_status));
	else if (WIFEXITED(worker->wait_status))
		snprintf(how, sizeof(how), "exited with %d by itself",
			 WEXITSTATUS(worker->wait_status));
	else
		snprintf(how, sizeof(how), "wait status %#x",
			 (unsigned int)worker->wait_status);
	kt_judge_find(judge, group, worker, KTSTR_FAIL,
		      (double)worker->wall_ns / NS_PER_MS,
		      "did not end when told to (%s) after %.6gms: worker %u "
		      "of %s",
		      how, (double)worker->wall_ns / NS_PER_MS, worker->index,
		      group->name);
}

/* A gap with what is known of its causes. */
struct judged_gap {
	struct ktstr_gap gap;
	uint64_t start_ns; /* since the gate */
	uint64_t excused_ns;
	struct kt_stolen stolen;
	double ms; /* of the worker's own time */
	enum ktstr_verdict verdict;
};

static struct judged_gap judge_gap(const struct kt_judge *judge,
				   const struct ktstr_check_group *group,
				   const struct ktstr_worker_report *worker,
				   struct ktstr_gap gap)
{
	struct judged_gap j = { .gap = gap };
	struct kt_measured m;

	j.start_ns = gap.at_ns - KT_MIN(gap.ns, gap.at_ns);
	j.excused_ns =
		KT_MIN(kt_excused_ns(group, j.start_ns, gap.at_ns), gap.ns);
	j.stolen = kt_steal_of_worker(judge->steal, worker,
				      group->started_ns + j.start_ns,
				      group->started_ns + gap.at_ns);
	j.ms = (double)(gap.ns - j.excused_ns) / NS_PER_MS;
	m.value = j.ms;
	m.lo = j.ms - (double)j.stolen.hi / NS_PER_MS;
	m.hi = j.ms - (double)j.stolen.lo / NS_PER_MS;
	/* What was stolen while it was excused is no loss of its own. */
	if (j.excused_ns)
		m.hi = j.ms;
	j.verdict = kt_judge_max(m, judge->limit);
	return j;
}

static void find_one_gap(struct kt_judge *judge,
			 const struct ktstr_check_group *group,
			 const struct ktstr_worker_report *worker,
			 const struct judged_gap *j)
{
	char cpu[24] = "an unknown cpu", excused[80] = "";

	if (j->gap.cpu >= 0)
		snprintf(cpu, sizeof(cpu), "cpu%d", j->gap.cpu);
	if (j->excused_ns)
		snprintf(excused, sizeof(excused),
			 "; %.6gms more were the test's own will",
			 (double)j->excused_ns / NS_PER_MS);
	kt_judge_find(judge, group, worker, j->verdict, j->ms,
		      "stuck %.6gms on %s at +%.6gms: worker %u of %s, limit "
		      "%.6gms%s%s",
		      j->ms, cpu, (double)j->start_ns / NS_PER_MS,
		      worker->index, group->name, judge->limit, excused,
		      kt_stolen_text(j->stolen).text);
}

/* The first gap that fails, or else the first that is not to be judged. */
static void find_worst_gap(struct kt_judge *judge,
			   const struct ktstr_check_group *group,
			   const struct ktstr_worker_report *worker)
{
	struct ktstr_gap max = { worker->max_gap_ns, worker->max_gap_at_ns,
				 worker->max_gap_cpu };
	struct judged_gap worst = judge_gap(judge, group, worker, max);
	bool all_excused = worst.verdict == KTSTR_PASS && worst.excused_ns &&
			   (double)max.ns / NS_PER_MS > judge->limit;

	for (size_t i = 0; i < KTSTR_NEXT_GAPS && worst.verdict != KTSTR_FAIL;
	     i++) {
		const struct ktstr_gap *gap = &worker->next_gaps[i];
		struct judged_gap next;

		if ((double)gap->ns / NS_PER_MS <= judge->limit) {
			all_excused = false;
			break;
		}
		next = judge_gap(judge, group, worker, *gap);
		all_excused = all_excused && next.verdict == KTSTR_PASS;
		if (next.verdict == KTSTR_FAIL ||
		    (next.verdict != KTSTR_PASS && worst.verdict == KTSTR_PASS))
			worst = next;
	}
	if (all_excused)
		kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
			      "the longest gaps that were kept are the test's "
			      "own will, and more may hide behind them");
	find_one_gap(judge, group, worker, &worst);
}

static void find_gap(struct kt_judge *judge,
		     const struct ktstr_check_group *group,
		     const struct ktstr_worker_report *worker)
{
	const struct ktstr_gap whole = { worker->wall_ns, worker->wall_ns, -1 };
	struct judged_gap j;

	if (worker->work_units || worker->iterations) {
		find_worst_gap(judge, group, worker);
		return;
	}
	j = judge_gap(judge, group, worker, whole);
	if (j.verdict == KTSTR_PASS)
		kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
			      "it did no work, in a run that was too short or "
			      "stolen from to blame the scheduler");
	find_one_gap(judge, group, worker, &j);
}

void kt_check_not_stuck(struct kt_judge *judge,
			const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];

		if (!worker->finished) {
			judge->n_evaluated++;
			find_unfinished(judge, group, worker);
		}
		if (!has_times(judge, group, worker))
			continue;
		judge->n_evaluated++;
		find_gap(judge, group, worker);
	}
}

/* Extremes of the off-CPU shares of a group, in percent. */
struct spread {
	size_t n;
	double max, min;       /* as measured */
	double max_lo, max_hi; /* greatest of each bound */
	double min_lo;         /* least of the lower one */
	const struct ktstr_worker_report *max_worker, *min_worker;
	struct kt_stolen stolen; /* the most of any worker */
};

static void spread_add(struct spread *s, const struct ktstr_worker_report *worker,
		       uint64_t excused_ns, struct kt_stolen stolen)
{
	double wall = (double)(worker->wall_ns - excused_ns);
	double off = (double)(worker->off_cpu_ns -
			      KT_MIN(excused_ns, worker->off_cpu_ns));
	double share = 100 * off / wall;
	double lo = share - 100 * (double)stolen.hi / wall;
	double hi = share - 100 * (double)stolen.lo / wall;
	bool first = s->n++ == 0;

	if (first || share > s->max) {
		s->max = share;
		s->max_worker = worker;
	}
	if (first || share < s->min) {
		s->min = share;
		s->min_worker = worker;
	}
	s->max_lo = first ? lo : KT_MAX(s->max_lo, lo);
	s->max_hi = first ? hi : KT_MAX(s->max_hi, hi);
	s->min_lo = first ? lo : KT_MIN(s->min_lo, lo);
	s->stolen.lo = KT_MAX(s->stolen.lo, stolen.lo);
	s->stolen.hi = KT_MAX(s->stolen.hi, stolen.hi);
}

void kt_check_spread(struct kt_judge *judge, const struct ktstr_check_group *group)
{
	struct spread s = { 0 };
	struct kt_measured m;

	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];

		if (has_times(judge, group, worker))
			spread_add(&s, worker,
				   worker->wall_ns - wall_of(group, worker),
				   stolen_in_run(judge, group, worker));
	}
	if (!s.n)
		return;
	judge->n_evaluated += s.n;
	/* A guest may or may not count steal as time off the CPU: the least
	 * spread takes it from the worst worker and from no other. */
	m = (struct kt_measured){ .value = s.max - s.min,
				  .lo = s.max_lo - s.min,
				  .hi = s.max_hi - s.min_lo };
	kt_judge_find(judge, group, s.max_worker, kt_judge_max(m, judge->limit),
		      m.value,
		      "spread %.6g%% in %s: off the CPU %.6g%% of the time "
		      "for worker %u, %.6g%% for worker %u, limit %.6g%%%s",
		      m.value, group->name, s.max, s.max_worker->index, s.min,
		      s.min_worker->index, judge->limit,
		      kt_stolen_text(s.stolen).text);
}

/* Moments of rates (Welford's), and how far steal can have bent each. */
struct rates {
	size_t n;
	double mean, squares; /* the latter of the distances to the mean */
	double bend;          /* greatest (true - measured) / measured */
};

static void rates_add(struct rates *rates, double units, double time_ns,
		      double more_stolen_ns)
{
	double rate = units / time_ns;
	double left = time_ns - more_stolen_ns;
	double distance = rate - rates->mean;

	rates->n++;
	rates->mean += distance / (double)rates->n;
	rates->squares += distance * (rate - rates->mean);
	rates->bend =
		KT_MAX(rates->bend, left > 0 ? time_ns / left - 1 : INFINITY);
}

static double rates_cv(const struct rates *rates)
{
	return sqrt(rates->squares / (double)rates->n) / rates->mean;
}

/*
 * A deviation is a seminorm: rates that each grow by a share of at most `bend`
 * move it by at most bend * rms, while the mean grows by at most that share.
 */
static double cv_at_least(double cv, double bend)
{
	return isinf(bend) ? 0 : (cv - bend * hypot(1, cv)) / (1 + bend);
}

static double cv_at_most(double cv, double bend)
{
	return cv + bend * hypot(1, cv);
}

void kt_check_throughput_cv(struct kt_judge *judge,
			    const struct ktstr_check_group *group)
{
	struct rates raw = { 0 }, corrected = { 0 };
	struct kt_stolen most = { 0, 0 };
	struct kt_measured m;

	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		double units = (double)worker->work_units;
		double cpu = (double)worker->cpu_ns;
		struct kt_stolen stolen = stolen_in_run(judge, group, worker);
		double lo = (double)stolen.lo, hi = (double)stolen.hi;

		if (!worker->cpu_ns) {
			kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
				      "it had no CPU time");
			continue;
		}
		rates_add(&raw, units, cpu, hi);
		if (cpu > lo)
			rates_add(&corrected, units, cpu - lo, hi - lo);
		else
			corrected.bend = INFINITY;
		most.lo = KT_MAX(most.lo, stolen.lo);
		most.hi = KT_MAX(most.hi, stolen.hi);
	}
	if (!raw.n)
		return;
	if (raw.mean <= 0) {
		kt_judge_miss(judge, group, NULL, KTSTR_INCONCLUSIVE,
			      "no worker did any work");
		return;
	}
	judge->n_evaluated += raw.n;
	m.value = rates_cv(&raw);
	m.lo = cv_at_least(m.value, raw.bend);
	m.hi = isinf(corrected.bend) ?
		       INFINITY :
		       cv_at_most(rates_cv(&corrected), corrected.bend);
	kt_judge_find(judge, group, NULL, kt_judge_max(m, judge->limit), m.value,
		      "throughput varies by a CV of %.6g over the %zu workers "
		      "of %s, limit %.6g%s",
		      m.value, raw.n, group->name, judge->limit,
		      kt_stolen_text(most).text);
}

static double rate_over(uint64_t count, uint64_t wall_ns, uint64_t stolen_ns)
{
	if (stolen_ns >= wall_ns)
		return INFINITY;
	return (double)count * NS_PER_S / (double)(wall_ns - stolen_ns);
}

static void check_rate(struct kt_judge *judge,
		       const struct ktstr_check_group *group,
		       const struct ktstr_worker_report *worker, uint64_t count,
		       const char *what)
{
	struct kt_stolen stolen;
	struct kt_measured m;
	uint64_t wall_ns;

	if (!has_times(judge, group, worker))
		return;
	judge->n_evaluated++;
	wall_ns = wall_of(group, worker);
	stolen = stolen_in_run(judge, group, worker);
	m.value = rate_over(count, wall_ns, 0);
	m.lo = rate_over(count, wall_ns, stolen.lo);
	m.hi = rate_over(count, wall_ns, stolen.hi);
	kt_judge_find(judge, group, worker, kt_judge_min(m, judge->limit),
		      m.value,
		      "%.6g %s/s in %.6gms by worker %u of %s, limit %.6g/s%s",
		      m.value, what, (double)wall_ns / NS_PER_MS, worker->index,
		      group->name, judge->limit, kt_stolen_text(stolen).text);
}

void kt_check_work_rate(struct kt_judge *judge,
			const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++)
		check_rate(judge, group, &group->workers[i],
			   group->workers[i].work_units, "work units");
}

void kt_check_iteration_rate(struct kt_judge *judge,
			     const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++)
		check_rate(judge, group, &group->workers[i],
			   group->workers[i].iterations, "iterations");
}

/*
 * A wake waits for its waker as well: what was stolen on any CPU of the group
 * may sit in its latencies, all of it in one of them at worst.
 */
static struct kt_stolen stolen_from_wakes(const struct kt_judge *judge,
					  const struct ktstr_check_group *group,
					  const struct ktstr_worker_report *worker)
{
	struct ktstr_worker_report anyone = *worker;
	struct kt_stolen stolen;

	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *other = &group->workers[i];

		anyone.wall_ns = KT_MAX(anyone.wall_ns, other->wall_ns);
		if (!CPU_COUNT(&other->cpus_seen)) {
			CPU_ZERO(&anyone.cpus_seen);
			anyone.max_gap_cpu = -1;
			break;
		}
		CPU_OR(&anyone.cpus_seen, &anyone.cpus_seen, &other->cpus_seen);
	}
	stolen = stolen_in_run(judge, group, &anyone);
	stolen.lo = 0;
	return stolen;
}

static bool has_wakes(struct kt_judge *judge,
		      const struct ktstr_check_group *group,
		      const struct ktstr_worker_report *worker)
{
	if (!worker->wake.samples) {
		kt_judge_miss(judge, group, worker, KTSTR_SKIP,
			      "it measured no wake latency");
		return false;
	}
	judge->n_evaluated++;
	return true;
}

/*
 * What of the tail's time has to go for the 99th percentile to be at most
 * `least_ns`. A worker waits for one wake at a time, so nothing that was stolen
 * goes from two of them.
 */
static double tail_beyond(const struct ktstr_wake_latency *wake, double least_ns)
{
	double a_percent = floor((double)wake->samples / 100);
	double beyond = 0;

	for (size_t i = 1; i < KTSTR_WAKE_TAIL; i++)
		beyond += a_percent *
			  KT_MAX((double)wake->tail_ns[i] - least_ns, 0.0);
	return KT_MAX(beyond, (double)wake->p99_ns - least_ns);
}

/* The least that the 99th percentile can have been without `lost_ns`. */
static double p99_at_least(const struct ktstr_wake_latency *wake, double lost_ns)
{
	double lo = (double)wake->p99_ns - lost_ns, hi = (double)wake->p99_ns;

	while (hi - lo > 1) {
		double middle = lo + (hi - lo) / 2;

		if (tail_beyond(wake, middle) > lost_ns)
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}

void kt_check_p99(struct kt_judge *judge, const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		double p99 = (double)worker->wake.p99_ns, lost;
		struct kt_stolen stolen;
		struct kt_measured m;

		if (!has_wakes(judge, group, worker))
			continue;
		stolen = stolen_from_wakes(judge, group, worker);
		lost = (double)stolen.hi +
		       (double)kt_excused_ns(group, 0, worker->wall_ns);
		m = (struct kt_measured){ p99, p99_at_least(&worker->wake, lost),
					  p99 };
		kt_judge_find(judge, group, worker,
			      kt_judge_max(m, judge->limit), p99,
			      "p99 wake latency %.0fns over %llu wakes of "
			      "worker %u of %s, limit %.0fns%s",
			      p99, (unsigned long long)worker->wake.samples,
			      worker->index, group->name, judge->limit,
			      kt_stolen_text(stolen).text);
	}
}

void kt_check_latency_cv(struct kt_judge *judge,
			 const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		const struct ktstr_wake_latency *wake = &worker->wake;
		double mean = KT_MAX((double)wake->mean_ns, 1.0), lost;
		struct kt_stolen stolen;
		struct kt_measured m;

		if (!has_wakes(judge, group, worker))
			continue;
		stolen = stolen_from_wakes(judge, group, worker);
		m.value = m.hi = (double)wake->stddev_ns / mean;
		lost = (double)stolen.hi +
		       (double)kt_excused_ns(group, 0, worker->wall_ns);
		/* A loss of S over n samples moves their deviation by at most
		 * S / sqrt(n), when one of them holds it all. */
		m.lo = m.value - lost / sqrt((double)wake->samples) / mean;
		kt_judge_find(judge, group, worker,
			      kt_judge_max(m, judge->limit), m.value,
			      "wake latency varies by a CV of %.6g over %llu "
			      "wakes of worker %u of %s, limit %.6g%s",
			      m.value, (unsigned long long)wake->samples,
			      worker->index, group->name, judge->limit,
			      kt_stolen_text(stolen).text);
	}
}
