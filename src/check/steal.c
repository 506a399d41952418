// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "check/steal.h"

/* The number of samples at or before a time. */
static size_t samples_until(const struct ktstr_cpu_steal *cpu, uint64_t time_ns)
{
	size_t n = 0;

	while (n < cpu->n_samples && cpu->samples[n].time_ns <= time_ns)
		n++;
	return n;
}

static bool is_ordered(const struct ktstr_cpu_steal *cpu)
{
	for (size_t i = 1; i < cpu->n_samples; i++) {
		const struct ktstr_steal_sample *a = &cpu->samples[i - 1];

		if (cpu->samples[i].time_ns < a->time_ns ||
		    cpu->samples[i].stolen_ns < a->stolen_ns)
			return false;
	}
	return true;
}

/* From the samples around the window; what none of them bounds is stolen. */
static uint64_t stolen_at_most(const struct ktstr_cpu_steal *cpu,
			       uint64_t from_ns, uint64_t to_ns)
{
	const struct ktstr_steal_sample *samples = cpu->samples;
	const struct ktstr_steal_sample *first, *last;
	size_t before = samples_until(cpu, from_ns);
	size_t after = before;
	uint64_t stolen = 0;

	while (after < cpu->n_samples && samples[after].time_ns < to_ns)
		after++;
	first = &samples[before ? before - 1 : 0];
	last = &samples[after < cpu->n_samples ? after : cpu->n_samples - 1];
	if (first->time_ns > from_ns)
		stolen += KT_MIN(first->time_ns, to_ns) - from_ns;
	if (last->time_ns < to_ns)
		stolen += to_ns - KT_MAX(last->time_ns, from_ns);
	return KT_MIN(stolen + (last->stolen_ns - first->stolen_ns),
		      to_ns - from_ns);
}

static uint64_t stolen_at_least(const struct ktstr_cpu_steal *cpu,
				uint64_t from_ns, uint64_t to_ns)
{
	size_t first = from_ns ? samples_until(cpu, from_ns - 1) : 0;
	size_t end = samples_until(cpu, to_ns);

	if (end <= first)
		return 0;
	return KT_MIN(cpu->samples[end - 1].stolen_ns -
			      cpu->samples[first].stolen_ns,
		      to_ns - from_ns);
}

struct kt_stolen kt_steal_of_cpu(const struct ktstr_steal *steal, size_t cpu,
				 uint64_t from_ns, uint64_t to_ns)
{
	const struct ktstr_cpu_steal *record;

	if (to_ns <= from_ns)
		return (struct kt_stolen){ 0, 0 };
	record = cpu < steal->n_cpus ? &steal->cpus[cpu] : NULL;
	if (!record || !record->n_samples || !is_ordered(record))
		return (struct kt_stolen){ 0, to_ns - from_ns };
	return (struct kt_stolen){
		.lo = stolen_at_least(record, from_ns, to_ns),
		.hi = stolen_at_most(record, from_ns, to_ns),
	};
}

struct kt_stolen kt_steal_of_worker(const struct ktstr_steal *steal,
				    const struct ktstr_worker_report *worker,
				    uint64_t from_ns, uint64_t to_ns)
{
	const cpu_set_t *seen = &worker->cpus_seen;
	struct kt_stolen total = { 0, 0 };
	size_t n_seen = (size_t)CPU_COUNT(seen), n_cpus;
	uint64_t window;

	if (!steal || to_ns <= from_ns)
		return total;
	if (!n_seen && !worker->migrations && worker->max_gap_cpu >= 0)
		return kt_steal_of_cpu(steal, (size_t)worker->max_gap_cpu,
				       from_ns, to_ns);
	window = to_ns - from_ns;
	n_cpus = n_seen ? CPU_SETSIZE : steal->n_cpus;
	if (!n_cpus)
		total.hi = window;
	for (size_t cpu = 0; cpu < n_cpus; cpu++) {
		struct kt_stolen one;

		if (n_seen && !CPU_ISSET(cpu, seen))
			continue;
		one = kt_steal_of_cpu(steal, cpu, from_ns, to_ns);
		total.hi = KT_MIN(total.hi + one.hi, window);
		if (n_seen == 1)
			total.lo = one.lo;
	}
	return total;
}
