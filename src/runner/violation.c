// SPDX-License-Identifier: GPL-2.0-only
#include "runner/violation.h"

#include "base/macro.h"

#define SHOWN_MAX 3

/* When the test itself began, of which its first event tells. */
static uint64_t origin_of(const struct ktstr_vm_result *machine)
{
	for (size_t i = 0; i < machine->n_events; i++) {
		if (machine->events[i].placed)
			return machine->events[i].host_ns;
	}
	return machine->started_ns;
}

static void add_time(struct kt_strbuf *sb, uint64_t at_ns, uint64_t origin_ns)
{
	double ms = at_ns < origin_ns ? -(double)(origin_ns - at_ns) :
					(double)(at_ns - origin_ns);

	kt_strbuf_addf(sb, " at %+.0fms", ms / 1e6);
}

void kt_violation_text(struct kt_strbuf *sb,
		       const struct ktstr_monitor_violation *violation,
		       const struct ktstr_vm_result *machine)
{
	double worst = violation->worst, limit = violation->limit;

	switch (violation->rule) {
	case KTSTR_RULE_IMBALANCE:
		kt_strbuf_addf(sb, "imbalance %.3g", worst);
		break;
	case KTSTR_RULE_LOCAL_DSQ_DEPTH:
		kt_strbuf_addf(sb, "%.0f tasks in a local DSQ", worst);
		break;
	case KTSTR_RULE_STALL:
		kt_strbuf_addf(sb, "stuck %.0fms on cpu%d", worst,
			       violation->cpu);
		break;
	case KTSTR_RULE_FALLBACK_RATE:
		kt_strbuf_addf(sb, "%.0f fallbacks a second", worst);
		break;
	case KTSTR_RULE_KEEP_LAST_RATE:
		kt_strbuf_addf(sb, "%.0f tasks kept a second", worst);
		break;
	case KTSTR_N_RULES:
		break;
	}
	add_time(sb, violation->from_ns, origin_of(machine));
	if (violation->rule != KTSTR_RULE_STALL)
		kt_strbuf_addf(sb, ", limit %.3g", limit);
	kt_strbuf_addf(sb, ", in %u samples", violation->n_samples);
}

bool kt_violations_text(struct kt_strbuf *sb,
			const struct ktstr_vm_result *machine)
{
	const struct ktstr_monitor_report *report = machine->monitor;
	size_t n = report ? report->n_violations : 0;
	size_t shown = KT_MIN(n, (size_t)SHOWN_MAX);

	for (size_t i = 0; i < shown; i++) {
		kt_strbuf_add(sb, i ? "; " : "");
		kt_violation_text(sb, &report->violations[i], machine);
	}
	if (n > shown)
		kt_strbuf_addf(sb, "; and %zu more", n - shown);
	return n > 0;
}
