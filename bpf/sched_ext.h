/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What of the kernel's types a small scheduler touches. Members are found by
 * name, in the BTF of the kernel that it is loaded into (CO-RE), so one object
 * serves every kernel that has sched_ext and scx_bpf_dsq_insert() (v6.13).
 */

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

/* <linux/bpf.h>, which would bring in headers of the host's libc. */
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define TASK_COMM_BYTES 16

#pragma clang attribute push(__attribute__((preserve_access_index)),           \
			     apply_to = record)

struct cpumask;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct sched_ext_entity {
	__u32 weight;
	__u64 slice;
};

struct task_struct {
	unsigned int flags;
	unsigned int policy;
	int pid;
	struct css_set *cgroups;
	const struct cpumask *cpus_ptr;
	struct sched_ext_entity scx;
	char comm[TASK_COMM_BYTES];
};

/* Of the same name there: an int would not match (enum scx_exit_kind). */
enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	__s64 exit_code;
};

#pragma clang attribute pop

/* The subset that is filled in; libbpf lays it out as the kernel has it. */
struct sched_ext_ops {
	__s32 (*select_cpu)(struct task_struct *p, __s32 prev_cpu,
			    __u64 wake_flags);
	void (*enqueue)(struct task_struct *p, __u64 enq_flags);
	void (*dispatch)(__s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	__s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	__u32 timeout_ms;
	char name[128];
};

/* include/linux/sched/ext.h: enum scx_dsq_id_flags, scx_public_consts. */
#define SCX_DSQ_LOCAL    ((1ULL << 63) | 2)
/* With a CPU in the lower half. */
#define SCX_DSQ_LOCAL_ON ((1ULL << 63) | (1ULL << 62))
#define SCX_SLICE_DFL    (20ULL * 1000 * 1000)

__s32 scx_bpf_create_dsq(__u64 dsq_id, __s32 node) __ksym;
__s32 scx_bpf_select_cpu_dfl(struct task_struct *p, __s32 prev_cpu,
			     __u64 wake_flags, bool *is_idle) __ksym;
void scx_bpf_dsq_insert(struct task_struct *p, __u64 dsq_id, __u64 slice,
			__u64 enq_flags) __ksym;
bool scx_bpf_dsq_move_to_local(__u64 dsq_id) __ksym;
/* Since v6.19; before, p->scx.slice is written. */
bool scx_bpf_task_set_slice(struct task_struct *p, __u64 slice) __ksym __weak;
__u32 scx_bpf_nr_cpu_ids(void) __ksym;
void scx_bpf_error_bstr(char *fmt, unsigned long long *data,
			__u32 data__sz) __ksym;
