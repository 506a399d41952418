// SPDX-License-Identifier: GPL-2.0-only
#include "workload/place.h"

#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/macro.h"

#define PLACE_SCHED_DEADLINE 6
#define PLACE_SCHED_EXT      7
#define PLACE_RESET_ON_FORK  1

/* sched_setattr(2); libc of this age has no name for it. */
struct place_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns;
	uint64_t deadline_ns;
	uint64_t period_ns;
};

static const struct {
	const char *name;
	int policy;
} place_policies[] = {
	[KTSTR_POLICY_NORMAL] = { "normal", SCHED_OTHER },
	[KTSTR_POLICY_BATCH] = { "batch", SCHED_BATCH },
	[KTSTR_POLICY_IDLE] = { "idle", SCHED_IDLE },
	[KTSTR_POLICY_FIFO] = { "fifo", SCHED_FIFO },
	[KTSTR_POLICY_RR] = { "rr", SCHED_RR },
	[KTSTR_POLICY_DEADLINE] = { "deadline", PLACE_SCHED_DEADLINE },
	[KTSTR_POLICY_EXT] = { "ext", PLACE_SCHED_EXT },
};

static bool place_is_rt(enum ktstr_policy policy)
{
	return policy == KTSTR_POLICY_FIFO || policy == KTSTR_POLICY_RR;
}

static int place_check_deadline(const struct ktstr_workers *spec,
				struct ktstr_error *err)
{
	const struct ktstr_deadline *d = &spec->deadline;

	if (spec->policy != KTSTR_POLICY_DEADLINE)
		return 0;
	if (!d->runtime_us || d->runtime_us > d->deadline_us ||
	    d->deadline_us > d->period_us)
		return kt_err(err, -EINVAL,
			      "a deadline of runtime %u, deadline %u, period "
			      "%u us; it must be 0 < runtime <= deadline <= "
			      "period",
			      d->runtime_us, d->deadline_us, d->period_us);
	if (spec->affinity.kind != KTSTR_AFFINITY_INHERIT)
		return kt_err(err, -EINVAL,
			      "policy deadline with an affinity, which the "
			      "kernel refuses; use a cpuset instead");
	return 0;
}

static int place_check_policy(const struct ktstr_workers *spec,
			      struct ktstr_error *err)
{
	const char *name;

	if ((size_t)spec->policy >= KT_ARRAY_SIZE(place_policies))
		return kt_err(err, -EINVAL, "policy %d is none of %zu known",
			      (int)spec->policy, KT_ARRAY_SIZE(place_policies));
	name = place_policies[spec->policy].name;
	if (place_is_rt(spec->policy) ? spec->priority < 1 || spec->priority > 99 :
					spec->priority != 0)
		return kt_err(err, -EINVAL,
			      "priority %u with policy %s; it is 1 to 99 for "
			      "fifo and rr, and else left out",
			      spec->priority, name);
	if (spec->nice < -20 || spec->nice > 19)
		return kt_err(err, -EINVAL, "nice must be -20 to 19, not %d",
			      spec->nice);
	if (spec->nice && (place_is_rt(spec->policy) ||
			   spec->policy == KTSTR_POLICY_DEADLINE ||
			   spec->policy == KTSTR_POLICY_IDLE))
		return kt_err(err, -EINVAL,
			      "nice %d has no effect with policy %s; leave it "
			      "out",
			      spec->nice, name);
	return place_check_deadline(spec, err);
}

static bool place_wants_nodes(enum ktstr_memory_kind kind)
{
	return kind == KTSTR_MEMORY_BIND || kind == KTSTR_MEMORY_PREFERRED ||
	       kind == KTSTR_MEMORY_INTERLEAVE;
}

static int place_check_memory(const struct ktstr_memory_policy *memory,
			      struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	int r;

	if (memory->kind > KTSTR_MEMORY_LOCAL)
		return kt_err(err, -EINVAL, "memory policy %d is not known",
			      (int)memory->kind);
	if (!place_wants_nodes(memory->kind) != !memory->nodes)
		return kt_err(err, -EINVAL,
			      "a memory policy %s nodes; bind, preferred and "
			      "interleave need them, default and local have "
			      "none",
			      memory->nodes ? "with" : "without");
	if (!memory->nodes)
		return 0;
	r = kt_cpulist_parse(memory->nodes, &nodes, err);
	if (r < 0)
		return kt_err_context(err, r, "memory policy");
	if (!kt_bitmap_count(&nodes))
		return kt_err(err, -EINVAL,
			      "a memory policy with an empty "
			      "list of nodes");
	return 0;
}

int kt_place_check(const struct ktstr_workers *spec, struct ktstr_error *err)
{
	const struct ktstr_affinity *affinity = &spec->affinity;
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	int r = place_check_policy(spec, err);

	if (r == 0)
		r = place_check_memory(&spec->memory, err);
	if (r < 0)
		return r;
	if (affinity->kind > KTSTR_AFFINITY_RANDOM)
		return kt_err(err, -EINVAL, "affinity %d is not known",
			      (int)affinity->kind);
	if (affinity->kind == KTSTR_AFFINITY_INHERIT && affinity->cpus)
		return kt_err(err, -EINVAL,
			      "an inherited affinity with CPUs \"%s\"; say "
			      "how to use them, such as KTSTR_AFFINITY_CPUS",
			      affinity->cpus);
	if ((affinity->kind == KTSTR_AFFINITY_RANDOM) != (affinity->count > 0))
		return kt_err(err, -EINVAL,
			      "affinity: count is %u; it is > 0 for "
			      "KTSTR_AFFINITY_RANDOM, and else left out",
			      affinity->count);
	r = affinity->cpus ? kt_cpulist_parse(affinity->cpus, &cpus, err) : 0;
	if (r == 0 && affinity->cpus && !kt_bitmap_count(&cpus))
		r = kt_err(err, -EINVAL, "an empty list of CPUs");
	return r < 0 ? kt_err_context(err, r, "affinity") : 0;
}

/* The n-th of the set, which has that many. */
static size_t place_nth(const struct kt_bitmap *cpus, size_t n)
{
	size_t cpu = kt_bitmap_next(cpus, 0);

	while (n-- > 0)
		cpu = kt_bitmap_next(cpus, cpu + 1);
	return cpu;
}

static uint64_t place_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Moves `count` CPUs of `from`, chosen by chance, to `ret`. */
static int place_draw(struct kt_bitmap *from, size_t count, uint64_t state,
		      struct kt_bitmap *ret)
{
	size_t left = kt_bitmap_count(from);

	for (; count > 0; count--, left--) {
		size_t cpu = place_nth(from, place_random(&state) % left);

		if (kt_bitmap_set(ret, cpu) < 0)
			return -ENOMEM;
		kt_bitmap_clear(from, cpu);
	}
	return 0;
}

static int place_copy(const struct kt_bitmap *from, struct kt_bitmap *ret)
{
	kt_bitmap_for_each (bit, from) {
		if (kt_bitmap_set(ret, bit) < 0)
			return -ENOMEM;
	}
	return 0;
}

int kt_place_cpus(const struct ktstr_affinity *affinity,
		  const struct kt_bitmap *allowed, uint32_t index,
		  struct kt_bitmap *ret, struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };
	size_t n;
	int r;

	r = affinity->cpus ? kt_cpulist_parse(affinity->cpus, &cpus, err) :
			     place_copy(allowed, &cpus);
	if (r < 0)
		return r;
	n = kt_bitmap_count(&cpus);
	if (affinity->kind == KTSTR_AFFINITY_CPUS)
		return place_copy(&cpus, ret);
	if (affinity->kind == KTSTR_AFFINITY_ONE_EACH)
		return kt_bitmap_set(ret, place_nth(&cpus, index % n));
	if (affinity->count > n)
		return kt_err(err, -EINVAL,
			      "affinity: %u random CPUs of %zu; lower the "
			      "count",
			      affinity->count, n);
	return place_draw(&cpus, affinity->count,
			  (uint64_t)affinity->seed << 32 | index, ret);
}

static int place_allowed(struct kt_bitmap *ret)
{
	uint64_t words[(KT_CPULIST_MAX + 1) / 64] = { 0 };
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(words), words);

	if (bytes < 0)
		return -errno;
	for (size_t cpu = 0; cpu < (size_t)bytes * 8; cpu++) {
		if ((words[cpu / 64] >> cpu % 64 & 1) &&
		    kt_bitmap_set(ret, cpu) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int place_set_affinity(const struct ktstr_affinity *affinity,
			      uint32_t index, struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap allowed = { 0 }, cpus = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int r;

	if (affinity->kind == KTSTR_AFFINITY_INHERIT)
		return 0;
	r = place_allowed(&allowed);
	if (r < 0)
		return kt_err_errno(err, r, "its affinity cannot be read");
	r = kt_place_cpus(affinity, &allowed, index, &cpus, err);
	if (r < 0)
		return r;
	if (syscall(SYS_sched_setaffinity, 0,
		    cpus.n_words * sizeof(cpus.words[0]), cpus.words) < 0) {
		r = -errno;
		kt_cpulist_print(&text, &cpus);
		return kt_err_errno(err, r,
				    "CPUs %s, of which at least one must be "
				    "online and in its cpuset",
				    kt_strbuf_text(&text));
	}
	return 0;
}

static int place_set_policy(const struct ktstr_workers *spec,
			    struct ktstr_error *err)
{
	struct place_sched_attr attr = {
		.size = sizeof(attr),
		.policy = (uint32_t)place_policies[spec->policy].policy,
		.nice = spec->nice,
		.priority = spec->priority,
	};

	if (spec->policy == KTSTR_POLICY_DEADLINE) {
		/* Else the kernel lets it have no children. */
		attr.flags = PLACE_RESET_ON_FORK;
		attr.runtime_ns = spec->deadline.runtime_us * 1000ULL;
		attr.deadline_ns = spec->deadline.deadline_us * 1000ULL;
		attr.period_ns = spec->deadline.period_us * 1000ULL;
	}
	/* What was inherited stays where nothing was asked for. */
	if (spec->policy == KTSTR_POLICY_NORMAL && !spec->nice)
		return 0;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return kt_err_errno(err, -errno,
				    "policy %s, nice %d, priority %u is "
				    "refused; it may take root, or a kernel "
				    "with that class",
				    place_policies[spec->policy].name,
				    spec->nice, spec->priority);
	return 0;
}

static int place_set_memory(const struct ktstr_memory_policy *memory,
			    struct ktstr_error *err)
{
	static const int modes[] = {
		[KTSTR_MEMORY_DEFAULT] = MPOL_DEFAULT,
		[KTSTR_MEMORY_BIND] = MPOL_BIND,
		[KTSTR_MEMORY_PREFERRED] = MPOL_PREFERRED,
		[KTSTR_MEMORY_INTERLEAVE] = MPOL_INTERLEAVE,
		[KTSTR_MEMORY_LOCAL] = MPOL_LOCAL,
	};
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	int r = 0;

	if (memory->kind == KTSTR_MEMORY_DEFAULT)
		return 0;
	if (memory->nodes)
		r = kt_cpulist_parse(memory->nodes, &nodes, err);
	if (r < 0)
		return r;
	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, modes[memory->kind], nodes.words,
		    nodes.n_words ? nodes.n_words * 64 + 1 : 0) < 0)
		return kt_err_errno(err, -errno,
				    "memory on nodes %s is refused; see "
				    "/sys/devices/system/node/has_memory",
				    memory->nodes ? memory->nodes : "(local)");
	return 0;
}

int kt_place_worker(const struct ktstr_workers *spec, uint32_t index,
		    struct ktstr_error *err)
{
	int r = place_set_affinity(&spec->affinity, index, err);

	if (r == 0)
		r = place_set_memory(&spec->memory, err);
	return r == 0 ? place_set_policy(spec, err) : r;
}
