// SPDX-License-Identifier: GPL-2.0-only
#include "guest/test_monitor.h"

#include <math.h>
#include <string.h>

#include <ktstr/monitor.h>
#include <ktstr/scheduler.h>

enum kind {
	KIND_DOUBLE,
	KIND_U32,
	KIND_BOOL,
};

static const struct part {
	const char *name;
	enum kind kind;
	size_t offset;
	size_t bytes;
} parts[] = {
#define PART(kind_, member_)                                                    \
	{                                                                       \
#member_, kind_,                                                \
			offsetof(struct ktstr_monitor_thresholds, member_),     \
			sizeof(((struct ktstr_monitor_thresholds *)0)->member_) \
	}
	PART(KIND_DOUBLE, max_imbalance_ratio),
	PART(KIND_U32, max_local_dsq_depth),
	PART(KIND_BOOL, fail_on_stall),
	PART(KIND_U32, sustained_samples),
	PART(KIND_DOUBLE, max_fallback_rate),
	PART(KIND_DOUBLE, max_keep_last_rate),
#undef PART
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

/* What reads alike over both grounds was set. */
static void lay(const struct ktstr_monitor_limits *layer,
		struct ktstr_monitor_thresholds *thresholds)
{
	if (!layer || !layer->filled)
		return;
	for (size_t i = 0; i < N_PARTS; i++) {
		const char *zero =
			(const char *)&layer->over_zero + parts[i].offset;
		const char *one =
			(const char *)&layer->over_one + parts[i].offset;

		if (memcmp(zero, one, parts[i].bytes) == 0)
			memcpy((char *)thresholds + parts[i].offset, zero,
			       parts[i].bytes);
	}
}

static int add(json_t *object, const struct part *part,
	       const struct ktstr_monitor_thresholds *thresholds)
{
	const char *at = (const char *)thresholds + part->offset;
	json_t *value = NULL;
	uint32_t number;
	double real;

	switch (part->kind) {
	case KIND_DOUBLE:
		memcpy(&real, at, sizeof(real));
		if (isinf(real) && real > 0)
			return 0;
		/* No number has no form in JSON: the host will refuse it. */
		value = isfinite(real) ? json_real(real) : json_null();
		break;
	case KIND_U32:
		memcpy(&number, at, sizeof(number));
		value = json_integer(number);
		break;
	case KIND_BOOL:
		value = json_boolean(*(const bool *)at);
		break;
	}
	return json_object_set_new(object, part->name, value);
}

json_t *kt_test_monitor(const struct ktstr_test *test)
{
	struct ktstr_monitor_thresholds thresholds = KTSTR_MONITOR_THRESHOLDS();
	json_t *object = json_pack("{s:b}", "enforced",
				   test->monitor && test->monitor->filled);

	if (test->scheduler)
		lay(test->scheduler->monitor, &thresholds);
	lay(test->monitor, &thresholds);
	for (size_t i = 0; object && i < N_PARTS; i++) {
		if (add(object, &parts[i], &thresholds) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
