/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What a test wants the host to hold it to, out of a list of tests. */

#include <jansson.h>
#include <stdbool.h>

#include <ktstr/monitor.h>

#include "base/error.h"

struct kt_monitoring {
	struct ktstr_monitor_thresholds thresholds;
	bool enforced; /* a violation is a fail */
	uint32_t watchdog_timeout_s; /* 0: the scheduler's own */
};

/* Of a test's entry; without such a part the defaults, not enforced. -EINVAL. */
int kt_monitoring_take(const json_t *entry, struct kt_monitoring *ret,
		       struct ktstr_error *err);
