// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "runner/output.h"
#include "runner/report_format.h"
#include "runner/violation.h"

static const struct kt_report_ops *report_ops(const struct kt_report *report)
{
	static const struct kt_report_ops *const all[] = {
		[KT_REPORT_TEXT] = &kt_report_text_ops,
		[KT_REPORT_TAP] = &kt_report_tap_ops,
		[KT_REPORT_JUNIT] = &kt_report_junit_ops,
	};

	return all[report->format];
}

void kt_report_deinit(struct kt_report *report)
{
	kt_strbuf_deinit(&report->cases);
	kt_strbuf_deinit(&report->rates);
	kt_strbuf_deinit(&report->repeated);
}

static void end_repeats(struct kt_report *report, struct kt_strbuf *out)
{
	if (report->repeated.length)
		report_ops(report)->rate(report, out);
	kt_strbuf_reset(&report->repeated);
	report->repeats = (struct kt_tally){};
}

void kt_report_begin(struct kt_report *report, struct kt_strbuf *out)
{
	report_ops(report)->begin(report, out);
}

/* The last repeats of the one before may have been interrupted. */
static void begin_repeats(struct kt_report *report,
			  const struct kt_test_run *run, struct kt_strbuf *out)
{
	_cleanup_strbuf_ struct kt_strbuf name = {};

	kt_run_name(&name, run->test, &run->labels, 1, 1);
	if (strcmp(kt_strbuf_text(&report->repeated), kt_strbuf_text(&name)) == 0)
		return;
	end_repeats(report, out);
	kt_strbuf_add(&report->repeated, kt_strbuf_text(&name));
}

void kt_report_add(struct kt_report *report, const struct kt_test_run *run,
		   struct kt_strbuf *out)
{
	if (run->interrupted)
		return;
	if (run->of > 1)
		begin_repeats(report, run, out);
	report->done++;
	kt_tally_add(&report->tally, &run->outcome);
	report_ops(report)->add(report, run, out);
	if (run->of == 1)
		return;
	kt_tally_add(&report->repeats, &run->outcome);
	if (run->nth == run->of)
		end_repeats(report, out);
}

void kt_report_end(struct kt_report *report, uint64_t wall_ns,
		   struct kt_strbuf *out)
{
	end_repeats(report, out);
	report_ops(report)->end(report, wall_ns, out);
}

double kt_report_seconds(const struct kt_test_run *run)
{
	uint64_t ns = run->outcome.has_duration ? run->outcome.duration_ns :
						  run->wall_ns;

	return (double)ns / 1e9;
}

void kt_report_name(struct kt_strbuf *sb, const struct kt_test_run *run)
{
	kt_run_name(sb, run->test, &run->labels, run->nth, run->of);
}

static size_t character_bytes(unsigned char first)
{
	if (first < 0xc0)
		return 1;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t kt_report_character(const char *text, bool *ret_shows)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = strnlen(text, character_bytes(c[0]));

	/* C0, DEL and C1 steer terminals; U+FFFE and U+FFFF are no XML. */
	*ret_shows = !(c[0] < 0x20 || c[0] == 0x7f ||
		       (c[0] == 0xc2 && c[1] < 0xa0) ||
		       (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe));
	return n;
}

void kt_report_text(struct kt_strbuf *sb, const char *text, const char *newline)
{
	size_t length = strlen(text);
	bool shows;

	while (length && text[length - 1] == '\n')
		length--;
	for (size_t i = 0, n; i < length; i += n) {
		n = kt_report_character(text + i, &shows);
		if (shows)
			kt_strbuf_add_bytes(sb, text + i, n);
		else if (text[i] == '\n')
			kt_strbuf_add(sb, newline);
		else
			kt_strbuf_add_char(sb, text[i] == '\t' ? ' ' : '?');
	}
}

const char *kt_report_why(const struct kt_outcome *outcome)
{
	if (outcome->reason)
		return outcome->reason;
	return outcome->n_notes ? outcome->notes[outcome->n_notes - 1] : NULL;
}

/* Begins the next remark. */
static void remark(struct kt_strbuf *sb)
{
	if (sb->length)
		kt_strbuf_add(sb, "; ");
}

/* Where a test is held to it, it is the reason already. */
static void remark_violations(struct kt_strbuf *sb, const struct kt_test_run *run)
{
	const struct ktstr_monitor_report *report = run->machine->monitor;

	if (!report || !report->n_violations || run->test->monitoring.enforced)
		return;
	remark(sb);
	kt_strbuf_add(sb, "seen from outside: ");
	(void)kt_violations_text(sb, run->machine);
}

bool kt_report_remark(struct kt_strbuf *sb, const struct kt_test_run *run)
{
	uint64_t left = run->outcome.left_processes;
	struct kt_output output = {};

	if (run->machine)
		output = kt_output_of(run->machine);
	if (output.lost_bytes)
		kt_strbuf_addf(sb,
			       "it printed %" PRIu64 " bytes, of which %" PRIu64
			       " are not kept",
			       output.first_bytes + output.lost_bytes +
				       output.last_bytes,
			       output.lost_bytes);
	if (left) {
		remark(sb);
		kt_strbuf_addf(
			sb,
			"it left %" PRIu64 " process%s running, which %s ended",
			left, left == 1 ? "" : "es", left == 1 ? "was" : "were");
	}
	if (run->machine)
		remark_violations(sb, run);
	return sb->length > 0;
}

void kt_report_metric(struct kt_strbuf *sb, const struct kt_metric *metric)
{
	kt_report_text(sb, metric->name, " ");
	kt_strbuf_addf(sb, " = %.6g", metric->value);
	if (*metric->unit) {
		kt_strbuf_add_char(sb, ' ');
		kt_report_text(sb, metric->unit, " ");
	}
}
