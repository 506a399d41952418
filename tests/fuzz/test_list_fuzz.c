// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a binary that is said to be a test binary prints. What is taken is a
 * list in the order of its sources, of tests with different names that are file
 * names, each with a machine that exists and is within its own constraints.
 */
#include "fuzz.h"
#include "runner/list.h"

static void check_test(const struct kt_test *test)
{
	_cleanup_topology_ struct kt_topology *topology = NULL;

	fuzz_check(*test->name && strlen(test->name) <= KT_TEST_NAME_MAX);
	fuzz_check(!strpbrk(test->name, "/. \n"));
	fuzz_check(*test->file && test->memory_mib);
	fuzz_check(kt_topology_from_public(&test->topology, &topology, NULL) == 0);
	fuzz_check(kt_constraints_allow(&test->constraints, topology, NULL));
	for (size_t i = 0; i < test->n_include_files; i++)
		fuzz_check(*test->include_files[i]);
	fuzz_check(test->profiles.n != 1);
	for (size_t i = 0; i < test->profiles.n; i++) {
		const struct kt_profile *profile = &test->profiles.profiles[i];

		fuzz_check(!strpbrk(profile->name, "/. \n"));
		for (size_t j = 0; j < i; j++)
			fuzz_check(strcmp(profile->name,
					  test->profiles.profiles[j].name) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_test_list_ struct kt_test_list list = {};
	struct ktstr_error err = {};
	int r = kt_test_list_parse("b", (const char *)data, size, &list, &err);

	if (r < 0) {
		fuzz_check(r == -EINVAL && err.message[0]);
		fuzz_check(!list.tests && !list.n);
		return 0;
	}
	fuzz_check(list.n > 0 && list.n <= KT_TESTS_MAX);
	for (size_t i = 0; i < list.n; i++) {
		check_test(&list.tests[i]);
		fuzz_check(!i || strcmp(list.tests[i - 1].file,
					list.tests[i].file) <= 0);
	}
	return 0;
}
