// SPDX-License-Identifier: GPL-2.0-only
#include "runner/monitor_take.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>

#include "base/macro.h"

#define COUNT_MAX 4000000 /* also of seconds, which become milliseconds */

/* One that is absent cannot be broken. */
static int take_limit(const json_t *monitor, const char *name, double *ret,
		      struct ktstr_error *err)
{
	const json_t *value = json_object_get(monitor, name);

	*ret = INFINITY;
	if (!value)
		return 0;
	if (!json_is_number(value) || json_number_value(value) < 0)
		return kt_err(err, -EINVAL,
			      "monitor: %s is no limit: give a number from 0 "
			      "up, or INFINITY",
			      name);
	*ret = json_number_value(value);
	return 0;
}

static int take_count(const json_t *monitor, const char *name, uint32_t least,
		      uint32_t *ret, struct ktstr_error *err)
{
	const json_t *value = json_object_get(monitor, name);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < least || n > COUNT_MAX)
		return kt_err(err, -EINVAL,
			      "%s must be a number from %u up, not "
			      "%lld",
			      name, least, (long long)n);
	*ret = (uint32_t)n;
	return 0;
}

static int take_flag(const json_t *monitor, const char *name, bool *ret,
		     struct ktstr_error *err)
{
	const json_t *value = json_object_get(monitor, name);

	if (!json_is_boolean(value))
		return kt_err(err, -EINVAL,
			      "monitor: %s is neither true nor false", name);
	*ret = json_is_true(value);
	return 0;
}

int kt_monitoring_take(const json_t *entry, struct kt_monitoring *ret,
		       struct ktstr_error *err)
{
	const json_t *monitor = json_object_get(entry, "monitor");
	struct ktstr_monitor_thresholds *to = &ret->thresholds;
	int r;

	*ret = (struct kt_monitoring){ KTSTR_MONITOR_THRESHOLDS(), false, 0 };
	if (json_object_get(entry, "watchdog_timeout_s")) {
		r = take_count(entry, "watchdog_timeout_s", 0,
			       &ret->watchdog_timeout_s, err);
		if (r)
			return r;
	}
	if (!monitor)
		return 0;
	r = take_flag(monitor, "enforced", &ret->enforced, err);
	if (!r)
		r = take_limit(monitor, "max_imbalance_ratio",
			       &to->max_imbalance_ratio, err);
	if (!r)
		r = take_count(monitor, "max_local_dsq_depth", 0,
			       &to->max_local_dsq_depth, err);
	if (!r)
		r = take_flag(monitor, "fail_on_stall", &to->fail_on_stall, err);
	if (!r)
		r = take_count(monitor, "sustained_samples", 1,
			       &to->sustained_samples, err);
	if (!r)
		r = take_limit(monitor, "max_fallback_rate",
			       &to->max_fallback_rate, err);
	if (!r)
		r = take_limit(monitor, "max_keep_last_rate",
			       &to->max_keep_last_rate, err);
	return r;
}
