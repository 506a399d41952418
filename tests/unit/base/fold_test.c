// SPDX-License-Identifier: GPL-2.0-only
/* Logs in which lines come again and again. */
#include "test.h"

#include "base/fold.h"

static void assert_folded(const char *text, const char *wanted)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	assert_int_equal(kt_fold_cycles(text, strlen(text), &sb), 0);
	assert_string_equal(kt_strbuf_text(&sb), wanted);
}

static void what_does_not_repeat_stays(void **state)
{
	(void)state;
	assert_folded("", "");
	assert_folded("one", "one\n");
	assert_folded("one\ntwo\n\nfour\n", "one\ntwo\n\nfour\n");
	assert_folded("a\na\nb\n", "a\na\nb\n");
}

static void a_line_again_is_counted(void **state)
{
	(void)state;
	assert_folded("a\na\na\nb\n", "a\n... 1 line, 2 times more\nb\n");
	assert_folded("x\ny\ny\ny\ny\n", "x\ny\n... 1 line, 3 times more\n");
}

static void a_cycle_is_told_once(void **state)
{
	(void)state;
	assert_folded("x\na\nb\nc\na\nb\nc\na\nb\nc\na\nz\n",
		      "x\na\nb\nc\n... 3 lines, 2 times more\na\nz\n");
	/* The shortest that says the same. */
	assert_folded("a\nb\na\nb\na\nb\na\nb\na\nb\na\nb\n",
		      "a\nb\n... 2 lines, 5 times more\n");
}

static void registers_do_not_tell_instructions_apart(void **state)
{
	(void)state;
	assert_folded("1: (07) r1 += 1     ; R1_w=1\n"
		      "2: (15) if r1 == 0x5 goto pc+1 ; R1_w=1\n"
		      "1: (07) r1 += 1     ; R1_w=2\n"
		      "2: (15) if r1 == 0x5 goto pc+1 ; R1_w=2\n"
		      "1: (07) r1 += 1     ; R1_w=3\n"
		      "2: (15) if r1 == 0x5 goto pc+1\n"
		      "from 2 to 4: R1=5 R10=fp0\n"
		      "from 2 to 4: R1=6 R10=fp0\n"
		      "from 2 to 4: R1=7\n"
		      "4: (95) exit\n",
		      "1: (07) r1 += 1     ; R1_w=1\n"
		      "2: (15) if r1 == 0x5 goto pc+1 ; R1_w=1\n"
		      "... 2 lines, 2 times more\n"
		      "from 2 to 4: R1=5 R10=fp0\n"
		      "... 1 line, 2 times more\n"
		      "4: (95) exit\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_repeat_stays),
		cmocka_unit_test(a_line_again_is_counted),
		cmocka_unit_test(a_cycle_is_told_once),
		cmocka_unit_test(registers_do_not_tell_instructions_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
