// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "kernel/release.h"

static void a_release_ends_at_the_first_space(void **state)
{
	static const char text[] = "7.3.4+deb13-cloud-amd64 (a@b) #1 SMP";
	char release[KT_RELEASE_BYTES];

	(void)state;
	assert_int_equal(kt_release_parse(text, sizeof(text), release), 0);
	assert_string_equal(release, "7.3.4+deb13-cloud-amd64");
	assert_int_equal(kt_release_parse(text, 5, release), 0);
	assert_string_equal(release, "7.3.4");
}

static void what_could_leave_its_directory_is_no_release(void **state)
{
	static const char *const texts[] = {"",       " 7.3",      "x7.3",
					    "../7.3", "7.3/../..", "7.3\x01",
					    ".7",     "7\xc3\xa4"};
	char release[KT_RELEASE_BYTES];

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(texts); i++)
		assert_int_equal(
			kt_release_parse(texts[i], strlen(texts[i]), release),
			-EBADMSG);
}

static void a_release_longer_than_its_room_is_refused(void **state)
{
	char text[KT_RELEASE_BYTES + 1], release[KT_RELEASE_BYTES];

	(void)state;
	memset(text, '7', sizeof(text));
	assert_int_equal(kt_release_parse(text, KT_RELEASE_BYTES, release),
			 -EBADMSG);
	assert_int_equal(kt_release_parse(text, KT_RELEASE_BYTES - 1, release),
			 0);
	assert_int_equal(strlen(release), KT_RELEASE_BYTES - 1);
}

static void versions_are_told_from_file_names(void **state)
{
	(void)state;
	assert_true(kt_release_is_version("7.3"));
	assert_true(kt_release_is_version("6.18.15"));
	assert_true(kt_release_is_version("6.18.15+deb13-cloud-amd64"));
	assert_false(kt_release_is_version("bzImage"));
	assert_false(kt_release_is_version("7"));
	assert_false(kt_release_is_version("./7.3"));
	assert_false(kt_release_is_version("7.3 "));
	assert_false(kt_release_is_version(""));
}

static void a_series_means_its_point_releases_and_no_longer_number(void **state)
{
	(void)state;
	assert_true(kt_release_matches("6.1.0-56-cloud-amd64", "6.1"));
	assert_true(kt_release_matches("6.1", "6.1"));
	assert_true(kt_release_matches("7.3-rc2", "7.3"));
	assert_true(kt_release_matches("7.3.4+deb13", "7.3.4"));
	assert_false(kt_release_matches("6.12.3", "6.1"));
	assert_false(kt_release_matches("6.1.12", "6.1.1"));
	assert_false(kt_release_matches("6.1", "6.1.1"));
}

static void releases_are_ordered_by_their_numbers(void **state)
{
	/* Each one older than the next. */
	static const char *const ordered[] = {
		"6.1.0-9-amd64", "6.1.0-56-cloud-amd64",
		"6.9.12",        "6.18.9+deb13-cloud-amd64",
		"6.18.15+deb13", "7.3-rc1",
		"7.3-rc12",      "7.3",
		"7.3.4~rc1",     "7.3.4",
		"10.0",
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(ordered); i++) {
		for (size_t j = 0; j < KT_ARRAY_SIZE(ordered); j++) {
			int wanted = (i > j) - (i < j);

			if (kt_release_compare(ordered[i], ordered[j]) != wanted)
				fail_msg("%s against %s", ordered[i], ordered[j]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_ends_at_the_first_space),
		cmocka_unit_test(what_could_leave_its_directory_is_no_release),
		cmocka_unit_test(a_release_longer_than_its_room_is_refused),
		cmocka_unit_test(versions_are_told_from_file_names),
		cmocka_unit_test(
			a_series_means_its_point_releases_and_no_longer_number),
		cmocka_unit_test(releases_are_ordered_by_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
