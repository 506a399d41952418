// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/domains.h"

/* As /proc/schedstat prints them, by idle type, and then those of all. */
static const enum kt_layout_id by_idle[] = {
	KT_SD_LB_COUNT,
	KT_SD_LB_BALANCED,
	KT_SD_LB_FAILED,
	KT_SD_LB_IMBALANCE_LOAD,
	KT_SD_LB_IMBALANCE_UTIL,
	KT_SD_LB_IMBALANCE_TASK,
	KT_SD_LB_IMBALANCE_MISFIT,
	KT_SD_LB_GAINED,
	KT_SD_LB_HOT_GAINED,
	KT_SD_LB_NOBUSYQ,
	KT_SD_LB_NOBUSYG,
};
static const enum kt_layout_id others[] = {
	KT_SD_ALB_COUNT,        KT_SD_ALB_FAILED,       KT_SD_ALB_PUSHED,
	KT_SD_SBE_COUNT,        KT_SD_SBE_BALANCED,     KT_SD_SBE_PUSHED,
	KT_SD_SBF_COUNT,        KT_SD_SBF_BALANCED,     KT_SD_SBF_PUSHED,
	KT_SD_TTWU_WAKE_REMOTE, KT_SD_TTWU_MOVE_AFFINE, KT_SD_TTWU_MOVE_BALANCE,
};

_Static_assert(KT_ARRAY_SIZE(by_idle) * KTSTR_IDLE_TYPES + KT_ARRAY_SIZE(others) ==
		       KTSTR_DOMAIN_STATS,
	       "as many as the kernel prints");

/* One of an array of three; a kernel of before has it under another name. */
static int take_stat(struct kt_guest_kernel *kernel, uint64_t domain,
		     enum kt_layout_id id, uint32_t index, uint32_t *ret)
{
	const struct kt_member *member = &kernel->layout->member[id];
	uint32_t bytes = kt_member_bytes(member);

	if (!kernel->layout->has[id] || bytes < (index + 1) * sizeof(uint32_t))
		return -ENOENT;
	return kt_view_u32(&kernel->view,
			   domain + kt_member_offset(member) +
				   index * sizeof(uint32_t),
			   ret);
}

static int take_stats(struct kt_guest_kernel *kernel, uint64_t domain,
		      uint32_t ret[KTSTR_DOMAIN_STATS])
{
	size_t n = 0;

	for (uint32_t idle = 0; idle < KTSTR_IDLE_TYPES; idle++) {
		for (size_t i = 0; i < KT_ARRAY_SIZE(by_idle); i++) {
			int r = take_stat(kernel, domain, by_idle[i], idle,
					  &ret[n++]);

			if (r)
				return r;
		}
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(others); i++) {
		int r = take_stat(kernel, domain, others[i], 0, &ret[n++]);

		if (r)
			return r;
	}
	return 0;
}

static int get32(struct kt_guest_kernel *kernel, uint64_t domain,
		 enum kt_layout_id id, uint32_t *ret)
{
	uint64_t value;
	int r = kt_guest_kernel_get(kernel, domain, id, &value);

	if (!r)
		*ret = (uint32_t)value;
	return r;
}

static int take_newidle(struct kt_guest_kernel *kernel, uint64_t domain,
			struct ktstr_sched_domain *ret)
{
	int r = get32(kernel, domain, KT_SD_NEWIDLE_CALL, &ret->newidle_call);

	return r ? r :
		   get32(kernel, domain, KT_SD_NEWIDLE_SUCCESS,
			 &ret->newidle_success);
}

static int take_domain(struct kt_guest_kernel *kernel, uint64_t domain,
		       struct ktstr_sched_domain *ret)
{
	const struct {
		enum kt_layout_id id;
		uint32_t *value;
	} parts[] = {
		{ KT_SD_FLAGS, &ret->flags },
		{ KT_SD_LEVEL, &ret->level },
		{ KT_SD_SPAN_WEIGHT, &ret->span_weight },
		{ KT_SD_BALANCE_INTERVAL, &ret->balance_interval },
		{ KT_SD_NR_BALANCE_FAILED, &ret->nr_balance_failed },
	};
	uint64_t name;
	int r = kt_guest_kernel_get(kernel, domain, KT_SD_NAME, &name);

	if (!r)
		r = kt_view_text(&kernel->view, name, ret->name,
				 sizeof(ret->name));
	for (size_t i = 0; !r && i < KT_ARRAY_SIZE(parts); i++)
		r = get32(kernel, domain, parts[i].id, parts[i].value);
	if (!r)
		r = kt_guest_kernel_get(kernel, domain, KT_SD_MAX_NEWIDLE_LB_COST,
					&ret->max_newidle_lb_cost_ns);
	if (r)
		return r;
	r = take_newidle(kernel, domain, ret);
	ret->has_newidle = r == 0;
	if (r && r != -ENOENT)
		return r;
	r = take_stats(kernel, domain, ret->stats);
	ret->has_stats = r == 0;
	return r == -ENOENT ? 0 : r;
}

int kt_domains_take(struct kt_guest_kernel *kernel, uint32_t cpu,
		    struct ktstr_sched_domain ret[KT_DOMAINS_MAX],
		    uint32_t *ret_n)
{
	uint64_t rq = kt_guest_kernel_per_cpu(
		kernel, kernel->symbols.address[KT_SYMBOL_RUNQUEUES], cpu);
	uint32_t n = 0, weight = 0;
	uint64_t domain;
	int r = kt_guest_kernel_get(kernel, rq, KT_RQ_SD, &domain);

	while (!r && domain) {
		if (n == KT_DOMAINS_MAX)
			return -ERANGE;
		memset(&ret[n], 0, sizeof(ret[n]));
		r = take_domain(kernel, domain, &ret[n]);
		if (!r && (ret[n].span_weight < weight || !ret[n].span_weight ||
			   ret[n].span_weight > kernel->n_cpus))
			return -ERANGE;
		if (!r)
			weight = ret[n++].span_weight;
		if (!r)
			r = kt_guest_kernel_get(kernel, domain, KT_SD_PARENT,
						&domain);
	}
	if (!r)
		*ret_n = n;
	return r;
}
