// SPDX-License-Identifier: GPL-2.0-only
/* The table of docs/work-types.md against the macros of <ktstr/work.h>. */
#include "test.h"

#include <ctype.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "workload/worker.h"

static char *source(const char *name)
{
	_cleanup_free_ char *path = kt_path_join(KTSTR_SOURCE_ROOT, name);
	char *text;

	assert_int_equal(kt_read_file(path, 1 << 20, &text, NULL), 0);
	return text;
}

/* The row of a kind, up to its end; caller frees. */
static char *row_of(const char *table, const char *kind)
{
	char head[64];
	const char *row;

	snprintf(head, sizeof(head), "\n| `%s` | ", kind);
	row = strstr(table, head);
	if (!row)
		fail_msg("docs/work-types.md has no row of %s", kind);
	return strndup(row + 1, strcspn(row + 1, "\n"));
}

/* The definition of the macro that the row names; caller frees. */
static char *macro_of(const char *header, const char *row)
{
	const char *begin = strstr(row, "| `KTSTR_"), *end;
	char head[96];

	assert_non_null(begin);
	begin += strlen("| `");
	snprintf(head, sizeof(head), "#define %.*s(", (int)strcspn(begin, "`"),
		 begin);
	begin = strstr(header, head);
	if (!begin)
		fail_msg("work.h has no \"%s\"", head);
	/* To the first line that does not go on. */
	for (end = begin; *end != '\n' || end[-1] == '\\'; end++)
		;
	return strndup(begin, (size_t)(end - begin));
}

/* Whether a parameter stands in the row with that default and no longer one. */
static bool row_has(const char *row, const char *text)
{
	const char *at = strstr(row, text);

	return at && strchr(", ", at[strlen(text)]);
}

/* Each `.NAME = VALUE` of the macro stands in the row as "`NAME` VALUE". */
static int check_defaults(const char *kind, const char *macro, const char *row)
{
	int n = 0;

	for (const char *at = macro; (at = strchr(at, '.')); at++) {
		size_t name = strcspn(at, " "), value;
		char text[96];

		/* Not the dots of "...", and not the kind. */
		if (!islower((unsigned char)at[1]) ||
		    strncmp(at + name, " = ", 3) != 0 ||
		    strncmp(at, ".kind ", 6) == 0)
			continue;
		if (at[name + 3] == '{') /* what the caller has to give */
			continue;
		value = strcspn(at + name + 3, ",");
		snprintf(text, sizeof(text), "`%.*s` %.*s", (int)name - 1,
			 at + 1, (int)value, at + name + 3);
		if (!row_has(row, text))
			fail_msg("no \"%s\" in the row of %s: %s", text, kind,
				 row);
		n++;
	}
	return n;
}

static void the_table_is_complete_and_right(void **state)
{
	_cleanup_free_ char *table = source("docs/work-types.md");
	_cleanup_free_ char *header = source("include/ktstr/work.h");
	int kinds = 0, defaults = 0;

	(void)state;
	for (; kt_work_ops(kinds); kinds++) {
		const char *kind = kt_work_ops(kinds)->name;
		_cleanup_free_ char *row = row_of(table, kind);
		_cleanup_free_ char *macro = macro_of(header, row);

		defaults += check_defaults(kind, macro, row);
	}
	assert_int_equal(kinds, KTSTR_WORK_SCHBENCH + 1);
	assert_true(defaults > kinds);
}

static void the_defaults_of_a_macro_are_found(void **state)
{
	_cleanup_free_ char *header = source("include/ktstr/work.h");
	_cleanup_free_ char *macro =
		macro_of(header, "| `PipeIo` | `KTSTR_PIPE_IO` |");

	(void)state;
	assert_contains(macro, ".message_bytes = 1,");
	assert_contains(macro, ".spins = 1024,");
	assert_null(strstr(macro, "futex"));
	assert_int_equal(check_defaults("PipeIo", macro,
					"`message_bytes` 1, `spins` 1024 "),
			 2);
}

static void no_row_is_of_no_kind(void **state)
{
	_cleanup_free_ char *table = source("docs/work-types.md");
	int rows = 0, kinds = 0;

	(void)state;
	while (kt_work_ops(kinds))
		kinds++;
	for (const char *at = table; (at = strstr(at, "\n| `")); at++)
		rows++;
	assert_int_equal(rows, kinds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_complete_and_right),
		cmocka_unit_test(the_defaults_of_a_macro_are_found),
		cmocka_unit_test(no_row_is_of_no_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
