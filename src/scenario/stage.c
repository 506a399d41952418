// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/stage.h"

#include <string.h>

#include "base/cpulist.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "scenario/cpuset.h"
#include "scenario/hotplug.h"
#include "scenario/stage_payload.h"

/* A worker has that long to end by itself, its host's part included. */
#define STAGE_STOP_MS   5000
#define STAGE_REMOVE_MS 10000
#define STAGE_FREEZE_MS 10000

static int stage_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "a scenario");
}

static void group_free(struct kt_group *group)
{
	free(group->path);
	kt_bitmap_deinit(&group->cpus);
	free(group);
}

KT_DEFINE_CLEANUP(struct kt_group *, group_free)
KT_DEFINE_CLEANUP(struct kt_crew *, kt_crew_free)

int kt_stage_open(const char *cgroup_mount, const char *sysfs,
		  struct kt_stage *ret, struct ktstr_error *err)
{
	int r = kt_machine_read(sysfs, &ret->machine, err);

	ret->sysfs = sysfs;
	ret->cgroups.mount_fd = -1;
	ret->step = KT_STEP_BACKDROP;
	kt_bitmap_for_each (cpu, &ret->machine.online) {
		if (kt_bitmap_set(&ret->first_online, cpu) < 0)
			return stage_no_memory(err);
	}
	return r < 0 ? r : kt_cgroups_open(cgroup_mount, &ret->cgroups, err);
}

bool kt_group_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

struct kt_group *kt_stage_group(const struct kt_stage *stage, const char *path)
{
	for (size_t i = 0; i < stage->n_groups; i++) {
		if (strcmp(stage->groups[i]->path, path) == 0)
			return stage->groups[i];
	}
	return NULL;
}

int kt_stage_find(const struct kt_stage *stage, const char *path,
		  struct kt_group **ret, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf names = { 0 };

	if (!path)
		return kt_err(err, -EINVAL, "no cgroup is named");
	*ret = kt_stage_group(stage, path);
	if (*ret)
		return 0;
	for (size_t i = 0; i < stage->n_groups; i++)
		kt_strbuf_addf(&names, "%s%s", i ? ", " : "",
			       stage->groups[i]->path);
	return kt_err(err, -ENOENT, "there is no cgroup \"%s\" now; there is %s",
		      path, names.length ? names.data : "none");
}

int kt_stage_cpus(const struct kt_stage *stage, const char *path,
		  struct kt_bitmap *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *at = path ? strdup(path) : NULL;

	/* A group without the controller has the CPUs of one above. */
	while (at) {
		_cleanup_free_ char *text = NULL;
		char *slash = strrchr(at, '/');
		int r = kt_cgroup_get(&stage->cgroups, at,
				      "cpuset.cpus.effective", &text, NULL);

		if (r == 0) {
			r = kt_cpulist_parse(text, ret, err);
			return r < 0 ? kt_err_context(err, r, "%s", at) : 0;
		}
		if (!slash)
			break;
		*slash = '\0';
	}
	kt_bitmap_for_each (cpu, &stage->machine.online) {
		if (kt_bitmap_set(ret, cpu) < 0)
			return stage_no_memory(err);
	}
	return 0;
}

bool kt_stage_is_confined(const struct kt_stage *stage, const char *path)
{
	for (size_t i = 0; path && i < stage->n_groups; i++) {
		if (kt_group_is_below(path, stage->groups[i]->path) &&
		    kt_bitmap_count(&stage->groups[i]->cpus))
			return true;
	}
	return false;
}

bool kt_stage_is_frozen(const struct kt_stage *stage, const char *path)
{
	for (size_t i = 0; path && i < stage->n_groups; i++) {
		if (stage->groups[i]->frozen &&
		    kt_group_is_below(path, stage->groups[i]->path))
			return true;
	}
	return false;
}

int kt_stage_note_change(struct kt_stage *stage, uint64_t began_ns,
			 struct ktstr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < stage->n_crews; i++) {
		struct kt_crew *crew = stage->crews[i];

		if (crew->stopped)
			continue;
		r = kt_crew_note_change(crew, stage, began_ns, err);
	}
	return r;
}

int kt_stage_set_cpuset(struct kt_stage *stage, struct kt_group *group,
			const struct kt_bitmap *cpus, struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap copy = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int r;

	kt_cpulist_print(&text, cpus);
	if (kt_strbuf_failed(&text))
		return stage_no_memory(err);
	kt_bitmap_for_each (cpu, cpus) {
		if (kt_bitmap_set(&copy, cpu) < 0)
			return stage_no_memory(err);
	}
	r = kt_cgroup_set(&stage->cgroups, group->path, "cpuset.cpus",
			  kt_strbuf_text(&text), err);
	if (r < 0)
		return r;
	kt_bitmap_deinit(&group->cpus);
	group->cpus = copy;
	copy = (struct kt_bitmap){ 0 };
	return 0;
}

static int group_set_nodes(struct kt_stage *stage,
			   const struct ktstr_cgroup *decl,
			   struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 }, nodes = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int r = kt_cpuset_resolve(&decl->memory_nodes_of, &stage->machine,
				  &cpus, err);

	if (r == 0)
		r = kt_cpuset_nodes(&cpus, &stage->machine, &nodes, err);
	if (r < 0 || !kt_bitmap_count(&nodes))
		return r;
	kt_cpulist_print(&text, &nodes);
	return kt_cgroup_set(&stage->cgroups, decl->name, "cpuset.mems",
			     kt_strbuf_text(&text), err);
}

static int group_set_limits(struct kt_stage *stage,
			    const struct ktstr_cgroup *decl,
			    struct ktstr_error *err)
{
	const struct {
		const char *file;
		uint64_t value;
	} limits[] = {
		{ "cpu.weight", decl->cpu_weight },
		{ "memory.max", decl->memory_max_bytes },
		{ "memory.high", decl->memory_high_bytes },
		{ "io.weight", decl->io_weight },
		{ "pids.max", decl->pids_max },
	};
	char text[48];
	int r = 0;

	if (decl->cpu_weight > 10000)
		return kt_err(err, -EINVAL,
			      "cpu_weight must be 1 to 10000, not %u",
			      decl->cpu_weight);
	if (decl->cpu_period_us && !decl->cpu_quota_us)
		return kt_err(
			err, -EINVAL,
			"cpu_period_us = %u without a cpu_quota_us limits "
			"nothing; give both",
			decl->cpu_period_us);
	for (size_t i = 0; r == 0 && i < KT_ARRAY_SIZE(limits); i++) {
		if (!limits[i].value)
			continue;
		snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)limits[i].value);
		r = kt_cgroup_set(&stage->cgroups, decl->name, limits[i].file,
				  text, err);
	}
	if (r < 0 || !decl->cpu_quota_us)
		return r;
	snprintf(text, sizeof(text), "%u %u", decl->cpu_quota_us,
		 decl->cpu_period_us ? decl->cpu_period_us : 100000);
	return kt_cgroup_set(&stage->cgroups, decl->name, "cpu.max", text, err);
}

static int stage_keep_group(struct kt_stage *stage, const char *path,
			    struct kt_group **ret)
{
	struct kt_group **grown = reallocarray(
		stage->groups, stage->n_groups + 1, sizeof(struct kt_group *));
	_cleanup_(group_free_cleanup) struct kt_group *group = NULL;

	if (!grown)
		return -ENOMEM;
	stage->groups = grown;
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->path = strdup(path);
	if (!group->path)
		return -ENOMEM;
	group->step = stage->step;
	*ret = grown[stage->n_groups++] = TAKE_PTR(group);
	return 0;
}

static int stage_make_group(struct kt_stage *stage,
			    const struct ktstr_cgroup *decl,
			    struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	struct kt_group *group = NULL;
	int r;

	if (!decl->name || !*decl->name)
		return kt_err(err, -EINVAL, "a cgroup without a name");
	if (kt_stage_group(stage, decl->name))
		return kt_err(err, -EEXIST,
			      "cgroup %s is there already; names are unique "
			      "among those that exist",
			      decl->name);
	r = kt_cpuset_resolve(&decl->cpus, &stage->machine, &cpus, err);
	if (r == 0)
		r = kt_cgroup_create(&stage->cgroups, decl->name, err);
	if (r == -EEXIST)
		/* A parent that was made for a child, not declared so far. */
		r = 0;
	if (r == 0 && stage_keep_group(stage, decl->name, &group) < 0)
		r = stage_no_memory(err);
	if (r == 0 && kt_bitmap_count(&cpus))
		r = kt_stage_set_cpuset(stage, group, &cpus, err);
	if (r == 0)
		r = group_set_nodes(stage, decl, err);
	if (r == 0)
		r = group_set_limits(stage, decl, err);
	return r < 0 ? kt_err_context(err, r, "cgroup %s", decl->name) : 0;
}

/* Its workers wait at the gate when this returns. */
static int stage_start_crew(struct kt_stage *stage, const char *path,
			    const struct ktstr_workers *spec,
			    struct kt_gate *gate, struct ktstr_error *err)
{
	struct kt_crew **grown = reallocarray(stage->crews, stage->n_crews + 1,
					      sizeof(struct kt_crew *));
	_cleanup_(kt_crew_free_cleanup) struct kt_crew *crew = NULL;
	int r;

	if (!grown)
		return stage_no_memory(err);
	stage->crews = grown;
	crew = calloc(1, sizeof(*crew));
	if (!crew)
		return stage_no_memory(err);
	crew->spec = *spec;
	crew->step = stage->step;
	crew->name = strdup(spec->name ? spec->name : "");
	crew->cgroup = path ? strdup(path) : NULL;
	if (!crew->name || (path && !crew->cgroup))
		return stage_no_memory(err);
	crew->spec.name = crew->name;
	r = kt_crew_start(crew, stage, gate, err);
	if (r < 0)
		return r;
	grown[stage->n_crews++] = TAKE_PTR(crew);
	return 0;
}

static struct ktstr_workers workers_of(const struct ktstr_cgroup *decl)
{
	return (struct ktstr_workers){
		.name = decl->name,
		.workers = decl->workers,
		.work = decl->work,
		.policy = decl->policy,
		.priority = decl->priority,
		.nice = decl->nice,
		.deadline = decl->deadline,
		.affinity = decl->affinity,
		.memory = decl->memory_policy,
	};
}

/* Opens the gate of the crews from `first` on; the last one of them owns it. */
static int stage_release(struct kt_stage *stage, size_t first,
			 struct kt_gate *gate, struct ktstr_error *err)
{
	int r = 0;

	for (size_t i = first; r == 0 && i < stage->n_crews; i++)
		r = kt_workers_check(stage->crews[i]->workers, err);
	if (r < 0)
		return kt_err_context(err, r, "before the start");
	kt_gate_open(gate);
	return 0;
}

int kt_stage_add(struct kt_stage *stage, const struct ktstr_cgroup *decls,
		 size_t n, struct ktstr_error *err)
{
	struct kt_gate *gate = kt_gate_new();
	size_t first = stage->n_crews;
	int r = gate ? 0 : stage_no_memory(err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = stage_make_group(stage, &decls[i], err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct ktstr_workers spec = workers_of(&decls[i]);

		if (spec.workers)
			r = stage_start_crew(stage, decls[i].name, &spec, gate,
					     err);
	}
	if (r == 0)
		r = stage_release(stage, first, gate, err);
	if (stage->n_crews > first)
		stage->crews[first]->gate = gate;
	else
		kt_gate_free(gate);
	return r;
}

int kt_stage_spawn(struct kt_stage *stage, const char *path,
		   const struct ktstr_workers *workers, struct ktstr_error *err)
{
	struct kt_gate *gate = kt_gate_new();
	size_t first = stage->n_crews;
	struct kt_group *group;
	int r = gate ? 0 : stage_no_memory(err);

	if (r == 0 && path)
		r = kt_stage_find(stage, path, &group, err);
	if (r == 0)
		r = stage_start_crew(stage, path, workers, gate, err);
	if (r == 0)
		r = stage_release(stage, first, gate, err);
	if (stage->n_crews > first)
		stage->crews[first]->gate = gate;
	else
		kt_gate_free(gate);
	return r;
}

/* What is frozen cannot end: thaws a group, those above and those below. */
static int stage_thaw(struct kt_stage *stage, const char *path,
		      struct ktstr_error *err)
{
	uint64_t began_ns = kt_now_ns();
	int r = 0;

	for (size_t i = 0; r == 0 && i < stage->n_groups; i++) {
		struct kt_group *group = stage->groups[i];

		if (!group->frozen || (!kt_group_is_below(path, group->path) &&
				       !kt_group_is_below(group->path, path)))
			continue;
		group->frozen = false;
		r = kt_cgroup_freeze(&stage->cgroups, group->path, false,
				     STAGE_FREEZE_MS, err);
	}
	return r == 0 ? kt_stage_note_change(stage, began_ns, err) : r;
}

/* Tells all of them first, so that they end together, and in one time. */
static void stage_stop_crews(struct kt_stage *stage,
			     bool (*is_meant)(const struct kt_crew *crew,
					      const void *what),
			     const void *what)
{
	uint64_t deadline_ns = kt_now_ns() + STAGE_STOP_MS * 1000000ULL;

	for (size_t i = 0; i < stage->n_crews; i++) {
		struct kt_crew *crew = stage->crews[i];

		if (!crew->stopped && is_meant(crew, what))
			kt_workers_tell(crew->workers);
	}
	for (size_t i = 0; i < stage->n_crews; i++) {
		struct kt_crew *crew = stage->crews[i];
		uint64_t now_ns = kt_now_ns();

		if (crew->stopped || !is_meant(crew, what))
			continue;
		kt_workers_stop(
			crew->workers,
			now_ns < deadline_ns ?
				(uint32_t)((deadline_ns - now_ns) / 1000000) :
				0,
			&crew->reports, &crew->n_reports);
		crew->stopped = true;
	}
}

/* All that a step made and that still works, wherever it is. */
static int stage_thaw_crews(struct kt_stage *stage, int step,
			    struct ktstr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < stage->n_crews; i++) {
		const struct kt_crew *crew = stage->crews[i];

		if (!crew->stopped && crew->step == step && crew->cgroup)
			r = stage_thaw(stage, crew->cgroup, err);
	}
	return r;
}

static bool crew_is_in(const struct kt_crew *crew, const void *path)
{
	return kt_crew_is_in(crew, path);
}

static bool crew_is_of_step(const struct kt_crew *crew, const void *step)
{
	return crew->step == *(const int *)step;
}

static bool crew_is_any(const struct kt_crew *crew, const void *nothing)
{
	return crew && !nothing;
}

int kt_stage_stop(struct kt_stage *stage, const char *path,
		  struct ktstr_error *err)
{
	int r = stage_thaw(stage, path, err);

	if (r < 0)
		return r;
	kt_stage_payloads_end_in(stage, path);
	stage_stop_crews(stage, crew_is_in, path);
	return 0;
}

int kt_stage_remove(struct kt_stage *stage, const char *path,
		    struct ktstr_error *err)
{
	size_t kept = 0;
	int r = kt_stage_stop(stage, path, err);

	if (r == 0)
		r = kt_cgroup_remove(&stage->cgroups, path, STAGE_REMOVE_MS, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < stage->n_groups; i++) {
		if (kt_group_is_below(stage->groups[i]->path, path))
			group_free(stage->groups[i]);
		else
			stage->groups[kept++] = stage->groups[i];
	}
	stage->n_groups = kept;
	return 0;
}

static const struct kt_group *stage_group_of_step(const struct kt_stage *stage,
						  int step)
{
	for (size_t i = 0; i < stage->n_groups; i++) {
		if (stage->groups[i]->step == step)
			return stage->groups[i];
	}
	return NULL;
}

int kt_stage_end_step(struct kt_stage *stage, int step, struct ktstr_error *err)
{
	const struct kt_group *group;
	int r = stage_thaw_crews(stage, step, err);

	if (r < 0)
		return r;
	kt_stage_payloads_end_step(stage, step);
	stage_stop_crews(stage, crew_is_of_step, &step);
	/* Removing one removes those below as well. */
	while (r == 0 && (group = stage_group_of_step(stage, step))) {
		_cleanup_free_ char *path = strdup(group->path);

		r = path ? kt_stage_remove(stage, path, err) :
			   stage_no_memory(err);
	}
	return r;
}

static int stage_restore_cpus(struct kt_stage *stage, struct ktstr_error *err)
{
	int r = 0;

	kt_bitmap_for_each (cpu, &stage->first_online) {
		int one = kt_cpu_set_online(stage->sysfs, cpu, true,
					    &stage->machine.online,
					    r == 0 ? err : NULL);

		r = r < 0 ? r : one;
	}
	return r;
}

int kt_stage_close(struct kt_stage *stage, struct ktstr_error *err)
{
	int r, closed;

	for (size_t i = 0; i < stage->n_crews; i++) {
		if (!stage->crews[i]->stopped)
			(void)stage_thaw_crews(stage, stage->crews[i]->step,
					       NULL);
	}
	kt_stage_payloads_end_step(stage, KT_STEP_ALL);
	stage_stop_crews(stage, crew_is_any, NULL);
	r = stage_restore_cpus(stage, err);
	closed = kt_cgroups_close(&stage->cgroups, r == 0 ? err : NULL);
	return r < 0 ? r : closed;
}

void kt_stage_deinit(struct kt_stage *stage)
{
	(void)kt_stage_close(stage, NULL);
	/* A gate outlives all crews that wait at it. */
	for (size_t i = 0; i < stage->n_crews; i++) {
		kt_workers_free(stage->crews[i]->workers);
		stage->crews[i]->workers = NULL;
	}
	for (size_t i = 0; i < stage->n_crews; i++)
		kt_crew_free(stage->crews[i]);
	for (size_t i = 0; i < stage->n_groups; i++)
		group_free(stage->groups[i]);
	free(stage->payloads);
	free(stage->crews);
	free(stage->groups);
	kt_bitmap_deinit(&stage->first_online);
	kt_machine_deinit(&stage->machine);
	*stage = (struct kt_stage){ 0 };
}
