// SPDX-License-Identifier: GPL-2.0-only
#include "host/pinning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "host/hint.h"

/* One plan in the making. */
struct pinner {
	const struct kt_host_topology *host;
	const struct kt_topology *guest;
	uint32_t *chosen; /* by LLC of the guest: one of the host */
	bool *taken;      /* by LLC of the host */
	bool *busy;       /* by CPU of the host, as an index: has a vCPU */
};

static int pinning_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a plan of CPUs");
}

static void pinner_deinit(struct pinner *p)
{
	free(p->chosen);
	free(p->taken);
	free(p->busy);
}

void kt_pinning_deinit(struct kt_pinning *pinning)
{
	free(pinning->cpus);
	free(pinning->llcs);
	*pinning = (struct kt_pinning){ 0 };
}

int kt_pinning_check(const struct kt_host_topology *host,
		     const struct kt_topology *guest, struct ktstr_error *err)
{
	size_t n_llcs = KT_MIN((size_t)guest->n_llcs, host->n_llcs);
	size_t reserved = 0;

	for (size_t i = 0; i < n_llcs; i++)
		reserved += host->llcs[i].n_cpus;
	if (guest->n_llcs > host->n_llcs)
		return kt_err(err, -EBUSY,
			      "performance_mode: the guest has %u LLCs, each "
			      "of which needs one of the host's, and the host "
			      "has %zu" KT_HINT_NO_PERF,
			      guest->n_llcs, host->n_llcs);
	if (reserved + 1 > host->n_cpus)
		return kt_err(err, -EBUSY,
			      "performance_mode: needs %zu CPUs (%zu in %zu "
			      "LLC%s, and 1 for services), but the host has "
			      "only %zu" KT_HINT_NO_PERF,
			      reserved + 1, reserved, n_llcs,
			      n_llcs == 1 ? "" : "s", host->n_cpus);
	return 0;
}

uint32_t kt_pinning_slots(const struct kt_host_topology *host,
			  const struct kt_topology *guest)
{
	return KT_MAX((uint32_t)host->n_llcs / guest->n_llcs, 1u);
}

static bool suits(const struct pinner *p, uint32_t host_llc, uint32_t guest_llc)
{
	return !p->taken[host_llc] && p->host->llcs[host_llc].n_allowed >=
					      p->guest->llcs[guest_llc].n_cpus;
}

/* One LLC after the other, from `offset` on and around. */
static bool rotate(struct pinner *p, uint32_t offset)
{
	uint32_t n = (uint32_t)p->host->n_llcs;

	memset(p->taken, 0, n * sizeof(*p->taken));
	for (uint32_t i = 0; i < p->guest->n_llcs; i++) {
		uint32_t tried = 0, at = offset;

		while (tried < n && !suits(p, at % n, i)) {
			at++;
			tried++;
		}
		if (tried == n)
			return false;
		p->chosen[i] = at % n;
		p->taken[at % n] = true;
		offset = at + 1;
	}
	return true;
}

/* Takes what one node of the guest needs out of one of the host. */
static bool take_of_node(struct pinner *p, const struct kt_topology_node *wanted,
			 uint32_t host_node)
{
	uint32_t found = 0;

	for (uint32_t i = 0; found < wanted->n_llcs && i < p->host->n_llcs; i++) {
		uint32_t guest_llc = wanted->first_llc + found;

		if (p->host->llcs[i].node == host_node && suits(p, i, guest_llc))
			p->chosen[wanted->first_llc + found++] = i;
	}
	if (found < wanted->n_llcs)
		return false;
	for (uint32_t i = 0; i < found; i++)
		p->taken[p->chosen[wanted->first_llc + i]] = true;
	return true;
}

/* A node of the host for each of the guest; false undoes nothing. */
static bool lay_out_nodes(struct pinner *p, bool *used)
{
	for (uint32_t g = 0; g < p->guest->n_nodes; g++) {
		const struct kt_topology_node *wanted = &p->guest->nodes[g];
		uint32_t h = 0;

		while (h < p->host->n_nodes && wanted->n_llcs > 0 &&
		       (used[h] || !take_of_node(p, wanted, h)))
			h++;
		if (h == p->host->n_nodes)
			return false;
		used[h] |= wanted->n_llcs > 0;
	}
	return true;
}

/*
 * A slot gets what those before it would have left, so that as many as there
 * can be are disjoint; after the last of these it begins anew.
 */
static int map_nodes(struct pinner *p, uint32_t slot, bool *ret_mapped)
{
	size_t taken_bytes = p->host->n_llcs * sizeof(*p->taken);
	size_t used_bytes = p->host->n_nodes * sizeof(bool);
	_cleanup_free_ bool *used = malloc(used_bytes);

	if (!used)
		return -ENOMEM;
	*ret_mapped = true;
	memset(p->taken, 0, taken_bytes);
	for (uint32_t i = 0; i <= slot && *ret_mapped; i++) {
		memset(used, 0, used_bytes);
		*ret_mapped = lay_out_nodes(p, used);
		if (*ret_mapped)
			continue;
		memset(p->taken, 0, taken_bytes);
		memset(used, 0, used_bytes);
		*ret_mapped = i > 0 && lay_out_nodes(p, used);
	}
	return 0;
}

/* CPUs of the core at `at` that may be used; `ret_next`: behind the core. */
static uint32_t core_at(const struct pinner *p, uint32_t at, uint32_t end,
			uint32_t *ret_next)
{
	const struct kt_host_cpu *cpus = p->host->cpus;
	uint32_t allowed = 0, core = cpus[at].core;

	while (at < end && cpus[at].core == core)
		allowed += cpus[at++].allowed;
	*ret_next = at;
	return allowed;
}

static bool has_cores(const struct pinner *p,
		      const struct kt_topology_llc *wanted,
		      const struct kt_host_llc *given)
{
	uint32_t end = given->first_cpu + given->n_cpus, cores = 0;

	for (uint32_t at = given->first_cpu; at < end;)
		cores += core_at(p, at, end, &at) >= wanted->threads_per_core;
	return cores >= wanted->n_cores;
}

static void give(struct pinner *p, struct kt_pinning *ret, uint32_t vcpu,
		 uint32_t at)
{
	ret->cpus[vcpu] = p->host->cpus[at];
	p->busy[at] = true;
}

static void pin_cores(struct pinner *p, struct kt_pinning *ret,
		      const struct kt_topology_llc *wanted,
		      const struct kt_host_llc *given)
{
	uint32_t vcpu = wanted->first_cpu, end_vcpu = vcpu + wanted->n_cpus;
	uint32_t end = given->first_cpu + given->n_cpus, next;

	for (uint32_t at = given->first_cpu; vcpu < end_vcpu; at = next) {
		uint32_t left = wanted->threads_per_core;

		if (core_at(p, at, end, &next) < left)
			continue;
		for (uint32_t i = at; left > 0; i++) {
			if (!p->host->cpus[i].allowed)
				continue;
			give(p, ret, vcpu++, i);
			left--;
		}
	}
}

static void pin_in_line(struct pinner *p, struct kt_pinning *ret,
			const struct kt_topology_llc *wanted,
			const struct kt_host_llc *given)
{
	uint32_t vcpu = wanted->first_cpu, end = vcpu + wanted->n_cpus;

	for (uint32_t at = given->first_cpu; vcpu < end; at++) {
		if (p->host->cpus[at].allowed)
			give(p, ret, vcpu++, at);
	}
}

/* From worst to best, as a place for the threads that are no vCPUs. */
enum service_place {
	SERVICE_NOWHERE,
	SERVICE_BESIDE_VCPU, /* on a core that runs one */
	SERVICE_OUTSIDE,     /* in an LLC that is not ours */
	SERVICE_OWN_CORE,
};

static enum service_place judge_service(const struct pinner *p, uint32_t at)
{
	const struct kt_host_topology *host = p->host;
	const struct kt_host_cpu *cpu = &host->cpus[at];
	const struct kt_host_llc *llc = &host->llcs[cpu->llc];

	if (!cpu->allowed || p->busy[at])
		return SERVICE_NOWHERE;
	if (!p->taken[cpu->llc])
		return SERVICE_OUTSIDE;
	for (uint32_t i = 0; i < llc->n_cpus; i++) {
		uint32_t other = llc->first_cpu + i;

		if (p->busy[other] && host->cpus[other].core == cpu->core)
			return SERVICE_BESIDE_VCPU;
	}
	return SERVICE_OWN_CORE;
}

static int pick_service(const struct pinner *p, struct kt_pinning *ret,
			struct ktstr_error *err)
{
	enum service_place best = SERVICE_NOWHERE;

	for (uint32_t i = 0; i < p->host->n_cpus; i++) {
		enum service_place place = judge_service(p, i);

		if (place < best || place == SERVICE_NOWHERE)
			continue;
		best = place;
		ret->service = p->host->cpus[i];
	}
	if (best == SERVICE_NOWHERE)
		return kt_err(err, -EBUSY,
			      "performance_mode: %zu vCPUs leave none of the "
			      "%zu CPUs that this process may use for "
			      "services" KT_HINT_NO_PERF,
			      ret->n_vcpus, p->host->n_allowed);
	return 0;
}

/* Which of them `chosen` has; afterwards `taken` says the same. */
static void list_llcs(struct pinner *p, struct kt_pinning *ret)
{
	memset(p->taken, 0, p->host->n_llcs * sizeof(*p->taken));
	for (uint32_t i = 0; i < p->guest->n_llcs; i++)
		p->taken[p->chosen[i]] = true;
	for (uint32_t i = 0; i < p->host->n_llcs; i++) {
		if (p->taken[i])
			ret->llcs[ret->n_llcs++] = i;
	}
}

static int choose_llcs(struct pinner *p, uint32_t offset, struct ktstr_error *err)
{
	const struct kt_topology *guest = p->guest;
	bool mapped = false;

	if (guest->n_nodes > 1 &&
	    map_nodes(p, offset / guest->n_llcs, &mapped) < 0)
		return pinning_no_memory(err);
	if (mapped || rotate(p, offset))
		return 0;
	return kt_err(err, -EBUSY,
		      "performance_mode: the guest has %u LLCs of %u CPUs, and "
		      "the host has not as many LLCs with so many CPUs that "
		      "this process may use" KT_HINT_NO_PERF,
		      guest->n_llcs, guest->llcs[0].n_cpus);
}

int kt_pinning_plan(const struct kt_host_topology *host,
		    const struct kt_topology *guest, uint32_t offset,
		    struct kt_pinning *ret, struct ktstr_error *err)
{
	_cleanup_(pinner_deinit) struct pinner p = {
		.host = host,
		.guest = guest,
		.chosen = calloc(guest->n_llcs, sizeof(*p.chosen)),
		.taken = calloc(host->n_llcs, sizeof(*p.taken)),
		.busy = calloc(host->n_cpus, sizeof(*p.busy)),
	};
	_cleanup_pinning_ struct kt_pinning plan = {
		.cpus = calloc(guest->n_cpus, sizeof(*plan.cpus)),
		.n_vcpus = guest->n_cpus,
		.llcs = calloc(guest->n_llcs, sizeof(*plan.llcs)),
	};
	int r;

	if (!p.chosen || !p.taken || !p.busy || !plan.cpus || !plan.llcs)
		return pinning_no_memory(err);
	r = choose_llcs(&p, offset, err);
	if (r < 0)
		return r;
	list_llcs(&p, &plan);
	for (uint32_t i = 0; i < guest->n_llcs; i++) {
		const struct kt_topology_llc *wanted = &guest->llcs[i];
		const struct kt_host_llc *given = &host->llcs[p.chosen[i]];

		if (has_cores(&p, wanted, given))
			pin_cores(&p, &plan, wanted, given);
		else
			pin_in_line(&p, &plan, wanted, given);
	}
	r = pick_service(&p, &plan, err);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct kt_pinning){ 0 };
	return 0;
}

int kt_pinning_nodes(const struct kt_pinning *pinning,
		     const struct kt_host_topology *host,
		     const struct kt_topology *guest, struct kt_bitmap *nodes)
{
	for (uint32_t vcpu = 0; vcpu < pinning->n_vcpus; vcpu++) {
		uint32_t node = kt_topology_cpu(guest, vcpu).node;
		uint32_t on = host->nodes[pinning->cpus[vcpu].node].id;
		int r = kt_bitmap_set(&nodes[node], on);

		if (r < 0)
			return r;
	}
	return 0;
}
