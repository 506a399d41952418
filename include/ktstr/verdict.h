/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_VERDICT_H
#define KTSTR_VERDICT_H

#ifdef __cplusplus
extern "C" {
#endif

/* What a test says of the scheduler. Programs exit 0, 1, 77 and 2 for them. */
enum ktstr_verdict {
	KTSTR_PASS,
	KTSTR_FAIL,
	KTSTR_SKIP,	    /* it cannot run here: no verdict */
	KTSTR_INCONCLUSIVE, /* it ran, but what it saw proves nothing */
};

/* "pass", "fail", "skip", "inconclusive". */
const char *ktstr_verdict_name(enum ktstr_verdict verdict);

/* As exit statuses of programs have it. */
int ktstr_verdict_exit_code(enum ktstr_verdict verdict);

#ifdef __cplusplus
}
#endif

#endif
