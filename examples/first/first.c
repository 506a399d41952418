// SPDX-License-Identifier: GPL-2.0-only
#include <ktstr/scenario.h>

KTSTR_TEST(two_cgroups, .llcs = 1, .cores = 2, .duration_s = 5)
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "cg_0", .workers = 2 },
				   { .name = "cg_1", .workers = 2 }));
}
