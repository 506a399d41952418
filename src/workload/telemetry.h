/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What a worker leaves behind: a slot in memory that it shares with its
 * starter, cache lines of its own, written by the worker alone. The starter
 * reads it once the worker is dead; only `state` and `error` before.
 */

#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ktstr/work.h>

#define KT_RESERVOIR 512

enum kt_slot_state {
	KT_SLOT_FORKED,
	KT_SLOT_READY,
	KT_SLOT_RUNNING, /* past the gate */
	KT_SLOT_FINISHED,
	KT_SLOT_REFUSED, /* its set-up failed: `error` says why */
};

/* A bounded sample of latencies: every one has the same chance to be in it. */
struct kt_reservoir {
	uint64_t seen;
	uint64_t random; /* state of the generator, not 0 */
	double mean, m2; /* over all that were seen (Welford) */
	uint64_t max_ns;
	uint64_t kept[KT_RESERVOIR];
};

struct kt_slot {
	alignas(128) _Atomic int state;
	uint64_t work_units;
	uint64_t iterations;
	uint64_t migrations;
	uint64_t cross_node_migrations;
	uint64_t start_ns; /* when the gate opened */
	uint64_t last_ns;  /* the last sign of work */
	uint64_t max_gap_ns;
	uint64_t max_gap_at_ns;
	int32_t max_gap_cpu;
	struct ktstr_gap next_gaps[KTSTR_NEXT_GAPS]; /* descending */
	uint32_t cpu;
	uint32_t node;
	cpu_set_t cpus_seen;
	uint64_t wall_ns;
	uint64_t base_cpu_ns; /* used up before the gate */
	uint64_t cpu_ns;
	uint64_t base_run_delay_ns;
	uint64_t run_delay_ns;
	uint64_t local_pages;
	uint64_t remote_pages;
	struct kt_reservoir wake;
	char error[256];
	int error_code;
	char left[256]; /* what is to be removed after it, the kind's to name */
};

/* `seed` decides which samples stay: the same run gives the same sample. */
void kt_reservoir_init(struct kt_reservoir *reservoir, uint64_t seed);
void kt_reservoir_add(struct kt_reservoir *reservoir, uint64_t value_ns);
struct ktstr_wake_latency kt_reservoir_summary(const struct kt_reservoir *reservoir);

/* CPU time and run delay from the text of a schedstat; false: it is none. */
bool kt_schedstat_parse(const char *text, uint64_t *ret_cpu_ns,
			uint64_t *ret_run_delay_ns);
bool kt_schedstat_read(pid_t pid, uint64_t *ret_cpu_ns,
		       uint64_t *ret_run_delay_ns);

/* In the worker: before the gate, behind it, and at the end. */
void kt_slot_prepare(struct kt_slot *slot, uint32_t index);
void kt_slot_begin(struct kt_slot *slot, uint64_t start_ns);
void kt_slot_finish(struct kt_slot *slot, void *memory, size_t memory_bytes);

/* A sign of work at `now_ns` on `cpu`. */
void kt_slot_sign(struct kt_slot *slot, uint64_t now_ns, uint32_t cpu);

/*
 * What a dead worker left. One that was killed while it worked is charged the
 * gap up to `end_ns`, and has the CPU time and run delay that are given.
 */
void kt_slot_report(const struct kt_slot *slot, uint64_t end_ns, uint64_t cpu_ns,
		    uint64_t run_delay_ns, struct ktstr_worker_report *ret);
