// SPDX-License-Identifier: GPL-2.0-only
#include "host/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "host/hint.h"

/* An LLC that may be taken, and what speaks for it. */
struct offer {
	uint32_t llc;
	uint32_t n_shared;
	uint32_t node;
	uint32_t distance; /* of its node from the first one's */
};

static int budget_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a budget of CPUs");
}

void kt_budget_plan_deinit(struct kt_budget_plan *plan)
{
	free(plan->cpus);
	free(plan->llcs);
	free(plan->nodes);
	*plan = (struct kt_budget_plan){ 0 };
}

uint32_t kt_budget_default(const struct kt_host_topology *host)
{
	return KT_MAX((uint32_t)((host->n_allowed * 3 + 9) / 10), 1u);
}

static int cap_zero(const char *source, struct ktstr_error *err)
{
	return kt_err(err, -EINVAL,
		      "%s is 0; it is how many CPUs to use, and at least 1",
		      source);
}

int kt_budget_cap(uint32_t cap, const char *environment, uint32_t *ret,
		  struct ktstr_error *err)
{
	unsigned long long value;
	char *end;

	*ret = cap;
	if (cap == 0)
		return cap_zero("the CPU cap", err);
	if (cap != KT_BUDGET_NO_CAP || !environment || !*environment)
		return 0;
	errno = 0;
	value = strtoull(environment, &end, 10);
	if (*environment < '0' || *environment > '9' || *end || errno ||
	    value >= KT_BUDGET_NO_CAP)
		return kt_err(err, -EINVAL,
			      "KTSTR_CPU_CAP is \"%s\", which is no number of "
			      "CPUs",
			      environment);
	if (value == 0)
		return cap_zero("KTSTR_CPU_CAP", err);
	*ret = (uint32_t)value;
	return 0;
}

static int by_holders(const void *a, const void *b)
{
	const struct offer *one = a, *other = b;

	if (one->n_shared != other->n_shared)
		return one->n_shared > other->n_shared ? -1 : 1;
	return one->llc < other->llc ? -1 : one->llc > other->llc;
}

static int by_node(const void *a, const void *b)
{
	const struct offer *one = a, *other = b;

	if (one->distance != other->distance)
		return one->distance < other->distance ? -1 : 1;
	if (one->node != other->node)
		return one->node < other->node ? -1 : 1;
	return by_holders(a, b);
}

/* In the order in which they are to be taken. */
static size_t make_offers(const struct kt_host_topology *host,
			  const struct kt_llc_use *use, struct offer *offers)
{
	size_t n = 0;

	for (uint32_t i = 0; i < host->n_llcs; i++) {
		if (host->llcs[i].n_allowed == 0 || (use && use[i].exclusive))
			continue;
		offers[n++] = (struct offer){
			.llc = i,
			.n_shared = use ? use[i].n_shared : 0,
			.node = host->llcs[i].node,
		};
	}
	if (n == 0)
		return 0;
	qsort(offers, n, sizeof(*offers), by_holders);
	for (size_t i = 0; i < n; i++)
		offers[i].distance =
			offers[i].node == offers[0].node ?
				0 :
				kt_host_distance(host, offers[0].node,
						 offers[i].node);
	qsort(offers, n, sizeof(*offers), by_node);
	return n;
}

/* The first `want` of its CPUs that may be used. */
static uint32_t take_cpus(const struct kt_host_topology *host, uint32_t llc,
			  uint32_t want, bool *taken)
{
	const struct kt_host_llc *from = &host->llcs[llc];
	uint32_t got = 0;

	for (uint32_t i = 0; got < want && i < from->n_cpus; i++) {
		uint32_t at = from->first_cpu + i;

		if (!host->cpus[at].allowed)
			continue;
		taken[at] = true;
		got++;
	}
	return got;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

static void list_cpus(const struct kt_host_topology *host, const bool *taken,
		      struct kt_budget_plan *plan)
{
	for (size_t i = 0; i < host->n_cpus; i++) {
		uint32_t node = host->cpus[i].node;
		size_t at = 0;

		if (!taken[i])
			continue;
		plan->cpus[plan->n_cpus++] = host->cpus[i];
		while (at < plan->n_nodes && plan->nodes[at] != node)
			at++;
		if (at == plan->n_nodes)
			plan->nodes[plan->n_nodes++] = node;
	}
	qsort(plan->llcs, plan->n_llcs, sizeof(*plan->llcs), compare_u32);
	qsort(plan->nodes, plan->n_nodes, sizeof(*plan->nodes), compare_u32);
}

static int too_small(const struct kt_host_topology *host, uint32_t budget,
		     uint32_t missing, struct ktstr_error *err)
{
	if (budget > host->n_allowed)
		return kt_err(err, -EBUSY,
			      "a budget of %u CPUs is more than the %zu that "
			      "this process may use" KT_HINT_CAP,
			      budget, host->n_allowed);
	return kt_err(err, -EBUSY,
		      "a budget of %u CPUs needs %u more than are left: other "
		      "runs have their LLCs alone" KT_HINT_HOLDERS,
		      budget, missing);
}

int kt_budget_plan(const struct kt_host_topology *host, uint32_t cap,
		   const struct kt_llc_use *use, struct kt_budget_plan *ret,
		   struct ktstr_error *err)
{
	uint32_t budget = cap == KT_BUDGET_NO_CAP ? kt_budget_default(host) : cap;
	uint32_t missing = budget;
	_cleanup_free_ struct offer *offers =
		calloc(host->n_llcs, sizeof(*offers));
	_cleanup_free_ bool *taken = calloc(host->n_cpus, sizeof(*taken));
	_cleanup_budget_plan_ struct kt_budget_plan plan = {
		.cpus = calloc(host->n_cpus, sizeof(*plan.cpus)),
		.llcs = calloc(host->n_llcs, sizeof(*plan.llcs)),
		.nodes = calloc(host->n_nodes, sizeof(*plan.nodes)),
	};
	size_t n_offers;

	if (!offers || !taken || !plan.cpus || !plan.llcs || !plan.nodes)
		return budget_no_memory(err);
	n_offers = make_offers(host, use, offers);
	for (size_t i = 0; missing > 0 && i < n_offers; i++) {
		missing -= take_cpus(host, offers[i].llc, missing, taken);
		plan.llcs[plan.n_llcs++] = offers[i].llc;
	}
	if (missing > 0)
		return too_small(host, budget, missing, err);
	list_cpus(host, taken, &plan);
	*ret = plan;
	plan = (struct kt_budget_plan){ 0 };
	return 0;
}
