// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "runner/report_format.h"

#define GREEN  "\033[32m"
#define RED    "\033[1;31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

#define INDENT "\n  "

static void text_begin(struct kt_report *report, struct kt_strbuf *out)
{
	(void)report;
	(void)out;
}

static const char *outcome_color(const struct kt_outcome *outcome)
{
	if (outcome->broken || outcome->verdict == KTSTR_FAIL)
		return RED;
	return outcome->verdict == KTSTR_PASS ? GREEN : YELLOW;
}

static void add_details(const struct kt_outcome *outcome, struct kt_strbuf *out)
{
	if (outcome->reason) {
		kt_strbuf_add(out, INDENT);
		kt_report_text(out, outcome->reason, INDENT);
	}
	for (size_t i = 0; i < outcome->n_notes; i++) {
		kt_strbuf_add(out, INDENT);
		kt_report_text(out, outcome->notes[i], INDENT);
	}
	if (outcome->verdict != KTSTR_FAIL)
		return;
	for (size_t i = 0; i < outcome->n_metrics; i++) {
		kt_strbuf_add(out, INDENT);
		kt_report_metric(out, &outcome->metrics[i]);
	}
}

static void text_add(struct kt_report *report, const struct kt_test_run *run,
		     struct kt_strbuf *out)
{
	const struct kt_outcome *outcome = &run->outcome;
	_cleanup_strbuf_ struct kt_strbuf remark = {};

	kt_strbuf_addf(out, "%s%s%s ",
		       report->color ? outcome_color(outcome) : "",
		       kt_outcome_name(outcome), report->color ? PLAIN : "");
	kt_report_name(out, run);
	if (*run->topology)
		kt_strbuf_addf(out, " [%s]", run->topology);
	kt_strbuf_addf(out, " %.1fs", kt_report_seconds(run));
	if (outcome->broken || outcome->verdict != KTSTR_PASS)
		add_details(outcome, out);
	if (kt_report_remark(&remark, run))
		kt_strbuf_addf(out, INDENT "%s", kt_strbuf_text(&remark));
	kt_strbuf_add_char(out, '\n');
}

static void text_rate(struct kt_report *report, struct kt_strbuf *out)
{
	kt_strbuf_addf(out, "%s: ", kt_strbuf_text(&report->repeated));
	kt_tally_print_rate(out, &report->repeats);
	kt_strbuf_add_char(out, '\n');
}

static void text_end(struct kt_report *report, uint64_t wall_ns,
		     struct kt_strbuf *out)
{
	const struct {
		uint32_t n;
		const char *word;
	} kinds[] = {
		{ report->tally.passed, "passed" },
		{ report->tally.failed, "failed" },
		{ report->tally.broken, "broken" },
		{ report->tally.inconclusive, "inconclusive" },
		{ report->tally.skipped, "skipped" },
	};
	const char *mark = ": ";

	if (report->done < report->planned)
		kt_strbuf_addf(out, "interrupted, %zu of ", report->done);
	kt_strbuf_addf(out, "%zu %s", report->planned,
		       report->planned == 1 ? "run" : "runs");
	for (size_t i = 0; i < KT_ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].n)
			continue;
		kt_strbuf_addf(out, "%s%u %s", mark, kinds[i].n, kinds[i].word);
		mark = ", ";
	}
	kt_strbuf_addf(out, " in %.1fs\n", (double)wall_ns / 1e9);
}

const struct kt_report_ops kt_report_text_ops = {
	.begin = text_begin,
	.add = text_add,
	.rate = text_rate,
	.end = text_end,
};
