// SPDX-License-Identifier: GPL-2.0-only
/* Eight tests that do nothing: all of their time is the runner's. */
#include <ktstr/test.h>

#define NOTHING(name_)                                                         \
	KTSTR_TEST(name_, .cores = 2, .memory_mib = 256, .duration_s = 1)      \
	{                                                                      \
		return KTSTR_PASS;                                             \
	}

NOTHING(one)
NOTHING(two)
NOTHING(three)
NOTHING(four)
NOTHING(five)
NOTHING(six)
NOTHING(seven)
NOTHING(eight)
