/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <ktstr/log.h>

#include "base/macro.h"

/* Hands one formatted line to the sink; a NULL sink drops it. */
void kt_log(const struct ktstr_log *log, enum ktstr_log_level level,
	    const char *fmt, ...) KT_PRINTF(3, 4);

#define kt_warn(log, ...)   kt_log(log, KTSTR_LOG_WARNING, __VA_ARGS__)
#define kt_notice(log, ...) kt_log(log, KTSTR_LOG_NOTICE, __VA_ARGS__)
#define kt_debug(log, ...)  kt_log(log, KTSTR_LOG_DEBUG, __VA_ARGS__)
