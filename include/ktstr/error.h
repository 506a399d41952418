/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_ERROR_H
#define KTSTR_ERROR_H

/*
 * Errors as values.
 *
 * A fallible function returns 0 or a negative errno. One whose failure a
 * person may have to understand also takes a last `struct ktstr_error *`,
 * which may be NULL and is written only on failure. The message says what was
 * wrong, the value seen and what to do next; it holds no trailing newline.
 */

#ifdef __cplusplus
extern "C" {
#endif

enum ktstr_error_kind {
	KTSTR_ERROR_NONE = 0,
	/* The caller's input cannot work as given; trying again will not help. */
	KTSTR_ERROR_INVALID,
	/* The host is busy with somebody else's run: skip, or try later. */
	KTSTR_ERROR_CONTENTION,
	/* The machine lacks something: a device, a right, a tool, space. */
	KTSTR_ERROR_ENVIRONMENT,
	/* A system call failed in a way that fits none of the above. */
	KTSTR_ERROR_SYSTEM,
};

#define KTSTR_ERROR_MESSAGE_BYTES 2048

struct ktstr_error {
	enum ktstr_error_kind kind;
	int code; /* the negative errno that the function returned */
	char message[KTSTR_ERROR_MESSAGE_BYTES];
};

#ifdef __cplusplus
}
#endif

#endif
