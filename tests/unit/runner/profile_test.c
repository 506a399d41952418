// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include "base/macro.h"
#include "base/strbuf.h"
#include "runner/profile.h"

/* "NAME: ARG ARG; NAME: ..." of the profiles that the flags make. */
static void expect(const char *flags, const char *expected)
{
	_cleanup_profiles_ struct kt_profiles profiles = {};
	_cleanup_strbuf_ struct kt_strbuf seen = {};
	json_t *list = json_loads(flags, 0, NULL);
	struct ktstr_error err = {};

	assert_non_null(list);
	if (kt_profiles_parse(list, &profiles, &err) < 0)
		fail_msg("%s", err.message);
	/* Nothing of the list is kept. */
	json_decref(list);
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
	expect("[{\"name\": \"a\", \"args\": [\"-a\", \"1\"]}]",
	       "plain:; a: -a 1");
	/* In the order of the list, and through others. */
	expect("[{\"name\": \"a\", \"args\": [\"-a\"], \"needs\": [\"c\"]},"
	       " {\"name\": \"b\", \"args\": [], \"needs\": [\"a\"]},"
	       " {\"name\": \"c\", \"args\": [\"-c\"], \"needs\": []}]",
	       "plain:; a+c: -a -c; a+b+c: -a -c; c: -c");
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
	assert_int_equal(kt_profiles_parse(NULL, &profiles, NULL), 0);
	assert_int_equal(profiles.n, 0);
}

static void wrong_flags_have_their_message(void **state)
{
	static const struct {
		const char *flags;
		const char *message;
	} cases[] = {
		{ "{}", "\"flags\" is no list" },
		{ "[1]", "a flag's name must be" },
		{ "[{\"name\": \"\"}]", "a flag's name must be" },
		{ "[{\"name\": \"a/b\"}]", "not \"a/b\"" },
		{ "[{\"name\": \"a+b\"}]", "not \"a+b\"" },
		{ "[{\"name\": \"plain\"}]", "cannot be called \"plain\"" },
		{ "[{\"name\": \"a\", \"args\": 1}]", "flag a: \"args\" or" },
		{ "[{\"name\": \"a\", \"needs\": [1]}]",
		  "flag a: \"args\" or" },
		{ "[{\"name\": \"a\"}, {\"name\": \"a\"}]",
		  "two flags are called a" },
		{ "[{\"name\": \"a\", \"needs\": [\"b\"]}]",
		  "flag a needs \"b\", which is no flag" },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		_cleanup_profiles_ struct kt_profiles profiles = {};
		json_t *list = json_loads(cases[i].flags, 0, NULL);
		struct ktstr_error err = {};

		assert_non_null(list);
		assert_int_equal(kt_profiles_parse(list, &profiles, &err),
				 -EINVAL);
		json_decref(list);
		assert_contains(err.message, cases[i].message);
		message_seen(err.message);
		assert_null(profiles.profiles);
	}
}

/* As many flags as are possible, each needing the next, and one more. */
static void there_is_a_most(void **state)
{
	(void)state;
	for (int n = KT_FLAGS_MAX; n <= KT_FLAGS_MAX + 1; n++) {
		_cleanup_profiles_ struct kt_profiles profiles = {};
		json_t *list = json_array();
		struct ktstr_error err = {};
		int r;

		for (int i = 0; i < n; i++) {
			char name[16], next[16];

			snprintf(name, sizeof(name), "f%d", i);
			snprintf(next, sizeof(next), "f%d",
				 i + 1 < n ? i + 1 : i);
			json_array_append_new(list,
					      json_pack("{s:s, s:[s], s:[s]}",
							"name", name, "args",
							name, "needs", next));
		}
		r = kt_profiles_parse(list, &profiles, &err);
		json_decref(list);
		if (n > KT_FLAGS_MAX) {
			assert_int_equal(r, -EINVAL);
			assert_contains(err.message, "65 flags");
			message_seen(err.message);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(profiles.n, KT_FLAGS_MAX + 1);
		assert_string_equal(profiles.profiles[n].name, "f63");
		assert_non_null(profiles.profiles[1].args[KT_FLAGS_MAX - 1]);
		assert_null(profiles.profiles[1].args[KT_FLAGS_MAX]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flag_comes_with_what_it_needs),
		cmocka_unit_test(without_flags_there_is_no_profile),
		cmocka_unit_test(wrong_flags_have_their_message),
		cmocka_unit_test(there_is_a_most),
		messages_test("runner_profile"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
