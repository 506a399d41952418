// SPDX-License-Identifier: GPL-2.0-only
/*
 * One queue for all CPUs, first come, first served: about the least that a
 * scheduler can be. What it can be told to do wrong is for tests of the tool.
 */
#include "sched_ext.h"

#include "fifo.h"

#define SHARED_DSQ 1

char _license[] SEC("license") = "GPL";

const volatile struct fifo_options fifo_options;
struct fifo_state fifo_state;

static bool is_stalled(const struct task_struct *p)
{
	if (!fifo_options.stalled_comm[0])
		return 0;
	for (int i = 0; i < FIFO_COMM_BYTES; i++) {
		char c = fifo_options.stalled_comm[i];

		if (p->comm[i] != c)
			return 0;
		if (!c)
			break;
	}
	return 1;
}

static void give_error(void)
{
	static char message[] = "an error was asked for";
	unsigned long long none = 0;

	if (fifo_state.give_error)
		scx_bpf_error_bstr(message, &none, 0);
}

/* The CPU is the kernel's choice; one that idles is told at once. */
SEC("struct_ops/fifo_select_cpu")
__s32 BPF_PROG(fifo_select_cpu, struct task_struct *p, __s32 prev_cpu,
	       __u64 wake_flags)
{
	bool is_idle = 0;
	__s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	give_error();
	if (is_idle && !is_stalled(p))
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	return cpu;
}

SEC("struct_ops/fifo_enqueue")
void BPF_PROG(fifo_enqueue, struct task_struct *p, __u64 enq_flags)
{
	give_error();
	if (!is_stalled(p))
		scx_bpf_dsq_insert(p, SHARED_DSQ, SCX_SLICE_DFL, enq_flags);
}

SEC("struct_ops/fifo_dispatch")
void BPF_PROG(fifo_dispatch, __s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SEC("struct_ops/fifo_init")
__s32 BPF_PROG(fifo_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SEC("struct_ops/fifo_exit")
void BPF_PROG(fifo_exit, struct scx_exit_info *info)
{
	fifo_state.exit_kind = info->kind;
}

/* Two of them, since what they hold can not be changed before the load. */
#define FIFO_OPS(timeout_ms_)                                                  \
	{                                                                      \
		.select_cpu = (void *)fifo_select_cpu,                         \
		.enqueue = (void *)fifo_enqueue,                               \
		.dispatch = (void *)fifo_dispatch, .init = (void *)fifo_init,  \
		.exit = (void *)fifo_exit, .timeout_ms = (timeout_ms_),        \
		.name = FIFO_NAME,                                             \
	}

SEC(".struct_ops") struct sched_ext_ops fifo_ops = FIFO_OPS(FIFO_TIMEOUT_MS);
SEC(".struct_ops")
struct sched_ext_ops fifo_stall_ops = FIFO_OPS(FIFO_STALL_TIMEOUT_MS);
