/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The 64-bit boot protocol, Documentation/arch/x86/boot.rst: what a kernel
 * finds in memory and in the registers of the first CPU when there is no
 * firmware. The unpacked ELF is entered at its own startup_64; a bzImage that
 * could not be unpacked is entered 0x200 behind its load address.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/kernel.h"
#include "memory/guest_memory.h"

/* Where the kernel lies, once loaded. */
struct kt_boot_kernel {
	uint64_t entry;
	uint64_t start;
	uint64_t end;        /* first byte that it does not use while booting */
	uint64_t initrd_max; /* last address that an initramfs may occupy */
	uint32_t cmdline_max; /* bytes without the NUL */
};

/* Reads the kernel's wishes without touching memory. */
int kt_boot_plan(const struct kt_kernel *kernel, struct kt_boot_kernel *ret,
		 struct ktstr_error *err);

/* -EINVAL when this kernel would cut the command line off. */
int kt_boot_check_cmdline(const struct kt_boot_kernel *plan,
			  const char *cmdline, struct ktstr_error *err);

/* -ENOSPC when the kernel does not fit; `hva` of the regions is not used. */
int kt_boot_check_room(const struct kt_boot_kernel *plan,
		       const struct kt_guest_memory *memory,
		       struct ktstr_error *err);

/* Copies the kernel to where `plan` says; -ENOSPC if the guest is too small. */
int kt_boot_load_kernel(const struct kt_kernel *kernel,
			const struct kt_boot_kernel *plan,
			const struct kt_guest_memory *memory,
			struct ktstr_error *err);

/*
 * The place for `length` bytes of initramfs: as high as the protocol and the
 * RAM that holds the kernel allow, aligned to 2 MiB. -ENOSPC with a message
 * that tells how much memory is missing.
 */
int kt_boot_place_initrd(const struct kt_boot_kernel *plan,
			 const struct kt_guest_memory *memory, uint64_t length,
			 uint64_t *ret_gpa, struct ktstr_error *err);

struct kt_boot_data {
	const char *cmdline;
	uint64_t initrd_gpa;
	uint64_t initrd_bytes; /* 0: none */
};

/* Writes boot_params, command line, GDT and page tables. */
int kt_boot_write_data(const struct kt_kernel *kernel,
		       const struct kt_boot_kernel *plan,
		       const struct kt_boot_data *data,
		       const struct kt_guest_memory *memory,
		       struct ktstr_error *err);

struct kvm_sregs;
struct kvm_regs;

/* The first CPU's registers at `entry`, in long mode on the tables above. */
void kt_boot_registers(uint64_t entry, struct kvm_sregs *sregs,
		       struct kvm_regs *regs);
