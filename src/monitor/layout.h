/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Every member of the kernel's structs that the monitor reads, where this
 * kernel has it: one table, resolved once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/types.h"

/* TYPE, path, and where a kernel has it elsewhere, that path behind a '|'. */
#define KT_LAYOUT(X)                                                           \
	X(RQ_NR_RUNNING, "rq", "nr_running")                                   \
	X(RQ_CLOCK, "rq", "clock")                                             \
	X(RQ_CURR, "rq", "curr|donor")                                         \
	X(RQ_SD, "rq", "sd")                                                   \
	X(RQ_SCX_NR_RUNNING, "rq", "scx.nr_running")                           \
	X(RQ_SCX_FLAGS, "rq", "scx.flags")                                     \
	X(RQ_SCX_LOCAL_DSQ_NR, "rq", "scx.local_dsq.nr")                       \
	X(RQ_SCX_RUNNABLE_LIST, "rq", "scx.runnable_list")                     \
	/* What /proc/schedstat prints of a CPU (show_schedstat()). */         \
	X(RQ_YLD_COUNT, "rq", "yld_count")                                     \
	X(RQ_SCHED_COUNT, "rq", "sched_count")                                 \
	X(RQ_SCHED_GOIDLE, "rq", "sched_goidle")                               \
	X(RQ_TTWU_COUNT, "rq", "ttwu_count")                                   \
	X(RQ_TTWU_LOCAL, "rq", "ttwu_local")                                   \
	X(RQ_CPU_TIME, "rq", "rq_cpu_time")                                    \
	X(RQ_RUN_DELAY, "rq", "rq_sched_info.run_delay")                       \
	X(RQ_PCOUNT, "rq", "rq_sched_info.pcount")                             \
	X(SD_PARENT, "sched_domain", "parent")                                 \
	X(SD_NAME, "sched_domain", "name")                                     \
	X(SD_FLAGS, "sched_domain", "flags")                                   \
	X(SD_LEVEL, "sched_domain", "level")                                   \
	X(SD_SPAN_WEIGHT, "sched_domain", "span_weight")                       \
	X(SD_BALANCE_INTERVAL, "sched_domain", "balance_interval")             \
	X(SD_NR_BALANCE_FAILED, "sched_domain", "nr_balance_failed")           \
	X(SD_MAX_NEWIDLE_LB_COST, "sched_domain", "max_newidle_lb_cost")       \
	/* By "sched/fair: Proportional newidle balance", v6.19 and stable. */ \
	X(SD_NEWIDLE_CALL, "sched_domain", "newidle_call")                     \
	X(SD_NEWIDLE_SUCCESS, "sched_domain", "newidle_success")               \
	/* What /proc/schedstat prints of it: three each, by idle type. */     \
	X(SD_LB_COUNT, "sched_domain", "lb_count")                             \
	X(SD_LB_BALANCED, "sched_domain", "lb_balanced")                       \
	X(SD_LB_FAILED, "sched_domain", "lb_failed")                           \
	X(SD_LB_IMBALANCE_LOAD, "sched_domain", "lb_imbalance_load")           \
	X(SD_LB_IMBALANCE_UTIL, "sched_domain", "lb_imbalance_util")           \
	X(SD_LB_IMBALANCE_TASK, "sched_domain", "lb_imbalance_task")           \
	X(SD_LB_IMBALANCE_MISFIT, "sched_domain", "lb_imbalance_misfit")       \
	X(SD_LB_GAINED, "sched_domain", "lb_gained")                           \
	X(SD_LB_HOT_GAINED, "sched_domain", "lb_hot_gained")                   \
	X(SD_LB_NOBUSYQ, "sched_domain", "lb_nobusyq")                         \
	X(SD_LB_NOBUSYG, "sched_domain", "lb_nobusyg")                         \
	X(SD_ALB_COUNT, "sched_domain", "alb_count")                           \
	X(SD_ALB_FAILED, "sched_domain", "alb_failed")                         \
	X(SD_ALB_PUSHED, "sched_domain", "alb_pushed")                         \
	X(SD_SBE_COUNT, "sched_domain", "sbe_count")                           \
	X(SD_SBE_BALANCED, "sched_domain", "sbe_balanced")                     \
	X(SD_SBE_PUSHED, "sched_domain", "sbe_pushed")                         \
	X(SD_SBF_COUNT, "sched_domain", "sbf_count")                           \
	X(SD_SBF_BALANCED, "sched_domain", "sbf_balanced")                     \
	X(SD_SBF_PUSHED, "sched_domain", "sbf_pushed")                         \
	X(SD_TTWU_WAKE_REMOTE, "sched_domain", "ttwu_wake_remote")             \
	X(SD_TTWU_MOVE_AFFINE, "sched_domain", "ttwu_move_affine")             \
	X(SD_TTWU_MOVE_BALANCE, "sched_domain", "ttwu_move_balance")           \
	X(TASK_TASKS, "task_struct", "tasks")                                  \
	X(TASK_THREAD_NODE, "task_struct", "thread_node")                      \
	X(TASK_SIGNAL, "task_struct", "signal")                                \
	X(TASK_PID, "task_struct", "pid")                                      \
	X(TASK_TGID, "task_struct", "tgid")                                    \
	X(TASK_COMM, "task_struct", "comm")                                    \
	X(TASK_STATE, "task_struct", "__state")                                \
	X(TASK_EXIT_STATE, "task_struct", "exit_state")                        \
	X(TASK_CPU, "task_struct", "thread_info.cpu")                          \
	X(TASK_POLICY, "task_struct", "policy")                                \
	X(TASK_PRIO, "task_struct", "prio")                                    \
	X(SIGNAL_THREAD_HEAD, "signal_struct", "thread_head")                  \
	/* The scheduler that is attached, v6.16 on. */                        \
	X(SCX_EXIT_KIND, "scx_sched", "exit_kind")                             \
	X(SCX_EXIT_INFO, "scx_sched", "exit_info")                             \
	X(SCX_OPS_NAME, "scx_sched", "ops.name")                               \
	X(SCX_OPS_TIMEOUT_MS, "scx_sched", "ops.timeout_ms")                   \
	X(SCX_WATCHDOG_TIMEOUT, "scx_sched", "watchdog_timeout")               \
	/* Event counters, per CPU, in one of these two. */                    \
	X(SCX_EVENT_STATS_CPU, "scx_sched", "event_stats_cpu")                 \
	X(SCX_PCPU, "scx_sched", "pcpu")                                       \
	X(SCX_PCPU_EVENT_STATS, "scx_sched_pcpu", "event_stats")               \
	/* Tables of numbered objects. */                                      \
	X(IDR_ROOT, "idr", "idr_rt")                                           \
	X(IDR_BASE, "idr", "idr_base")                                         \
	X(XA_HEAD, "xarray", "xa_head")                                        \
	X(XA_NODE_SHIFT, "xa_node", "shift")                                   \
	X(XA_NODE_SLOTS, "xa_node", "slots")                                   \
	X(MAP_ID, "bpf_map", "id")                                             \
	X(MAP_TYPE, "bpf_map", "map_type")                                     \
	X(MAP_NAME, "bpf_map", "name")                                         \
	X(MAP_KEY_SIZE, "bpf_map", "key_size")                                 \
	X(MAP_VALUE_SIZE, "bpf_map", "value_size")                             \
	X(MAP_MAX_ENTRIES, "bpf_map", "max_entries")                           \
	X(MAP_FLAGS, "bpf_map", "map_flags")                                   \
	X(MAP_BTF, "bpf_map", "btf")                                           \
	X(MAP_BTF_KEY_TYPE_ID, "bpf_map", "btf_key_type_id")                   \
	X(MAP_BTF_VALUE_TYPE_ID, "bpf_map", "btf_value_type_id")               \
	X(ARRAY_ELEM_SIZE, "bpf_array", "elem_size")                           \
	X(ARRAY_VALUE, "bpf_array", "value")                                   \
	X(HTAB_BUCKETS, "bpf_htab", "buckets")                                 \
	X(HTAB_N_BUCKETS, "bpf_htab", "n_buckets")                             \
	X(HTAB_ELEM_NEXT, "htab_elem", "hash_node.next")                       \
	X(HTAB_ELEM_KEY, "htab_elem", "key")                                   \
	X(BTF_DATA, "btf", "data")                                             \
	X(BTF_DATA_SIZE, "btf", "data_size")                                   \
	X(BTF_KERNEL, "btf", "kernel_btf")                                     \
	X(PROG_TYPE, "bpf_prog", "type")                                       \
	X(PROG_AUX, "bpf_prog", "aux")                                         \
	X(PROG_STATS, "bpf_prog", "stats")                                     \
	X(PROG_LEN, "bpf_prog", "len")                                         \
	X(PROG_JITED_LEN, "bpf_prog", "jited_len")                             \
	X(PROG_AUX_ID, "bpf_prog_aux", "id")                                   \
	X(PROG_AUX_NAME, "bpf_prog_aux", "name")                               \
	X(PROG_AUX_VERIFIED_INSNS, "bpf_prog_aux", "verified_insns")           \
	X(PROG_AUX_FUNC, "bpf_prog_aux", "func")                               \
	X(PROG_AUX_FUNC_CNT, "bpf_prog_aux", "func_cnt")                       \
	X(PROG_STATS_CNT, "bpf_prog_stats", "cnt")                             \
	X(PROG_STATS_NSECS, "bpf_prog_stats", "nsecs")                         \
	X(PROG_STATS_MISSES, "bpf_prog_stats", "misses")

enum kt_layout_id {
#define KT_LAYOUT_ID(id_, type_, path_) KT_##id_,
	KT_LAYOUT(KT_LAYOUT_ID)
#undef KT_LAYOUT_ID
		KT_N_LAYOUT,
};

struct kt_layout {
	struct kt_member member[KT_N_LAYOUT];
	bool has[KT_N_LAYOUT];
};

void kt_layout_resolve(struct kt_layout *layout, const struct kt_types *types);

#define KT_LAYOUT_NAME_BYTES 96

/* "rq.scx.nr_running"; of alternatives, the first. For messages. */
void kt_layout_name(enum kt_layout_id id, char *ret, size_t size);
