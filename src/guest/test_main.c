// SPDX-License-Identifier: GPL-2.0-only
#include "guest/test_main.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "guest/exec.h"
#include "guest/init.h"
#include "guest/scheduler.h"
#include "guest/test_registry.h"
#include "guest/test_run.h"
#include "wire/guest_files.h"

/* No verdict: what was asked could not be done. */
#define EXIT_BROKEN 125

static int list_tests(void)
{
	_cleanup_strbuf_ struct kt_strbuf text = {};
	size_t n;
	const struct ktstr_test *const *tests = kt_tests(&n);
	int r = kt_tests_list(tests, n, &text);

	if (r == 0)
		r = kt_write_all(STDOUT_FILENO, text.data, text.length);
	if (r < 0) {
		fprintf(stderr,
			"cannot list the tests: %s (are names and paths "
			"UTF-8?)\n",
			strerror(-r));
		return EXIT_BROKEN;
	}
	return 0;
}

static int run_with(const struct ktstr_test *test,
		    struct kt_test_companion *companion)
{
	unsigned int timeout_s =
		kt_test_timeout_s(test->timeout_s, test->duration_s);
	struct ktstr_error err = {};
	enum ktstr_verdict verdict;

	if (kt_test_run(test, timeout_s * 1000, companion, KT_GUEST_RESULT,
			&verdict, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return EXIT_BROKEN;
	}
	return ktstr_verdict_exit_code(verdict);
}

static int run_under(const struct ktstr_test *test,
		     const struct ktstr_scheduler *declared, char **argv)
{
	struct kt_guest_scheduler scheduler;
	struct ktstr_error err = {};
	int status;

	if (kt_guest_scheduler_init(&scheduler, declared, argv,
				    &kt_scheduler_in_guest, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return EXIT_BROKEN;
	}
	status = run_with(test, &scheduler.companion);
	kt_guest_scheduler_deinit(&scheduler);
	return status;
}

/* The scheduler is the host's, which has given one to a test that has none. */
static int run_under_given(const struct ktstr_test *test)
{
	struct kt_given_scheduler given;
	struct ktstr_error err = {};
	int status;

	if (kt_given_scheduler_read(&given, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return EXIT_BROKEN;
	}
	status = run_under(test, &given.declared, given.argv);
	kt_given_scheduler_deinit(&given);
	return status;
}

/* `scheduler_argv`: its program in this guest and arguments, or nothing. */
static int run_test(const char *name, char **scheduler_argv)
{
	const struct ktstr_test *declared = kt_test_find(name);
	struct ktstr_test test;

	if (!declared) {
		fprintf(stderr, "there is no test \"%s\" here\n", name);
		return EXIT_BROKEN;
	}
	test = kt_test_resolve(declared);
	if (test.scheduler)
		return run_under(&test, test.scheduler,
				 *scheduler_argv ? scheduler_argv : NULL);
	return kt_given_scheduler_exists() ? run_under_given(&test) :
					     run_with(&test, NULL);
}

static int hand_to_ktstr(int argc, char **argv)
{
	_cleanup_free_ const char **words =
		calloc((size_t)argc + 3, sizeof(*words));
	const char *ktstr = getenv("KTSTR");
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t n = 0;

	if (!words || length < 0) {
		fprintf(stderr, "cannot find out this program's own path: %s\n",
			strerror(errno));
		return EXIT_BROKEN;
	}
	self[length] = '\0';
	if (!ktstr || !*ktstr)
		ktstr = "ktstr";
	words[n++] = ktstr;
	words[n++] = "test";
	words[n++] = self;
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	execvp(ktstr, (char *const *)words);
	fprintf(stderr,
		"cannot run %s, which boots the machines of these tests: %s "
		"(put it into PATH, or its path into KTSTR)\n",
		ktstr, strerror(errno));
	return EXIT_BROKEN;
}

int kt_test_main(int argc, char **argv)
{
	if (getpid() == 1)
		return kt_guest_init_main(argc, argv);
	if (argc == 3 && strcmp(argv[1], KT_EXEC_ARG) == 0)
		return kt_exec_main(argv[2]);
	if (argc == 2 && strcmp(argv[1], KT_TEST_ARG_LIST) == 0)
		return list_tests();
	if (argc >= 3 && strcmp(argv[1], KT_TEST_ARG_RUN) == 0)
		return run_test(argv[2], argv + 3);
	return hand_to_ktstr(argc, argv);
}
