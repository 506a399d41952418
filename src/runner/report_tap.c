// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>

#include "base/cleanup.h"
#include "runner/report_format.h"

static void tap_begin(struct kt_report *report, struct kt_strbuf *out)
{
	kt_strbuf_addf(out, "TAP version 14\n1..%zu\n", report->planned);
}

/* As in JSON, which YAML takes too. */
static void add_quoted(struct kt_strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct kt_strbuf safe = {};
	_cleanup_free_ char *quoted = NULL;
	json_t *string;

	kt_report_text(&safe, text, "\n");
	string = json_string(kt_strbuf_text(&safe));
	quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	json_decref(string);
	kt_strbuf_add(out, quoted ?: "\"?\"");
}

static void add_details(const struct kt_test_run *run, struct kt_strbuf *out)
{
	const struct kt_outcome *outcome = &run->outcome;
	_cleanup_strbuf_ struct kt_strbuf remark = {};

	kt_strbuf_addf(out, "  ---\n  verdict: %s\n  duration_ms: %.0f\n",
		       kt_outcome_name(outcome), 1000 * kt_report_seconds(run));
	if (outcome->reason) {
		kt_strbuf_add(out, "  reason: ");
		add_quoted(out, outcome->reason);
		kt_strbuf_add_char(out, '\n');
	}
	if (kt_report_remark(&remark, run)) {
		kt_strbuf_add(out, "  remark: ");
		add_quoted(out, kt_strbuf_text(&remark));
		kt_strbuf_add_char(out, '\n');
	}
	if (outcome->n_notes)
		kt_strbuf_add(out, "  notes:\n");
	for (size_t i = 0; i < outcome->n_notes; i++) {
		kt_strbuf_add(out, "    - ");
		add_quoted(out, outcome->notes[i]);
		kt_strbuf_add_char(out, '\n');
	}
	if (outcome->n_metrics)
		kt_strbuf_add(out, "  metrics:\n");
	for (size_t i = 0; i < outcome->n_metrics; i++) {
		kt_strbuf_add(out, "    - { name: ");
		add_quoted(out, outcome->metrics[i].name);
		kt_strbuf_addf(
			out, ", value: %.12g, unit: ", outcome->metrics[i].value);
		add_quoted(out, outcome->metrics[i].unit);
		kt_strbuf_add(out, " }\n");
	}
	kt_strbuf_add(out, "  ...\n");
}

/* TAP knows of no third verdict: without one a test point is a skipped one. */
static void add_directive(const struct kt_outcome *outcome, struct kt_strbuf *out)
{
	const char *why = kt_report_why(outcome);

	kt_strbuf_addf(out, " # SKIP %s",
		       outcome->verdict == KTSTR_SKIP ? "" : "inconclusive");
	if (!why)
		return;
	if (outcome->verdict != KTSTR_SKIP)
		kt_strbuf_add(out, ": ");
	kt_report_text(out, why, " ");
}

static void tap_add(struct kt_report *report, const struct kt_test_run *run,
		    struct kt_strbuf *out)
{
	const struct kt_outcome *outcome = &run->outcome;
	bool bad = outcome->broken || outcome->verdict == KTSTR_FAIL;

	kt_strbuf_addf(out, "%s %zu - ", bad ? "not ok" : "ok", report->done);
	kt_report_name(out, run);
	if (*run->topology)
		kt_strbuf_addf(out, " [%s]", run->topology);
	if (!bad && outcome->verdict != KTSTR_PASS)
		add_directive(outcome, out);
	kt_strbuf_add_char(out, '\n');
	add_details(run, out);
}

static void tap_rate(struct kt_report *report, struct kt_strbuf *out)
{
	kt_strbuf_addf(out, "# %s: ", kt_strbuf_text(&report->repeated));
	kt_tally_print_rate(out, &report->repeats);
	kt_strbuf_add_char(out, '\n');
}

static void tap_end(struct kt_report *report, uint64_t wall_ns,
		    struct kt_strbuf *out)
{
	(void)wall_ns;
	if (report->done < report->planned)
		kt_strbuf_addf(out, "Bail out! interrupted after %zu of %zu\n",
			       report->done, report->planned);
}

const struct kt_report_ops kt_report_tap_ops = {
	.begin = tap_begin,
	.add = tap_add,
	.rate = tap_rate,
	.end = tap_end,
};
