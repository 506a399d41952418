// SPDX-License-Identifier: GPL-2.0-only
#include "golden.h"

#include "made_up.h"
#include "runner/report.h"

static void report_all(struct kt_report *report, struct kt_strbuf *out)
{
	report->planned = MADE_UP_RUNS;
	kt_report_begin(report, out);
	for (size_t i = 0; i < MADE_UP_RUNS; i++)
		kt_report_add(report, &made_up_runs[i], out);
	kt_report_end(report, 12345678900, out);
	assert_false(kt_strbuf_failed(out));
}

/* Nothing that a terminal obeys comes out of what a test says. */
static void assert_harmless(const char *text)
{
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (unsigned char)*c >= ' ');
	assert_null(strstr(text, "\302\233"));
}

static void the_text_is_for_reading(void **state)
{
	_cleanup_report_ struct kt_report report = { .format = KT_REPORT_TEXT };
	_cleanup_strbuf_ struct kt_strbuf out = {};

	(void)state;
	report_all(&report, &out);
	assert_harmless(out.data);
	assert_golden("report/text.txt", out.data);
}

static void the_text_can_have_colours(void **state)
{
	_cleanup_report_ struct kt_report report = { .format = KT_REPORT_TEXT,
						     .color = true };
	_cleanup_strbuf_ struct kt_strbuf out = {};

	(void)state;
	report_all(&report, &out);
	assert_contains(out.data, "\033[32mpass\033[0m everyone_runs");
	assert_contains(out.data, "\033[1;31mfail\033[0m wakes_in_time");
	assert_contains(out.data, "\033[33mskip\033[0m needs_smt");
}

/* Said of a test that passed as of any other, in every format. */
static void expect_remark(const struct ktstr_vm_result *machine, uint64_t left,
			  const char *remark)
{
	static const char *const around[][2] = {
		[KT_REPORT_TEXT] = { "s\n  ", "\n" },
		[KT_REPORT_TAP] = { "\n  remark: \"", "\"\n" },
		[KT_REPORT_JUNIT] = { "<system-out>", "</system-out>\n" },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(around); i++) {
		_cleanup_report_ struct kt_report report = {
			.format = (enum kt_report_format)i,
			.planned = 1,
		};
		_cleanup_strbuf_ struct kt_strbuf out = {}, whole = {};
		struct kt_test_run run = made_up_runs[0];

		run.machine = (struct ktstr_vm_result *)machine;
		run.outcome.left_processes = left;
		kt_report_add(&report, &run, &out);
		kt_report_end(&report, 1, &out);
		kt_strbuf_addf(&whole, "%s%s%s", around[i][0], remark,
			       around[i][1]);
		assert_contains(out.data, kt_strbuf_text(&whole));
	}
}

static void what_is_not_kept_or_left_is_told(void **state)
{
	static char output[2 << 20];
	struct ktstr_vm_result machine = {
		.output = output,
		.output_bytes = sizeof(output),
		.output_lost_bytes = 100 << 20,
	};

	(void)state;
	memset(output, 'x', sizeof(output) - 1);
	expect_remark(&machine, 0,
		      "it printed 106954752 bytes, of which 105906176 are not "
		      "kept");
	expect_remark(&machine, 1,
		      "it printed 106954752 bytes, of which 105906176 are not "
		      "kept; it left 1 process running, which was ended");
	expect_remark(NULL, 9998,
		      "it left 9998 processes running, which were ended");
}

static void tap_is_version_14(void **state)
{
	_cleanup_report_ struct kt_report report = { .format = KT_REPORT_TAP };
	_cleanup_strbuf_ struct kt_strbuf out = {};

	(void)state;
	report_all(&report, &out);
	assert_harmless(out.data);
	assert_golden("report/tap.txt", out.data);
}

static void junit_comes_as_a_whole(void **state)
{
	_cleanup_report_ struct kt_report report = { .format = KT_REPORT_JUNIT };
	_cleanup_strbuf_ struct kt_strbuf out = {};

	(void)state;
	kt_report_begin(&report, &out);
	assert_int_equal(out.length, 0);
	report_all(&report, &out);
	assert_harmless(out.data);
	assert_golden("report/junit.xml", out.data);
}

/* Two tests three times each, and in the second a signal. */
static void report_repeated(struct kt_report *report, struct kt_strbuf *out)
{
	report->planned = 6;
	kt_report_begin(report, out);
	for (uint32_t i = 0; i < 5; i++) {
		struct kt_test_run run = made_up_runs[i < 2 ? 0 : i / 2];

		if (i == 2)
			run.test = made_up_runs[0].test;
		run.nth = i % 3 + 1;
		run.of = 3;
		run.interrupted = i == 4;
		kt_report_add(report, &run, out);
	}
	kt_report_end(report, 1000000000, out);
}

static void repeats_have_a_rate_and_interruptions_are_told(void **state)
{
	static const struct {
		enum kt_report_format format;
		const char *golden;
	} cases[] = {
		{ KT_REPORT_TEXT, "report/repeated-text.txt" },
		{ KT_REPORT_TAP, "report/repeated-tap.txt" },
		{ KT_REPORT_JUNIT, "report/repeated-junit.xml" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		_cleanup_report_ struct kt_report report = {
			.format = cases[i].format
		};
		_cleanup_strbuf_ struct kt_strbuf out = {};

		report_repeated(&report, &out);
		assert_int_equal(report.done, 4);
		assert_golden(cases[i].golden, out.data);
	}
}

/* Two kernels; a signal when the first one's second repeat is running. */
static void report_kernels(struct kt_report *report, struct kt_strbuf *out)
{
	static const char *const kernels[] = { "7.3", "6.18" };

	report->planned = 4;
	kt_report_begin(report, out);
	for (uint32_t i = 0; i < 4; i++) {
		struct kt_test_run run = made_up_runs[0];

		run.labels = (struct kt_run_labels){ "tiny-1llc", kernels[i / 2],
						     "fast+numa" };
		run.nth = i % 2 + 1;
		run.of = 2;
		run.interrupted = i == 1;
		kt_report_add(report, &run, out);
	}
	kt_report_end(report, 1000000000, out);
}

static void kernels_and_presets_are_told_apart(void **state)
{
	static const struct {
		enum kt_report_format format;
		const char *golden;
	} cases[] = {
		{ KT_REPORT_TEXT, "report/kernels-text.txt" },
		{ KT_REPORT_TAP, "report/kernels-tap.txt" },
		{ KT_REPORT_JUNIT, "report/kernels-junit.xml" },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		_cleanup_report_ struct kt_report report = {
			.format = cases[i].format
		};
		_cleanup_strbuf_ struct kt_strbuf out = {};

		report_kernels(&report, &out);
		assert_int_equal(report.done, 3);
		assert_golden(cases[i].golden, out.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_for_reading),
		cmocka_unit_test(the_text_can_have_colours),
		cmocka_unit_test(what_is_not_kept_or_left_is_told),
		cmocka_unit_test(tap_is_version_14),
		cmocka_unit_test(junit_comes_as_a_whole),
		cmocka_unit_test(repeats_have_a_rate_and_interruptions_are_told),
		cmocka_unit_test(kernels_and_presets_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
