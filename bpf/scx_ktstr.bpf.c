// SPDX-License-Identifier: GPL-2.0-only
/*
 * One queue for all CPUs, first come, first served: about the least that a
 * scheduler can be. What it can be told to do wrong, and the maps that it keeps
 * of what it saw, are for tests of the tool.
 */
#include "sched_ext.h"

#include "scx_ktstr.h"

#define SHARED_DSQ  1
#define STARVED_DSQ 2

#define PF_KTHREAD  0x00200000
#define DEGRADED_US 20000
/* Dispatches to a slow one: the kernel has to get on beside. */
#define SLOW_EVERY  4
#define TASKS_MAX   4096
#define RECENT_MAX  64
/* Of a turn of the loop that lets time pass. */
#define TURNS_MAX   (1 << 20)

char _license[] SEC("license") = "GPL";

const volatile struct ktstr_options options;

#define KNOB(name_, help_) volatile unsigned long long name_;
KTSTR_KNOBS(KNOB)
#undef KNOB

struct ktstr_counters counters;
volatile unsigned int exit_kind; /* enum scx_exit_kind, set at the end */
unsigned long long began_ns;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TASKS_MAX);
	__type(key, int);
	__type(value, struct task_seen);
} tasks_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RECENT_MAX);
	__type(key, int);
	__type(value, __u64);
} tasks_recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_seen);
} cpus_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} kinds_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_SETTINGS);
	__type(key, __u32);
	__type(value, __u64);
} settings SEC(".maps");

/* The knob, or else what was put into the array. */
static __u64 setting(__u64 knob, __u32 key)
{
	__u64 *value = knob ? (void *)0 : bpf_map_lookup_elem(&settings, &key);

	return value ? *value : knob;
}

static bool is_named(const struct task_struct *p)
{
	if (!options.stall_comm[0])
		return 0;
	for (int i = 0; i < COMM_BYTES; i++) {
		char c = options.stall_comm[i];

		if (p->comm[i] != c)
			return 0;
		if (!c)
			break;
	}
	return 1;
}

static bool is_stalled(const struct task_struct *p)
{
	__u64 pid = setting(stall_pid, SETTING_STALL_PID);

	if (stall_all)
		return !(p->flags & PF_KTHREAD);
	return is_named(p) || (pid && p->pid == (int)pid);
}

/* Whether this task is the one that a knob keeps back for ever. */
static bool is_lost(const struct task_struct *p)
{
	bool lost = is_stalled(p);

	if (leak_task && !lost && !(p->flags & PF_KTHREAD)) {
		leak_task = 0;
		lost = 1;
	}
	if (lost)
		__sync_fetch_and_add(&counters.n_lost, 1);
	return lost;
}

static bool is_starved(struct task_struct *p)
{
	__u64 id = setting(starve_cgroup, SETTING_STARVE_CGROUP);

	return id && BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id) == id;
}

static void give_error(void)
{
	static char message[] = "an error was asked for";
	unsigned long long none = 0;

	if (crash)
		scx_bpf_error_bstr(message, &none, 0);
}

static void note_kind(enum task_kind kind)
{
	__u32 key = kind;
	__u64 one = 1, *n = bpf_map_lookup_elem(&kinds_seen, &key);

	if (n)
		(*n)++;
	else
		bpf_map_update_elem(&kinds_seen, &key, &one, BPF_ANY);
}

static void note_task(struct task_struct *p, __s32 cpu)
{
	struct task_seen *seen, new = {};
	__u64 now = bpf_ktime_get_ns();
	int pid = p->pid;

	bpf_map_update_elem(&tasks_recent, &pid, &now, BPF_ANY);
	seen = bpf_map_lookup_elem(&tasks_seen, &pid);
	if (!seen) {
		new.kind = p->flags &PF_KTHREAD ? TASK_KIND_KERNEL :
						  TASK_KIND_USER;
		new.policy = p->policy;
		new.task = p;
		new.weight = p->scx.weight;
		bpf_map_update_elem(&tasks_seen, &pid, &new, BPF_NOEXIST);
		seen = bpf_map_lookup_elem(&tasks_seen, &pid);
		if (!seen)
			return;
	}
	for (int i = 0; i < COMM_BYTES; i++)
		seen->comm[i] = p->comm[i];
	seen->cpus[seen->n_enqueued & 3] = (unsigned short)cpu;
	seen->last_cpu = cpu;
	seen->n_enqueued++;
	note_kind(seen->kind);
}

static void note_enqueue(struct task_struct *p)
{
	__s32 cpu = (__s32)bpf_get_smp_processor_id();
	__u32 zero = 0;
	struct cpu_seen *mine = bpf_map_lookup_elem(&cpus_seen, &zero);

	__sync_fetch_and_add(&counters.n_enqueue, 1);
	if (mine) {
		mine->n_enqueued++;
		mine->last_pid = p->pid;
	}
	note_task(p, cpu);
}

/* The CPUs below 64 that a task may have. */
static __u64 cpus_of(const struct task_struct *p)
{
	__u64 cpus = 0;

	bpf_probe_read_kernel(&cpus, sizeof(cpus), p->cpus_ptr);
	return cpus;
}

/* The first CPU that the task may not have; the one it had, if there is none. */
static __s32 forbidden_cpu(struct task_struct *p, __s32 prev_cpu)
{
	__u32 n = scx_bpf_nr_cpu_ids();
	__u64 cpus = cpus_of(p);

	for (__u32 cpu = 0; cpu < 64; cpu++) {
		if (cpu >= n)
			break;
		if (!(cpus >> cpu & 1))
			return (__s32)cpu;
	}
	return prev_cpu;
}

/* The CPU is the kernel's choice; one that idles is told at once. */
SEC("struct_ops/ktstr_select_cpu")
__s32 BPF_PROG(ktstr_select_cpu, struct task_struct *p, __s32 prev_cpu,
	       __u64 wake_flags)
{
	bool is_idle = 0;
	__s32 cpu;

	__sync_fetch_and_add(&counters.n_select_cpu, 1);
	give_error();
	if (one_cpu)
		return 0;
	if (wrong_cpu)
		return forbidden_cpu(p, prev_cpu);
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	if (is_idle && !is_stalled(p) && !leak_task && !is_starved(p)) {
		note_enqueue(p);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	}
	return cpu;
}

SEC("struct_ops/ktstr_enqueue")
void BPF_PROG(ktstr_enqueue, struct task_struct *p, __u64 enq_flags)
{
	give_error();
	note_enqueue(p);
	if (is_lost(p))
		return;
	if (one_cpu && (cpus_of(p) & 1))
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON, SCX_SLICE_DFL, enq_flags);
	else
		scx_bpf_dsq_insert(p, is_starved(p) ? STARVED_DSQ : SHARED_DSQ,
				   SCX_SLICE_DFL, enq_flags);
}

struct wait {
	__u64 until_ns;
};

static int wait_a_turn(__u32 turn, struct wait *wait)
{
	return bpf_ktime_get_ns() >= wait->until_ns;
}

static void spend(__u64 us)
{
	struct wait wait = { .until_ns = bpf_ktime_get_ns() + us * 1000 };

	bpf_loop(TURNS_MAX, wait_a_turn, &wait, 0);
}

static void be_slow(__u64 n_dispatches)
{
	if (n_dispatches % SLOW_EVERY)
		return;
	if (slow_dispatch_us)
		spend(slow_dispatch_us);
	else if (degrade_after_ms &&
		 bpf_ktime_get_ns() - began_ns > degrade_after_ms * 1000000)
		spend(DEGRADED_US);
}

SEC("struct_ops/ktstr_dispatch")
void BPF_PROG(ktstr_dispatch, __s32 cpu, struct task_struct *prev)
{
	__u32 zero = 0;
	struct cpu_seen *mine = bpf_map_lookup_elem(&cpus_seen, &zero);

	__sync_fetch_and_add(&counters.n_dispatch, 1);
	if (mine)
		be_slow(mine->n_dispatches++);
	if (!scx_bpf_dsq_move_to_local(SHARED_DSQ))
		scx_bpf_dsq_move_to_local(STARVED_DSQ);
}

SEC("struct_ops/ktstr_tick")
void BPF_PROG(ktstr_tick, struct task_struct *p)
{
	if (!keep_last)
		return;
	if (bpf_ksym_exists(scx_bpf_task_set_slice))
		scx_bpf_task_set_slice(p, 0);
	else
		p->scx.slice = 0;
}

SEC("struct_ops.s/ktstr_init")
__s32 BPF_PROG(ktstr_init)
{
	__s32 r = scx_bpf_create_dsq(SHARED_DSQ, -1);

	began_ns = bpf_ktime_get_ns();
	return r ? r : scx_bpf_create_dsq(STARVED_DSQ, -1);
}

SEC("struct_ops/ktstr_exit")
void BPF_PROG(ktstr_exit, struct scx_exit_info *info)
{
	exit_kind = info->kind;
}

/* For the verifier to refuse, having gone round many times; loaded on demand. */
SEC("?syscall")
int ktstr_rejected(void *ctx)
{
	volatile int sum = 0;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 200; i++)
		sum += i;
	return sum + *(volatile int *)16;
}

/* Two of them, since what they hold can not be changed before the load. */
#define KTSTR_OPS(timeout_ms_)                                                  \
	{                                                                       \
		.select_cpu = (void *)ktstr_select_cpu,                         \
		.enqueue = (void *)ktstr_enqueue,                               \
		.dispatch = (void *)ktstr_dispatch, .tick = (void *)ktstr_tick, \
		.init = (void *)ktstr_init, .exit = (void *)ktstr_exit,         \
		.timeout_ms = (timeout_ms_), .name = KTSTR_SCX_NAME,            \
	}

SEC(".struct_ops")
struct sched_ext_ops patient_ops = KTSTR_OPS(PATIENT_TIMEOUT_MS);
SEC(".struct_ops")
struct sched_ext_ops impatient_ops = KTSTR_OPS(IMPATIENT_TIMEOUT_MS);
