// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "elf_maker.h"
#include "initramfs/closure.h"
#include "scratch.h"

#define NEEDS(...)                                                             \
	.needed = (const char *const[])                                        \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}
#define ELF(n, ...) scratch_elf(s, n, &(struct elf_spec){ __VA_ARGS__ })
#define AT(n)       scratch_path(s, n)

static const char *const nowhere[] = { NULL };

/* What the tests vary of the host. */
struct host {
	const char *library_path;
	const char *cache_path;
	const char *const *defaults;
};

static int resolve(const char *program, const struct host *host,
		   struct kt_closure *closure, struct ktstr_error *err)
{
	const struct kt_ld_paths paths = {
		.library_path = host->library_path,
		.cache_path = host->cache_path,
		.default_directories = host->defaults ? host->defaults : nowhere,
	};

	assert_int_equal(kt_closure_init(closure, &paths, NULL, err), 0);
	return kt_closure_add(closure, program, err);
}

/* The path that `name` was found at; "" when it was not. */
static const char *found(const struct kt_closure *closure, const char *name)
{
	for (size_t i = 0; i < closure->n_libraries; i++)
		if (closure->libraries[i].name &&
		    !strcmp(closure->libraries[i].name, name))
			return closure->libraries[i].path;
	return "";
}

#define assert_finds(program, host_, name, path)                               \
	do {                                                                   \
		struct kt_closure closure_;                                    \
		struct ktstr_error err_ = { 0 };                               \
		if (resolve(program, host_, &closure_, &err_) < 0)             \
			fail_msg("%s", err_.message);                          \
		assert_string_equal(found(&closure_, name), path);             \
		kt_closure_deinit(&closure_);                                  \
	} while (0)

static const struct host bare;

static void rpath_is_searched(void **state)
{
	struct scratch *s = *state;

	ELF("a/liba.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")), &bare,
		     "liba.so", AT("a/liba.so"));
}

static void rpath_comes_before_the_library_path(void **state)
{
	struct scratch *s = *state;
	const struct host host = { .library_path = AT("b") };

	ELF("a/liba.so", 0);
	ELF("b/liba.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")), &host,
		     "liba.so", AT("a/liba.so"));
}

static void the_library_path_comes_before_runpath(void **state)
{
	struct scratch *s = *state;
	const struct host host = { .library_path = AT("b") };

	ELF("a/liba.so", 0);
	ELF("b/liba.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"), .runpath = AT("a")), &host,
		     "liba.so", AT("b/liba.so"));
}

static void rpath_beside_runpath_is_ignored(void **state)
{
	struct scratch *s = *state;

	ELF("a/liba.so", 0);
	ELF("b/liba.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"), .rpath = AT("a"),
			 .runpath = AT("b")),
		     &bare, "liba.so", AT("b/liba.so"));
}

static void rpath_is_inherited_by_what_a_library_needs(void **state)
{
	struct scratch *s = *state;

	ELF("a/liba.so", NEEDS("libb.so"));
	ELF("a/libb.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")), &bare,
		     "libb.so", AT("a/libb.so"));
}

static void a_librarys_own_rpath_comes_before_its_loaders(void **state)
{
	struct scratch *s = *state;

	ELF("a/liba.so", NEEDS("libb.so"), .rpath = AT("b"));
	ELF("a/libb.so", 0);
	ELF("b/libb.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")), &bare,
		     "libb.so", AT("b/libb.so"));
}

static void runpath_of_the_needer_hides_the_loaders_rpath(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;
	struct ktstr_error err;

	ELF("a/liba.so", NEEDS("libb.so"), .runpath = AT("empty"));
	ELF("a/libb.so", 0);
	assert_int_equal(resolve(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")),
				 &bare, &closure, &err),
			 -ENOENT);
	kt_closure_deinit(&closure);
}

static void runpath_is_not_inherited(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;
	struct ktstr_error err;

	ELF("a/liba.so", NEEDS("libb.so"));
	ELF("a/libb.so", 0);
	assert_int_equal(resolve(ELF("prog", NEEDS("liba.so"), .runpath = AT("a")),
				 &bare, &closure, &err),
			 -ENOENT);
	kt_closure_deinit(&closure);
}

static void runpath_comes_before_the_cache(void **state)
{
	struct scratch *s = *state;
	_cleanup_strbuf_ struct kt_strbuf cache = { 0 };
	struct kt_ld_cache_entry entry = {
		"liba.so", AT("b/liba.so"), { ELFCLASS64, ELFDATA2LSB, EM_X86_64 }
	};
	struct host host = { 0 };

	ELF("a/liba.so", 0);
	ELF("b/liba.so", 0);
	assert_int_equal(kt_ld_cache_write(&entry, 1, &cache), 0);
	host.cache_path =
		scratch_file(s, "cache", cache.data, cache.length, 0644);
	assert_finds(ELF("prog", NEEDS("liba.so"), .runpath = AT("a")), &host,
		     "liba.so", AT("a/liba.so"));
	assert_finds(ELF("prog", NEEDS("liba.so")), &host, "liba.so",
		     AT("b/liba.so"));
}

static void the_cache_comes_before_the_default_directories(void **state)
{
	struct scratch *s = *state;
	_cleanup_strbuf_ struct kt_strbuf cache = { 0 };
	struct kt_ld_cache_entry entry = {
		"liba.so", AT("a/liba.so"), { ELFCLASS64, ELFDATA2LSB, EM_X86_64 }
	};
	const char *const defaults[] = { AT("b"), NULL };
	struct host host = { .defaults = defaults };

	ELF("a/liba.so", 0);
	ELF("b/liba.so", 0);
	assert_int_equal(kt_ld_cache_write(&entry, 1, &cache), 0);
	host.cache_path =
		scratch_file(s, "cache", cache.data, cache.length, 0644);
	assert_finds(ELF("prog", NEEDS("liba.so")), &host, "liba.so",
		     AT("a/liba.so"));
	/* Listed, but gone: the search goes on. */
	unlink(AT("a/liba.so"));
	assert_finds(ELF("prog", NEEDS("liba.so")), &host, "liba.so",
		     AT("b/liba.so"));
}

static void no_default_libraries_means_none(void **state)
{
	struct scratch *s = *state;
	_cleanup_strbuf_ struct kt_strbuf cache = { 0 };
	struct kt_ld_cache_entry entry = {
		"liba.so", AT("b/liba.so"), { ELFCLASS64, ELFDATA2LSB, EM_X86_64 }
	};
	const char *const defaults[] = { AT("b"), NULL };
	struct host host = { .defaults = defaults };
	struct kt_closure closure;
	struct ktstr_error err;

	ELF("b/liba.so", 0);
	assert_int_equal(kt_ld_cache_write(&entry, 1, &cache), 0);
	host.cache_path =
		scratch_file(s, "cache", cache.data, cache.length, 0644);
	assert_int_equal(
		resolve(ELF("prog", NEEDS("liba.so"), .flags_1 = DF_1_NODEFLIB),
			&host, &closure, &err),
		-ENOENT);
	kt_closure_deinit(&closure);
}

static void origin_is_the_directory_of_the_file_that_says_it(void **state)
{
	struct scratch *s = *state;

	ELF("x/bin/prog", NEEDS("liba.so"), .runpath = "$ORIGIN/../lib");
	ELF("x/lib/liba.so", NEEDS("libb.so"), .runpath = "${ORIGIN}/deep");
	ELF("x/lib/deep/libb.so", 0);
	assert_finds(AT("x/bin/prog"), &bare, "liba.so",
		     AT("x/bin/../lib/liba.so"));
	assert_finds(AT("x/bin/prog"), &bare, "libb.so",
		     AT("x/bin/../lib/deep/libb.so"));
}

static void origin_of_a_program_is_where_its_link_leads(void **state)
{
	struct scratch *s = *state;

	ELF("x/prog", NEEDS("liba.so"), .runpath = "$ORIGIN");
	ELF("x/liba.so", 0);
	assert_int_equal(symlink("x/prog", AT("link")), 0);
	assert_finds(AT("link"), &bare, "liba.so", AT("x/liba.so"));
}

static void lib_and_platform_are_expanded(void **state)
{
	struct scratch *s = *state;

	ELF("lib64/x86_64/liba.so", 0);
	ELF("$LIBRARY/libb.so", 0);
	assert_finds(ELF("prog", NEEDS("liba.so"),
			 .runpath = "$ORIGIN/$LIB/${PLATFORM}"),
		     &bare, "liba.so", AT("lib64/x86_64/liba.so"));
	/* Not a token: a longer name. */
	assert_finds(ELF("prog", NEEDS("libb.so"), .runpath = "$ORIGIN/$LIBRARY"),
		     &bare, "libb.so", AT("$LIBRARY/libb.so"));
}

static void a_file_of_another_machine_is_passed_over(void **state)
{
	struct scratch *s = *state;
	char list[600];

	ELF("a/liba.so", .machine = EM_AARCH64);
	ELF("b/liba.so", .is_32_bit = true);
	ELF("c/liba.so", 0);
	snprintf(list, sizeof(list), "%s:%s:%s", AT("a"), AT("b"), AT("c"));
	assert_finds(ELF("prog", NEEDS("liba.so"), .runpath = list), &bare,
		     "liba.so", AT("c/liba.so"));
}

static void the_library_path_takes_semicolons_too(void **state)
{
	struct scratch *s = *state;
	char list[600];
	const struct host host = { .library_path = list };

	ELF("b/liba.so", 0);
	snprintf(list, sizeof(list), "%s;%s", AT("a"), AT("b"));
	assert_finds(ELF("prog", NEEDS("liba.so")), &host, "liba.so",
		     AT("b/liba.so"));
}

static void a_name_with_a_slash_is_a_path(void **state)
{
	struct scratch *s = *state;

	ELF("a/liba.so", 0);
	assert_finds(ELF("prog", NEEDS(AT("a/liba.so"))), &bare,
		     AT("a/liba.so"), AT("a/liba.so"));
	assert_finds(ELF("prog", NEEDS("$ORIGIN/a/liba.so")), &bare,
		     "$ORIGIN/a/liba.so", AT("a/liba.so"));
}

static void a_soname_answers_for_a_file_that_is_loaded(void **state)
{
	struct scratch *s = *state;

	/* libz.so.1 is nowhere, but liba.so says that it is that. */
	ELF("a/liba.so", .soname = "libz.so.1");
	ELF("a/libb.so", NEEDS("libz.so.1"));
	assert_finds(ELF("prog", NEEDS("liba.so", "libb.so"), .runpath = AT("a")),
		     &bare, "libz.so.1", "");
}

static void needs_are_followed_breadth_first(void **state)
{
	struct scratch *s = *state;
	static const char *const order[] = { "liba.so", "libb.so", "libc.so",
					     "libd.so" };
	struct kt_closure closure;

	ELF("a/liba.so", NEEDS("libc.so"));
	ELF("a/libb.so", NEEDS("libd.so", "liba.so"));
	ELF("a/libc.so", NEEDS("libb.so"));
	ELF("a/libd.so", 0);
	assert_int_equal(resolve(ELF("prog", NEEDS("liba.so", "libb.so"),
				     .rpath = AT("a")),
				 &bare, &closure, NULL),
			 0);
	assert_int_equal(closure.n_libraries, KT_ARRAY_SIZE(order));
	for (size_t i = 0; i < KT_ARRAY_SIZE(order); i++)
		assert_string_equal(closure.libraries[i].name, order[i]);
	kt_closure_deinit(&closure);
}

static void the_interpreter_is_part_of_it(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;

	ELF("ld.so", .soname = "ld-linux.so.2");
	assert_int_equal(resolve(ELF("prog", NEEDS("ld-linux.so.2"),
				     .interpreter = AT("ld.so")),
				 &bare, &closure, NULL),
			 0);
	assert_int_equal(closure.n_libraries, 1);
	assert_null(closure.libraries[0].name);
	assert_string_equal(closure.libraries[0].path, AT("ld.so"));
	kt_closure_deinit(&closure);
}

static void static_programs_and_scripts_need_nothing(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;

	assert_int_equal(resolve(ELF("prog", 0), &bare, &closure, NULL), 0);
	assert_int_equal(kt_closure_add(&closure,
					scratch_text(s, "script", "#!/bin/sh\n"),
					NULL),
			 0);
	assert_int_equal(closure.n_libraries, 0);
	kt_closure_deinit(&closure);
}

static void a_missing_library_is_named_with_where_it_was_sought(void **state)
{
	struct scratch *s = *state;
	const char *const defaults[] = { "/nowhere/lib", NULL };
	const struct host host = { .library_path = AT("env"),
				   .cache_path = "/nowhere/ld.so.cache",
				   .defaults = defaults };
	struct kt_closure closure;
	struct ktstr_error err;
	char expected[2048];

	ELF("a/liba.so", NEEDS("libgone.so.3"), .runpath = AT("own"));
	assert_int_equal(resolve(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")),
				 &host, &closure, &err),
			 -ENOENT);
	snprintf(
		expected, sizeof(expected),
		"\"%s\" needs the library \"libgone.so.3\" (for \"%s\"), which "
		"is not on this machine; looked in %s, %s, /nowhere/lib and "
		"/nowhere/ld.so.cache: install it, or name its directory in "
		"LD_LIBRARY_PATH",
		AT("prog"), AT("a/liba.so"), AT("env"), AT("own"));
	assert_string_equal(err.message, expected);
	message_seen(err.message);
	kt_closure_deinit(&closure);
}

static void a_file_that_is_no_library_ends_the_search(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;
	struct ktstr_error err;
	char expected[2048];

	scratch_text(s, "a/liba.so", "INPUT(libreal.so)\n");
	assert_int_equal(resolve(ELF("prog", NEEDS("liba.so"), .rpath = AT("a")),
				 &bare, &closure, &err),
			 -ENOEXEC);
	snprintf(expected, sizeof(expected),
		 "\"%s\" needs \"liba.so\", and \"%s\", which is where that is "
		 "found, is no ELF file",
		 AT("prog"), AT("a/liba.so"));
	assert_string_equal(err.message, expected);
	message_seen(err.message);
	kt_closure_deinit(&closure);
}

static void a_missing_interpreter_is_named(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;
	struct ktstr_error err;

	assert_int_equal(resolve(ELF("prog", .interpreter = "/nowhere/ld.so"),
				 &bare, &closure, &err),
			 -ENOENT);
	assert_contains(err.message, "is started by \"/nowhere/ld.so\", which "
				     "is not on this machine");
	message_seen(err.message);
	kt_closure_deinit(&closure);
}

static void strings_outside_of_their_table_are_refused(void **state)
{
	struct scratch *s = *state;
	struct kt_closure closure;
	struct ktstr_error err;
	size_t bytes;
	uint8_t *data = make_elf(&(struct elf_spec){ NEEDS("liba.so") }, &bytes);
	Elf64_Dyn dyn;
	const size_t first = bytes - 4 * sizeof(dyn);

	memcpy(&dyn, data + first, sizeof(dyn));
	assert_int_equal(dyn.d_tag, DT_NEEDED);
	dyn.d_un.d_val = 1000000;
	memcpy(data + first, &dyn, sizeof(dyn));
	assert_int_equal(resolve(scratch_file(s, "prog", data, bytes, 0755),
				 &bare, &closure, &err),
			 -EBADMSG);
	assert_contains(err.message, "is a damaged ELF file");
	message_seen(err.message);
	kt_closure_deinit(&closure);
	free(data);
}

static void every_candidate_is_a_witness(void **state)
{
	struct scratch *s = *state;
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	const struct kt_ld_paths paths = { .library_path = AT("b"),
					   .default_directories = nowhere };
	struct kt_closure closure;
	bool absent = false, present = false;

	ELF("a/liba.so", 0);
	ELF("prog", NEEDS("liba.so"), .runpath = AT("a"));
	assert_int_equal(kt_closure_init(&closure, &paths, &seen, NULL), 0);
	assert_int_equal(kt_closure_add(&closure, AT("prog"), NULL), 0);
	for (size_t i = 0; i < seen.n_witnesses; i++) {
		const struct kt_witness *w = &seen.witnesses[i];

		absent |= !strcmp(w->path, AT("b/liba.so")) && !w->id.inode;
		present |= !strcmp(w->path, AT("a/liba.so")) && w->id.inode;
	}
	assert_true(absent);
	assert_true(present);
	kt_closure_deinit(&closure);
}

/* A line of ldd: "NAME => PATH (0x...)" or "/INTERPRETER (0x...)". */
static void compare_with_ldd(const struct kt_closure *closure, FILE *ldd)
{
	char line[4096], name[1024], path[2048];
	size_t n = 0;

	while (fgets(line, sizeof(line), ldd)) {
		if (strstr(line, "linux-vdso"))
			continue;
		if (sscanf(line, " %1023s => %2047s (", name, path) == 2)
			assert_string_equal(found(closure, name), path);
		else if (sscanf(line, " %2047s (", path) == 1)
			assert_string_equal(closure->libraries[0].path, path);
		n++;
	}
	assert_int_equal(n, closure->n_libraries);
}

static void real_programs_need_what_ldd_says(void **state)
{
	static const char *const programs[] = { "/bin/ls", "/usr/bin/python3",
						"/usr/bin/gdb", "/usr/bin/perl",
						"/usr/bin/qemu-system-x86_64" };
	const struct kt_ld_paths paths = { .cache_path = "/etc/ld.so.cache" };
	size_t compared = 0;

	(void)state;
	if (access("/usr/bin/ldd", X_OK) < 0)
		skip();
	for (size_t i = 0; i < KT_ARRAY_SIZE(programs); i++) {
		struct kt_closure closure;
		struct ktstr_error err;
		char command[256];
		FILE *ldd;

		if (access(programs[i], X_OK) < 0)
			continue;
		assert_int_equal(kt_closure_init(&closure, &paths, NULL, NULL),
				 0);
		if (kt_closure_add(&closure, programs[i], &err) < 0)
			fail_msg("%s", err.message);
		snprintf(command, sizeof(command), "LC_ALL=C ldd %s",
			 programs[i]);
		ldd = popen(command, "r");
		assert_non_null(ldd);
		compare_with_ldd(&closure, ldd);
		assert_int_equal(pclose(ldd), 0);
		compared++;
		kt_closure_deinit(&closure);
	}
	assert_true(compared > 0);
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(rpath_is_searched),
		SCRATCH_TEST(rpath_comes_before_the_library_path),
		SCRATCH_TEST(the_library_path_comes_before_runpath),
		SCRATCH_TEST(rpath_beside_runpath_is_ignored),
		SCRATCH_TEST(rpath_is_inherited_by_what_a_library_needs),
		SCRATCH_TEST(a_librarys_own_rpath_comes_before_its_loaders),
		SCRATCH_TEST(runpath_of_the_needer_hides_the_loaders_rpath),
		SCRATCH_TEST(runpath_is_not_inherited),
		SCRATCH_TEST(runpath_comes_before_the_cache),
		SCRATCH_TEST(the_cache_comes_before_the_default_directories),
		SCRATCH_TEST(no_default_libraries_means_none),
		SCRATCH_TEST(origin_is_the_directory_of_the_file_that_says_it),
		SCRATCH_TEST(origin_of_a_program_is_where_its_link_leads),
		SCRATCH_TEST(lib_and_platform_are_expanded),
		SCRATCH_TEST(a_file_of_another_machine_is_passed_over),
		SCRATCH_TEST(the_library_path_takes_semicolons_too),
		SCRATCH_TEST(a_name_with_a_slash_is_a_path),
		SCRATCH_TEST(a_soname_answers_for_a_file_that_is_loaded),
		SCRATCH_TEST(needs_are_followed_breadth_first),
		SCRATCH_TEST(the_interpreter_is_part_of_it),
		SCRATCH_TEST(static_programs_and_scripts_need_nothing),
		SCRATCH_TEST(a_missing_library_is_named_with_where_it_was_sought),
		SCRATCH_TEST(a_file_that_is_no_library_ends_the_search),
		SCRATCH_TEST(a_missing_interpreter_is_named),
		SCRATCH_TEST(strings_outside_of_their_table_are_refused),
		SCRATCH_TEST(every_candidate_is_a_witness),
		cmocka_unit_test(real_programs_need_what_ldd_says),
		messages_test("initramfs_closure"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
