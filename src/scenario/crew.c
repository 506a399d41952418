// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/crew.h"

#include <string.h>

#include "base/cpulist.h"
#include "base/fd.h"
#include "base/strbuf.h"
#include "scenario/stage.h"
#include "workload/place.h"

static int crew_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "workers of a scenario");
}

void kt_crew_free(struct kt_crew *crew)
{
	kt_workers_free(crew->workers);
	kt_gate_free(crew->gate);
	free(crew->name);
	free(crew->cgroup);
	free(crew->affinity_cpus);
	free(crew->allowed);
	free(crew->excused);
	free(crew);
}
bool kt_crew_is_in(const struct kt_crew *crew, const char *path)
{
	return crew->cgroup && kt_group_is_below(crew->cgroup, path);
}

static void allow(cpu_set_t *set, const struct kt_bitmap *cpus)
{
	kt_bitmap_for_each (cpu, cpus) {
		if (cpu < CPU_SETSIZE)
			CPU_SET(cpu, set);
	}
}

/* A worker that changes its affinity itself is held to its cpuset alone. */
static bool crew_has_affinity(const struct kt_crew *crew)
{
	return crew->spec.affinity.kind != KTSTR_AFFINITY_INHERIT &&
	       crew->spec.work.kind != KTSTR_WORK_AFFINITY_CHURN;
}

/* The CPUs that worker `index` has been given now, beside all former ones. */
static int crew_allow_worker(struct kt_crew *crew, const struct kt_bitmap *cpus,
			     bool confined, uint32_t index,
			     struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap own = { 0 };
	cpu_set_t given, both, *set = &crew->allowed[index];
	int r;

	CPU_ZERO(&given);
	allow(&given, cpus);
	if (!crew_has_affinity(crew)) {
		/* Without a cpuset it may follow a CPU that comes online. */
		if (!confined)
			memset(set, 0xff, sizeof(*set));
		CPU_OR(set, set, &given);
		return 0;
	}
	r = kt_place_cpus(&crew->spec.affinity, cpus, index, &own, err);
	if (r < 0)
		return r;
	CPU_ZERO(&both);
	allow(&both, &own);
	CPU_AND(&both, &both, &given);
	/* The kernel gives it its whole cpuset where the two share nothing. */
	CPU_OR(set, set, CPU_COUNT(&both) ? &both : &given);
	return 0;
}

static int crew_allow(const struct kt_stage *stage, struct kt_crew *crew,
		      struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	bool confined = kt_stage_is_confined(stage, crew->cgroup);
	int r = kt_stage_cpus(stage, crew->cgroup, &cpus, err);

	for (uint32_t i = 0; r == 0 && i < crew->spec.workers; i++)
		r = crew_allow_worker(crew, &cpus, confined, i, err);
	return r;
}

static int crew_excuse(const struct kt_stage *stage, struct kt_crew *crew,
		       uint64_t began_ns, struct ktstr_error *err)
{
	bool frozen = kt_stage_is_frozen(stage, crew->cgroup);
	struct ktstr_window *grown;

	if (frozen == crew->is_excused)
		return 0;
	if (!frozen) {
		crew->excused[crew->n_excused - 1].to_ns = kt_now_ns();
		crew->is_excused = false;
		return 0;
	}
	grown = reallocarray(crew->excused, crew->n_excused + 1, sizeof(*grown));
	if (!grown)
		return crew_no_memory(err);
	crew->excused = grown;
	grown[crew->n_excused++] = (struct ktstr_window){ began_ns, UINT64_MAX };
	crew->is_excused = true;
	return 0;
}

static int crew_enter(const struct kt_stage *stage, struct kt_crew *crew,
		      struct ktstr_error *err)
{
	size_t n;
	const pid_t *pids = kt_workers_pids(crew->workers, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && crew->cgroup && i < n; i++)
		r = kt_cgroup_move(&stage->cgroups, crew->cgroup, pids[i], err);
	return r;
}

/* Where a list of CPUs was left open it is the cpuset, or what is usable. */
static int crew_close_affinity(const struct kt_stage *stage,
			       struct kt_crew *crew, struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int r;

	if (crew->spec.affinity.kind == KTSTR_AFFINITY_INHERIT ||
	    crew->spec.affinity.cpus)
		return 0;
	r = kt_stage_is_confined(stage, crew->cgroup) ?
		    kt_stage_cpus(stage, crew->cgroup, &cpus, err) :
		    kt_machine_usable(&stage->machine, &cpus, err);
	if (r < 0)
		return r;
	kt_cpulist_print(&text, &cpus);
	crew->affinity_cpus = kt_strbuf_steal(&text);
	crew->spec.affinity.cpus = crew->affinity_cpus;
	return crew->affinity_cpus ? 0 : crew_no_memory(err);
}

int kt_crew_start(struct kt_crew *crew, const struct kt_stage *stage,
		  struct kt_gate *gate, struct ktstr_error *err)
{
	int r = crew_close_affinity(stage, crew, err);

	if (r == 0)
		r = kt_workers_start(&crew->spec, gate, &crew->workers, err);
	if (r < 0)
		return r;
	crew->allowed = calloc(crew->spec.workers, sizeof(*crew->allowed));
	if (!crew->allowed)
		return crew_no_memory(err);
	r = crew_enter(stage, crew, err);
	return r < 0 ? r : crew_allow(stage, crew, err);
}

int kt_crew_note_change(struct kt_crew *crew, const struct kt_stage *stage,
			uint64_t began_ns, struct ktstr_error *err)
{
	int r = crew_excuse(stage, crew, began_ns, err);

	return r < 0 ? r : crew_allow(stage, crew, err);
}
