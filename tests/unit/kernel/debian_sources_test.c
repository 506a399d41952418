// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "images.h"
#include "kernel/debian_sources.h"

struct fixture {
	char *directory;
	struct kt_debian_sources sources;
	struct kt_strbuf targets;
	struct kt_strbuf printed;
	struct ktstr_error err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = test_make_directory();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_debian_sources_deinit(&f->sources);
	kt_strbuf_deinit(&f->targets);
	kt_strbuf_deinit(&f->printed);
	test_remove_directory(f->directory);
	free(f);
	return 0;
}

/* A sources file with a keyring in each of its two entries. */
static void put_sources(struct fixture *f, const char *name, const char *text)
{
	free(test_write(f->directory, name, text, strlen(text)));
}

static const char deb822[] = "# the archive\n"
			     "Types: deb\n"
			     "URIs: http://m/debian\n"
			     "Signed-By: /keys/one.gpg\n"
			     "\n"
			     "\n"
			     "# security\n"
			     "Types: deb\n"
			     "signed-by:   /keys/two.gpg \n";

static void add_target(struct fixture *f, const char *origin,
		       const char *release, const char *component,
		       const char *uri, const char *file, int line)
{
	kt_strbuf_addf(&f->targets, "%s|%s|%s|%s|%s/%s:%d\n", origin, release,
		       component, uri, f->directory, file, line);
}

static void plan(struct fixture *f, const char *suite)
{
	if (kt_debian_sources_plan(kt_strbuf_text(&f->targets), suite,
				   &f->sources, &f->err))
		fail_msg("%s", f->err.message);
	kt_debian_sources_print(&f->sources, "amd64", &f->printed);
}

static void a_bookworm_machine_looks_in_its_own_mirrors(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf names = { 0 };

	put_sources(f, "d.sources", deb822);
	add_target(f, "Debian", "bookworm", "main", "http://m/debian/",
		   "d.sources", 1);
	add_target(f, "Debian", "bookworm", "contrib", "http://m/debian/",
		   "d.sources", 1);
	add_target(f, "Debian", "bookworm-updates", "main", "http://m/debian/",
		   "d.sources", 1);
	add_target(f, "Debian", "bookworm-security", "main", "http://m/sec/",
		   "d.sources", 2);
	add_target(f, "Docker", "bookworm", "main", "http://docker/debian/",
		   "d.sources", 1);
	plan(f, NULL);
	assert_string_equal(
		kt_strbuf_text(&f->printed),
		"deb [arch=amd64 signed-by=/keys/one.gpg] http://m/debian/ "
		"trixie-backports main\n"
		"deb [arch=amd64 signed-by=/keys/two.gpg] http://m/sec/ "
		"bookworm-security main\n"
		"deb [arch=amd64 signed-by=/keys/one.gpg] http://m/debian/ "
		"bookworm main\n"
		"deb [arch=amd64 signed-by=/keys/one.gpg] http://m/debian/ "
		"bookworm-updates main\n");
	kt_debian_sources_name(&f->sources, &names);
	assert_string_equal(kt_strbuf_text(&names),
			    "trixie-backports, bookworm-security, bookworm and "
			    "bookworm-updates");
}

static void another_release_of_debian_serves_as_well(void **state)
{
	struct fixture *f = *state;

	put_sources(f, "d.list",
		    "# nothing\n"
		    "deb [arch=amd64 signed-by=/keys/l.gpg] http://m/debian x\n"
		    "deb http://m/sec forky-security main\n");
	add_target(f, "Debian", "forky", "main", "http://m/debian/", "d.list", 2);
	add_target(f, "Debian", "forky-security", "main", "http://m/sec/",
		   "d.list", 3);
	plan(f, NULL);
	assert_contains(kt_strbuf_text(&f->printed),
			"deb [arch=amd64 signed-by=/keys/l.gpg] "
			"http://m/debian/ trixie-backports main\n");
	assert_contains(kt_strbuf_text(&f->printed),
			" http://m/sec/ bookworm-security main\n");
	assert_contains(kt_strbuf_text(&f->printed),
			" http://m/debian/ bookworm main\n");
	assert_contains(kt_strbuf_text(&f->printed),
			" http://m/debian/ forky main\n");
	assert_contains(kt_strbuf_text(&f->printed),
			" http://m/sec/ forky-security main\n");
}

static void a_named_suite_is_looked_in_alone(void **state)
{
	struct fixture *f = *state;

	add_target(f, "Debian", "bookworm", "main", "http://m/debian/", "x", 1);
	add_target(f, "Debian", "bookworm-security", "main", "http://m/sec/",
		   "x", 1);
	plan(f, "sid");
	assert_int_equal(f->sources.n, 1);
	assert_string_equal(f->sources.list[0].uri, "http://m/debian/");
	assert_string_equal(f->sources.list[0].suite, "sid");
	kt_debian_sources_deinit(&f->sources);
	plan(f, "trixie-security");
	assert_int_equal(f->sources.n, 1);
	assert_string_equal(f->sources.list[0].uri, "http://m/sec/");
}

static void without_lists_a_mirror_is_known_by_its_path(void **state)
{
	struct fixture *f = *state;

	add_target(f, "$(ORIGIN)", "bookworm", "main", "http://tools/apt/", "x",
		   1);
	add_target(f, "$(ORIGIN)", "bookworm", "main", "http://m/debian/", "x",
		   1);
	add_target(f, "$(ORIGIN)", "bookworm-security", "main",
		   "http://m/debian-security/", "x", 1);
	plan(f, NULL);
	assert_int_equal(f->sources.n, 3);
	assert_string_equal(f->sources.list[0].uri, "http://m/debian/");
	assert_string_equal(f->sources.list[1].uri,
			    "http://m/debian-security/");
	assert_string_equal(f->sources.list[2].uri, "http://m/debian/");
}

static void a_key_that_is_no_file_is_left_to_apt(void **state)
{
	struct fixture *f = *state;

	put_sources(f, "d.sources",
		    "Types: deb\nSigned-By:\n -----BEGIN PGP\n .\n");
	add_target(f, "Debian", "bookworm", "main", "http://m/debian/",
		   "d.sources", 1);
	plan(f, "bookworm");
	assert_int_equal(f->sources.n, 1);
	if (f->sources.list[0].keyring)
		assert_string_equal(
			f->sources.list[0].keyring,
			"/usr/share/keyrings/debian-archive-keyring.gpg");
}

static void a_machine_without_debian_sources_is_told(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(kt_debian_sources_plan("", NULL, &f->sources, &f->err),
			 -ENOENT);
	assert_int_equal(f->err.kind, KTSTR_ERROR_ENVIRONMENT);
	assert_string_equal(f->err.message,
			    "this machine's apt sources name no Debian mirror "
			    "to fetch kernels from (see sources.list(5)); a "
			    "kernel image of your own needs none");
	add_target(f, "Debian", "bookworm", "main", "http://m/debian/", "x", 1);
	assert_int_equal(kt_debian_sources_plan(kt_strbuf_text(&f->targets),
						"x-security", &f->sources,
						&f->err),
			 -EINVAL);
	assert_string_equal(f->err.message,
			    "this machine's apt sources name no Debian mirror "
			    "that could have the suite \"x-security\"");
}

static void lines_of_another_form_are_passed_over(void **state)
{
	struct fixture *f = *state;

	kt_strbuf_add(&f->targets, "nonsense\n||||\nDebian|x|main\n");
	add_target(f, "Debian", "bookworm", "main", "cdrom:[x]/", "x", 1);
	assert_int_equal(kt_debian_sources_plan(kt_strbuf_text(&f->targets),
						NULL, &f->sources, &f->err),
			 -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bookworm_machine_looks_in_its_own_mirrors),
		TEST(another_release_of_debian_serves_as_well),
		TEST(a_named_suite_is_looked_in_alone),
		TEST(without_lists_a_mirror_is_known_by_its_path),
		TEST(a_key_that_is_no_file_is_left_to_apt),
		TEST(a_machine_without_debian_sources_is_told),
		TEST(lines_of_another_form_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
