// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

void kt_log(const struct ktstr_log *log, enum ktstr_log_level level,
	    const char *fmt, ...)
{
	char line[2048];
	va_list args;

	if (!log || !log->emit)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	log->emit(log->userdata, level, line);
}
