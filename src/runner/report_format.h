/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the formats are made of; for the report_*.c alone. */

#include "runner/report.h"

struct kt_report_ops {
	void (*begin)(struct kt_report *report, struct kt_strbuf *out);
	void (*add)(struct kt_report *report, const struct kt_test_run *run,
		    struct kt_strbuf *out);
	/* The pass rate of a test that was repeated; `report->repeats`. */
	void (*rate)(struct kt_report *report, struct kt_strbuf *out);
	void (*end)(struct kt_report *report, uint64_t wall_ns,
		    struct kt_strbuf *out);
};

extern const struct kt_report_ops kt_report_text_ops;
extern const struct kt_report_ops kt_report_tap_ops;
extern const struct kt_report_ops kt_report_junit_ops;

/* How long the test took, or, where it did not say, the whole of its run. */
double kt_report_seconds(const struct kt_test_run *run);

/* As kt_run_name(). */
void kt_report_name(struct kt_strbuf *sb, const struct kt_test_run *run);

/*
 * Length of the character at `text`, in bytes, and whether it can be shown
 * anywhere: no control character, none that XML has not. Newlines cannot.
 */
size_t kt_report_character(const char *text, bool *ret_shows);

/* Appends text with `newline` for each of its newlines, but the last ones. */
void kt_report_text(struct kt_strbuf *sb, const char *text, const char *newline);

/*
 * Why it ended so, for one line: the runner's reason, else what the test said
 * last, which says most. NULL: neither.
 */
const char *kt_report_why(const struct kt_outcome *outcome);

/*
 * What there is to say of a run whatever its verdict is, without a newline;
 * false: nothing.
 */
bool kt_report_remark(struct kt_strbuf *sb, const struct kt_test_run *run);

/* "latency = 12.5 us" */
void kt_report_metric(struct kt_strbuf *sb, const struct kt_metric *metric);
