// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <signal.h>

#include "guest/crash.h"

static void a_fault_is_named_with_its_addresses(void **state)
{
	char text[160];
	size_t n;

	(void)state;
	n = kt_crash_format_signal(text, sizeof(text), SIGSEGV, 0x10, 0x401abc);
	assert_string_equal(text,
			    "init (PID 1) died of SIGSEGV at address 0x10, "
			    "instruction 0x401abc\n");
	assert_int_equal(n, strlen(text));
}

static void the_largest_address_fits(void **state)
{
	char text[160];

	(void)state;
	kt_crash_format_signal(text, sizeof(text), SIGBUS, UINTPTR_MAX, 0);
	assert_contains(text, "SIGBUS at address 0xffffffffffffffff, "
			      "instruction 0x0\n");
}

static void a_signal_without_a_name_is_a_number(void **state)
{
	char text[160];

	(void)state;
	kt_crash_format_signal(text, sizeof(text), 64, 0, 0);
	assert_contains(text, "died of signal 64 at");
}

static void what_does_not_fit_is_cut_off(void **state)
{
	char text[24];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(kt_crash_format_signal(text, 16, SIGSEGV, 1, 2), 15);
	assert_string_equal(text, "init (PID 1) di");
	assert_int_equal(text[16], 'x');
	assert_int_equal(kt_crash_format_signal(text, 1, SIGSEGV, 1, 2), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_named_with_its_addresses),
		cmocka_unit_test(the_largest_address_fits),
		cmocka_unit_test(a_signal_without_a_name_is_a_number),
		cmocka_unit_test(what_does_not_fit_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
