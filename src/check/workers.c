// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "check/judge.h"

static void check_isolation(struct kt_judge *judge,
			    const struct ktstr_check_group *group);
static void check_migration_ratio(struct kt_judge *judge,
				  const struct ktstr_check_group *group);
static void check_page_locality(struct kt_judge *judge,
				const struct ktstr_check_group *group);
static void check_cross_node_ratio(struct kt_judge *judge,
				   const struct ktstr_check_group *group);

#define ROW(field, kind_, judge_)                                              \
	{                                                                      \
		.name = #field, .kind = kind_, .judge = judge_,                \
		.offset = offsetof(struct ktstr_check_limits, field),          \
	}

const struct kt_check_info kt_check_table[KTSTR_N_CHECKS] = {
	[KTSTR_CHECK_NOT_STUCK] =
		ROW(not_stuck, KT_CHECK_FLAG, kt_check_not_stuck),
	[KTSTR_CHECK_ISOLATION] = ROW(isolation, KT_CHECK_FLAG, check_isolation),
	[KTSTR_CHECK_MAX_SPREAD_PCT] =
		ROW(max_spread_pct, KT_CHECK_MAX, kt_check_spread),
	[KTSTR_CHECK_MAX_THROUGHPUT_CV] =
		ROW(max_throughput_cv, KT_CHECK_MAX, kt_check_throughput_cv),
	[KTSTR_CHECK_MIN_WORK_RATE] =
		ROW(min_work_rate, KT_CHECK_MIN, kt_check_work_rate),
	[KTSTR_CHECK_MAX_P99_WAKE_LATENCY_NS] =
		ROW(max_p99_wake_latency_ns, KT_CHECK_MAX, kt_check_p99),
	[KTSTR_CHECK_MAX_WAKE_LATENCY_CV] =
		ROW(max_wake_latency_cv, KT_CHECK_MAX, kt_check_latency_cv),
	[KTSTR_CHECK_MIN_ITERATION_RATE] =
		ROW(min_iteration_rate, KT_CHECK_MIN, kt_check_iteration_rate),
	[KTSTR_CHECK_MAX_MIGRATION_RATIO] =
		ROW(max_migration_ratio, KT_CHECK_MAX, check_migration_ratio),
	[KTSTR_CHECK_MIN_PAGE_LOCALITY] =
		ROW(min_page_locality, KT_CHECK_MIN, check_page_locality),
	[KTSTR_CHECK_MAX_CROSS_NODE_MIGRATION_RATIO] =
		ROW(max_cross_node_migration_ratio, KT_CHECK_MAX,
		    check_cross_node_ratio),
};

const char *ktstr_check_name(enum ktstr_check check)
{
	return kt_check_table[check].name;
}

enum ktstr_verdict kt_judge_max(struct kt_measured m, double limit)
{
	if (m.value <= limit || m.hi <= limit)
		return KTSTR_PASS;
	return m.lo > limit ? KTSTR_FAIL : KTSTR_INCONCLUSIVE;
}

enum ktstr_verdict kt_judge_min(struct kt_measured m, double limit)
{
	struct kt_measured negated = { -m.value, -m.hi, -m.lo };

	return kt_judge_max(negated, -limit);
}

uint64_t kt_excused_ns(const struct ktstr_check_group *group, uint64_t from_ns,
		       uint64_t to_ns)
{
	uint64_t sum = 0;

	from_ns += group->started_ns;
	to_ns += group->started_ns;
	for (size_t i = 0; i < group->n_excused; i++) {
		uint64_t from = KT_MAX(from_ns, group->excused[i].from_ns);
		uint64_t to = KT_MIN(to_ns, group->excused[i].to_ns);

		sum += to > from ? to - from : 0;
	}
	return sum;
}

static struct ktstr_finding *add_finding(struct kt_judge *judge)
{
	struct ktstr_check_report *report = judge->report;
	struct ktstr_finding *grown =
		reallocarray(report->findings, report->n_findings + 1,
			     sizeof(*report->findings));

	if (!grown) {
		judge->out_of_memory = true;
		return NULL;
	}
	report->findings = grown;
	grown += report->n_findings++;
	memset(grown, 0, sizeof(*grown));
	return grown;
}

void kt_judge_find(struct kt_judge *judge, const struct ktstr_check_group *group,
		   const struct ktstr_worker_report *worker,
		   enum ktstr_verdict verdict, double value, const char *fmt, ...)
{
	struct ktstr_finding *finding;
	va_list args;

	if (verdict == KTSTR_PASS)
		return;
	finding = add_finding(judge);
	if (!finding)
		return;
	finding->check = judge->check;
	finding->verdict = verdict;
	finding->group = group->name;
	finding->worker = worker ? (int64_t)worker->index : -1;
	finding->evaluated = true;
	finding->value = value;
	finding->limit = judge->limit;
	va_start(args, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
}

void kt_judge_miss(struct kt_judge *judge, const struct ktstr_check_group *group,
		   const struct ktstr_worker_report *worker,
		   enum ktstr_verdict verdict, const char *what)
{
	char who[32] = "";
	size_t before = judge->report->n_findings;

	if (worker)
		snprintf(who, sizeof(who), "worker %u of ", worker->index);
	kt_judge_find(judge, group, worker, verdict, 0,
		      "%s not evaluated for %s%s: %s",
		      ktstr_check_name(judge->check), who, group->name, what);
	if (judge->report->n_findings > before)
		judge->report->findings[before].evaluated = false;
}

static void print_cpus(struct kt_strbuf *sb, const cpu_set_t *set)
{
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		size_t last = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (CPU_ISSET(last + 1, set))
			last++;
		kt_strbuf_addf(sb, sb->length ? ",%zu" : "%zu", cpu);
		if (last > cpu)
			kt_strbuf_addf(sb, "-%zu", last);
		cpu = last;
	}
}

static void check_isolation(struct kt_judge *judge,
			    const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		const cpu_set_t *cpus = group->worker_cpus ?
						&group->worker_cpus[i] :
						group->allowed_cpus;
		_cleanup_strbuf_ struct kt_strbuf bad = { 0 }, allowed = { 0 };
		cpu_set_t both, outside;

		if (cpus && !CPU_COUNT(&worker->cpus_seen)) {
			kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
				      "its CPUs were not recorded");
			continue;
		}
		judge->n_evaluated++;
		if (!cpus)
			continue;
		CPU_AND(&both, &worker->cpus_seen, cpus);
		CPU_XOR(&outside, &both, &worker->cpus_seen);
		if (!CPU_COUNT(&outside))
			continue;
		print_cpus(&bad, &outside);
		print_cpus(&allowed, cpus);
		kt_judge_find(
			judge, group, worker, KTSTR_FAIL, CPU_COUNT(&outside),
			"ran on cpu%s: worker %u of %s may only use %s",
			kt_strbuf_text(&bad), worker->index, group->name,
			allowed.length ? kt_strbuf_text(&allowed) : "no CPU");
	}
}

static void check_migration_ratio(struct kt_judge *judge,
				  const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		double ratio;

		if (!worker->iterations) {
			kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
				      "it has no iterations");
			continue;
		}
		judge->n_evaluated++;
		ratio = (double)worker->migrations / (double)worker->iterations;
		kt_judge_find(
			judge, group, worker,
			kt_judge_max((struct kt_measured){ ratio, ratio, ratio },
				     judge->limit),
			ratio,
			"%.6g migrations an iteration (%llu in %llu) by "
			"worker %u of %s, limit %.6g",
			ratio, (unsigned long long)worker->migrations,
			(unsigned long long)worker->iterations, worker->index,
			group->name, judge->limit);
	}
}

static void check_page_locality(struct kt_judge *judge,
				const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		double local = (double)worker->local_pages;
		double pages = local + (double)worker->remote_pages;
		double share = pages > 0 ? local / pages : 0;

		if (pages == 0) {
			kt_judge_miss(judge, group, worker, KTSTR_SKIP,
				      "its pages were not counted");
			continue;
		}
		judge->n_evaluated++;
		kt_judge_find(
			judge, group, worker,
			kt_judge_min((struct kt_measured){ share, share, share },
				     judge->limit),
			share,
			"%.6g of the pages are local (%.0f of %.0f) for "
			"worker %u of %s, limit %.6g",
			share, local, pages, worker->index, group->name,
			judge->limit);
	}
}

static void check_cross_node_ratio(struct kt_judge *judge,
				   const struct ktstr_check_group *group)
{
	for (size_t i = 0; i < group->n_workers; i++) {
		const struct ktstr_worker_report *worker = &group->workers[i];
		double all = (double)worker->migrations;
		double far = (double)worker->cross_node_migrations;
		double share = all > 0 ? far / all : 0;

		if (!worker->wall_ns) {
			kt_judge_miss(judge, group, worker, KTSTR_INCONCLUSIVE,
				      "it left no times behind");
			continue;
		}
		judge->n_evaluated++;
		kt_judge_find(
			judge, group, worker,
			kt_judge_max((struct kt_measured){ share, share, share },
				     judge->limit),
			share,
			"%.6g of the migrations cross nodes (%.0f of "
			"%.0f) for worker %u of %s, limit %.6g",
			share, far, all, worker->index, group->name,
			judge->limit);
	}
}

static bool is_on(const struct kt_judge *judge, const struct kt_check_info *info)
{
	const char *field = (const char *)judge->limits + info->offset;

	switch (info->kind) {
	case KT_CHECK_FLAG:
		return *(const bool *)field;
	case KT_CHECK_MAX:
		return !isinf(*(const double *)(const void *)field);
	default:
		return *(const double *)(const void *)field > 0;
	}
}

static double limit_of(const struct kt_judge *judge, enum ktstr_check check)
{
	const struct kt_check_info *info = &kt_check_table[check];

	if (check == KTSTR_CHECK_NOT_STUCK)
		return judge->limits->max_gap_ms;
	if (info->kind == KT_CHECK_FLAG)
		return 0;
	return *(const double *)(const void *)((const char *)judge->limits +
					       info->offset);
}

static void judge_group(struct kt_judge *judge,
			const struct ktstr_check_group *group)
{
	if (group->n_workers)
		kt_check_table[judge->check].judge(judge, group);
	else
		kt_judge_miss(judge, group, NULL, KTSTR_INCONCLUSIVE,
			      "it has no workers");
}

static void judge_check(struct kt_judge *judge, enum ktstr_check check,
			const struct ktstr_check_group *groups, size_t n_groups)
{
	static const struct ktstr_check_group none = { .name = "the test" };
	struct ktstr_check_report *report = judge->report;
	size_t first = report->n_findings;

	judge->check = check;
	judge->limit = limit_of(judge, check);
	judge->n_evaluated = 0;
	if (!n_groups)
		judge_group(judge, &none);
	for (size_t i = 0; i < n_groups; i++)
		judge_group(judge, &groups[i]);
	if (judge->n_evaluated)
		return;
	for (size_t i = first; i < report->n_findings; i++)
		report->findings[i].verdict = KTSTR_INCONCLUSIVE;
}

static enum ktstr_verdict sum_up(const struct ktstr_check_report *report)
{
	enum ktstr_verdict verdict = KTSTR_PASS;

	for (size_t i = 0; i < report->n_findings; i++) {
		if (report->findings[i].verdict == KTSTR_FAIL)
			return KTSTR_FAIL;
		if (report->findings[i].verdict == KTSTR_INCONCLUSIVE)
			verdict = KTSTR_INCONCLUSIVE;
	}
	return verdict;
}

int ktstr_check_workers(const struct ktstr_check_limits *limits,
			const struct ktstr_check_group *groups, size_t n_groups,
			const struct ktstr_steal *steal,
			struct ktstr_check_report *ret, struct ktstr_error *err)
{
	struct ktstr_check_report report = { 0 };
	struct kt_judge judge = { .limits = limits,
				  .steal = steal,
				  .report = &report };

	for (int check = 0; check < KTSTR_N_CHECKS; check++)
		if (is_on(&judge, &kt_check_table[check]))
			judge_check(&judge, check, groups, n_groups);
	if (judge.out_of_memory) {
		ktstr_check_report_deinit(&report);
		return kt_err_errno(err, -ENOMEM, "findings of the checks");
	}
	report.verdict = sum_up(&report);
	*ret = report;
	return 0;
}
