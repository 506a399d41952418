// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/sample.h"

/* Of all the counters of a CPU; they are some 200 bytes. */
#define COUNTERS_BYTES_MAX 1024

/* The members of struct scx_event_stats: each an s64, but no others count. */
static int find_counters(struct kt_sampler *sampler)
{
	const struct btf *btf = sampler->kernel->types->btf;
	const struct btf_type *type;
	uint32_t bytes;
	int id;

	if (kt_types_size(sampler->kernel->types, "scx_event_stats", &bytes) < 0 ||
	    bytes > COUNTERS_BYTES_MAX)
		return 0;
	id = btf__find_by_name_kind(btf, "scx_event_stats", BTF_KIND_STRUCT);
	type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	for (uint32_t i = 0; type && i < btf_vlen(type); i++) {
		const char *name =
			btf__name_by_offset(btf, btf_members(type)[i].name_off);
		struct kt_member member;
		size_t n = sampler->n_counters;

		if (n == KTSTR_COUNTERS_MAX || !name ||
		    kt_types_member_of(sampler->kernel->types, (uint32_t)id,
				       name, &member) < 0 ||
		    member.bit_size != 64 || member.bit_offset % 64 ||
		    kt_member_offset(&member) > bytes - sizeof(int64_t))
			continue;
		sampler->counter_names[n] = strdup(name);
		if (!sampler->counter_names[n])
			return -ENOMEM;
		sampler->counter_offsets[n] = kt_member_offset(&member);
		sampler->n_counters++;
	}
	sampler->counters_bytes = bytes;
	return 0;
}

static const enum kt_layout_id required[] = { KT_RQ_NR_RUNNING, KT_RQ_CLOCK };

int kt_sampler_init(struct kt_sampler *sampler, struct kt_guest_kernel *kernel,
		    struct ktstr_error *err)
{
	*sampler = (struct kt_sampler){ .kernel = kernel };
	if (!kernel->symbols.address[KT_SYMBOL_RUNQUEUES])
		return kt_err(err, -ENOENT,
			      "the guest reported no address of runqueues");
	for (size_t i = 0; i < KT_ARRAY_SIZE(required); i++) {
		char name[KT_LAYOUT_NAME_BYTES];

		if (kernel->layout->has[required[i]])
			continue;
		kt_layout_name(required[i], name, sizeof(name));
		return kt_err(
			err, -ENOENT,
			"this kernel's BTF has no %s, without which there "
			"is nothing to watch",
			name);
	}
	if (find_counters(sampler) < 0) {
		kt_sampler_deinit(sampler);
		return kt_err(err, -ENOMEM, "no memory for event counters");
	}
	return 0;
}

void kt_sampler_deinit(struct kt_sampler *sampler)
{
	for (size_t i = 0; i < sampler->n_counters; i++)
		free(sampler->counter_names[i]);
	sampler->n_counters = 0;
}

static int get32(struct kt_sampler *sampler, uint64_t rq, enum kt_layout_id id,
		 uint32_t *ret)
{
	uint64_t value;
	int r = kt_guest_kernel_get(sampler->kernel, rq, id, &value);

	if (!r && value > UINT32_MAX)
		return -ERANGE;
	if (!r)
		*ret = (uint32_t)value;
	return r;
}

/* A kernel without sched_ext has none of these: -ENOENT, as below. */
static int take_scx(struct kt_sampler *sampler, uint64_t rq,
		    struct ktstr_cpu_sample *ret)
{
	int r = get32(sampler, rq, KT_RQ_SCX_NR_RUNNING, &ret->scx_nr_running);

	if (!r)
		r = get32(sampler, rq, KT_RQ_SCX_FLAGS, &ret->scx_flags);
	if (!r)
		r = get32(sampler, rq, KT_RQ_SCX_LOCAL_DSQ_NR,
			  &ret->local_dsq_depth);
	if (!r && ret->local_dsq_depth > KT_SAMPLE_DSQ_DEPTH_MAX)
		r = -ERANGE;
	return r;
}

static int take_schedstat(struct kt_sampler *sampler, uint64_t rq,
			  struct ktstr_schedstat *ret)
{
	const struct {
		enum kt_layout_id id;
		uint64_t *value;
	} parts[] = {
		{ KT_RQ_YLD_COUNT, &ret->yld_count },
		{ KT_RQ_SCHED_COUNT, &ret->sched_count },
		{ KT_RQ_SCHED_GOIDLE, &ret->sched_goidle },
		{ KT_RQ_TTWU_COUNT, &ret->ttwu_count },
		{ KT_RQ_TTWU_LOCAL, &ret->ttwu_local },
		{ KT_RQ_CPU_TIME, &ret->cpu_time_ns },
		{ KT_RQ_RUN_DELAY, &ret->run_delay_ns },
		{ KT_RQ_PCOUNT, &ret->pcount },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(parts); i++) {
		int r = kt_guest_kernel_get(sampler->kernel, rq, parts[i].id,
					    parts[i].value);

		if (r)
			return r;
	}
	return 0;
}

static int take_cpu(struct kt_sampler *sampler, uint64_t rq,
		    struct ktstr_cpu_sample *ret, unsigned int *has)
{
	int r = get32(sampler, rq, KT_RQ_NR_RUNNING, &ret->nr_running);

	if (!r)
		r = kt_guest_kernel_get(sampler->kernel, rq, KT_RQ_CLOCK,
					&ret->rq_clock_ns);
	if (r)
		return r;
	r = take_scx(sampler, rq, ret);
	if (r == -ENOENT)
		*has &= ~KTSTR_SAMPLE_SCX;
	else if (r)
		return r;
	r = take_schedstat(sampler, rq, &ret->schedstat);
	if (r == -ENOENT)
		*has &= ~KTSTR_SAMPLE_SCHEDSTAT;
	else if (r)
		return r;
	return 0;
}

/* The per-CPU pointer to each CPU's counters, of the scheduler at `sch`. */
static int find_per_cpu_counters(struct kt_sampler *sampler, uint64_t sch,
				 uint64_t *ret)
{
	const struct kt_layout *layout = sampler->kernel->layout;
	int r;

	/*
	 * Among other numbers of a CPU since v6.18, in a struct of their own
	 * before; kernels before v6.15 have none that outlives a read.
	 */
	if (layout->has[KT_SCX_PCPU] && layout->has[KT_SCX_PCPU_EVENT_STATS]) {
		r = kt_guest_kernel_get(sampler->kernel, sch, KT_SCX_PCPU, ret);
		if (!r)
			*ret += kt_member_offset(
				&layout->member[KT_SCX_PCPU_EVENT_STATS]);
		return r;
	}
	return kt_guest_kernel_get(sampler->kernel, sch, KT_SCX_EVENT_STATS_CPU,
				   ret);
}

static int add_counters(struct kt_sampler *sampler, uint64_t address,
			int64_t *sums)
{
	uint64_t words[COUNTERS_BYTES_MAX / sizeof(uint64_t)];
	int r = kt_view_read(&sampler->kernel->view, address, words,
			     sampler->counters_bytes);

	if (r)
		return r;
	for (size_t i = 0; i < sampler->n_counters; i++)
		sums[i] = (int64_t)((uint64_t)sums[i] +
				    words[sampler->counter_offsets[i] / 8]);
	return 0;
}

/* -ENOENT without a scheduler, or with one that went meanwhile. */
static int take_counters(struct kt_sampler *sampler, int64_t *sums)
{
	struct kt_guest_kernel *kernel = sampler->kernel;
	uint64_t root = kernel->symbols.address[KT_SYMBOL_SCX_ROOT];
	uint64_t sch, again, counters;
	int r;

	if (!root || !sampler->n_counters)
		return -ENOENT;
	r = kt_view_u64(&kernel->view, root, &sch);
	if (!r && !sch)
		r = -ENOENT;
	if (!r)
		r = find_per_cpu_counters(sampler, sch, &counters);
	for (uint32_t cpu = 0; !r && cpu < kernel->n_cpus; cpu++)
		r = add_counters(sampler,
				 kt_guest_kernel_per_cpu(kernel, counters, cpu),
				 sums);
	if (!r)
		r = kt_view_u64(&kernel->view, root, &again);
	if (!r && again != sch)
		r = -ENOENT;
	return r;
}

int kt_sampler_take(struct kt_sampler *sampler, struct ktstr_monitor_sample *ret)
{
	struct kt_guest_kernel *kernel = sampler->kernel;
	uint64_t runqueues = kernel->symbols.address[KT_SYMBOL_RUNQUEUES];
	unsigned int has = KTSTR_SAMPLE_SCX | KTSTR_SAMPLE_SCHEDSTAT;

	kt_view_forget(&kernel->view);
	for (uint32_t cpu = 0; cpu < kernel->n_cpus; cpu++) {
		int r = take_cpu(sampler,
				 kt_guest_kernel_per_cpu(kernel, runqueues, cpu),
				 &ret->cpus[cpu], &has);

		if (r)
			return r;
	}
	memset(ret->counters, 0, sizeof(ret->counters));
	if (take_counters(sampler, ret->counters) == 0)
		has |= KTSTR_SAMPLE_COUNTERS;
	ret->has = has;
	return 0;
}
