// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "monitor/bpf_entries.h"

/* The kernel's own bound: half a page's order at most of a kmalloc. */
#define KEY_BYTES_MAX (1u << 22)
#define BTF_BYTES_MAX (16u * KT_MIB)

/* The lowest bit of a list's last pointer, <linux/list_nulls.h>. */
#define LIST_END 1

struct walk {
	struct kt_guest_kernel *kernel;
	const struct kt_bpf_map *map;
	int (*visit)(void *userdata, const struct kt_bpf_entry *entry);
	void *userdata;
	uint8_t *key;
	uint64_t *values; /* n_cpus */
	uint32_t n_entries;
};

static bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static uint64_t offset_of(const struct walk *walk, enum kt_layout_id id)
{
	return kt_member_offset(&walk->kernel->layout->member[id]);
}

/* `address` is where the value is, or the pointer to those of each CPU. */
static int visit_entry(struct walk *walk, uint64_t address)
{
	struct kt_guest_kernel *kernel = walk->kernel;
	struct kt_bpf_entry entry = {
		.key = walk->key,
		.n_values = 1,
		.values = walk->values,
	};

	walk->values[0] = address;
	if (is_per_cpu(walk->map->type)) {
		uint64_t base;
		int r = kt_view_u64(&kernel->view, address, &base);

		if (r)
			return r;
		entry.n_values = kernel->n_cpus;
		for (uint32_t cpu = 0; cpu < kernel->n_cpus; cpu++)
			walk->values[cpu] =
				kt_guest_kernel_per_cpu(kernel, base, cpu);
	}
	return walk->visit(walk->userdata, &entry);
}

static int walk_array(struct walk *walk)
{
	const struct kt_bpf_map *map = walk->map;
	uint64_t values = map->address + offset_of(walk, KT_ARRAY_VALUE);
	uint64_t element_bytes = sizeof(uint64_t); /* a pointer */
	int r = 0;

	if (!walk->kernel->layout->has[KT_ARRAY_VALUE])
		return -ENOENT;
	if (map->key_size != sizeof(uint32_t))
		return -ERANGE;
	if (!is_per_cpu(map->type))
		r = kt_guest_kernel_get(walk->kernel, map->address,
					KT_ARRAY_ELEM_SIZE, &element_bytes);
	if (!r && !is_per_cpu(map->type) && element_bytes < map->value_size)
		r = -ERANGE;
	for (uint32_t i = 0; !r && i < map->max_entries; i++) {
		if (i == KT_BPF_ENTRIES_MAX)
			return -ELOOP;
		memcpy(walk->key, &i, sizeof(i));
		r = visit_entry(walk, values + i * element_bytes);
	}
	return r;
}

static int walk_bucket(struct walk *walk, uint64_t element)
{
	struct kt_guest_kernel *kernel = walk->kernel;
	uint64_t key = offset_of(walk, KT_HTAB_ELEM_KEY);
	uint64_t value = key + KT_ALIGN_UP((uint64_t)walk->map->key_size, 8);
	int r = 0;

	while (!r && !(element & LIST_END)) {
		/* One that is replaced meanwhile is there twice. */
		if (++walk->n_entries / 2 > walk->map->max_entries ||
		    walk->n_entries > KT_BPF_ENTRIES_MAX)
			return -ELOOP;
		r = kt_view_read(&kernel->view, element + key, walk->key,
				 walk->map->key_size);
		if (!r)
			r = visit_entry(walk, element + value);
		if (!r)
			r = kt_guest_kernel_get(kernel, element,
						KT_HTAB_ELEM_NEXT, &element);
	}
	return r;
}

static int walk_hash(struct walk *walk)
{
	struct kt_guest_kernel *kernel = walk->kernel;
	const struct kt_types *types = kernel->types;
	uint32_t bucket_id = kt_types_target(
		types, kernel->layout->member[KT_HTAB_BUCKETS].type_id);
	int64_t bucket_bytes = btf__resolve_size(types->btf, bucket_id);
	uint64_t buckets, n_buckets, first;
	struct kt_member head;
	int r = kt_types_member_of(types, bucket_id, "head.first", &head);

	if (r || bucket_bytes < 0 || !kernel->layout->has[KT_HTAB_BUCKETS] ||
	    !kernel->layout->has[KT_HTAB_ELEM_KEY])
		return -ENOENT;
	r = kt_guest_kernel_get(kernel, walk->map->address, KT_HTAB_BUCKETS,
				&buckets);
	if (!r)
		r = kt_guest_kernel_get(kernel, walk->map->address,
					KT_HTAB_N_BUCKETS, &n_buckets);
	for (uint64_t i = 0; !r && i < n_buckets; i++) {
		if (i == KT_BPF_ENTRIES_MAX)
			return -ELOOP;
		r = kt_view_u64(&kernel->view,
				buckets + i * (uint64_t)bucket_bytes +
					kt_member_offset(&head),
				&first);
		if (!r)
			r = walk_bucket(walk, first);
	}
	return r;
}

int kt_bpf_entries_walk(struct kt_guest_kernel *kernel,
			const struct kt_bpf_map *map,
			int (*visit)(void *userdata,
				     const struct kt_bpf_entry *entry),
			void *userdata)
{
	_cleanup_free_ uint8_t *key = NULL;
	_cleanup_free_ uint64_t *values = NULL;
	struct walk walk = { kernel, map, visit, userdata, NULL, NULL, 0 };

	if (map->key_size > KEY_BYTES_MAX)
		return -ERANGE;
	key = calloc(1, KT_MAX(map->key_size, sizeof(uint32_t)));
	values = calloc(kernel->n_cpus, sizeof(*values));
	if (!key || !values)
		return -ENOMEM;
	walk.key = key;
	walk.values = values;
	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return walk_array(&walk);
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return walk_hash(&walk);
	default:
		return -EOPNOTSUPP;
	}
}

int kt_bpf_types_init(struct kt_bpf_types *types, struct kt_guest_kernel *kernel,
		      const struct kt_bpf_map *map, struct ktstr_error *err)
{
	_cleanup_free_ void *copy = NULL;
	uint64_t is_kernels, data, bytes;
	int r;

	*types = (struct kt_bpf_types){ .types = NULL };
	if (!map->btf || !map->value_type_id)
		return kt_err(err, -ENOENT, "map %s was made without BTF",
			      map->name);
	r = kt_guest_kernel_get(kernel, map->btf, KT_BTF_KERNEL, &is_kernels);
	if (!r)
		r = kt_guest_kernel_get(kernel, map->btf, KT_BTF_DATA, &data);
	if (!r)
		r = kt_guest_kernel_get(kernel, map->btf, KT_BTF_DATA_SIZE,
					&bytes);
	if (r)
		return kt_err_errno(err, r, "cannot read the BTF of map %s",
				    map->name);
	if (is_kernels)
		return kt_err(err, -EOPNOTSUPP,
			      "map %s has its types from the kernel", map->name);
	if (bytes > BTF_BYTES_MAX)
		return kt_err(err, -EBADMSG,
			      "the BTF of map %s has %llu bytes; at most %llu "
			      "are read",
			      map->name, (unsigned long long)bytes,
			      (unsigned long long)BTF_BYTES_MAX);
	copy = malloc(bytes ?: 1);
	if (!copy)
		return kt_err(err, -ENOMEM, "no memory for the BTF of map %s",
			      map->name);
	r = kt_view_read(&kernel->view, data, copy, bytes);
	if (r)
		return kt_err_errno(err, r, "cannot read the BTF of map %s",
				    map->name);
	r = kt_types_init(&types->own, copy, bytes, err);
	if (r)
		return kt_err_context(err, r, "map %s", map->name);
	types->types = &types->own;
	return 0;
}

void kt_bpf_types_deinit(struct kt_bpf_types *types)
{
	kt_types_deinit(&types->own);
	types->types = NULL;
}
