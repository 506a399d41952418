/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A VM's configuration once it was checked: a copy that owns everything, with
 * defaults filled in and files found. It never changes afterwards, but for the
 * memory of the topology's nodes where that is deferred.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/vm.h>

#include "disk/disk.h"
#include "initramfs/initramfs.h"
#include "kernel/kernel.h"
#include "monitor/map_write.h"
#include "topology/topology.h"

struct kt_config {
	struct kt_kernel_ref kernel_ref;
	struct kt_kernel *kernel;
	char *init_binary;
	char **run_args; /* NULL-terminated, or NULL */
	struct kt_topology *topology;
	uint32_t memory_mib; /* 0: to be computed; at least the minimum below */
	uint32_t memory_min_mib;
	char *cmdline; /* the user's part, or NULL */
	uint32_t timeout_ms;
	struct kt_initramfs_file *include_files;
	size_t n_include_files;
	struct kt_initramfs_file binaries[3];
	size_t n_binaries;
	bool busybox;
	bool dmesg;
	char *exec_cmd;
	char **scheduler; /* its name, path in the guest, arguments; or NULL */
	char **sched_enable_cmds; /* NULL-terminated, or NULL; as the next */
	char **sched_disable_cmds;
	bool await_go; /* the workload waits for the monitor */
	struct kt_map_write *map_writes;
	size_t n_map_writes;
	char **kernel_symbols; /* NULL-terminated, or NULL */
	bool monitor;
	struct ktstr_monitor_thresholds monitor_thresholds;
	uint32_t watchdog_timeout_ms;
	char *memory_image; /* or NULL */
	uint32_t memory_image_after_ms;
	bool has_disk;
	struct kt_disk disk;
	uint32_t network_pairs; /* 0: no network */
	struct ktstr_stdio stdio;
	const struct ktstr_log *log; /* borrowed until the VM is destroyed */
};

/*
 * Checks everything that can be checked without running, in the order of the
 * fields' importance, and copies it. The first thing wrong is the error.
 */
int kt_config_init(struct kt_config *config,
		   const struct ktstr_vm_config *public, struct ktstr_error *err);
void kt_config_deinit(struct kt_config *config);

/* Our own init serves a terminal, not one command and not a test program. */
static inline bool kt_config_is_shell(const struct kt_config *config)
{
	return !config->exec_cmd && !config->run_args;
}

/*
 * The path of ktstr's own init (caller frees): $KTSTR_INIT, else next to this
 * program, else where `meson install` puts it.
 */
int kt_config_find_init(char **ret, struct ktstr_error *err);
