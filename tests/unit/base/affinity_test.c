// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <sched.h>

#include "base/affinity.h"

static void cpus_that_are_not_allowed_do_not_count(void **state)
{
	cpu_set_t all, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(kt_allowed_cpus(), CPU_COUNT(&all));
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(kt_allowed_cpus(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_that_are_not_allowed_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
