// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <string.h>

#include "scenario/extract.h"

static const char jobs[] =
	"{ \"jobs\": [ { \"read\": { \"iops\": 1250.5 }, \"name\": \"a.b\" },"
	"  { \"read\": { \"iops\": \"17\" }, \"p99.0\": 3 } ], \"n\": 0 }";

static void finds_numbers_in_json(void **state)
{
	static const struct {
		const char *path;
		double value;
	} cases[] = {
		{ "jobs[0].read.iops", 1250.5 },
		{ "jobs[1].read.iops", 17 },
		{ "jobs[1][\"p99.0\"]", 3 },
		{ "n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct ktstr_error err = { 0 };
		double value = -1;

		assert_int_equal(kt_extract_json(jobs, strlen(jobs),
						 cases[i].path, &value, &err),
				 0);
		assert_true(value == cases[i].value);
	}
}

static void says_why_json_has_none(void **state)
{
	static const struct {
		const char *text, *path;
		int error;
		const char *message;
	} cases[] = {
		{ jobs, "jobs[2].read", -ENOENT, "there is no jobs[2] in it" },
		{ jobs, "jobs.read.iops", -ENOENT, "there is no jobs.read in it" },
		{ jobs, "jobs[0].name", -EINVAL, "its jobs[0].name is no number" },
		{ jobs, "jobs[0]", -EINVAL, "its jobs[0] is no number" },
		{ jobs, "", -EINVAL, "\"\" is no path such as jobs[0].read.iops" },
		{ jobs, "jobs[x]", -EINVAL,
		  "\"jobs[x]\" is no path such as jobs[0].read.iops" },
		{ jobs, "jobs[0", -EINVAL,
		  "\"jobs[0\" is no path such as jobs[0].read.iops" },
		{ jobs, "jobs[12345678901]",
		  -EINVAL, "\"jobs[12345678901]\" is no path such as jobs[0].read.iops" },
		{ jobs, "jobs[0]read", -EINVAL,
		  "\"jobs[0]read\" is no path such as jobs[0].read.iops" },
		{ jobs, "n.", -EINVAL,
		  "\"n.\" is no path such as jobs[0].read.iops" },
		{ "ops 3", "n", -EINVAL, NULL },
		{ "", "n", -EINVAL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct ktstr_error err = { 0 };
		double value;

		assert_int_equal(kt_extract_json(cases[i].text,
						 strlen(cases[i].text),
						 cases[i].path, &value, &err),
				 cases[i].error);
		if (cases[i].message)
			assert_string_equal(err.message, cases[i].message);
		else
			assert_memory_equal(err.message, "it is no JSON: line ",
					    20);
	}
}

static const char words[] = "bogo-ops-per-second: 77.5\n"
			    "latency\n"
			    "ops:  9\n"
			    "bogo-ops = 1.5e3 of many\n"
			    "p99: fast\n"
			    "worst: inf\n";

static void finds_numbers_behind_keys(void **state)
{
	static const struct {
		const char *key;
		double value;
	} cases[] = {
		{ "bogo-ops", 1500 },
		{ "ops", 9 },
		{ "bogo-ops-per-second:", 77.5 },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct ktstr_error err = { 0 };
		double value = -1;

		assert_int_equal(
			kt_extract_key(words, cases[i].key, &value, &err), 0);
		assert_true(value == cases[i].value);
	}
}

static void says_why_no_number_is_behind_a_key(void **state)
{
	static const struct {
		const char *key;
		int error;
		const char *message;
	} cases[] = {
		{ "bogo", -ENOENT, "there is no \"bogo\" in it" },
		{ "", -ENOENT, "there is no \"\" in it" },
		{ "p99", -EINVAL,
		  "behind its \"p99\" stands no number but \"fast\"" },
		{ "worst", -EINVAL,
		  "behind its \"worst\" stands no number but \"inf\"" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct ktstr_error err = { 0 };
		double value;

		assert_int_equal(kt_extract_key(words, cases[i].key, &value, &err),
				 cases[i].error);
		assert_string_equal(err.message, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_numbers_in_json),
		cmocka_unit_test(says_why_json_has_none),
		cmocka_unit_test(finds_numbers_behind_keys),
		cmocka_unit_test(says_why_no_number_is_behind_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
