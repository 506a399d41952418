// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static enum ktstr_error_kind kind_of(int code)
{
	switch (-code) {
	case EINVAL:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ERANGE:
	case ENOEXEC:
	case EBADMSG:
	case ENAMETOOLONG:
	case EOPNOTSUPP:
		return KTSTR_ERROR_INVALID;
	case EBUSY:
		return KTSTR_ERROR_CONTENTION;
	case EACCES:
	case EPERM:
	case ENODEV:
	case ENXIO:
	case ENOSPC:
	case EROFS:
	case EDQUOT:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return KTSTR_ERROR_ENVIRONMENT;
	default:
		return KTSTR_ERROR_SYSTEM;
	}
}

static void KT_PRINTF(4, 0)
	set_message(struct ktstr_error *err, enum ktstr_error_kind kind,
		    int code, const char *fmt, va_list args)
{
	err->kind = kind;
	err->code = code;
	vsnprintf(err->message, sizeof(err->message), fmt, args);
}

int kt_err(struct ktstr_error *err, int code, const char *fmt, ...)
{
	if (err) {
		va_list args;

		va_start(args, fmt);
		set_message(err, kind_of(code), code, fmt, args);
		va_end(args);
	}
	return code;
}

int kt_err_kind(struct ktstr_error *err, enum ktstr_error_kind kind, int code,
		const char *fmt, ...)
{
	if (err) {
		va_list args;

		va_start(args, fmt);
		set_message(err, kind, code, fmt, args);
		va_end(args);
	}
	return code;
}

int kt_err_errno(struct ktstr_error *err, int code, const char *fmt, ...)
{
	if (err) {
		va_list args;
		size_t used;

		va_start(args, fmt);
		set_message(err, kind_of(code), code, fmt, args);
		va_end(args);
		used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used,
			 ": %s", strerror(-code));
	}
	return code;
}

int kt_err_context(struct ktstr_error *err, int code, const char *fmt, ...)
{
	if (err) {
		char inner[KTSTR_ERROR_MESSAGE_BYTES];
		va_list args;
		size_t used;

		memcpy(inner, err->message, sizeof(inner));
		va_start(args, fmt);
		vsnprintf(err->message, sizeof(err->message), fmt, args);
		va_end(args);
		used = strlen(err->message);
		snprintf(err->message + used, sizeof(err->message) - used,
			 ": %s", inner);
	}
	return code;
}
