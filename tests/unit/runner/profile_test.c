// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/strbuf.h"
#include "runner/profile.h"

/* A scheduler of those flags, as a list of tests has it. */
static struct kt_scheduler *take(const char *flags)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};
	struct kt_scheduler *scheduler = NULL;
	struct kt_texts extra = {};
	struct ktstr_error err = {};
	json_t *entry;

	kt_strbuf_addf(&text,
		       "{\"scheduler\": {\"name\": \"s\", \"binary\": \"scx\", "
		       "\"args\": [], \"enable\": [], \"disable\": [], "
		       "\"cmdline\": null, \"flags\": %s}}",
		       flags);
	entry = json_loads(kt_strbuf_text(&text), 0, NULL);
	assert_non_null(entry);
	if (kt_scheduler_take(entry, &scheduler, &extra, &err) < 0)
		fail_msg("%s", err.message);
	json_decref(entry);
	kt_texts_deinit(&extra);
	return scheduler;
}

/* "NAME: ARG ARG; NAME: ..." of the profiles that the flags make. */
static void expect(const char *flags, const char *expected)
{
	_cleanup_profiles_ struct kt_profiles profiles = {};
	_cleanup_strbuf_ struct kt_strbuf seen = {};
	struct kt_scheduler *scheduler = take(flags);

	assert_int_equal(kt_profiles_make(scheduler, &profiles), 0);
	/* Nothing of the scheduler is kept. */
	kt_scheduler_free(scheduler);
	for (size_t i = 0; i < profiles.n; i++) {
		kt_strbuf_addf(&seen, "%s%s:", i ? "; " : "",
			       profiles.profiles[i].name);
		for (char **arg = profiles.profiles[i].args; *arg; arg++)
			kt_strbuf_addf(&seen, " %s", *arg);
	}
	assert_string_equal(kt_strbuf_text(&seen), expected);
}

static void each_flag_comes_with_what_it_needs(void **state)
{
	(void)state;
	expect("[{\"name\": \"a\", \"args\": [\"-a\", \"1\"], "
	       "\"needs\": []}]",
	       "plain:; a: -a 1");
	/* In the order of the list, and through others. */
	expect("[{\"name\": \"a\", \"args\": [\"-a\"], \"needs\": [\"c\"]},"
	       " {\"name\": \"b\", \"args\": [\"-b\"], \"needs\": [\"a\"]},"
	       " {\"name\": \"c\", \"args\": [\"-c\"], \"needs\": []}]",
	       "plain:; a+c: -a -c; a+b+c: -a -b -c; c: -c");
	/* Two that need each other are one profile. */
	expect("[{\"name\": \"a\", \"args\": [\"-a\"], \"needs\": [\"b\"]},"
	       " {\"name\": \"b\", \"args\": [\"-b\"], \"needs\": [\"a\"]}]",
	       "plain:; a+b: -a -b");
}

static void without_flags_there_is_no_profile(void **state)
{
	_cleanup_profiles_ struct kt_profiles profiles = {};

	(void)state;
	expect("[]", "");
	assert_int_equal(kt_profiles_make(NULL, &profiles), 0);
	assert_int_equal(profiles.n, 0);
}

/* As many flags as are possible, each needing the next. */
static void there_is_a_most(void **state)
{
	enum { N = KT_SCHEDULER_FLAGS_MAX };
	_cleanup_profiles_ struct kt_profiles profiles = {};
	_cleanup_strbuf_ struct kt_strbuf flags = {};
	struct kt_scheduler *scheduler;

	(void)state;
	for (int i = 0; i < N; i++) {
		kt_strbuf_addf(&flags,
			       "%c{\"name\": \"f%d\", \"args\": [\"f%d\"], "
			       "\"needs\": [",
			       i ? ',' : '[', i, i);
		if (i + 1 < N)
			kt_strbuf_addf(&flags, "\"f%d\"", i + 1);
		kt_strbuf_add(&flags, "]}");
	}
	kt_strbuf_add_char(&flags, ']');
	scheduler = take(kt_strbuf_text(&flags));
	assert_int_equal(kt_profiles_make(scheduler, &profiles), 0);
	kt_scheduler_free(scheduler);
	assert_int_equal(profiles.n, N + 1);
	assert_string_equal(profiles.profiles[N].name, "f63");
	assert_non_null(profiles.profiles[1].args[N - 1]);
	assert_null(profiles.profiles[1].args[N]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flag_comes_with_what_it_needs),
		cmocka_unit_test(without_flags_there_is_no_profile),
		cmocka_unit_test(there_is_a_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
