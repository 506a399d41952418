/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Kernel symbols by the kernel's own search, which takes microseconds a name,
 * where printing all of /proc/kallsyms takes tenths of a second. The way there
 * is a BPF program of the type that makes system calls, which may call
 * bpf_kallsyms_lookup_name() (d6aef08a872b, "bpf: Add bpf_kallsyms_lookup_name
 * helper", v5.16).
 */

#include <stdint.h>

struct kt_ksym {
	int program_fd;
};

/* Loads the program. -errno where the kernel does not have, or allow, it. */
int kt_ksym_init(struct kt_ksym *ksym);
void kt_ksym_deinit(struct kt_ksym *ksym);

/* -ENOENT when the kernel knows no such name; another -errno: no answer. */
int kt_ksym_find(const struct kt_ksym *ksym, const char *name, uint64_t *ret);
