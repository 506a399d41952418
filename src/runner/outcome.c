// SPDX-License-Identifier: GPL-2.0-only
#include "runner/outcome.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/strbuf.h"
#include "runner/output.h"
#include "runner/violation.h"

/* Of a test binary that could not do what it was asked. */
#define EXIT_BROKEN 125

/* The sidecar has all of it. */
#define CRASH_SHOWN 4000

KT_DEFINE_CLEANUP(json_t *, json_decref)

static void outcome_drop_report(struct kt_outcome *outcome)
{
	for (size_t i = 0; i < outcome->n_notes; i++)
		free(outcome->notes[i]);
	free(outcome->notes);
	for (size_t i = 0; i < outcome->n_metrics; i++) {
		free(outcome->metrics[i].name);
		free(outcome->metrics[i].unit);
	}
	free(outcome->metrics);
	outcome->notes = NULL;
	outcome->n_notes = 0;
	outcome->metrics = NULL;
	outcome->n_metrics = 0;
	outcome->has_duration = false;
	outcome->left_processes = 0;
}

void kt_outcome_deinit(struct kt_outcome *outcome)
{
	outcome_drop_report(outcome);
	free(outcome->reason);
	*outcome = (struct kt_outcome){};
}

const char *kt_outcome_name(const struct kt_outcome *outcome)
{
	return outcome->broken ? "broken" : ktstr_verdict_name(outcome->verdict);
}

/* Prose of the guest may be of any bytes; JSON and reports want UTF-8. */
static void make_utf8(char *text)
{
	json_t *probe = json_string(text);

	if (!probe) {
		for (char *c = text; *c; c++) {
			if ((unsigned char)*c >= 0x80)
				*c = '?';
		}
	}
	json_decref(probe);
}

static int KT_PRINTF(2, 0)
	say(struct kt_outcome *outcome, const char *fmt, va_list args)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};

	kt_strbuf_vaddf(&text, fmt, args);
	outcome->reason = kt_strbuf_steal(&text);
	if (!outcome->reason)
		return -ENOMEM;
	make_utf8(outcome->reason);
	return 0;
}

static int KT_PRINTF(2, 3) fail(struct kt_outcome *outcome, const char *fmt, ...)
{
	va_list args;
	int r;

	outcome->verdict = KTSTR_FAIL;
	va_start(args, fmt);
	r = say(outcome, fmt, args);
	va_end(args);
	return r;
}

static int KT_PRINTF(2, 3)
	broken(struct kt_outcome *outcome, const char *fmt, ...)
{
	va_list args;
	int r;

	outcome->broken = true;
	va_start(args, fmt);
	r = say(outcome, fmt, args);
	va_end(args);
	return r;
}

static int take_verdict(const json_t *root, struct kt_outcome *outcome)
{
	const char *text = json_string_value(json_object_get(root, "verdict"));

	for (size_t i = 0; text && i <= KTSTR_INCONCLUSIVE; i++) {
		if (strcmp(ktstr_verdict_name(i), text) == 0) {
			outcome->verdict = (enum ktstr_verdict)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int take_notes(const json_t *root, struct kt_outcome *outcome)
{
	const json_t *list = json_object_get(root, "notes");
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return -EINVAL;
	outcome->notes = calloc(n + 1, sizeof(*outcome->notes));
	if (!outcome->notes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *note = json_string_value(json_array_get(list, i));

		if (!note)
			return -EINVAL;
		outcome->notes[i] = strdup(note);
		if (!outcome->notes[i])
			return -ENOMEM;
		outcome->n_notes++;
	}
	return 0;
}

static int take_metric(const json_t *entry, struct kt_metric *metric)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	const char *unit = json_string_value(json_object_get(entry, "unit"));
	const json_t *value = json_object_get(entry, "value");

	if (!name || !unit || !json_is_number(value))
		return -EINVAL;
	metric->value = json_number_value(value);
	metric->name = strdup(name);
	metric->unit = strdup(unit);
	return metric->name && metric->unit ? 0 : -ENOMEM;
}

static int take_metrics(const json_t *root, struct kt_outcome *outcome)
{
	const json_t *list = json_object_get(root, "metrics");
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return -EINVAL;
	outcome->metrics = calloc(n + 1, sizeof(*outcome->metrics));
	if (!outcome->metrics)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int r = take_metric(json_array_get(list, i),
				    &outcome->metrics[outcome->n_metrics++]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_duration(const json_t *root, struct kt_outcome *outcome)
{
	const json_t *value = json_object_get(root, "duration_ns");

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EINVAL;
	outcome->has_duration = true;
	outcome->duration_ns = (uint64_t)json_integer_value(value);
	return 0;
}

/* Absent of a test binary of before. */
static int take_left(const json_t *root, struct kt_outcome *outcome)
{
	const json_t *value = json_object_get(root, "left_processes");

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EINVAL;
	outcome->left_processes = (uint64_t)json_integer_value(value);
	return 0;
}

/* -EINVAL with what is wrong; the outcome then holds nothing of it. */
static int take_result(const char *text, const struct kt_test *test,
		       struct kt_outcome *outcome, const char **ret_why)
{
	static const struct {
		int (*take)(const json_t *root, struct kt_outcome *outcome);
		const char *wrong;
	} parts[] = {
		{ take_verdict, "no verdict that exists" },
		{ take_duration, "no duration" },
		{ take_notes, "notes that are no list of texts" },
		{ take_metrics, "metrics that are none" },
		{ take_left, "a number of processes that is none" },
	};
	_cleanup_(json_decref_cleanup) json_t *root =
		json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(root, "test"));
	int r = 0;

	*ret_why = "no JSON";
	if (!json_is_object(root))
		return -EINVAL;
	*ret_why = "another test's name";
	if (!name || strcmp(name, test->name) != 0)
		return -EINVAL;
	for (size_t i = 0; r == 0 && i < KT_ARRAY_SIZE(parts); i++) {
		*ret_why = parts[i].wrong;
		r = parts[i].take(root, outcome);
	}
	if (r < 0)
		outcome_drop_report(outcome);
	return r;
}

static int judge_crash(const struct ktstr_vm_result *result,
		       struct kt_outcome *outcome)
{
	const char *text = result->crash;
	size_t length = strlen(text);

	while (length && text[length - 1] == '\n')
		length--;
	if (length > CRASH_SHOWN) {
		const char *line = memrchr(text, '\n', CRASH_SHOWN);

		length = line ? (size_t)(line - text) : CRASH_SHOWN;
	}
	return result->ready ?
		       fail(outcome, "the guest crashed: %.*s", (int)length,
			    text) :
		       broken(outcome, "the guest crashed while it booted: %.*s",
			      (int)length, text);
}

static int judge_wire(const struct ktstr_vm_result *result,
		      struct kt_outcome *outcome)
{
	return result->ready ?
		       fail(outcome,
			    "the guest sent %s; only its init may write to the "
			    "host, so nothing that it reported is believed",
			    result->wire_error) :
		       broken(outcome, "the guest sent %s before it was up",
			      result->wire_error);
}

static int judge_time(const struct kt_judging *judging,
		      const struct ktstr_vm_result *result,
		      struct kt_outcome *outcome)
{
	double after_s = judging->timeout_ms / 1000.0;
	const char *where = result->state ? "\nwhere the guest was:\n" : "";
	const char *state = result->state ?: "";

	return result->ready ?
		       fail(outcome,
			    "the machine was still running after %g s and was "
			    "ended; the guest did not end the test itself%s%s",
			    after_s, where, state) :
		       broken(outcome,
			      "the guest had not booted after %g s; --dmesg "
			      "shows its kernel's log%s%s",
			      after_s, where, state);
}

/* Its last lines say most. */
static int judge_inability(const struct ktstr_vm_result *result,
			   struct kt_outcome *outcome)
{
	_cleanup_strbuf_ struct kt_strbuf words = {};

	kt_output_add_end(&words, result, CRASH_SHOWN);
	return broken(outcome, "the test binary could not run the test: %s",
		      words.length ? kt_strbuf_text(&words) :
				     "it did not say why");
}

static int judge_silence(const struct ktstr_vm_result *result,
			 struct kt_outcome *outcome)
{
	if (!result->ready)
		return broken(outcome, "the guest ended before it was up; "
				       "--dmesg shows its kernel's log");
	if (result->exit_code == EXIT_BROKEN)
		return judge_inability(result, outcome);
	if (result->exit_code < 0)
		return fail(outcome, "the guest ended without a result of the "
				     "test and without an exit code");
	return fail(
		outcome,
		"the guest exited with %d, but without a result of the test",
		result->exit_code);
}

static int expect_err(struct kt_outcome *outcome)
{
	if (outcome->verdict == KTSTR_FAIL)
		outcome->verdict = KTSTR_PASS;
	else if (outcome->verdict == KTSTR_PASS)
		return fail(outcome, "the test was to fail (expect_err), but "
				     "passed");
	return 0;
}

static int forbid_skip(const struct kt_judging *judging,
		       struct kt_outcome *outcome)
{
	_cleanup_free_ char *why = NULL;

	if (!judging->no_skip || outcome->broken || outcome->verdict != KTSTR_SKIP)
		return 0;
	why = TAKE_PTR(outcome->reason);
	return fail(outcome,
		    "skipped, and KTSTR_NO_SKIP_MODE makes that a fail%s%s",
		    why ? ": " : "", why ?: "");
}

/* Of a test that passed by its own word, but is held to more. */
static int judge_monitor(const struct ktstr_vm_result *result,
			 struct kt_outcome *outcome)
{
	const struct ktstr_monitor_report *report = result->monitor;
	_cleanup_strbuf_ struct kt_strbuf text = {};
	int r;

	if (report && report->verdict == KTSTR_PASS)
		return 0;
	if (report && report->verdict == KTSTR_FAIL) {
		(void)kt_violations_text(&text, result);
		return fail(outcome, "seen from outside: %s",
			    kt_strbuf_text(&text));
	}
	r = fail(outcome,
		 "the monitor saw nothing that this test could be held to: %s",
		 report && report->unavailable ? report->unavailable :
						 "no sample was taken");
	outcome->verdict = KTSTR_INCONCLUSIVE;
	return r;
}

/* What the test says of itself, if it can be believed. */
static int judge_report(const struct kt_judging *judging,
			const struct ktstr_vm_result *result,
			struct kt_outcome *outcome)
{
	const char *why;
	int r = take_result(result->test_result, judging->test, outcome, &why);
	int stated;

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return fail(outcome,
			    "the test's result is garbled or forged: %s", why);
	stated = ktstr_verdict_exit_code(outcome->verdict);
	if (result->exit_code < 0)
		return fail(outcome,
			    "the test's result says %s, but the guest ended "
			    "without an exit code",
			    ktstr_verdict_name(outcome->verdict));
	if (result->exit_code != stated)
		return fail(outcome,
			    "the test's result says %s, which is exit code %d, "
			    "but the guest exited with %d",
			    ktstr_verdict_name(outcome->verdict), stated,
			    result->exit_code);
	r = judging->test->monitoring.enforced && outcome->verdict == KTSTR_PASS ?
		    judge_monitor(result, outcome) :
		    0;
	if (r == 0 && judging->test->expect_err)
		r = expect_err(outcome);
	return r < 0 ? r : forbid_skip(judging, outcome);
}

int kt_outcome_judge(const struct kt_judging *judging,
		     const struct ktstr_vm_result *result, struct kt_outcome *ret)
{
	/* One that was not understood waits in vain, and then restarts. */
	bool gave_up = result->wire_error && result->restarted;
	int r;

	*ret = (struct kt_outcome){ .verdict = KTSTR_FAIL };
	if (result->crash && !gave_up)
		r = judge_crash(result, ret);
	else if (result->wire_error)
		r = judge_wire(result, ret);
	else if (result->timed_out)
		r = judge_time(judging, result, ret);
	else if (!result->test_result)
		r = judge_silence(result, ret);
	else
		r = judge_report(judging, result, ret);
	/* A verdict without its reason is none. */
	if (r < 0)
		ret->broken = true;
	return r;
}

int kt_outcome_of_skip(const struct kt_judging *judging, const char *why,
		       struct kt_outcome *ret)
{
	int r;

	*ret = (struct kt_outcome){ .verdict = KTSTR_SKIP, .reason = strdup(why) };
	r = ret->reason ? forbid_skip(judging, ret) : -ENOMEM;
	if (r < 0)
		ret->broken = true;
	return r;
}

int kt_outcome_of_error(const struct kt_judging *judging,
			const struct ktstr_error *why, struct kt_outcome *ret)
{
	int r;

	if (why->kind == KTSTR_ERROR_CONTENTION)
		return kt_outcome_of_skip(judging, why->message, ret);
	*ret = (struct kt_outcome){ .verdict = KTSTR_SKIP };
	r = broken(ret, "%s", why->message);
	if (r < 0)
		ret->broken = true;
	return r;
}

void kt_tally_add(struct kt_tally *tally, const struct kt_outcome *outcome)
{
	if (outcome->broken)
		tally->broken++;
	else if (outcome->verdict == KTSTR_PASS)
		tally->passed++;
	else if (outcome->verdict == KTSTR_FAIL)
		tally->failed++;
	else if (outcome->verdict == KTSTR_SKIP)
		tally->skipped++;
	else
		tally->inconclusive++;
}

int kt_tally_exit_status(const struct kt_tally *tally)
{
	if (tally->failed)
		return ktstr_verdict_exit_code(KTSTR_FAIL);
	if (tally->broken)
		return EXIT_BROKEN;
	if (tally->inconclusive)
		return ktstr_verdict_exit_code(KTSTR_INCONCLUSIVE);
	if (tally->skipped && !tally->passed)
		return ktstr_verdict_exit_code(KTSTR_SKIP);
	return ktstr_verdict_exit_code(KTSTR_PASS);
}
