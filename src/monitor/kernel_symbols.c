// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/macro.h"
#include "monitor/kernel_symbols.h"

static const char *const names[KT_N_SYMBOLS + 1] = {
	[KT_SYMBOL_ROOT_TABLE] = "swapper_pg_dir",
	[KT_SYMBOL_PHYS_BASE] = "phys_base",
	[KT_SYMBOL_RUNQUEUES] = "runqueues",
	[KT_SYMBOL_PER_CPU_OFFSET] = "__per_cpu_offset",
	[KT_SYMBOL_INIT_TASK] = "init_task",
	[KT_SYMBOL_JIFFIES] = "jiffies_64",
	[KT_SYMBOL_SCX_ROOT] = "scx_root",
	[KT_SYMBOL_SCX_WATCHDOG_TIMEOUT] = "scx_watchdog_timeout",
	[KT_SYMBOL_SCX_TASKS] = "scx_tasks",
	[KT_SYMBOL_MAP_IDR] = "map_idr",
	[KT_SYMBOL_PROG_IDR] = "prog_idr",
	[KT_SYMBOL_VMCOREINFO_DATA] = "vmcoreinfo_data",
	[KT_SYMBOL_VMCOREINFO_SIZE] = "vmcoreinfo_size",
};

const char *const *kt_kernel_symbol_names(void)
{
	return names;
}

void kt_kernel_symbols_set(struct kt_kernel_symbols *symbols, const char *name,
			   uint64_t address)
{
	for (size_t i = 0; i < KT_N_SYMBOLS; i++) {
		if (strcmp(names[i], name) == 0)
			symbols->address[i] = address;
	}
}
