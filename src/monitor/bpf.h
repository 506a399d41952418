/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The BPF maps and programs of a guest, by the kernel's own tables of them
 * (kernel/bpf/syscall.c: map_idr, prog_idr).
 */

#include <stdint.h>

#include "monitor/kernel.h"

#define KT_BPF_NAME_BYTES 16

struct kt_bpf_map {
	uint64_t address; /* of its struct bpf_map */
	uint32_t id;
	uint32_t type; /* BPF_MAP_TYPE_... */
	char name[KT_BPF_NAME_BYTES];
	uint32_t key_size; /* bytes */
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags; /* BPF_F_... */
	uint64_t btf;   /* of its struct btf; 0: it has none */
	uint32_t key_type_id;
	uint32_t value_type_id;
};

struct kt_bpf_program {
	uint64_t address; /* of its struct bpf_prog */
	uint32_t id;
	uint32_t type; /* BPF_PROG_TYPE_... */
	char name[KT_BPF_NAME_BYTES];
	uint32_t n_instructions; /* after the verifier's changes */
	uint32_t jited_bytes;
	uint32_t verified_instructions; /* that the verifier went through */
	/* Counted only where kernel.bpf_stats_enabled is set; of all CPUs. */
	uint64_t run_count;
	uint64_t run_time_ns;
	uint64_t recursion_misses;
};

/*
 * Call `visit` with each until it returns something else than 0, which is then
 * returned. Errors as kt_idr_walk() has them; those that were visited before
 * are as good as any.
 */
int kt_bpf_maps_walk(struct kt_guest_kernel *kernel,
		     int (*visit)(void *userdata, const struct kt_bpf_map *map),
		     void *userdata);
int kt_bpf_programs_walk(struct kt_guest_kernel *kernel,
			 int (*visit)(void *userdata,
				      const struct kt_bpf_program *program),
			 void *userdata);

/*
 * The map whose name ends so, first the one whose whole name it is. The kernel
 * keeps 15 characters of a name: a longer `name` is compared by those. -ENOENT:
 * there is none.
 */
int kt_bpf_map_find(struct kt_guest_kernel *kernel, const char *name,
		    struct kt_bpf_map *ret);

/* As bpftool has them, "percpu_array"; "?" for one that is newer than this. */
const char *kt_bpf_map_type_name(uint32_t type);
const char *kt_bpf_program_type_name(uint32_t type);
