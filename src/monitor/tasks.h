/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The tasks of a guest, by the kernel's own lists: that of all processes, and
 * in each that of its threads. The lists change while they are walked, as a
 * reader in the kernel may see them too; but no lock is held here, and what was
 * freed may be anything.
 */

#include <stdint.h>
#include <sys/types.h>

#include "monitor/kernel.h"

#define KT_TASK_COMM_BYTES 16

/* The walk takes no more steps than that. */
#define KT_TASKS_MAX (1u << 18)

struct kt_task {
	uint64_t address; /* of its struct task_struct */
	int32_t pid;
	int32_t tgid;
	char comm[KT_TASK_COMM_BYTES];
	char state;      /* as in /proc/PID/stat */
	uint32_t cpu;    /* that it runs on, or ran on last */
	uint32_t policy; /* SCHED_... */
	int32_t prio; /* as the kernel counts: 0 to 99 real time, 120 nice 0 */
};

/*
 * Calls `visit` with each task but the idle ones, until it returns something
 * else than 0, which is then returned. -ENOENT when this kernel has other
 * lists, -EFAULT or -ERANGE where the lists were torn, and -ELOOP when they do
 * not end: what was visited until then is as good as any.
 */
int kt_tasks_walk(struct kt_guest_kernel *kernel,
		  int (*visit)(void *userdata, const struct kt_task *task),
		  void *userdata);
