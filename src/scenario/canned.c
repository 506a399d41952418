// SPDX-License-Identifier: GPL-2.0-only
/* The scenarios that come with the library. */
#include <math.h>
#include <string.h>

#include "base/macro.h"
#include "base/strbuf.h"
#include "scenario/cpuset.h"
#include "scenario/run.h"

/* Where workers of one group are given unequal shares by the scenario itself. */
KTSTR_DEFINE_CHECKS(canned_uneven, .max_spread_pct = INFINITY)

struct canned {
	const char *name;
	size_t cpus; /* usable ones that it needs */
	size_t llcs; /* with a usable CPU each */
	const struct ktstr_checks *checks;
	enum ktstr_verdict (*run)(struct ktstr_context *ctx,
				  const struct canned *self,
				  const struct kt_machine *machine,
				  uint32_t usable);
};

static enum ktstr_verdict canned_run(struct ktstr_context *ctx,
				     const struct canned *self,
				     struct ktstr_cgroups backdrop,
				     struct ktstr_steps steps)
{
	return kt_scenario_run(ctx, &(const struct kt_scenario){
					    .name = self->name,
					    .checks = self->checks,
					    .backdrop = backdrop,
					    .steps = steps,
				    });
}

/* A share of the CPUs, so that `of` groups of that size have one CPU each. */
static uint32_t canned_share(uint32_t usable, uint32_t of)
{
	return KT_MAX(usable / of, 1u);
}

/* Two groups, a CPU for each worker, nothing else happens. */
static enum ktstr_verdict canned_steady(struct ktstr_context *ctx,
					const struct canned *self,
					const struct kt_machine *machine,
					uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);

	(void)machine;
	return canned_run(
		ctx, self, KTSTR_NO_CGROUPS,
		KTSTR_STEPS({ .name = "steady",
			      .cgroups = KTSTR_CGROUPS(
				      { .name = "left", .workers = half },
				      { .name = "right", .workers = half }),
			      .hold = KTSTR_HOLD_FRACTION(1) }));
}

/* A group a cache, with a worker for each of its CPUs. */
static enum ktstr_verdict canned_steady_llc(struct ktstr_context *ctx,
					    const struct canned *self,
					    const struct kt_machine *machine,
					    uint32_t usable)
{
	_cleanup_free_ struct ktstr_cgroup *groups =
		calloc(machine->n_llcs, sizeof(*groups));
	_cleanup_free_ char(*names)[16] = calloc(machine->n_llcs, sizeof(*names));
	size_t n = 0;

	(void)usable;
	for (uint32_t i = 0; groups && names && i < machine->n_llcs; i++) {
		const struct ktstr_cpuset cpus = KTSTR_CPUS_LLC(i);
		_cleanup_bitmap_ struct kt_bitmap set = { 0 };

		/* The last one may have no CPU but that which is left free. */
		if (kt_cpuset_resolve(&cpus, machine, &set, NULL) < 0)
			continue;
		snprintf(names[n], sizeof(names[n]), "llc%u", i);
		groups[n] = (struct ktstr_cgroup){
			.name = names[n],
			.workers = (uint32_t)kt_bitmap_count(&set),
			.cpus = cpus,
		};
		n++;
	}
	return canned_run(ctx, self, (struct ktstr_cgroups){ groups, n },
			  KTSTR_STEPS({ .name = "steady",
					.hold = KTSTR_HOLD_FRACTION(1) }));
}

/* Two workers a CPU, which yield now and then. */
static enum ktstr_verdict canned_oversubscribed(struct ktstr_context *ctx,
						const struct canned *self,
						const struct kt_machine *machine,
						uint32_t usable)
{
	uint32_t n = (uint32_t)kt_bitmap_count(&machine->online);

	(void)usable;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS(
			{ .name = "left", .workers = n, .work = KTSTR_MIXED() },
			{ .name = "right", .workers = n, .work = KTSTR_MIXED() }),
		KTSTR_STEPS(
			{ .name = "crowded", .hold = KTSTR_HOLD_FRACTION(1) }));
}

/* Groups that could run anywhere are each confined to a half. */
static enum ktstr_verdict canned_cpuset_apply(struct ktstr_context *ctx,
					      const struct canned *self,
					      const struct kt_machine *machine,
					      uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);

	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "left", .workers = half },
			      { .name = "right", .workers = half }),
		KTSTR_STEPS(
			{ .name = "free", .hold = KTSTR_HOLD_FRACTION(0.5) },
			{ .name = "confined",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_SET_CPUSET("left",
						   KTSTR_CPUS_DISJOINT(0, 2)),
				  KTSTR_SET_CPUSET("right",
						   KTSTR_CPUS_DISJOINT(1, 2))),
			  .hold = KTSTR_HOLD_FRACTION(0.5) }));
}

/* The other way round. */
static enum ktstr_verdict canned_cpuset_clear(struct ktstr_context *ctx,
					      const struct canned *self,
					      const struct kt_machine *machine,
					      uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);

	(void)machine;
	return canned_run(ctx, self,
			  KTSTR_CGROUPS({ .name = "left",
					  .workers = half,
					  .cpus = KTSTR_CPUS_DISJOINT(0, 2) },
					{ .name = "right",
					  .workers = half,
					  .cpus = KTSTR_CPUS_DISJOINT(1, 2) }),
			  KTSTR_STEPS({ .name = "confined",
					.hold = KTSTR_HOLD_FRACTION(0.5) },
				      { .name = "free",
					.operations = KTSTR_OPERATIONS(
						KTSTR_CLEAR_CPUSET("left"),
						KTSTR_CLEAR_CPUSET("right")),
					.hold = KTSTR_HOLD_FRACTION(0.5) }));
}

/* The border between two groups moves to and fro. */
static enum ktstr_verdict canned_cpuset_resize(struct ktstr_context *ctx,
					       const struct canned *self,
					       const struct kt_machine *machine,
					       uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);

	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "left",
				.workers = half,
				.cpus = KTSTR_CPUS_RANGE(0, 0.5) },
			      { .name = "right",
				.workers = half,
				.cpus = KTSTR_CPUS_RANGE(0.5, 1) }),
		KTSTR_STEPS(
			{ .name = "even", .hold = KTSTR_HOLD_FRACTION(0.25) },
			{ .name = "left_small",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_SET_CPUSET("left",
						   KTSTR_CPUS_RANGE(0, 0.25)),
				  KTSTR_SET_CPUSET("right",
						   KTSTR_CPUS_RANGE(0.25, 1))),
			  .hold = KTSTR_HOLD_FRACTION(0.25) },
			{ .name = "right_small",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_SWAP_CPUSETS("left", "right")),
			  .hold = KTSTR_HOLD_FRACTION(0.25) },
			{ .name = "shared",
			  .operations = KTSTR_OPERATIONS(
				  KTSTR_SET_CPUSET(
					  "left", KTSTR_CPUS_OVERLAP(0, 2, 0.5)),
				  KTSTR_SET_CPUSET("right", KTSTR_CPUS_OVERLAP(
								    1, 2, 0.5))),
			  .hold = KTSTR_HOLD_FRACTION(0.25) }));
}

/* Groups come while others work. */
static enum ktstr_verdict canned_cgroup_add(struct ktstr_context *ctx,
					    const struct canned *self,
					    const struct kt_machine *machine,
					    uint32_t usable)
{
	uint32_t quarter = canned_share(usable, 4);

	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "first", .workers = quarter },
			      { .name = "second", .workers = quarter }),
		KTSTR_STEPS({ .name = "two", .hold = KTSTR_HOLD_FRACTION(0.5) },
			    { .name = "four",
			      .operations = KTSTR_OPERATIONS(
				      KTSTR_ADD_CGROUP(.name = "third",
						       .workers = quarter),
				      KTSTR_ADD_CGROUP(.name = "fourth",
						       .workers = quarter)),
			      .hold = KTSTR_HOLD_FRACTION(0.5) }));
}

/* Groups go while others work. */
static enum ktstr_verdict canned_cgroup_remove(struct ktstr_context *ctx,
					       const struct canned *self,
					       const struct kt_machine *machine,
					       uint32_t usable)
{
	uint32_t quarter = canned_share(usable, 4);

	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "first", .workers = quarter },
			      { .name = "second", .workers = quarter },
			      { .name = "third", .workers = quarter },
			      { .name = "fourth", .workers = quarter }),
		KTSTR_STEPS({ .name = "four", .hold = KTSTR_HOLD_FRACTION(0.5) },
			    { .name = "two",
			      .operations = KTSTR_OPERATIONS(
				      KTSTR_REMOVE_CGROUP("second"),
				      KTSTR_REMOVE_CGROUP("fourth")),
			      .hold = KTSTR_HOLD_FRACTION(0.5) }));
}

/* Workers are sent to other CPUs while they run. */
static enum ktstr_verdict canned_affinity_change(struct ktstr_context *ctx,
						 const struct canned *self,
						 const struct kt_machine *machine,
						 uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);

#define TO(name_, seed_)                                                       \
	{                                                                      \
		.name = (name_),                                               \
		.operations = KTSTR_OPERATIONS(KTSTR_SET_AFFINITY(             \
			"moving", .kind = KTSTR_AFFINITY_RANDOM,               \
			.count = half, .seed = (seed_))),                      \
		.hold = KTSTR_HOLD_FRACTION(0.25),                             \
	}
	(void)machine;
	return canned_run(
		ctx, self, KTSTR_CGROUPS({ .name = "moving", .workers = half }),
		KTSTR_STEPS(TO("first", 1), TO("second", 2), TO("third", 3),
			    { .name = "anywhere",
			      .operations = KTSTR_OPERATIONS(KTSTR_SET_AFFINITY(
				      "moving", .kind = KTSTR_AFFINITY_INHERIT)),
			      .hold = KTSTR_HOLD_FRACTION(0.25) }));
#undef TO
}

/* Each worker has one CPU, and each usable CPU one worker. */
static enum ktstr_verdict canned_affinity_pinned(struct ktstr_context *ctx,
						 const struct canned *self,
						 const struct kt_machine *machine,
						 uint32_t usable)
{
	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "pinned",
				.workers = usable,
				.affinity = { .kind = KTSTR_AFFINITY_ONE_EACH } }),
		KTSTR_STEPS({ .name = "pinned", .hold = KTSTR_HOLD_FRACTION(1) }));
}

/* Groups against tasks that are in no group, one a CPU. */
static enum ktstr_verdict canned_host_contention(struct ktstr_context *ctx,
						 const struct canned *self,
						 const struct kt_machine *machine,
						 uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);
	uint32_t all = (uint32_t)kt_bitmap_count(&machine->online);

	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "left", .workers = half },
			      { .name = "right", .workers = half }),
		KTSTR_STEPS({ .name = "contended",
			      .operations = KTSTR_OPERATIONS(KTSTR_SPAWN(
				      NULL, .name = "host", .workers = all)),
			      .hold = KTSTR_HOLD_FRACTION(1) }));
}

/* Groups of which each does something else. */
static enum ktstr_verdict canned_mixed(struct ktstr_context *ctx,
				       const struct canned *self,
				       const struct kt_machine *machine,
				       uint32_t usable)
{
	uint32_t quarter = canned_share(usable, 4);

	(void)machine;
	return canned_run(ctx, self,
			  KTSTR_CGROUPS({ .name = "spin", .workers = quarter },
					{ .name = "bursty",
					  .workers = quarter,
					  .work = KTSTR_BURSTY() },
					{ .name = "pipe",
					  .workers = 2 * quarter,
					  .work = KTSTR_PIPE_IO() },
					{ .name = "yield",
					  .workers = quarter,
					  .work = KTSTR_YIELD_HEAVY() },
					{ .name = "io",
					  .workers = quarter,
					  .work = KTSTR_IO_SYNC() }),
			  KTSTR_STEPS({ .name = "mixed",
					.hold = KTSTR_HOLD_FRACTION(1) }));
}

/* Groups at several depths. */
static enum ktstr_verdict canned_nested_steady(struct ktstr_context *ctx,
					       const struct canned *self,
					       const struct kt_machine *machine,
					       uint32_t usable)
{
	uint32_t third = canned_share(usable, 3);

	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "outer/left", .workers = third },
			      { .name = "outer/right", .workers = third },
			      { .name = "other/deep/leaf", .workers = third }),
		KTSTR_STEPS({ .name = "steady", .hold = KTSTR_HOLD_FRACTION(1) }));
}

/* Workers go from one nested group to another, and back. */
static enum ktstr_verdict canned_nested_task_move(struct ktstr_context *ctx,
						  const struct canned *self,
						  const struct kt_machine *machine,
						  uint32_t usable)
{
	uint32_t half = canned_share(usable, 2);

	(void)machine;
	return canned_run(
		ctx, self,
		KTSTR_CGROUPS({ .name = "outer/left", .workers = half },
			      { .name = "outer/right" },
			      { .name = "other/deep/leaf", .workers = half }),
		KTSTR_STEPS({ .name = "at_home", .hold = KTSTR_HOLD_FRACTION(0.3) },
			    { .name = "away",
			      .operations = KTSTR_OPERATIONS(KTSTR_MOVE_TASKS(
				      "outer/left", "outer/right")),
			      .hold = KTSTR_HOLD_FRACTION(0.4) },
			    { .name = "back",
			      .operations = KTSTR_OPERATIONS(KTSTR_MOVE_TASKS(
				      "outer/right", "outer/left")),
			      .hold = KTSTR_HOLD_FRACTION(0.3) }));
}

static const struct canned canned[] = {
	{ "steady", 1, 1, NULL, canned_steady },
	{ "steady_llc", 2, 2, NULL, canned_steady_llc },
	{ "oversubscribed", 1, 1, NULL, canned_oversubscribed },
	{ "cpuset_apply", 2, 1, NULL, canned_cpuset_apply },
	{ "cpuset_clear", 2, 1, NULL, canned_cpuset_clear },
	{ "cpuset_resize", 3, 1, &canned_uneven, canned_cpuset_resize },
	{ "cgroup_add", 2, 1, NULL, canned_cgroup_add },
	{ "cgroup_remove", 2, 1, NULL, canned_cgroup_remove },
	{ "affinity_change", 2, 1, &canned_uneven, canned_affinity_change },
	{ "affinity_pinned", 1, 1, NULL, canned_affinity_pinned },
	{ "host_contention", 1, 1, &canned_uneven, canned_host_contention },
	{ "mixed_workloads", 2, 1, &canned_uneven, canned_mixed },
	{ "nested_steady", 1, 1, NULL, canned_nested_steady },
	{ "nested_task_move", 1, 1, NULL, canned_nested_task_move },
};

const char *const *ktstr_scenario_names(void)
{
	static const char *names[KT_ARRAY_SIZE(canned) + 1];

	for (size_t i = 0; i < KT_ARRAY_SIZE(canned); i++)
		names[i] = canned[i].name;
	return names;
}

/* LLCs that have a CPU to use. */
static size_t canned_llcs(const struct kt_machine *machine)
{
	size_t n = 0;

	for (uint32_t i = 0; i < machine->n_llcs; i++) {
		const struct ktstr_cpuset cpus = KTSTR_CPUS_LLC(i);
		_cleanup_bitmap_ struct kt_bitmap set = { 0 };

		n += kt_cpuset_resolve(&cpus, machine, &set, NULL) == 0;
	}
	return n;
}

static enum ktstr_verdict canned_start(struct ktstr_context *ctx,
				       const struct canned *self)
{
	_cleanup_machine_ struct kt_machine machine = { 0 };
	_cleanup_bitmap_ struct kt_bitmap usable = { 0 };
	struct ktstr_error err = { 0 };
	size_t cpus, llcs;
	int r = kt_machine_read(KT_SYSFS, &machine, &err);

	if (r == 0)
		r = kt_machine_usable(&machine, &usable, &err);
	if (r < 0) {
		ktstr_note(ctx, "%s: %s", self->name, err.message);
		return KTSTR_FAIL;
	}
	cpus = kt_bitmap_count(&usable);
	llcs = canned_llcs(&machine);
	if (cpus < self->cpus || llcs < self->llcs) {
		ktstr_note(ctx,
			   "%s needs %zu usable CPUs and %zu LLCs with one; "
			   "this machine has %zu and %zu",
			   self->name, self->cpus, self->llcs, cpus, llcs);
		return KTSTR_SKIP;
	}
	return self->run(ctx, self, &machine, (uint32_t)cpus);
}

enum ktstr_verdict ktstr_run_scenario(struct ktstr_context *ctx, const char *name)
{
	_cleanup_strbuf_ struct kt_strbuf names = { 0 };

	for (size_t i = 0; i < KT_ARRAY_SIZE(canned); i++) {
		if (name && strcmp(canned[i].name, name) == 0)
			return canned_start(ctx, &canned[i]);
		kt_strbuf_addf(&names, "%s%s", i ? ", " : "", canned[i].name);
	}
	ktstr_note(ctx, "there is no scenario \"%s\"; there is %s",
		   name ? name : "(null)", kt_strbuf_text(&names));
	return KTSTR_FAIL;
}
