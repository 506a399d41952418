/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A kernel, its initramfs and its tables, put into a machine's memory. */

#include "base/error.h"
#include "initramfs/initramfs.h"
#include "kernel/kernel.h"
#include "vmm/machine.h"
#include "vmm/x86_64/boot.h"

/*
 * The initramfs, run part and base behind each other; where it lies and how
 * long it is goes into `data`.
 */
int kt_load_initramfs(struct kt_machine *machine,
		      const struct kt_initramfs *initramfs,
		      const struct kt_boot_kernel *plan,
		      struct kt_boot_data *data, struct ktstr_error *err);

/* ACPI, the MP table, and what the boot protocol wants. */
int kt_load_tables(struct kt_machine *machine, const struct kt_kernel *kernel,
		   const struct kt_boot_kernel *plan,
		   const struct kt_boot_data *data, struct ktstr_error *err);
