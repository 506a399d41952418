/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_WORK_H
#define KTSTR_WORK_H

/*
 * What a test's workers do, and what became of them.
 *
 * A group of workers is forked, waits at a start gate, does one kind of work
 * until it is told to stop, and leaves a report a worker. Times are in
 * nanoseconds of CLOCK_MONOTONIC unless a name says otherwise; CPUs are the
 * guest's ids.
 */

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A default that a caller's field overrides is what the macros below are for.
 * They serve static tables too, where no pragma can stand inside, so the
 * warning is off for the rest of a file that includes this.
 */
#ifndef __cplusplus
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#endif

/*
 * The kinds of work. A "spin" is a step of integer arithmetic, about a
 * nanosecond. Kinds whose workers need partners come in sets; a group has a
 * whole number of sets.
 */
enum ktstr_work_kind {
	KTSTR_WORK_SPIN_WAIT, /* runs without a pause */
	KTSTR_WORK_YIELD_HEAVY,
	KTSTR_WORK_MIXED,
	KTSTR_WORK_IO_SYNC,
	KTSTR_WORK_BURSTY,
	KTSTR_WORK_PIPE_IO,
	KTSTR_WORK_FUTEX_PING_PONG,
	KTSTR_WORK_CACHE_PRESSURE,
	KTSTR_WORK_CACHE_YIELD,
	KTSTR_WORK_CACHE_PIPE,
	KTSTR_WORK_FUTEX_FAN_OUT,
	KTSTR_WORK_FAN_OUT_COMPUTE,
	KTSTR_WORK_SEQUENCE,
	KTSTR_WORK_FORK_EXIT,
	KTSTR_WORK_NICE_SWEEP,
	KTSTR_WORK_AFFINITY_CHURN,
	KTSTR_WORK_POLICY_CHURN,
	KTSTR_WORK_PAGE_FAULT_CHURN,
	KTSTR_WORK_MUTEX_CONTENTION,
	KTSTR_WORK_CUSTOM,
	KTSTR_WORK_WAKE_CHAIN,
	KTSTR_WORK_THUNDERING_HERD,
	KTSTR_WORK_TIMER_LATENCY,
	KTSTR_WORK_PRIORITY_INVERSION,
	KTSTR_WORK_SIGNAL_STORM,
	KTSTR_WORK_PREEMPT_STORM,
	KTSTR_WORK_RT_STARVATION,
	KTSTR_WORK_SMT_SIBLING_SPIN,
	KTSTR_WORK_ALU_HOT,
	KTSTR_WORK_NUMA_WORKING_SET_SWEEP,
	KTSTR_WORK_CGROUP_ATTACH_STORM,
	KTSTR_WORK_EPOLL_STORM,
	KTSTR_WORK_IRQ_WAKE,
	KTSTR_WORK_NET_TRAFFIC,
	KTSTR_WORK_SCHBENCH,
};

struct ktstr_mixed {
	uint32_t spins; /* between two yields */
};

struct ktstr_io_sync {
	const char *directory; /* where its nameless file lies */
	uint32_t bytes;        /* written and synced at a time */
	/* Slept behind each sync, in a tmpfs's stead, where none waits. */
	uint32_t device_us;
};

struct ktstr_bursty {
	uint32_t burst_ms;
	uint32_t sleep_ms;
};

struct ktstr_pipe_io {
	uint32_t message_bytes; /* at most 4096 */
	uint32_t spins;         /* before each message */
};

struct ktstr_futex_ping_pong {
	uint32_t spins; /* before each wake */
};

struct ktstr_cache {
	uint32_t size_bytes; /* each worker's own memory */
	uint32_t stride_bytes;
};

struct ktstr_cache_pipe {
	uint32_t size_bytes;
	uint32_t spins;
};

struct ktstr_futex_fan_out {
	uint32_t receivers; /* woken by one sender: a set is one more */
	uint32_t spins;     /* of each receiver, once woken */
};

struct ktstr_fan_out_compute {
	uint32_t receivers;
	uint32_t size_bytes; /* each receiver's own memory */
	uint32_t operations; /* times that it goes through it, once woken */
	uint32_t sleep_us;   /* before it does */
};

enum ktstr_phase_kind {
	KTSTR_PHASE_END, /* the sequence begins again */
	KTSTR_PHASE_SPIN,
	KTSTR_PHASE_SLEEP,
	KTSTR_PHASE_YIELD,
};

struct ktstr_phase {
	enum ktstr_phase_kind kind;
	uint32_t duration_us;
};

#define KTSTR_MAX_PHASES 8

struct ktstr_sequence {
	struct ktstr_phase phases[KTSTR_MAX_PHASES];
};

struct ktstr_churn {
	uint32_t spins; /* between two changes */
};

struct ktstr_page_fault_churn {
	uint32_t region_bytes;
	uint32_t touches; /* pages touched before the region is dropped */
	uint32_t spins;   /* between two regions */
};

struct ktstr_mutex_contention {
	uint32_t contenders; /* of one mutex: a set */
	uint32_t hold_spins;
	uint32_t work_spins; /* without the mutex */
};

struct ktstr_worker; /* the running worker, opaque to a test */

struct ktstr_custom {
	/* Runs in each worker until ktstr_worker_mark() says no. */
	void (*run)(struct ktstr_worker *worker, void *argument);
	void *argument; /* as it was when the worker was forked */
};

struct ktstr_wake_chain {
	uint32_t length; /* workers that pass one token round: a set */
};

struct ktstr_thundering_herd {
	uint32_t waiters; /* all woken at once by one more */
};

struct ktstr_timer_latency {
	uint32_t period_us;
};

/*
 * The first worker of a set is the low one, at nice 19, which holds a mutex;
 * the second the high one, of FIFO priority 1, which wants it; the others spin
 * in the middle. All of a set share one CPU.
 */
struct ktstr_priority_inversion {
	uint32_t middles;
	uint32_t hold_spins; /* of the low one, with the mutex */
	uint32_t period_us;  /* between two times that the high one wants it */
	bool plain;          /* a mutex that hands no priority on */
};

struct ktstr_signal_storm {
	uint32_t spins;    /* behind each signal to the partner */
	uint32_t sleep_us; /* then slept, until the partner's signal; 0: never */
};

/* The first of a set, of FIFO priority 1, wakes on its victims' CPU. */
struct ktstr_preempt_storm {
	uint32_t victims;
	uint32_t period_us;
	uint32_t spins; /* of the first one, each time */
};

/* The first of a set spins at FIFO priority 1; the others want its CPU. */
struct ktstr_rt_starvation {
	uint32_t starved;
	uint32_t burst_ms;
	uint32_t rest_ms; /* > 0: whoever ends the work has to run too */
};

struct ktstr_alu_hot {
	uint32_t steps; /* of eight chains of multiplications, a unit */
};

struct ktstr_numa_sweep {
	uint32_t size_bytes; /* each worker's own, an equal part a node */
	uint32_t stride_bytes;
	uint32_t passes; /* over a part before it goes to the next node's */
};

struct ktstr_cgroup_attach {
	uint32_t spins; /* between two moves */
};

struct ktstr_epoll_storm {
	uint32_t waiters; /* on the events of one sender: a set is one more */
	uint32_t spins;   /* of the sender, between two events */
};

struct ktstr_irq_wake {
	uint32_t period_us;
};

enum ktstr_net_protocol {
	KTSTR_NET_UDP,
	KTSTR_NET_TCP,
};

struct ktstr_net_traffic {
	enum ktstr_net_protocol protocol;
	uint32_t message_bytes; /* at most 16384 */
	uint32_t burst;         /* messages sent before the answers are read */
	uint32_t spins;         /* before each burst */
};

struct ktstr_schbench {
	uint32_t workers;    /* of one message worker: a set is one more */
	uint32_t size_bytes; /* each worker's own memory */
	uint32_t operations; /* times that it goes through it for a request */
	uint32_t sleep_us;   /* before it does, as for a network; 0: never */
};

/* Made by the macros below, which put the defaults in first. */
struct ktstr_work {
	enum ktstr_work_kind kind;
	union {
		struct ktstr_mixed mixed;
		struct ktstr_io_sync io_sync;
		struct ktstr_bursty bursty;
		struct ktstr_pipe_io pipe_io;
		struct ktstr_futex_ping_pong futex_ping_pong;
		struct ktstr_cache cache;
		struct ktstr_cache_pipe cache_pipe;
		struct ktstr_futex_fan_out futex_fan_out;
		struct ktstr_fan_out_compute fan_out_compute;
		struct ktstr_sequence sequence;
		struct ktstr_churn churn;
		struct ktstr_page_fault_churn page_fault_churn;
		struct ktstr_mutex_contention mutex_contention;
		struct ktstr_custom custom;
		struct ktstr_wake_chain wake_chain;
		struct ktstr_thundering_herd thundering_herd;
		struct ktstr_timer_latency timer_latency;
		struct ktstr_priority_inversion priority_inversion;
		struct ktstr_signal_storm signal_storm;
		struct ktstr_preempt_storm preempt_storm;
		struct ktstr_rt_starvation rt_starvation;
		struct ktstr_alu_hot alu_hot;
		struct ktstr_numa_sweep numa_sweep;
		struct ktstr_cgroup_attach cgroup_attach;
		struct ktstr_epoll_storm epoll_storm;
		struct ktstr_irq_wake irq_wake;
		struct ktstr_net_traffic net_traffic;
		struct ktstr_schbench schbench;
	};
};

#define KTSTR_WORK_(kind_, member_, ...)                                       \
	((struct ktstr_work){ .kind = (kind_), .member_ = { __VA_ARGS__ } })

#define KTSTR_SPIN_WAIT() ((struct ktstr_work){ .kind = KTSTR_WORK_SPIN_WAIT })
#define KTSTR_YIELD_HEAVY()                                                    \
	((struct ktstr_work){ .kind = KTSTR_WORK_YIELD_HEAVY })
#define KTSTR_FORK_EXIT() ((struct ktstr_work){ .kind = KTSTR_WORK_FORK_EXIT })
#define KTSTR_MIXED(...)                                                       \
	KTSTR_WORK_(KTSTR_WORK_MIXED, mixed, .spins = 100000, __VA_ARGS__)
#define KTSTR_IO_SYNC(...)                                                     \
	KTSTR_WORK_(KTSTR_WORK_IO_SYNC, io_sync, .directory = "/tmp",          \
		    .bytes = 65536, .device_us = 100, __VA_ARGS__)
#define KTSTR_BURSTY(...)                                                      \
	KTSTR_WORK_(KTSTR_WORK_BURSTY, bursty, .burst_ms = 50,                 \
		    .sleep_ms = 100, __VA_ARGS__)
#define KTSTR_PIPE_IO(...)                                                     \
	KTSTR_WORK_(KTSTR_WORK_PIPE_IO, pipe_io, .message_bytes = 1,           \
		    .spins = 1024, __VA_ARGS__)
#define KTSTR_FUTEX_PING_PONG(...)                                             \
	KTSTR_WORK_(KTSTR_WORK_FUTEX_PING_PONG, futex_ping_pong,               \
		    .spins = 1024, __VA_ARGS__)
#define KTSTR_CACHE_PRESSURE(...)                                              \
	KTSTR_WORK_(KTSTR_WORK_CACHE_PRESSURE, cache, .size_bytes = 32768,     \
		    .stride_bytes = 64, __VA_ARGS__)
#define KTSTR_CACHE_YIELD(...)                                                 \
	KTSTR_WORK_(KTSTR_WORK_CACHE_YIELD, cache, .size_bytes = 32768,        \
		    .stride_bytes = 64, __VA_ARGS__)
#define KTSTR_CACHE_PIPE(...)                                                  \
	KTSTR_WORK_(KTSTR_WORK_CACHE_PIPE, cache_pipe, .size_bytes = 32768,    \
		    .spins = 1024, __VA_ARGS__)
#define KTSTR_FUTEX_FAN_OUT(...)                                               \
	KTSTR_WORK_(KTSTR_WORK_FUTEX_FAN_OUT, futex_fan_out, .receivers = 4,   \
		    .spins = 1024, __VA_ARGS__)
#define KTSTR_FAN_OUT_COMPUTE(...)                                             \
	KTSTR_WORK_(KTSTR_WORK_FAN_OUT_COMPUTE, fan_out_compute,               \
		    .receivers = 4, .size_bytes = 262144, .operations = 5,     \
		    .sleep_us = 100, __VA_ARGS__)
/* KTSTR_SEQUENCE({ KTSTR_PHASE_SPIN, 5000 }, { KTSTR_PHASE_SLEEP, 1000 }) */
#define KTSTR_SEQUENCE(...)                                                    \
	KTSTR_WORK_(KTSTR_WORK_SEQUENCE, sequence, .phases = { __VA_ARGS__ })
#define KTSTR_NICE_SWEEP(...)                                                  \
	KTSTR_WORK_(KTSTR_WORK_NICE_SWEEP, churn, .spins = 100000, __VA_ARGS__)
#define KTSTR_AFFINITY_CHURN(...)                                              \
	KTSTR_WORK_(KTSTR_WORK_AFFINITY_CHURN, churn, .spins = 100000,         \
		    __VA_ARGS__)
#define KTSTR_POLICY_CHURN(...)                                                \
	KTSTR_WORK_(KTSTR_WORK_POLICY_CHURN, churn, .spins = 100000, __VA_ARGS__)
#define KTSTR_PAGE_FAULT_CHURN(...)                                            \
	KTSTR_WORK_(KTSTR_WORK_PAGE_FAULT_CHURN, page_fault_churn,             \
		    .region_bytes = 4 << 20, .touches = 256, .spins = 64,      \
		    __VA_ARGS__)
#define KTSTR_MUTEX_CONTENTION(...)                                            \
	KTSTR_WORK_(KTSTR_WORK_MUTEX_CONTENTION, mutex_contention,             \
		    .contenders = 4, .hold_spins = 256, .work_spins = 1024,    \
		    __VA_ARGS__)
#define KTSTR_CUSTOM(...) KTSTR_WORK_(KTSTR_WORK_CUSTOM, custom, __VA_ARGS__)
#define KTSTR_WAKE_CHAIN(...)                                                  \
	KTSTR_WORK_(KTSTR_WORK_WAKE_CHAIN, wake_chain, .length = 4, __VA_ARGS__)
#define KTSTR_THUNDERING_HERD(...)                                             \
	KTSTR_WORK_(KTSTR_WORK_THUNDERING_HERD, thundering_herd, .waiters = 7, \
		    __VA_ARGS__)
#define KTSTR_TIMER_LATENCY(...)                                               \
	KTSTR_WORK_(KTSTR_WORK_TIMER_LATENCY, timer_latency,                   \
		    .period_us = 1000, __VA_ARGS__)
#define KTSTR_PRIORITY_INVERSION(...)                                          \
	KTSTR_WORK_(KTSTR_WORK_PRIORITY_INVERSION, priority_inversion,         \
		    .middles = 1, .hold_spins = 100000, .period_us = 1000,     \
		    .plain = false, __VA_ARGS__)
#define KTSTR_SIGNAL_STORM(...)                                                \
	KTSTR_WORK_(KTSTR_WORK_SIGNAL_STORM, signal_storm, .spins = 1024,      \
		    .sleep_us = 1000, __VA_ARGS__)
#define KTSTR_PREEMPT_STORM(...)                                               \
	KTSTR_WORK_(KTSTR_WORK_PREEMPT_STORM, preempt_storm, .victims = 1,     \
		    .period_us = 200, .spins = 1024, __VA_ARGS__)
#define KTSTR_RT_STARVATION(...)                                               \
	KTSTR_WORK_(KTSTR_WORK_RT_STARVATION, rt_starvation, .starved = 1,     \
		    .burst_ms = 1500, .rest_ms = 100, __VA_ARGS__)
#define KTSTR_SMT_SIBLING_SPIN()                                               \
	((struct ktstr_work){ .kind = KTSTR_WORK_SMT_SIBLING_SPIN })
#define KTSTR_ALU_HOT(...)                                                     \
	KTSTR_WORK_(KTSTR_WORK_ALU_HOT, alu_hot, .steps = 4096, __VA_ARGS__)
#define KTSTR_NUMA_WORKING_SET_SWEEP(...)                                      \
	KTSTR_WORK_(KTSTR_WORK_NUMA_WORKING_SET_SWEEP, numa_sweep,             \
		    .size_bytes = 8 << 20, .stride_bytes = 64, .passes = 4,    \
		    __VA_ARGS__)
#define KTSTR_CGROUP_ATTACH_STORM(...)                                         \
	KTSTR_WORK_(KTSTR_WORK_CGROUP_ATTACH_STORM, cgroup_attach,             \
		    .spins = 100000, __VA_ARGS__)
#define KTSTR_EPOLL_STORM(...)                                                 \
	KTSTR_WORK_(KTSTR_WORK_EPOLL_STORM, epoll_storm, .waiters = 4,         \
		    .spins = 4096, __VA_ARGS__)
#define KTSTR_IRQ_WAKE(...)                                                    \
	KTSTR_WORK_(KTSTR_WORK_IRQ_WAKE, irq_wake, .period_us = 500, __VA_ARGS__)
#define KTSTR_NET_TRAFFIC(...)                                                 \
	KTSTR_WORK_(KTSTR_WORK_NET_TRAFFIC, net_traffic,                       \
		    .protocol = KTSTR_NET_UDP, .message_bytes = 64,            \
		    .burst = 8, .spins = 1024, __VA_ARGS__)
#define KTSTR_SCHBENCH(...)                                                    \
	KTSTR_WORK_(KTSTR_WORK_SCHBENCH, schbench, .workers = 4,               \
		    .size_bytes = 262144, .operations = 5, .sleep_us = 100,    \
		    __VA_ARGS__)

enum ktstr_policy {
	KTSTR_POLICY_NORMAL,
	KTSTR_POLICY_BATCH,
	KTSTR_POLICY_IDLE,
	KTSTR_POLICY_FIFO,
	KTSTR_POLICY_RR,
	KTSTR_POLICY_DEADLINE,
	KTSTR_POLICY_EXT,
};

struct ktstr_deadline {
	uint32_t runtime_us;
	uint32_t deadline_us;
	uint32_t period_us;
};

enum ktstr_affinity_kind {
	KTSTR_AFFINITY_INHERIT,
	KTSTR_AFFINITY_CPUS,     /* every worker on all of the list */
	KTSTR_AFFINITY_ONE_EACH, /* worker i on the list's i-th, round again */
	KTSTR_AFFINITY_RANDOM,   /* each on a subset of its own of the list */
};

/*
 * Set before the start gate: a cpuset that a worker is moved into narrows it.
 * `cpus` is a list such as "0-3,8"; NULL: the CPUs that the caller may use.
 */
struct ktstr_affinity {
	enum ktstr_affinity_kind kind;
	const char *cpus;
	uint32_t count; /* RANDOM: CPUs a worker */
	uint32_t seed;  /* RANDOM: the same seed gives the same subsets */
};

enum ktstr_memory_kind {
	KTSTR_MEMORY_DEFAULT,
	KTSTR_MEMORY_BIND,
	KTSTR_MEMORY_PREFERRED, /* the first of the nodes */
	KTSTR_MEMORY_INTERLEAVE,
	KTSTR_MEMORY_LOCAL,
};

struct ktstr_memory_policy {
	enum ktstr_memory_kind kind;
	const char *nodes; /* a list such as "0-1"; not for DEFAULT, LOCAL */
};

/* A group of workers that do the same. All pointers are borrowed. */
struct ktstr_workers {
	const char *name; /* required */
	uint32_t workers; /* processes, > 0; a whole number of sets */
	struct ktstr_work work;
	enum ktstr_policy policy;
	uint32_t priority; /* FIFO, RR: 1 to 99; else 0 */
	int nice;          /* -20 to 19; NORMAL, BATCH and EXT */
	struct ktstr_deadline deadline;
	struct ktstr_affinity affinity;
	struct ktstr_memory_policy memory;
};

/*
 * For KTSTR_CUSTOM(), in the worker. Says that `units` of work were done, a
 * sign of life; false: end now. To be called at least every few milliseconds.
 */
bool ktstr_worker_mark(struct ktstr_worker *worker, uint64_t units);

/* Whether to end, without a sign of life. */
bool ktstr_worker_stopping(const struct ktstr_worker *worker);

/* Its index within the group. */
uint32_t ktstr_worker_index(const struct ktstr_worker *worker);

#define KTSTR_WAKE_TAIL 50

/* Wake latencies of one worker: from the waker's stamp to running again. */
struct ktstr_wake_latency {
	uint64_t samples; /* 0: this kind of work has none, the rest is void */
	uint64_t mean_ns;
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t max_ns;
	uint64_t stddev_ns;
	/* [i]: what i + 1 percent of them reached; [0] is the 99th percentile */
	uint64_t tail_ns[KTSTR_WAKE_TAIL];
};

/* A time without a sign of work. */
struct ktstr_gap {
	uint64_t ns;
	uint64_t at_ns; /* when it ended, since the start gate */
	int32_t cpu;    /* where the worker was after it; -1: unknown */
};

#define KTSTR_NEXT_GAPS 7

/* One worker's life between the start gate and its end. */
struct ktstr_worker_report {
	uint32_t index; /* within its group */
	pid_t pid;
	const char *group; /* borrowed from the group's declaration */

	bool finished;   /* it ended by itself when told to stop */
	int wait_status; /* as waitpid() gave it; -1: not to be reaped */

	uint64_t work_units;
	uint64_t iterations; /* of its work's own loop */
	uint64_t wall_ns;
	uint64_t cpu_ns;
	uint64_t off_cpu_ns; /* wall - cpu: waiting by its own will included */
	uint64_t run_delay_ns; /* runnable but not running: /proc/PID/schedstat */

	uint64_t migrations; /* times that it found itself on another CPU */
	uint64_t cross_node_migrations;
	cpu_set_t cpus_seen; /* where it found itself; empty: not recorded */

	uint64_t max_gap_ns;    /* longest time between two signs of work */
	int32_t max_gap_cpu;    /* where it was after it; -1: unknown */
	uint64_t max_gap_at_ns; /* when it ended, since the start gate */
	/* The longest ones behind it, descending; of 0 ns: there are no more. */
	struct ktstr_gap next_gaps[KTSTR_NEXT_GAPS];

	struct ktstr_wake_latency wake;

	/* Pages of the worker's own memory by place; both 0: not counted. */
	uint64_t local_pages;
	uint64_t remote_pages;
};

#ifdef __cplusplus
}
#endif

#endif
