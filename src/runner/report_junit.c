// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/cleanup.h"
#include "runner/report_format.h"

static void junit_begin(struct kt_report *report, struct kt_strbuf *out)
{
	(void)report;
	(void)out;
}

/* For element content and for attributes in double quotes. */
static void add_xml(struct kt_strbuf *out, const char *text, const char *newline)
{
	_cleanup_strbuf_ struct kt_strbuf safe = {};

	kt_report_text(&safe, text, newline);
	for (const char *c = kt_strbuf_text(&safe); *c; c++) {
		switch (*c) {
		case '&':
			kt_strbuf_add(out, "&amp;");
			break;
		case '<':
			kt_strbuf_add(out, "&lt;");
			break;
		case '>':
			kt_strbuf_add(out, "&gt;");
			break;
		case '"':
			kt_strbuf_add(out, "&quot;");
			break;
		default:
			kt_strbuf_add_char(out, *c);
		}
	}
}

static void add_first_line(struct kt_strbuf *out, const char *text)
{
	_cleanup_free_ char *line = strndup(text, strcspn(text, "\n"));

	add_xml(out, line ?: "", " ");
}

static void add_details(const struct kt_outcome *outcome, struct kt_strbuf *out)
{
	if (outcome->reason && strchr(outcome->reason, '\n')) {
		add_xml(out, outcome->reason, "\n");
		kt_strbuf_add_char(out, '\n');
	}
	for (size_t i = 0; i < outcome->n_notes; i++) {
		add_xml(out, outcome->notes[i], "\n");
		kt_strbuf_add_char(out, '\n');
	}
	for (size_t i = 0; i < outcome->n_metrics; i++) {
		_cleanup_strbuf_ struct kt_strbuf line = {};

		kt_report_metric(&line, &outcome->metrics[i]);
		add_xml(out, kt_strbuf_text(&line), " ");
		kt_strbuf_add_char(out, '\n');
	}
}

static void add_verdict(const struct kt_outcome *outcome, struct kt_strbuf *out)
{
	bool bad = outcome->broken || outcome->verdict == KTSTR_FAIL;
	const char *element = outcome->broken ? "error" :
			      bad             ? "failure" :
						"skipped";

	kt_strbuf_addf(out, "      <%s message=\"", element);
	if (!bad && outcome->verdict == KTSTR_INCONCLUSIVE)
		kt_strbuf_add(out, "inconclusive: ");
	add_first_line(out, kt_report_why(outcome) ?: "");
	kt_strbuf_add(out, "\">");
	add_details(outcome, out);
	kt_strbuf_addf(out, "</%s>\n", element);
}

static void junit_add(struct kt_report *report, const struct kt_test_run *run,
		      struct kt_strbuf *out)
{
	const struct kt_outcome *outcome = &run->outcome;
	const char *slash = strrchr(run->binary, '/');
	struct kt_strbuf *cases = &report->cases;
	_cleanup_strbuf_ struct kt_strbuf remark = {};
	bool passed = !outcome->broken && outcome->verdict == KTSTR_PASS;
	bool remarked = kt_report_remark(&remark, run);

	(void)out;
	kt_strbuf_add(cases, "    <testcase classname=\"");
	add_xml(cases, slash ? slash + 1 : run->binary, " ");
	kt_strbuf_add(cases, "\" name=\"");
	kt_report_name(cases, run);
	kt_strbuf_addf(cases, "\" time=\"%.3f\"", kt_report_seconds(run));
	if (passed && !remarked) {
		kt_strbuf_add(cases, "/>\n");
		return;
	}
	kt_strbuf_add(cases, ">\n");
	if (!passed)
		add_verdict(outcome, cases);
	if (remarked) {
		kt_strbuf_add(cases, "      <system-out>");
		add_xml(cases, kt_strbuf_text(&remark), "\n");
		kt_strbuf_add(cases, "</system-out>\n");
	}
	kt_strbuf_add(cases, "    </testcase>\n");
}

/* After the cases, where the format has its place for free text. */
static void junit_rate(struct kt_report *report, struct kt_strbuf *out)
{
	(void)out;
	kt_strbuf_addf(&report->rates, "%s: ", kt_strbuf_text(&report->repeated));
	kt_tally_print_rate(&report->rates, &report->repeats);
	kt_strbuf_add_char(&report->rates, '\n');
}

static void add_counts(const struct kt_report *report, uint64_t wall_ns,
		       struct kt_strbuf *out)
{
	kt_strbuf_addf(out,
		       " name=\"ktstr\" tests=\"%zu\" failures=\"%u\" "
		       "errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n",
		       report->done, report->tally.failed, report->tally.broken,
		       report->tally.skipped + report->tally.inconclusive,
		       (double)wall_ns / 1e9);
}

static void junit_end(struct kt_report *report, uint64_t wall_ns,
		      struct kt_strbuf *out)
{
	kt_strbuf_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			   "<testsuites");
	add_counts(report, wall_ns, out);
	kt_strbuf_add(out, "  <testsuite");
	add_counts(report, wall_ns, out);
	kt_strbuf_add_bytes(out, kt_strbuf_text(&report->cases),
			    report->cases.length);
	if (report->rates.length) {
		kt_strbuf_add(out, "    <system-out>");
		add_xml(out, kt_strbuf_text(&report->rates), "\n");
		kt_strbuf_add(out, "</system-out>\n");
	}
	if (report->done < report->planned)
		kt_strbuf_addf(out,
			       "    <system-err>interrupted after %zu of "
			       "%zu</system-err>\n",
			       report->done, report->planned);
	kt_strbuf_add(out, "  </testsuite>\n</testsuites>\n");
}

const struct kt_report_ops kt_report_junit_ops = {
	.begin = junit_begin,
	.add = junit_add,
	.rate = junit_rate,
	.end = junit_end,
};
