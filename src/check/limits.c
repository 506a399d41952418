// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "check/judge.h"

static const struct ktstr_check_limits defaults = {
	.not_stuck = true,
	.isolation = true,
	.max_gap_ms = 2000,
	.max_spread_pct = 15,
	.max_throughput_cv = INFINITY,
	.max_p99_wake_latency_ns = INFINITY,
	.max_wake_latency_cv = INFINITY,
	.max_migration_ratio = INFINITY,
	.max_cross_node_migration_ratio = INFINITY,
};

static int lay_limit(const struct ktstr_checks *layer, size_t offset,
		     const char *name, struct ktstr_check_limits *limits,
		     struct ktstr_error *err)
{
	const char *zero = (const char *)&layer->over_zero + offset;
	const char *one = (const char *)&layer->over_one + offset;
	double value;

	if (memcmp(zero, one, sizeof(value)) != 0)
		return 0;
	memcpy(&value, zero, sizeof(value));
	if (isnan(value) || value < 0)
		return kt_err(err, -EINVAL,
			      "%s = %g is no limit: give a number from 0 up, "
			      "or INFINITY",
			      name, value);
	memcpy((char *)limits + offset, &value, sizeof(value));
	return 0;
}

static void lay_flag(const struct ktstr_checks *layer, size_t offset,
		     struct ktstr_check_limits *limits)
{
	const bool *zero =
		(const void *)((const char *)&layer->over_zero + offset);
	const bool *one = (const void *)((const char *)&layer->over_one + offset);

	if (*zero == *one)
		memcpy((char *)limits + offset, zero, sizeof(*zero));
}

static int lay(const struct ktstr_checks *layer,
	       struct ktstr_check_limits *limits, struct ktstr_error *err)
{
	int r = lay_limit(layer, offsetof(struct ktstr_check_limits, max_gap_ms),
			  "max_gap_ms", limits, err);

	for (size_t i = 0; r == 0 && i < KTSTR_N_CHECKS; i++) {
		const struct kt_check_info *info = &kt_check_table[i];

		if (info->kind == KT_CHECK_FLAG)
			lay_flag(layer, info->offset, limits);
		else
			r = lay_limit(layer, info->offset, info->name, limits,
				      err);
	}
	return r;
}

int ktstr_checks_resolve(const struct ktstr_checks *const *layers,
			 size_t n_layers, struct ktstr_check_limits *ret,
			 struct ktstr_error *err)
{
	struct ktstr_check_limits limits = defaults;

	for (size_t i = 0; i < n_layers; i++) {
		int r = 0;

		if (layers[i] && layers[i]->filled)
			r = lay(layers[i], &limits, err);

		if (r < 0)
			return r;
	}
	*ret = limits;
	return 0;
}
