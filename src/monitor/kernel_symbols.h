/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where the guest's kernel keeps what the monitor reads: addresses that the
 * guest reports by name, since a stock image holds no symbol table. They are
 * hints until kt_kernel_open() has found them plausible.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of kt_kernel_symbol_names(). */
enum kt_kernel_symbol {
	KT_SYMBOL_ROOT_TABLE, /* of the kernel's page tables */
	KT_SYMBOL_PHYS_BASE,  /* x86-64: how far the image was moved */
	KT_SYMBOL_RUNQUEUES,  /* per CPU: struct rq */
	KT_SYMBOL_PER_CPU_OFFSET,
	KT_SYMBOL_INIT_TASK,
	KT_SYMBOL_JIFFIES,
	KT_SYMBOL_SCX_ROOT,             /* v6.15: struct scx_sched * */
	KT_SYMBOL_SCX_WATCHDOG_TIMEOUT, /* jiffies; until v7.0 */
	KT_SYMBOL_SCX_TASKS,
	KT_SYMBOL_MAP_IDR,
	KT_SYMBOL_PROG_IDR,
	KT_SYMBOL_VMCOREINFO_DATA, /* a pointer, and its size */
	KT_SYMBOL_VMCOREINFO_SIZE,
	KT_N_SYMBOLS,
};

struct kt_kernel_symbols {
	uint64_t address[KT_N_SYMBOLS]; /* 0: there is none */
};

/* NULL-terminated, to be asked for; lives for ever. */
const char *const *kt_kernel_symbol_names(void);

/* Takes what was reported of one; a name that was not asked for is ignored. */
void kt_kernel_symbols_set(struct kt_kernel_symbols *symbols, const char *name,
			   uint64_t address);
