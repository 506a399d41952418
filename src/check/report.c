// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>
#include <math.h>

#include "base/strbuf.h"
#include "check/judge.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)

void ktstr_check_report_deinit(struct ktstr_check_report *report)
{
	free(report->findings);
	*report = (struct ktstr_check_report){ 0 };
}

char *ktstr_check_report_text(const struct ktstr_check_report *report)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	for (size_t i = 0; i < report->n_findings; i++)
		kt_strbuf_addf(&sb, "%s: %s\n",
			       ktstr_verdict_name(report->findings[i].verdict),
			       report->findings[i].text);
	return kt_strbuf_steal(&sb);
}

/* JSON knows no infinity: a number that is none is left out, as null. */
static json_t *number(double value, bool known)
{
	return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *finding_json(const struct ktstr_finding *f)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:s}", "check",
			 ktstr_check_name(f->check), "verdict",
			 ktstr_verdict_name(f->verdict), "group", f->group,
			 "worker",
			 f->worker < 0 ? json_null() : json_integer(f->worker),
			 "evaluated", f->evaluated, "value",
			 number(f->value, f->evaluated), "limit",
			 number(f->limit, true), "text", f->text);
}

char *ktstr_check_report_json(const struct ktstr_check_report *report)
{
	_cleanup_(json_decref_cleanup) json_t *findings = json_array();
	_cleanup_(json_decref_cleanup) json_t *root = NULL;

	if (!findings)
		return NULL;
	for (size_t i = 0; i < report->n_findings; i++)
		if (json_array_append_new(findings,
					  finding_json(&report->findings[i])))
			return NULL;
	root = json_pack("{s:s, s:O}", "verdict",
			 ktstr_verdict_name(report->verdict), "findings",
			 findings);
	return root ? json_dumps(root, JSON_COMPACT) : NULL;
}
