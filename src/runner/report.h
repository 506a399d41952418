/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A report of many runs, made as they end: the caller prints what each call
 * appends. What tests say is foreign text: control characters in it are shown
 * as '?', so that none reaches a terminal or breaks a document.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "runner/repeat.h"
#include "runner/run.h"

enum kt_report_format {
	KT_REPORT_TEXT,
	KT_REPORT_TAP,   /* https://testanything.org, version 14 */
	KT_REPORT_JUNIT, /* the XML that CI systems read */
};

struct kt_report {
	enum kt_report_format format;
	size_t planned; /* runs that are to come */
	bool color;
	size_t done;
	struct kt_tally tally;
	/* Of what is being repeated, and its name. */
	struct kt_tally repeats;
	struct kt_strbuf repeated;
	/* JUnit, whose counts come first: written when all are known. */
	struct kt_strbuf cases;
	struct kt_strbuf rates;
};

void kt_report_deinit(struct kt_report *report);
#define _cleanup_report_ _cleanup_(kt_report_deinit)

void kt_report_begin(struct kt_report *report, struct kt_strbuf *out);

/* Repeats of a run come one after the other; interrupted ones are left out. */
void kt_report_add(struct kt_report *report, const struct kt_test_run *run,
		   struct kt_strbuf *out);

/* Fewer runs than planned: it was interrupted. */
void kt_report_end(struct kt_report *report, uint64_t wall_ns,
		   struct kt_strbuf *out);
