/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_SCENARIO_H
#define KTSTR_SCENARIO_H

/*
 * What happens in a test: cgroups with workers in them, and the things that are
 * done to them while they work.
 *
 *	return ktstr_run_cgroups(ctx,
 *		KTSTR_CGROUPS({ .name = "left", .workers = 2,
 *				.cpus = KTSTR_CPUS_LLC(0) },
 *			      { .name = "right", .workers = 2,
 *				.work = KTSTR_BURSTY() }));
 *
 * is a whole test: the groups are made, their workers forked, all start at one
 * gate, work for the test's duration_s, and are judged by the test's checks.
 *
 * A scenario of several steps holds a backdrop, which is there from the first
 * step to the last, and steps, one after the other, each of which makes its own
 * cgroups, does its operations, and holds for a time. What a step made is gone
 * before the next one begins. All workers are judged together, each against the
 * CPUs that it was given while it worked.
 *
 *	return ktstr_run_steps(ctx,
 *		KTSTR_CGROUPS({ .name = "back", .workers = 2 }),
 *		KTSTR_STEPS(
 *			{ .name = "narrow",
 *			  .operations = KTSTR_OPERATIONS(
 *				KTSTR_SET_CPUSET("back", KTSTR_CPUS_LLC(0))),
 *			  .hold = KTSTR_HOLD_FRACTION(0.5) },
 *			{ .name = "wide",
 *			  .operations = KTSTR_OPERATIONS(
 *				KTSTR_CLEAR_CPUSET("back")),
 *			  .hold = KTSTR_HOLD_FRACTION(0.5) }));
 *
 * Declarations and all that they point to are borrowed until the call returns.
 * What was declared wrongly fails the test with a note that says so.
 */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/test.h>
#include <ktstr/work.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A set of CPUs, relative to the usable ones: all that are online, but for the
 * last one where there are more than two, which is left to whoever watches.
 */
enum ktstr_cpuset_kind {
	KTSTR_CPUSET_NONE, /* no cpuset: every CPU */
	KTSTR_CPUSET_LLC,
	KTSTR_CPUSET_NODE,
	KTSTR_CPUSET_RANGE,
	KTSTR_CPUSET_DISJOINT,
	KTSTR_CPUSET_OVERLAP,
	KTSTR_CPUSET_EXACT,
};

struct ktstr_cpuset {
	enum ktstr_cpuset_kind kind;
	uint32_t index; /* of the LLC, the node, or the part */
	uint32_t of;    /* parts */
	double from;    /* RANGE: shares of the usable CPUs, 0 to 1 */
	double to;
	double overlap; /* OVERLAP: the share of a part that the next has too */
	const char *cpus; /* EXACT: a list such as "0-3,8" of any online CPUs */
};

#define KTSTR_CPUSET_(...) ((struct ktstr_cpuset){ __VA_ARGS__ })
#define KTSTR_CPUS_LLC(index_)                                                 \
	KTSTR_CPUSET_(.kind = KTSTR_CPUSET_LLC, .index = (index_))
#define KTSTR_CPUS_NODE(index_)                                                \
	KTSTR_CPUSET_(.kind = KTSTR_CPUSET_NODE, .index = (index_))
/* From and to are shares: KTSTR_CPUS_RANGE(0, 0.5) is the first half. */
#define KTSTR_CPUS_RANGE(from_, to_)                                           \
	KTSTR_CPUSET_(.kind = KTSTR_CPUSET_RANGE, .from = (from_), .to = (to_))
/* Part `index` of `of` even parts that share no CPU. */
#define KTSTR_CPUS_DISJOINT(index_, of_)                                       \
	KTSTR_CPUSET_(.kind = KTSTR_CPUSET_DISJOINT, .index = (index_),        \
		      .of = (of_))
/* The same, each part longer by a share of the next one. */
#define KTSTR_CPUS_OVERLAP(index_, of_, overlap_)                              \
	KTSTR_CPUSET_(.kind = KTSTR_CPUSET_OVERLAP, .index = (index_),         \
		      .of = (of_), .overlap = (overlap_))
#define KTSTR_CPUS_EXACT(cpus_)                                                \
	KTSTR_CPUSET_(.kind = KTSTR_CPUSET_EXACT, .cpus = (cpus_))

/*
 * A cgroup, "name" or a path of names as in "outer/inner", and its workers,
 * which belong into groups that have none below. A limit that is 0 or NULL is
 * left at the kernel's default. An affinity without a list of CPUs is over the
 * cpuset, or over the usable CPUs where there is none.
 */
struct ktstr_cgroup {
	const char *name; /* required, and unique among those that exist */

	uint32_t workers;         /* 0: a group that has none of its own */
	struct ktstr_work work;   /* default: KTSTR_SPIN_WAIT() */
	enum ktstr_policy policy; /* and so on, as in struct ktstr_workers */
	uint32_t priority;
	int nice;
	struct ktstr_deadline deadline;
	struct ktstr_affinity affinity;
	struct ktstr_memory_policy memory_policy;

	struct ktstr_cpuset cpus;
	struct ktstr_cpuset memory_nodes_of; /* cpuset.mems: these CPUs' nodes */
	uint32_t cpu_weight;                 /* 1 to 10000 */
	uint32_t cpu_quota_us;               /* cpu.max */
	uint32_t cpu_period_us;              /* 0: 100 ms */
	uint64_t memory_max_bytes;
	uint64_t memory_high_bytes;
	uint32_t io_weight;
	uint32_t pids_max;
};

struct ktstr_cgroups {
	const struct ktstr_cgroup *groups;
	size_t n;
};

#define KTSTR_CGROUPS(...)                                                     \
	((struct ktstr_cgroups){                                               \
		(const struct ktstr_cgroup[]){ __VA_ARGS__ },                  \
		sizeof((const struct ktstr_cgroup[]){ __VA_ARGS__ }) /         \
			sizeof(struct ktstr_cgroup) })
#define KTSTR_NO_CGROUPS ((struct ktstr_cgroups){ NULL, 0 })

/* Made by the macros below. */
enum ktstr_operation_kind {
	KTSTR_OP_ADD_CGROUP,
	KTSTR_OP_REMOVE_CGROUP, /* stops the workers in it and below first */
	KTSTR_OP_STOP_CGROUP,   /* stops them, keeps the group */
	KTSTR_OP_SET_CPUSET,
	KTSTR_OP_CLEAR_CPUSET,
	KTSTR_OP_SWAP_CPUSETS,
	KTSTR_OP_SPAWN,
	KTSTR_OP_SET_AFFINITY,
	KTSTR_OP_MOVE_TASKS,
	KTSTR_OP_FREEZE, /* until it is thawed, or workers in it are to end */
	KTSTR_OP_UNFREEZE,
	KTSTR_OP_CPU_OFFLINE,
	KTSTR_OP_CPU_ONLINE,
	KTSTR_OP_RUN_PAYLOAD,
	KTSTR_OP_WAIT_PAYLOAD,
	KTSTR_OP_KILL_PAYLOAD,
};

struct ktstr_operation {
	enum ktstr_operation_kind kind;
	const char *cgroup; /* which; SPAWN: NULL is outside of any */
	const char *other;  /* SWAP_CPUSETS, MOVE_TASKS: the other one */
	struct ktstr_cpuset cpus;
	const struct ktstr_cgroup *group;    /* ADD_CGROUP */
	const struct ktstr_workers *workers; /* SPAWN */
	struct ktstr_affinity affinity;
	uint32_t cpu;
	const struct ktstr_payload *payload;
};

#define KTSTR_OPERATION_(...) ((struct ktstr_operation){ __VA_ARGS__ })
/* KTSTR_ADD_CGROUP(.name = "late", .workers = 2) */
#define KTSTR_ADD_CGROUP(...)                                                  \
	KTSTR_OPERATION_(.kind = KTSTR_OP_ADD_CGROUP,                          \
			 .group = &(const struct ktstr_cgroup){ __VA_ARGS__ })
#define KTSTR_REMOVE_CGROUP(name_)                                             \
	KTSTR_OPERATION_(.kind = KTSTR_OP_REMOVE_CGROUP, .cgroup = (name_))
#define KTSTR_STOP_CGROUP(name_)                                               \
	KTSTR_OPERATION_(.kind = KTSTR_OP_STOP_CGROUP, .cgroup = (name_))
#define KTSTR_SET_CPUSET(name_, cpus_)                                         \
	KTSTR_OPERATION_(.kind = KTSTR_OP_SET_CPUSET, .cgroup = (name_),       \
			 .cpus = (cpus_))
#define KTSTR_CLEAR_CPUSET(name_)                                              \
	KTSTR_OPERATION_(.kind = KTSTR_OP_CLEAR_CPUSET, .cgroup = (name_))
#define KTSTR_SWAP_CPUSETS(name_, other_)                                      \
	KTSTR_OPERATION_(.kind = KTSTR_OP_SWAP_CPUSETS, .cgroup = (name_),     \
			 .other = (other_))
/* KTSTR_SPAWN("back", .name = "more", .workers = 2, .work = KTSTR_MIXED()) */
#define KTSTR_SPAWN(cgroup_, ...)                                              \
	KTSTR_OPERATION_(.kind = KTSTR_OP_SPAWN, .cgroup = (cgroup_),          \
			 .workers = &(const struct ktstr_workers){ __VA_ARGS__ })
/* Of all workers in it and below, as by sched_setaffinity(). */
#define KTSTR_SET_AFFINITY(name_, ...)                                         \
	KTSTR_OPERATION_(.kind = KTSTR_OP_SET_AFFINITY, .cgroup = (name_),     \
			 .affinity = { __VA_ARGS__ })
#define KTSTR_MOVE_TASKS(from_, to_)                                           \
	KTSTR_OPERATION_(.kind = KTSTR_OP_MOVE_TASKS, .cgroup = (from_),       \
			 .other = (to_))
#define KTSTR_FREEZE(name_)                                                    \
	KTSTR_OPERATION_(.kind = KTSTR_OP_FREEZE, .cgroup = (name_))
#define KTSTR_UNFREEZE(name_)                                                  \
	KTSTR_OPERATION_(.kind = KTSTR_OP_UNFREEZE, .cgroup = (name_))
/* A CPU that a scenario took offline is online again when it ends. */
#define KTSTR_CPU_OFFLINE(cpu_)                                                \
	KTSTR_OPERATION_(.kind = KTSTR_OP_CPU_OFFLINE, .cpu = (cpu_))
#define KTSTR_CPU_ONLINE(cpu_)                                                 \
	KTSTR_OPERATION_(.kind = KTSTR_OP_CPU_ONLINE, .cpu = (cpu_))

/*
 * A program of the test's `payloads` (<ktstr/payload.h>), in a cgroup or, with
 * NULL, in none. It ends with its step at the latest. Its exit code and metrics
 * are judged where it is waited for, its metrics alone where it is killed or
 * ends with its step, and a bad one fails the scenario.
 */
#define KTSTR_RUN_PAYLOAD(cgroup_, payload_)                                   \
	KTSTR_OPERATION_(.kind = KTSTR_OP_RUN_PAYLOAD, .cgroup = (cgroup_),    \
			 .payload = (payload_))
#define KTSTR_WAIT_PAYLOAD(payload_)                                           \
	KTSTR_OPERATION_(.kind = KTSTR_OP_WAIT_PAYLOAD, .payload = (payload_))
#define KTSTR_KILL_PAYLOAD(payload_)                                           \
	KTSTR_OPERATION_(.kind = KTSTR_OP_KILL_PAYLOAD, .payload = (payload_))

struct ktstr_operations {
	const struct ktstr_operation *operations;
	size_t n;
};

#define KTSTR_OPERATIONS(...)                                                     \
	{                                                                         \
		(const struct ktstr_operation[]){ __VA_ARGS__ },                  \
			sizeof((const struct ktstr_operation[]){ __VA_ARGS__ }) / \
				sizeof(struct ktstr_operation)                    \
	}

enum ktstr_hold_kind {
	KTSTR_HOLD_NONE, /* the next step follows at once */
	KTSTR_HOLD_KIND_FRACTION,
	KTSTR_HOLD_KIND_FIXED,
	KTSTR_HOLD_KIND_LOOP,
};

/* How long a step lasts once its operations are done. */
struct ktstr_hold {
	enum ktstr_hold_kind kind;
	double fraction; /* of the test's duration_s */
	uint32_t ms;     /* FIXED, and LOOP: between two rounds */
};

/* Share of the test's duration_s. */
#define KTSTR_HOLD_FRACTION(fraction_)                                         \
	((struct ktstr_hold){ .kind = KTSTR_HOLD_KIND_FRACTION,                \
			      .fraction = (fraction_) })
#define KTSTR_HOLD_MS(ms_)                                                     \
	((struct ktstr_hold){ .kind = KTSTR_HOLD_KIND_FIXED, .ms = (ms_) })
/* Its operations again and again, every `ms`, for a share of duration_s. */
#define KTSTR_HOLD_LOOP(ms_, fraction_)                                        \
	((struct ktstr_hold){ .kind = KTSTR_HOLD_KIND_LOOP,                    \
			      .ms = (ms_),                                     \
			      .fraction = (fraction_) })

struct ktstr_step {
	const char *name; /* for the report; NULL: its number */
	struct ktstr_cgroups cgroups;
	struct ktstr_operations operations;
	struct ktstr_hold hold;
};

struct ktstr_steps {
	const struct ktstr_step *steps;
	size_t n;
};

#define KTSTR_STEPS(...)                                                       \
	((struct ktstr_steps){                                                 \
		(const struct ktstr_step[]){ __VA_ARGS__ },                    \
		sizeof((const struct ktstr_step[]){ __VA_ARGS__ }) /           \
			sizeof(struct ktstr_step) })

/*
 * Runs the groups for the test's duration_s and judges their workers by its
 * checks: the verdict is the test's. Notes and metrics go to the report.
 */
enum ktstr_verdict ktstr_run_cgroups(struct ktstr_context *ctx,
				     struct ktstr_cgroups groups);

/* The same, with the steps one by one over the backdrop's groups. */
enum ktstr_verdict ktstr_run_steps(struct ktstr_context *ctx,
				   struct ktstr_cgroups backdrop,
				   struct ktstr_steps steps);

/*
 * A scenario that comes with the library, by its name: "steady", "steady_llc",
 * "oversubscribed", "cpuset_apply", "cpuset_clear", "cpuset_resize",
 * "cgroup_add", "cgroup_remove", "affinity_change", "affinity_pinned",
 * "host_contention", "mixed_workloads", "nested_steady", "nested_task_move".
 * One that needs more CPUs, LLCs or nodes than there are is a skip; a name that
 * is none fails.
 */
enum ktstr_verdict ktstr_run_scenario(struct ktstr_context *ctx,
				      const char *name);

/* Their names, NULL-ended. */
const char *const *ktstr_scenario_names(void);

#ifdef __cplusplus
}
#endif

#endif
