// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenarios that come with the library as tests, of which each can also run
 * on the machine that this is (`ktstr run`).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/scenario.h>

#include "guest/test_main.h"
#include "guest/test_registry.h"
#include "scenario/here.h"
#include "wire/guest_files.h"

#define SCENARIO(name_)                                                        \
	KTSTR_TEST(name_, .llcs = 2, .cores = 4, .memory_mib = 512,            \
		   .duration_s = 5)                                            \
	{                                                                      \
		return ktstr_run_scenario(ctx, #name_);                        \
	}

SCENARIO(steady)
SCENARIO(steady_llc)
SCENARIO(oversubscribed)
SCENARIO(cpuset_apply)
SCENARIO(cpuset_clear)
SCENARIO(cpuset_resize)
SCENARIO(cgroup_add)
SCENARIO(cgroup_remove)
SCENARIO(affinity_change)
SCENARIO(affinity_pinned)
SCENARIO(host_contention)
SCENARIO(mixed_workloads)
SCENARIO(nested_steady)
SCENARIO(nested_task_move)

#define EXIT_BROKEN 125

/* Words: NAME, HOME or "", seconds. The result goes to standard output. */
static int run_here(char **words)
{
	const struct ktstr_test *declared = kt_test_find(words[0]);
	struct kt_here here = { .home = *words[1] ? words[1] : NULL };
	struct ktstr_error err = { 0 };
	struct ktstr_test test;
	int status;

	if (!declared) {
		fprintf(stderr, "there is no scenario \"%s\" here\n", words[0]);
		return EXIT_BROKEN;
	}
	test = kt_test_resolve(declared);
	test.duration_s = (uint32_t)strtoul(words[2], NULL, 10);
	here.test = &test;
	/* What the test prints is not to be mixed with the result. */
	here.result_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (here.result_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		perror("standard output");
		return EXIT_BROKEN;
	}
	if (kt_here_run(&here, &status, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return EXIT_BROKEN;
	}
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], KT_TEST_ARG_HERE) == 0)
		return run_here(argv + 2);
	return kt_test_main(argc, argv);
}
