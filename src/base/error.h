/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <errno.h>
#include <stdarg.h>

#include <ktstr/error.h>

#include "base/macro.h"

/*
 * Fills in `err` (which may be NULL) and returns `code`, so that a failure
 * reads `return kt_err(err, -EINVAL, "llcs must be > 0, not %u", n)`. The kind
 * follows from the code: EINVAL, ENOENT and the like are the caller's input,
 * EBUSY is contention, EACCES, EPERM, ENODEV, ENOSPC and ENOMEM the
 * environment, and the rest a system failure.
 */
int kt_err(struct ktstr_error *err, int code, const char *fmt, ...)
	KT_PRINTF(3, 4);

/* As kt_err(), with the kind named by the caller. */
int kt_err_kind(struct ktstr_error *err, enum ktstr_error_kind kind, int code,
		const char *fmt, ...) KT_PRINTF(4, 5);

/*
 * As kt_err(), with ": " and the text of the errno `-code` behind the message.
 */
int kt_err_errno(struct ktstr_error *err, int code, const char *fmt, ...)
	KT_PRINTF(3, 4);

/*
 * Puts context in front of a message that a callee wrote ("CONTEXT: MESSAGE")
 * and returns the code unchanged. Returns `code` untouched when err is NULL.
 */
int kt_err_context(struct ktstr_error *err, int code, const char *fmt, ...)
	KT_PRINTF(3, 4);
