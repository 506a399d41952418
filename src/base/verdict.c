// SPDX-License-Identifier: GPL-2.0-only
#include <ktstr/verdict.h>

static const struct {
	const char *name;
	int exit_code;
} verdicts[] = {
	[KTSTR_PASS] = { "pass", 0 },
	[KTSTR_FAIL] = { "fail", 1 },
	[KTSTR_SKIP] = { "skip", 77 },
	[KTSTR_INCONCLUSIVE] = { "inconclusive", 2 },
};

int ktstr_verdict_exit_code(enum ktstr_verdict verdict)
{
	return verdicts[verdict].exit_code;
}

const char *ktstr_verdict_name(enum ktstr_verdict verdict)
{
	return verdicts[verdict].name;
}
