// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "guest/processes.h"

static char directory[] = "/tmp/ktstr-processes-test.XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return kt_remove_tree(directory);
}

/* A made-up process. */
static void make(const char *pid, const char *stat)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, pid);
	assert_int_equal(kt_mkdir_p(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/%s/stat", directory, pid);
	assert_int_equal(kt_write_file_atomic(path, stat, strlen(stat), 0644), 0);
}

static void those_that_run_in_the_group_count(void **state)
{
	(void)state;
	assert_int_equal(kt_processes_of_group(directory, 40), 0);
	make("1", "1 (init) S 0 1 1 0 -1");
	make("40", "40 (leader) Z 1 40 1 0 -1");
	make("41", "41 (worker) R 1 40 1 0 -1");
	make("42", "42 (a) Z 1 40) D 1 40 1 0 -1");
	make("43", "43 (of another) S 1 41 1 0 -1");
	make("44", "44 (gone) X 1 40 1 0 -1");
	make("45", "45 cut short");
	make("self", "41 (worker) R 1 40 1 0 -1");
	assert_int_equal(kt_processes_of_group(directory, 40), 2);
	assert_int_equal(kt_processes_of_group("/nonexistent", 40), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_run_in_the_group_count),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
