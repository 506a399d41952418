/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* BTF with the types that the monitor reads, laid out to suit a test. */

#include <bpf/btf.h>
#include <stdint.h>

/* Where things are in it. */
#define RQ_NR_RUNNING     4
#define RQ_CLOCK          16
#define RQ_SCX            64
#define SCX_RQ_NR_RUNNING 8
#define SCX_RQ_FLAGS      12
#define SCX_RQ_LOCAL_DSQ  16
#define DSQ_NR            24
#define RQ_BYTES          512
#define RQ_SCHED_INFO     256
#define RQ_CPU_TIME       280
#define RQ_YLD_COUNT      288
#define RQ_SCHED_COUNT    292
#define RQ_SCHED_GOIDLE   296
#define RQ_TTWU_COUNT     300
#define RQ_TTWU_LOCAL     304

#define RQ_SD          32
#define SD_PARENT      0
#define SD_NAME        8
#define SD_FLAGS       16
#define SD_LEVEL       20
#define SD_SPAN_WEIGHT 24
#define SD_INTERVAL    28
#define SD_FAILED      32
#define SD_LB_COST     40
#define SD_BY_IDLE     64  /* eleven of three each */
#define SD_OTHERS      200 /* twelve */
#define SD_NEWIDLE     256
#define SD_BYTES       288

#define TASK_TASKS      0
#define TASK_THREAD     16
#define TASK_SIGNAL     32
#define TASK_PID        40
#define TASK_TGID       44
#define TASK_COMM       48
#define TASK_STATE      64
#define TASK_EXIT_STATE 68
#define TASK_INFO       72 /* struct thread_info, which is the CPU alone */
#define TASK_POLICY     76
#define TASK_PRIO       80
#define TASK_BYTES      96
#define SIGNAL_THREADS  8
#define SIGNAL_BYTES    32

#define SCX_SCHED_TIMEOUT_MS 24
#define SCX_SCHED_WATCHDOG   40 /* of KERNEL_NEW */
#define SCX_SCHED_EXIT_KIND  48
#define SCX_SCHED_COUNTERS   32
#define SCX_PCPU_STATS       40
#define COUNTERS_BYTES       32

/* A tree of four slots a node, and what is kept in two of them. */
#define IDR_HEAD       8
#define IDR_BASE       16
#define XA_NODE_SHIFT  0
#define XA_NODE_SLOTS  8
#define XA_SLOTS       4
#define MAP_TYPE       4
#define MAP_KEY_SIZE   8
#define MAP_VALUE_SIZE 12
#define MAP_ENTRIES    16
#define MAP_FLAGS      20
#define MAP_ID         24
#define MAP_KEY_TYPE   28
#define MAP_VALUE_TYPE 32
#define MAP_BTF        40
#define MAP_NAME       48
#define MAP_BYTES      64
#define ARRAY_ELEMENT  64
#define ARRAY_VALUE    72
#define HTAB_BUCKETS   64
#define HTAB_N_BUCKETS 72
#define ELEMENT_KEY    16
#define BUCKET_BYTES   16
#define BTF_DATA       0
#define BTF_SIZE       8
#define BTF_KERNEL     12
#define PROG_TYPE      0
#define PROG_LEN       4
#define PROG_JITED     8
#define PROG_STATS     16
#define PROG_AUX       24
#define AUX_ID         0
#define AUX_VERIFIED   4
#define AUX_NAME       8
#define AUX_PARTS      24
#define AUX_N_PARTS    32
#define STATS_CNT      0
#define STATS_NSECS    8
#define STATS_MISSES   16

enum made_up_kernel {
	KERNEL_NEW,     /* counters in scx_sched_pcpu, ops in a union */
	KERNEL_OLDER,   /* counters behind a pointer of their own */
	KERNEL_NO_SCX,  /* without sched_ext */
	KERNEL_NO_CLOCK /* nothing to watch */
};

struct btf *made_up_types(enum made_up_kernel kernel);
