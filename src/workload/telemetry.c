// SPDX-License-Identifier: GPL-2.0-only
#include "workload/telemetry.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

static uint64_t telemetry_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void kt_reservoir_init(struct kt_reservoir *reservoir, uint64_t seed)
{
	memset(reservoir, 0, sizeof(*reservoir));
	reservoir->random = seed * 0x9e3779b97f4a7c15 | 1;
}

void kt_reservoir_add(struct kt_reservoir *reservoir, uint64_t value_ns)
{
	uint64_t place = reservoir->seen++;
	double off = (double)value_ns - reservoir->mean;

	reservoir->mean += off / (double)reservoir->seen;
	reservoir->m2 += off * ((double)value_ns - reservoir->mean);
	reservoir->max_ns = KT_MAX(reservoir->max_ns, value_ns);
	if (place >= KT_RESERVOIR)
		place = telemetry_random(&reservoir->random) % reservoir->seen;
	if (place < KT_RESERVOIR)
		reservoir->kept[place] = value_ns;
}

static int telemetry_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Newton's method: libm is no part of the guest's side. */
static double telemetry_sqrt(double value)
{
	double root = value > 1 ? value : 1;

	if (value <= 0)
		return 0;
	for (int i = 0; i < 64; i++)
		root = (root + value / root) / 2;
	return root;
}

struct ktstr_wake_latency kt_reservoir_summary(const struct kt_reservoir *reservoir)
{
	uint64_t n = KT_MIN(reservoir->seen, (uint64_t)KT_RESERVOIR);
	struct ktstr_wake_latency latency = { .samples = reservoir->seen };
	uint64_t sorted[KT_RESERVOIR];

	if (!n)
		return latency;
	memcpy(sorted, reservoir->kept, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), telemetry_compare);
	latency.mean_ns = (uint64_t)reservoir->mean;
	latency.p50_ns = sorted[(n - 1) / 2];
	for (uint64_t i = 0; i < KTSTR_WAKE_TAIL; i++)
		latency.tail_ns[i] = sorted[(n * (99 - i) + 99) / 100 - 1];
	latency.p99_ns = latency.tail_ns[0];
	latency.max_ns = reservoir->max_ns;
	latency.stddev_ns =
		(uint64_t)telemetry_sqrt(reservoir->m2 / (double)reservoir->seen);
	return latency;
}

bool kt_schedstat_parse(const char *text, uint64_t *ret_cpu_ns,
			uint64_t *ret_run_delay_ns)
{
	uint64_t cpu_ns, run_delay_ns, slices;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &cpu_ns,
		   &run_delay_ns, &slices) != 3)
		return false;
	*ret_cpu_ns = cpu_ns;
	*ret_run_delay_ns = run_delay_ns;
	return true;
}

bool kt_schedstat_read(pid_t pid, uint64_t *ret_cpu_ns, uint64_t *ret_run_delay_ns)
{
	_cleanup_free_ char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	return kt_read_file(path, 4096, &text, NULL) == 0 &&
	       kt_schedstat_parse(text, ret_cpu_ns, ret_run_delay_ns);
}

static uint64_t telemetry_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void kt_slot_prepare(struct kt_slot *slot, uint32_t index)
{
	uint64_t cpu_ns;

	kt_reservoir_init(&slot->wake, index + 1);
	slot->max_gap_cpu = -1;
	slot->base_cpu_ns = telemetry_cpu_ns();
	(void)kt_schedstat_read(getpid(), &cpu_ns, &slot->base_run_delay_ns);
}

void kt_slot_begin(struct kt_slot *slot, uint64_t start_ns)
{
	slot->start_ns = start_ns;
	slot->last_ns = start_ns;
	if (getcpu(&slot->cpu, &slot->node) < 0)
		slot->cpu = slot->node = 0;
	CPU_SET(slot->cpu, &slot->cpus_seen);
	atomic_store(&slot->state, KT_SLOT_RUNNING);
}

/* Keeps a gap among the next ones if it is long enough. */
static void telemetry_keep_gap(struct ktstr_gap *next, struct ktstr_gap gap)
{
	size_t at = KTSTR_NEXT_GAPS;

	while (at > 0 && next[at - 1].ns < gap.ns)
		at--;
	if (at == KTSTR_NEXT_GAPS)
		return;
	memmove(&next[at + 1], &next[at],
		(KTSTR_NEXT_GAPS - 1 - at) * sizeof(*next));
	next[at] = gap;
}

void kt_slot_sign(struct kt_slot *slot, uint64_t now_ns, uint32_t cpu)
{
	struct ktstr_gap gap = {
		.ns = now_ns - slot->last_ns,
		.at_ns = now_ns - slot->start_ns,
		.cpu = (int32_t)cpu,
	};

	slot->last_ns = now_ns;
	if (gap.ns > slot->max_gap_ns) {
		const struct ktstr_gap former = { slot->max_gap_ns,
						  slot->max_gap_at_ns,
						  slot->max_gap_cpu };

		slot->max_gap_ns = gap.ns;
		slot->max_gap_at_ns = gap.at_ns;
		slot->max_gap_cpu = gap.cpu;
		telemetry_keep_gap(slot->next_gaps, former);
	} else if (gap.ns > slot->next_gaps[KTSTR_NEXT_GAPS - 1].ns) {
		telemetry_keep_gap(slot->next_gaps, gap);
	}
	if (cpu != slot->cpu) {
		unsigned int now_cpu, node;

		slot->migrations++;
		slot->cpu = cpu;
		CPU_SET(cpu, &slot->cpus_seen);
		if (getcpu(&now_cpu, &node) == 0 && node != slot->node) {
			slot->cross_node_migrations++;
			slot->node = node;
		}
	}
}

/* Where the pages of its own memory lie; absent ones do not count. */
static void telemetry_count_pages(struct kt_slot *slot, char *memory,
				  size_t memory_bytes)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *pages[64];
	int nodes[64];

	for (size_t at = 0; at < memory_bytes;) {
		unsigned long n = 0;

		for (; n < KT_ARRAY_SIZE(pages) && at < memory_bytes;
		     at += page_bytes)
			pages[n++] = memory + at;
		if (syscall(SYS_move_pages, 0, n, pages, NULL, nodes, 0) < 0)
			return;
		for (unsigned long i = 0; i < n; i++) {
			slot->local_pages += nodes[i] == (int)slot->node;
			slot->remote_pages +=
				nodes[i] >= 0 && nodes[i] != (int)slot->node;
		}
	}
}

void kt_slot_finish(struct kt_slot *slot, void *memory, size_t memory_bytes)
{
	uint64_t now = kt_now_ns(), cpu_ns, delay_ns;

	kt_slot_sign(slot, now, (uint32_t)sched_getcpu());
	slot->wall_ns = now - slot->start_ns;
	slot->cpu_ns = telemetry_cpu_ns() - slot->base_cpu_ns;
	if (kt_schedstat_read(getpid(), &cpu_ns, &delay_ns))
		slot->run_delay_ns = delay_ns - slot->base_run_delay_ns;
	telemetry_count_pages(slot, memory, memory_bytes);
	atomic_store(&slot->state, KT_SLOT_FINISHED);
}

void kt_slot_report(const struct kt_slot *slot, uint64_t end_ns, uint64_t cpu_ns,
		    uint64_t run_delay_ns, struct ktstr_worker_report *ret)
{
	int state = atomic_load(&slot->state);
	uint64_t tail = end_ns > slot->last_ns ? end_ns - slot->last_ns : 0;

	ret->finished = state == KT_SLOT_FINISHED;
	ret->max_gap_cpu = -1;
	if (state != KT_SLOT_FINISHED && state != KT_SLOT_RUNNING)
		return;
	ret->work_units = slot->work_units;
	ret->iterations = slot->iterations;
	ret->migrations = slot->migrations;
	ret->cross_node_migrations = slot->cross_node_migrations;
	ret->max_gap_ns = slot->max_gap_ns;
	ret->max_gap_at_ns = slot->max_gap_at_ns;
	ret->max_gap_cpu = slot->max_gap_cpu;
	memcpy(ret->next_gaps, slot->next_gaps, sizeof(ret->next_gaps));
	ret->cpus_seen = slot->cpus_seen;
	ret->wall_ns = slot->wall_ns;
	ret->cpu_ns = slot->cpu_ns;
	ret->run_delay_ns = slot->run_delay_ns;
	ret->wake = kt_reservoir_summary(&slot->wake);
	ret->local_pages = slot->local_pages;
	ret->remote_pages = slot->remote_pages;
	if (state == KT_SLOT_RUNNING) {
		ret->wall_ns = end_ns - slot->start_ns;
		ret->cpu_ns = cpu_ns > slot->base_cpu_ns ?
				      cpu_ns - slot->base_cpu_ns :
				      0;
		ret->run_delay_ns =
			run_delay_ns > slot->base_run_delay_ns ?
				run_delay_ns - slot->base_run_delay_ns :
				0;
		if (tail > ret->max_gap_ns) {
			telemetry_keep_gap(
				ret->next_gaps,
				(struct ktstr_gap){ ret->max_gap_ns,
						    ret->max_gap_at_ns,
						    ret->max_gap_cpu });
			ret->max_gap_ns = tail;
			ret->max_gap_at_ns = ret->wall_ns;
			ret->max_gap_cpu = (int32_t)slot->cpu;
		}
	}
	ret->off_cpu_ns =
		ret->wall_ns > ret->cpu_ns ? ret->wall_ns - ret->cpu_ns : 0;
}
