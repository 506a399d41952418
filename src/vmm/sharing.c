// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/sharing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/affinity.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "host/capacity.h"

/* Room for more CPUs than any kernel is built for. */
#define AFFINITY_CPUS_MAX 65536u

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

int kt_sharing_wish(bool performance_mode, bool no_perf_mode, uint32_t cpu_cap,
		    struct kt_sharing_wish *ret, struct ktstr_error *err)
{
	struct kt_sharing_wish wish = { .cpu_cap = KT_BUDGET_NO_CAP };
	int r;

	if (no_perf_mode || is_set("KTSTR_NO_PERF_MODE"))
		wish.mode = KT_SHARING_NO_PERF;
	else if (performance_mode)
		wish.mode = KT_SHARING_PERFORMANCE;
	r = kt_budget_cap(
		cpu_cap,
		wish.mode == KT_SHARING_NO_PERF ? getenv("KTSTR_CPU_CAP") : NULL,
		&wish.cpu_cap, err);
	if (r < 0)
		return r;
	if (wish.mode != KT_SHARING_NO_PERF && cpu_cap != KT_BUDGET_NO_CAP)
		return kt_err(err, -EINVAL,
			      "cpu_cap is %u, but only no-perf mode has a "
			      "budget of CPUs: set no_perf_mode (--no-perf-"
			      "mode) as well",
			      cpu_cap);
	wish.bypass = wish.mode == KT_SHARING_NO_PERF &&
		      is_set("KTSTR_BYPASS_LLC_LOCKS");
	if (wish.bypass && wish.cpu_cap != KT_BUDGET_NO_CAP)
		return kt_err(err, -EINVAL,
			      "no-perf mode: a cap of %u CPUs (cpu_cap, --cpu-"
			      "cap or KTSTR_CPU_CAP) is a resource contract, "
			      "and KTSTR_BYPASS_LLC_LOCKS is set, which makes "
			      "none: drop one of the two",
			      wish.cpu_cap);
	*ret = wish;
	return 0;
}

static void warn_of_hugepages(const struct kt_sharing *s, uint32_t memory_mib)
{
	uint64_t needed = kt_hugepages_needed(memory_mib);
	struct kt_hugepages pages;

	if (!memory_mib)
		return;
	kt_hugepages_read(&pages);
	if (pages.free == 0)
		kt_warn(s->log,
			"performance_mode: there are no free hugepages of 2 "
			"MiB, so the guest's memory gets ordinary pages");
	else if (pages.free < needed)
		kt_warn(s->log,
			"performance_mode: the guest's memory needs %llu "
			"hugepages of 2 MiB, and %llu are free: it gets "
			"ordinary pages",
			(unsigned long long)needed,
			(unsigned long long)pages.free);
}

static void warn_of_load(const struct kt_sharing *s)
{
	uint32_t running, limit = s->n_vcpus / 2;

	if (kt_running_tasks(&running) && running > limit)
		kt_warn(s->log,
			"performance_mode: %u tasks are running on %zu CPUs, "
			"more than half of the %u vCPUs: results may be noisy",
			running, s->host->n_cpus, s->n_vcpus);
}

static int plan_performance(struct kt_sharing *s, const struct kt_topology *guest,
			    uint32_t memory_mib, struct ktstr_error *err)
{
	int r = kt_host_topology_read_whole(&s->host, err);

	if (r < 0)
		return kt_err_context(err, r, "performance_mode");
	r = kt_reserve_pinning(s->host, guest, &s->pinning, &s->locks, err);
	kt_locks_drop(&s->locks);
	if (r < 0)
		return r;
	s->nodes = calloc(guest->n_nodes, sizeof(*s->nodes));
	s->n_nodes = guest->n_nodes;
	if (!s->nodes ||
	    kt_pinning_nodes(&s->pinning, s->host, guest, s->nodes) < 0)
		return kt_err_errno(err, -ENOMEM, "no memory for %u nodes",
				    guest->n_nodes);
	warn_of_hugepages(s, memory_mib);
	warn_of_load(s);
	s->fifo = kt_may_use_fifo();
	if (!s->fifo)
		kt_warn(s->log,
			"performance_mode: no right to SCHED_FIFO, so other "
			"programs may run on the vCPUs' CPUs; \"ktstr host\" "
			"tells how to get it");
	return 0;
}

static void warn_of_spill(const struct kt_sharing *s)
{
	const struct kt_budget_plan *plan = &s->budget;
	_cleanup_strbuf_ struct kt_strbuf nodes = { 0 };

	if (plan->n_nodes < 2)
		return;
	for (size_t i = 0; i < plan->n_nodes; i++)
		kt_strbuf_addf(&nodes, "%s%u", i ? ", " : "",
			       s->host->nodes[plan->nodes[i]].id);
	kt_warn(s->log,
		"no-perf mode: a budget of %zu CPUs is spread over the nodes "
		"%s, and memory will be far from some of them",
		plan->n_cpus, kt_strbuf_text(&nodes));
}

static int plan_budget(struct kt_sharing *s, struct ktstr_error *err)
{
	struct ktstr_error why = { 0 };
	int r;

	if (s->wish.bypass)
		return 0;
	r = kt_host_topology_read_whole(&s->host, &why);
	if (r < 0 && s->wish.cpu_cap != KT_BUDGET_NO_CAP)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, r,
				   "a cap of %u CPUs cannot be kept, since the "
				   "host's LLCs are not known: %s; without a "
				   "cap the guest runs anyway",
				   s->wish.cpu_cap, why.message);
	if (r < 0) {
		kt_warn(s->log,
			"no-perf mode: the host's LLCs are not known (%s), so "
			"no CPUs are reserved, and runs in performance mode "
			"will not keep away from this one",
			why.message);
		return 0;
	}
	r = kt_reserve_budget(s->host, s->wish.cpu_cap, &s->budget, &s->locks,
			      err);
	kt_locks_drop(&s->locks);
	if (r == 0)
		warn_of_spill(s);
	return r;
}

int kt_sharing_plan(struct kt_sharing *sharing,
		    const struct kt_sharing_wish *wish,
		    const struct kt_topology *guest, uint32_t memory_mib,
		    const struct ktstr_log *log, struct ktstr_error *err)
{
	sharing->wish = *wish;
	sharing->log = log;
	sharing->n_vcpus = guest->n_cpus;
	switch (wish->mode) {
	case KT_SHARING_PERFORMANCE:
		return plan_performance(sharing, guest, memory_mib, err);
	case KT_SHARING_NO_PERF:
		return plan_budget(sharing, err);
	case KT_SHARING_DEFAULT:
		break;
	}
	(void)kt_host_topology_read_whole(&sharing->host, NULL);
	return 0;
}

void kt_sharing_deinit(struct kt_sharing *sharing)
{
	kt_sharing_leave(sharing);
	kt_sharing_drop(sharing);
	for (uint32_t i = 0; sharing->nodes && i < sharing->n_nodes; i++)
		kt_bitmap_deinit(&sharing->nodes[i]);
	free(sharing->nodes);
	kt_pinning_deinit(&sharing->pinning);
	kt_budget_plan_deinit(&sharing->budget);
	kt_host_topology_free(sharing->host);
	memset(sharing, 0, sizeof(*sharing));
}

/* The plan is as good as another of so many CPUs: nothing else hangs on it. */
static int take_budget(struct kt_sharing *s, struct ktstr_error *err)
{
	struct kt_budget_plan other = { 0 };
	int r = kt_reserve_budget_again(&s->budget, &s->locks, err);

	if (r != -EBUSY)
		return r;
	r = kt_reserve_budget(s->host, s->wish.cpu_cap, &other, &s->locks, err);
	if (r < 0)
		return r;
	kt_budget_plan_deinit(&s->budget);
	s->budget = other;
	return 0;
}

/*
 * In an emulated machine it goes without saying that CPUs are few. A host where
 * locks cannot be had at all is one where nobody has any.
 */
static int take_window(struct kt_sharing *s, struct ktstr_error *err)
{
	struct ktstr_error why = { 0 };
	int r = kt_reserve_window(s->host, s->n_vcpus, s->wish.share_when_busy,
				  &s->window, &s->locks, &why);

	if (r == -EBUSY)
		return kt_err(err, r, "%s", why.message);
	if (r < 0)
		kt_warn(s->log, "no CPUs are reserved for the guest: %s",
			why.message);
	else if (s->n_vcpus > s->host->n_allowed)
		kt_log(s->log,
		       is_set("KTSTR_NESTED") ? KTSTR_LOG_DEBUG :
						KTSTR_LOG_WARNING,
		       "the guest has %u vCPUs and the host %zu CPUs, which "
		       "they share: its CPUs will wait for each other",
		       s->n_vcpus, s->host->n_allowed);
	return 0;
}

int kt_sharing_take(struct kt_sharing *sharing, struct ktstr_error *err)
{
	if (!sharing->host)
		return 0;
	switch (sharing->wish.mode) {
	case KT_SHARING_PERFORMANCE:
		return kt_reserve_pinning_again(&sharing->pinning,
						&sharing->locks, err);
	case KT_SHARING_NO_PERF:
		return take_budget(sharing, err);
	case KT_SHARING_DEFAULT:
		break;
	}
	return take_window(sharing, err);
}

void kt_sharing_drop(struct kt_sharing *sharing)
{
	kt_locks_drop(&sharing->locks);
	kt_share_deinit(&sharing->window);
}

/* Once for all threads: the run goes on, only not as was promised. */
static void complain(struct kt_sharing *s, const char *what, int error)
{
	if (!atomic_exchange(&s->complained, true))
		kt_warn(s->log, "the guest's threads cannot be placed: %s: %s",
			what, strerror(error));
}

/* A pretended host has CPUs that are not there. */
static bool has_places(const struct kt_sharing *s)
{
	return s->host && !s->host->pretended;
}

static void set_cpus(struct kt_sharing *s, const struct kt_host_cpu *cpus,
		     size_t n)
{
	size_t bytes = CPU_ALLOC_SIZE(AFFINITY_CPUS_MAX);
	cpu_set_t *set;

	if (n == 0)
		return;
	set = CPU_ALLOC(AFFINITY_CPUS_MAX);
	if (!set) {
		complain(s, "affinity", ENOMEM);
		return;
	}
	CPU_ZERO_S(bytes, set);
	for (size_t i = 0; i < n; i++)
		CPU_SET_S(cpus[i].id, bytes, set);
	if (sched_setaffinity(0, bytes, set) < 0)
		complain(s, "affinity", errno);
	CPU_FREE(set);
}

static void set_fifo(struct kt_sharing *s, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	if (s->fifo && sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		complain(s, "SCHED_FIFO", errno);
}

void kt_sharing_enter(struct kt_sharing *sharing)
{
	if (!has_places(sharing) || sharing->wish.mode == KT_SHARING_DEFAULT)
		return;
	sharing->old_cpus_bytes = CPU_ALLOC_SIZE(AFFINITY_CPUS_MAX);
	sharing->old_cpus = CPU_ALLOC(AFFINITY_CPUS_MAX);
	if (!sharing->old_cpus)
		return;
	/* What the kernel does not write would be put back as it is. */
	CPU_ZERO_S(sharing->old_cpus_bytes, sharing->old_cpus);
	sharing->old_policy = sched_getscheduler(0);
	if (sharing->old_policy < 0 ||
	    sched_getparam(0, &sharing->old_param) < 0 ||
	    sched_getaffinity(0, sharing->old_cpus_bytes, sharing->old_cpus) < 0) {
		CPU_FREE(sharing->old_cpus);
		sharing->old_cpus = NULL;
		return;
	}
	sharing->entered = true;
	if (kt_sharing_is_performance(sharing)) {
		set_cpus(sharing, &sharing->pinning.service, 1);
		set_fifo(sharing, KT_PRIORITY_SERVICE);
	} else {
		set_cpus(sharing, sharing->budget.cpus, sharing->budget.n_cpus);
	}
}

void kt_sharing_leave(struct kt_sharing *sharing)
{
	if (!sharing->entered)
		return;
	sharing->entered = false;
	(void)sched_setscheduler(0, sharing->old_policy, &sharing->old_param);
	(void)sched_setaffinity(0, sharing->old_cpus_bytes, sharing->old_cpus);
	CPU_FREE(sharing->old_cpus);
	sharing->old_cpus = NULL;
}

void kt_sharing_place_vcpu(struct kt_sharing *sharing, uint32_t vcpu)
{
	if (!has_places(sharing))
		return;
	switch (sharing->wish.mode) {
	case KT_SHARING_PERFORMANCE:
		set_cpus(sharing, &sharing->pinning.cpus[vcpu], 1);
		set_fifo(sharing, KT_PRIORITY_VCPU);
		break;
	case KT_SHARING_NO_PERF:
		set_cpus(sharing, sharing->budget.cpus, sharing->budget.n_cpus);
		break;
	case KT_SHARING_DEFAULT:
		if (sharing->window.exclusive)
			set_cpus(sharing, sharing->window.cpus,
				 sharing->window.n_cpus);
		break;
	}
}

uint32_t kt_sharing_cpus(const struct kt_sharing *sharing)
{
	if (kt_sharing_is_performance(sharing))
		return sharing->n_vcpus;
	if (sharing->budget.n_cpus && has_places(sharing))
		return (uint32_t)sharing->budget.n_cpus;
	return kt_allowed_cpus();
}
