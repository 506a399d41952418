// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "initramfs/ld_cache.h"
#include "scratch.h"

#define HEADER_BYTES 48
#define ENTRY_BYTES  24

static const struct kt_elf_abi x86_64 = { ELFCLASS64, ELFDATA2LSB, EM_X86_64 };
static const struct kt_elf_abi i386 = { ELFCLASS32, ELFDATA2LSB, EM_386 };
static const struct kt_elf_abi other = { ELFCLASS64, ELFDATA2LSB, EM_PPC64 };

static struct kt_strbuf sample(void)
{
	struct kt_ld_cache_entry entries[] = {
		{ "libb.so.2", "/lib/b2", x86_64 },
		{ "libb.so.10", "/lib/b10", x86_64 },
		{ "liba.so", "/lib/a", x86_64 },
		{ "liba.so", "/lib32/a", i386 },
		{ "libp.so", "/lib/p", other },
	};
	struct kt_strbuf text = { 0 };

	assert_int_equal(
		kt_ld_cache_write(entries, KT_ARRAY_SIZE(entries), &text), 0);
	return text;
}

static void what_was_written_is_found_by_name_and_kind(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	struct kt_ld_cache cache;

	(void)state;
	assert_int_equal(kt_ld_cache_parse(text.data, text.length, &cache), 0);
	/* An unknown machine has no flags to be listed under. */
	assert_int_equal(cache.n_entries, 4);
	assert_string_equal(kt_ld_cache_find(&cache, "liba.so", &x86_64),
			    "/lib/a");
	assert_string_equal(kt_ld_cache_find(&cache, "liba.so", &i386),
			    "/lib32/a");
	assert_string_equal(kt_ld_cache_find(&cache, "libb.so.10", &x86_64),
			    "/lib/b10");
	assert_null(kt_ld_cache_find(&cache, "libb.so.10", &i386));
	assert_null(kt_ld_cache_find(&cache, "libc.so", &x86_64));
	assert_null(kt_ld_cache_find(&cache, "libp.so", &other));
}

static void builds_for_certain_cpus_are_passed_over(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	struct kt_ld_cache cache;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const uint64_t hwcap = 1ULL << 62;

		memcpy(text.data + HEADER_BYTES + i * ENTRY_BYTES + 16, &hwcap,
		       sizeof(hwcap));
	}
	assert_int_equal(kt_ld_cache_parse(text.data, text.length, &cache), 0);
	assert_null(kt_ld_cache_find(&cache, "liba.so", &x86_64));
}

static void numbers_in_names_sort_as_numbers(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	uint32_t first;

	(void)state;
	/* ld.so searches by halves, in descending order. */
	memcpy(&first, text.data + HEADER_BYTES + 4, sizeof(first));
	assert_string_equal(text.data + first, "libb.so.10");
}

static void the_format_behind_the_older_one_is_read(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	_cleanup_strbuf_ struct kt_strbuf both = { 0 };
	static const uint8_t old_entry[12];
	const uint32_t n = 1;
	struct kt_ld_cache cache;

	(void)state;
	kt_strbuf_add_bytes(&both, "ld.so-1.7.0", 12);
	kt_strbuf_add_bytes(&both, &n, sizeof(n));
	kt_strbuf_add_bytes(&both, old_entry, sizeof(old_entry));
	while (both.length % 8)
		kt_strbuf_add_char(&both, '\0');
	kt_strbuf_add_bytes(&both, text.data, text.length);
	assert_int_equal(kt_ld_cache_parse(both.data, both.length, &cache), 0);
	assert_string_equal(kt_ld_cache_find(&cache, "liba.so", &x86_64),
			    "/lib/a");
}

static void other_formats_are_refused(void **state)
{
	static const char text[64] = "glibc-ld.so.cache1.0";
	struct kt_ld_cache cache;

	(void)state;
	assert_int_equal(kt_ld_cache_parse(text, sizeof(text), &cache), -EBADMSG);
	assert_int_equal(kt_ld_cache_parse("", 0, &cache), -EBADMSG);
}

static void a_table_longer_than_the_file_is_refused(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	struct kt_ld_cache cache;

	(void)state;
	assert_int_equal(kt_ld_cache_parse(text.data,
					   HEADER_BYTES + 4 * ENTRY_BYTES - 1,
					   &cache),
			 -EBADMSG);
}

static void strings_outside_of_the_file_are_not_read(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	struct kt_ld_cache cache;

	(void)state;
	/* All strings cut off, and then the last one's end. */
	assert_int_equal(kt_ld_cache_parse(text.data,
					   HEADER_BYTES + 4 * ENTRY_BYTES, &cache),
			 0);
	assert_null(kt_ld_cache_find(&cache, "liba.so", &x86_64));
	assert_int_equal(kt_ld_cache_parse(text.data, text.length - 1, &cache),
			 0);
	/* Written in the order of the table, where equal names may be either. */
	assert_true(!kt_ld_cache_find(&cache, "liba.so", &i386) ||
		    !kt_ld_cache_find(&cache, "liba.so", &x86_64));
}

static void ldconfig_reads_what_was_written(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf text = sample();
	char command[600], line[512], listed[4096] = "";
	FILE *ldconfig;

	if (access("/sbin/ldconfig", X_OK) < 0)
		skip();
	snprintf(command, sizeof(command), "/sbin/ldconfig -p -C %s",
		 scratch_file(*state, "cache", text.data, text.length, 0644));
	ldconfig = popen(command, "r");
	assert_non_null(ldconfig);
	while (fgets(line, sizeof(line), ldconfig))
		strncat(listed, line, sizeof(listed) - strlen(listed) - 1);
	assert_int_equal(pclose(ldconfig), 0);
	assert_contains(listed, "libb.so.10 (libc6,x86-64) => /lib/b10\n");
	assert_contains(listed, "liba.so (libc6) => /lib32/a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_found_by_name_and_kind),
		cmocka_unit_test(builds_for_certain_cpus_are_passed_over),
		cmocka_unit_test(numbers_in_names_sort_as_numbers),
		cmocka_unit_test(the_format_behind_the_older_one_is_read),
		cmocka_unit_test(other_formats_are_refused),
		cmocka_unit_test(a_table_longer_than_the_file_is_refused),
		cmocka_unit_test(strings_outside_of_the_file_are_not_read),
		cmocka_unit_test_setup_teardown(ldconfig_reads_what_was_written,
						scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
