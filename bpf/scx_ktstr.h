/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the loader and the BPF side of the scheduler share. */

#define KTSTR_SCX_NAME "ktstr"
#define COMM_BYTES     16

/* How long a runnable task may wait before the kernel ends the scheduler. */
#define PATIENT_TIMEOUT_MS   20000
#define IMPATIENT_TIMEOUT_MS 2000

/* Set before the load. */
struct ktstr_options {
	/* A task of this name is taken and never handed on; "": none. */
	char stall_comm[COMM_BYTES];
};

/*
 * What the scheduler is to do wrong, each a variable of its own so that it can
 * be set by name while it runs; 0: nothing.
 */
#define KTSTR_KNOBS(X)                                                         \
	X(crash, "have the kernel end the scheduler by an error")              \
	X(stall_all, "hand no task on")                                        \
	X(stall_pid, "never run the task of this id")                          \
	X(starve_cgroup, "run tasks of the cgroup of this id when nothing "    \
			 "else is there")                                      \
	X(slow_dispatch_us, "spend so long in every fourth dispatch")          \
	X(one_cpu, "put every task that may be there on the first CPU")        \
	X(wrong_cpu, "choose CPUs at wakeup that the task may not have")       \
	X(keep_last, "end a slice at every tick, after which a task goes on")  \
	X(leak_task, "lose the next task, once")                               \
	X(degrade_after_ms, "spend 20 ms in every fourth dispatch once so "    \
			    "old")

/*
 * The same as two of the knobs, for a test in the guest, which knows ids that
 * nobody could tell before: entries of the array "settings".
 */
enum setting {
	SETTING_STARVE_CGROUP,
	SETTING_STALL_PID,
	N_SETTINGS = 4,
};

enum task_kind {
	TASK_KIND_NONE,
	TASK_KIND_USER,
	TASK_KIND_KERNEL,
};

/* Of one task, in a hash of them by its id: a bit of each kind of type. */
struct task_seen {
	unsigned long long n_enqueued;
	enum task_kind kind;
	unsigned int was_idle_cpu : 1;
	unsigned int policy : 4;
	int last_cpu;
	char comm[COMM_BYTES];
	struct task_struct *task;
	union {
		unsigned long long weight;
		unsigned int halves[2];
	};
	unsigned short cpus[4]; /* that it was enqueued on last */
};

struct cpu_seen {
	unsigned long long n_dispatches;
	unsigned long long n_enqueued;
	int last_pid;
};

struct ktstr_counters {
	unsigned long long n_select_cpu;
	unsigned long long n_enqueue;
	unsigned long long n_dispatch;
	unsigned long long n_lost; /* tasks that a knob kept back */
};
