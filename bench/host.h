/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What a benchmark needs of the host that boots kernels: the files that lie
 * beside it, a place where KVM works, and QEMU as the other side. All of it
 * ends the program when it fails.
 */

#include <stdbool.h>

/* The kernel of all sides: KTSTR_KERNEL, else 7.3. */
const char *bench_kernel(void);

/* The path of a file in this program's directory, or with NULL of itself. */
char *bench_beside(const char *name);

/*
 * Runs `self argument` where KVM can run a kernel: here, or inside an emulated
 * machine, where both sides of a comparison are then. Its exit status.
 */
int bench_where_kvm_works(const char *self, const char *argument);

/* What QEMU boots: the files that a user would give it. */
struct bench_qemu {
	char *bzimage;
	char *elf;
	char *initrd;  /* the very archive that our own VM gets */
	char *cmdline; /* likewise, with loglevel=0 */
};

/* Boots a VM of ours once, to ask it for its command line. */
void bench_qemu_prepare(const char *init, struct bench_qemu *ret);

/* Becomes QEMU, of two CPUs and 256 MiB, with its serial port on stdout. */
_Noreturn void bench_qemu_exec(const struct bench_qemu *qemu, bool q35, bool elf);
