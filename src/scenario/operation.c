// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/operation.h"

#include <sched.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/fd.h"
#include "base/macro.h"
#include "scenario/cpuset.h"
#include "scenario/hotplug.h"
#include "scenario/stage_payload.h"
#include "workload/place.h"

#define OPERATION_FREEZE_MS 10000

static int op_add(struct kt_stage *stage, const struct ktstr_operation *op,
		  struct ktstr_error *err)
{
	if (!op->group)
		return kt_err(err, -EINVAL, "no cgroup is declared");
	return kt_stage_add(stage, op->group, 1, err);
}

static int op_find(const struct kt_stage *stage, const struct ktstr_operation *op,
		   struct kt_group **ret, struct ktstr_error *err)
{
	return kt_stage_find(stage, op->cgroup, ret, err);
}

static int op_remove(struct kt_stage *stage, const struct ktstr_operation *op,
		     struct ktstr_error *err)
{
	struct kt_group *group;
	int r = op_find(stage, op, &group, err);

	return r < 0 ? r : kt_stage_remove(stage, op->cgroup, err);
}

static int op_stop(struct kt_stage *stage, const struct ktstr_operation *op,
		   struct ktstr_error *err)
{
	struct kt_group *group;
	int r = op_find(stage, op, &group, err);

	return r < 0 ? r : kt_stage_stop(stage, op->cgroup, err);
}

static int op_set_cpuset(struct kt_stage *stage, const struct ktstr_operation *op,
			 struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	struct kt_group *group;
	int r = op_find(stage, op, &group, err);

	if (r == 0)
		r = kt_cpuset_resolve(&op->cpus, &stage->machine, &cpus, err);
	return r < 0 ? r : kt_stage_set_cpuset(stage, group, &cpus, err);
}

static int op_clear_cpuset(struct kt_stage *stage,
			   const struct ktstr_operation *op,
			   struct ktstr_error *err)
{
	const struct kt_bitmap none = { 0 };
	struct kt_group *group;
	int r = op_find(stage, op, &group, err);

	return r < 0 ? r : kt_stage_set_cpuset(stage, group, &none, err);
}

static int op_swap_cpusets(struct kt_stage *stage,
			   const struct ktstr_operation *op,
			   struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap former = { 0 };
	struct kt_group *group, *other;
	int r = op_find(stage, op, &group, err);

	if (r == 0)
		r = kt_stage_find(stage, op->other, &other, err);
	if (r < 0)
		return r;
	kt_bitmap_for_each (cpu, &group->cpus) {
		if (kt_bitmap_set(&former, cpu) < 0)
			return kt_err_errno(err, -ENOMEM, "a cpuset");
	}
	r = kt_stage_set_cpuset(stage, group, &other->cpus, err);
	return r < 0 ? r : kt_stage_set_cpuset(stage, other, &former, err);
}

static int op_spawn(struct kt_stage *stage, const struct ktstr_operation *op,
		    struct ktstr_error *err)
{
	if (!op->workers)
		return kt_err(err, -EINVAL, "no workers are declared");
	return kt_stage_spawn(stage, op->cgroup, op->workers, err);
}

/* One that has died says so in its report. */
static int op_place(pid_t pid, const struct kt_bitmap *cpus,
		    struct ktstr_error *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	kt_bitmap_for_each (cpu, cpus) {
		if (cpu < CPU_SETSIZE)
			CPU_SET(cpu, &set);
	}
	if (sched_setaffinity(pid, sizeof(set), &set) < 0 && errno != ESRCH)
		return kt_err_errno(err, -errno,
				    "CPUs for worker %d, of which at least one "
				    "must be online and in its cpuset",
				    (int)pid);
	return 0;
}

static int op_affinity_of_crew(struct kt_stage *stage, struct kt_crew *crew,
			       const struct ktstr_affinity *affinity,
			       struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap group = { 0 };
	struct ktstr_workers changed = crew->spec;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	const pid_t *pids;
	size_t n;
	int r;

	changed.affinity = *affinity;
	r = kt_place_check(&changed, err);
	if (r == 0)
		r = kt_stage_cpus(stage, crew->cgroup, &group, err);
	if (r < 0)
		return r;
	pids = kt_workers_pids(crew->workers, &n);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		_cleanup_bitmap_ struct kt_bitmap own = { 0 };

		if (affinity->kind == KTSTR_AFFINITY_INHERIT)
			r = op_place(pids[i], &group, err);
		else
			r = kt_place_cpus(affinity, &group, i, &own, err);
		if (r == 0 && affinity->kind != KTSTR_AFFINITY_INHERIT)
			r = op_place(pids[i], &own, err);
	}
	if (r < 0)
		return r;
	/* The list that was meant now, whatever its cpuset will be. */
	if (affinity->kind != KTSTR_AFFINITY_INHERIT && !affinity->cpus) {
		kt_cpulist_print(&text, &group);
		free(crew->affinity_cpus);
		crew->affinity_cpus = kt_strbuf_steal(&text);
		changed.affinity.cpus = crew->affinity_cpus;
		if (!crew->affinity_cpus)
			return kt_err_errno(err, -ENOMEM, "a list of CPUs");
	}
	crew->spec.affinity = changed.affinity;
	return 0;
}

static int op_set_affinity(struct kt_stage *stage,
			   const struct ktstr_operation *op,
			   struct ktstr_error *err)
{
	struct kt_group *group;
	int r = op_find(stage, op, &group, err);

	for (size_t i = 0; r == 0 && i < stage->n_crews; i++) {
		struct kt_crew *crew = stage->crews[i];

		if (!crew->stopped && kt_crew_is_in(crew, op->cgroup))
			r = op_affinity_of_crew(stage, crew, &op->affinity, err);
	}
	return r;
}

static int op_move_crew(struct kt_stage *stage, struct kt_crew *crew,
			const char *to, struct ktstr_error *err)
{
	_cleanup_free_ char *cgroup = strdup(to);
	const pid_t *pids;
	size_t n;

	if (!cgroup)
		return kt_err_errno(err, -ENOMEM, "cgroup %s", to);
	pids = kt_workers_pids(crew->workers, &n);
	for (size_t i = 0; i < n; i++) {
		int r = kt_cgroup_move(&stage->cgroups, to, pids[i], err);

		if (r < 0 && r != -ESRCH)
			return r;
	}
	free(crew->cgroup);
	crew->cgroup = TAKE_PTR(cgroup);
	return 0;
}

static int op_move_tasks(struct kt_stage *stage, const struct ktstr_operation *op,
			 struct ktstr_error *err)
{
	struct kt_group *from, *to;
	int r = op_find(stage, op, &from, err);

	if (r == 0)
		r = kt_stage_find(stage, op->other, &to, err);
	for (size_t i = 0; r == 0 && i < stage->n_crews; i++) {
		struct kt_crew *crew = stage->crews[i];

		if (!crew->stopped && crew->cgroup &&
		    strcmp(crew->cgroup, from->path) == 0)
			r = op_move_crew(stage, crew, to->path, err);
	}
	return r;
}

static int op_freeze(struct kt_stage *stage, const struct ktstr_operation *op,
		     struct ktstr_error *err)
{
	bool freeze = op->kind == KTSTR_OP_FREEZE;
	struct kt_group *group;
	int r = op_find(stage, op, &group, err);

	if (r < 0)
		return r;
	r = kt_cgroup_freeze(&stage->cgroups, group->path, freeze,
			     OPERATION_FREEZE_MS, err);
	if (r == 0)
		group->frozen = freeze;
	return r;
}

static int op_hotplug(struct kt_stage *stage, const struct ktstr_operation *op,
		      struct ktstr_error *err)
{
	return kt_cpu_set_online(stage->sysfs, op->cpu,
				 op->kind == KTSTR_OP_CPU_ONLINE,
				 &stage->machine.online, err);
}

static int op_payload(struct kt_stage *stage, const struct ktstr_operation *op,
		      struct ktstr_error *err)
{
	if (!op->payload)
		return kt_err(err, -EINVAL, "no payload is named");
	if (op->kind == KTSTR_OP_RUN_PAYLOAD)
		return kt_stage_payload_run(stage, op->cgroup, op->payload, err);
	if (op->kind == KTSTR_OP_WAIT_PAYLOAD)
		return kt_stage_payload_wait(stage, op->payload, err);
	return kt_stage_payload_kill(stage, op->payload, err);
}

static const struct {
	const char *name;
	int (*run)(struct kt_stage *stage, const struct ktstr_operation *op,
		   struct ktstr_error *err);
} operations[] = {
	[KTSTR_OP_ADD_CGROUP] = { "add_cgroup", op_add },
	[KTSTR_OP_REMOVE_CGROUP] = { "remove_cgroup", op_remove },
	[KTSTR_OP_STOP_CGROUP] = { "stop_cgroup", op_stop },
	[KTSTR_OP_SET_CPUSET] = { "set_cpuset", op_set_cpuset },
	[KTSTR_OP_CLEAR_CPUSET] = { "clear_cpuset", op_clear_cpuset },
	[KTSTR_OP_SWAP_CPUSETS] = { "swap_cpusets", op_swap_cpusets },
	[KTSTR_OP_SPAWN] = { "spawn", op_spawn },
	[KTSTR_OP_SET_AFFINITY] = { "set_affinity", op_set_affinity },
	[KTSTR_OP_MOVE_TASKS] = { "move_tasks", op_move_tasks },
	[KTSTR_OP_FREEZE] = { "freeze", op_freeze },
	[KTSTR_OP_UNFREEZE] = { "unfreeze", op_freeze },
	[KTSTR_OP_CPU_OFFLINE] = { "cpu_offline", op_hotplug },
	[KTSTR_OP_CPU_ONLINE] = { "cpu_online", op_hotplug },
	[KTSTR_OP_RUN_PAYLOAD] = { "run_payload", op_payload },
	[KTSTR_OP_WAIT_PAYLOAD] = { "wait_payload", op_payload },
	[KTSTR_OP_KILL_PAYLOAD] = { "kill_payload", op_payload },
};

void kt_operation_print(const struct ktstr_operation *op, struct kt_strbuf *sb)
{
	const char *what = op->cgroup;

	if ((size_t)op->kind >= KT_ARRAY_SIZE(operations)) {
		kt_strbuf_addf(sb, "operation %d", (int)op->kind);
		return;
	}
	kt_strbuf_add(sb, operations[op->kind].name);
	if (op->kind == KTSTR_OP_ADD_CGROUP && op->group)
		what = op->group->name;
	if (op->kind == KTSTR_OP_CPU_OFFLINE || op->kind == KTSTR_OP_CPU_ONLINE)
		kt_strbuf_addf(sb, " %u", op->cpu);
	if (what)
		kt_strbuf_addf(sb, " %s", what);
	if (op->kind == KTSTR_OP_SPAWN && op->workers && op->workers->name)
		kt_strbuf_addf(sb, ": %s", op->workers->name);
	if (op->payload && op->payload->name)
		kt_strbuf_addf(sb, ": %s", op->payload->name);
	if (op->other)
		kt_strbuf_addf(sb, " %s", op->other);
}

int kt_operation_run(struct kt_stage *stage, const struct ktstr_operation *op,
		     struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf name = { 0 };
	uint64_t began_ns = kt_now_ns();
	int r;

	if ((size_t)op->kind >= KT_ARRAY_SIZE(operations))
		return kt_err(err, -EINVAL,
			      "operation %d is none of ktstr/scenario.h; use "
			      "its macros",
			      (int)op->kind);
	r = operations[op->kind].run(stage, op, err);
	if (r == 0)
		r = kt_stage_note_change(stage, began_ns, err);
	if (r == 0)
		return 0;
	kt_operation_print(op, &name);
	return kt_err_context(err, r, "%s", kt_strbuf_text(&name));
}
