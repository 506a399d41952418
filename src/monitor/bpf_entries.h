/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What is in a BPF map: where each value lies in the guest's memory, and the
 * types that the map's maker gave it (kernel/bpf/arraymap.c, hashtab.c).
 */

#include <stddef.h>
#include <stdint.h>

#include "monitor/bpf.h"

/* A map of more entries is not gone through to its end. */
#define KT_BPF_ENTRIES_MAX (1u << 20)

struct kt_bpf_entry {
	const uint8_t *key;     /* of the map's key_size bytes */
	uint32_t n_values;      /* 1, or one for each CPU */
	const uint64_t *values; /* guest addresses of value_size bytes each */
};

/*
 * Calls `visit` with each entry of an array, per-CPU array, hash, LRU hash or
 * one of these per CPU, until it returns something else than 0, which is then
 * returned. -EOPNOTSUPP for a map of another type; -ENOENT when this kernel has
 * other structs; -EFAULT or -ERANGE where a list was torn; -ELOOP when there
 * are too many entries, or more than the map may hold.
 */
int kt_bpf_entries_walk(struct kt_guest_kernel *kernel,
			const struct kt_bpf_map *map,
			int (*visit)(void *userdata,
				     const struct kt_bpf_entry *entry),
			void *userdata);

/* The types of a map's key and value, by the BTF that it was made with. */
struct kt_bpf_types {
	struct kt_types own;
	const struct kt_types *types; /* NULL: the map has none */
};

/*
 * -ENOENT: the map was made without; -EOPNOTSUPP: they are a module's;
 * -EBADMSG: they cannot be read.
 */
int kt_bpf_types_init(struct kt_bpf_types *types, struct kt_guest_kernel *kernel,
		      const struct kt_bpf_map *map, struct ktstr_error *err);
void kt_bpf_types_deinit(struct kt_bpf_types *types);
