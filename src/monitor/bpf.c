// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/bpf.h"
#include "monitor/xarray.h"

/* BPF_MAX_SUBPROGS of the kernel. */
#define PARTS_MAX 256

struct wanted {
	enum kt_layout_id id;
	uint32_t *value;
};

static int get_all(struct kt_guest_kernel *kernel, uint64_t object,
		   const struct wanted *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value;
		int r = kt_guest_kernel_get(kernel, object, wanted[i].id, &value);

		if (r)
			return r;
		*wanted[i].value = (uint32_t)value;
	}
	return 0;
}

static int get_name(struct kt_guest_kernel *kernel, uint64_t object,
		    enum kt_layout_id id, char ret[KT_BPF_NAME_BYTES])
{
	if (!kernel->layout->has[id])
		return -ENOENT;
	return kt_view_text(&kernel->view,
			    object + kt_member_offset(&kernel->layout->member[id]),
			    ret, KT_BPF_NAME_BYTES);
}

/* Its number is taken from one that ends, which is then passed over. */
#define ENDS 1

static int check_id(uint32_t seen, uint32_t id)
{
	return seen == id ? 0 : seen ? -ERANGE : ENDS;
}

static int read_map(struct kt_guest_kernel *kernel, uint32_t id,
		    uint64_t address, struct kt_bpf_map *ret)
{
	const struct wanted parts[] = {
		{ KT_MAP_ID, &ret->id },
		{ KT_MAP_TYPE, &ret->type },
		{ KT_MAP_KEY_SIZE, &ret->key_size },
		{ KT_MAP_VALUE_SIZE, &ret->value_size },
		{ KT_MAP_MAX_ENTRIES, &ret->max_entries },
		{ KT_MAP_FLAGS, &ret->flags },
		{ KT_MAP_BTF_KEY_TYPE_ID, &ret->key_type_id },
		{ KT_MAP_BTF_VALUE_TYPE_ID, &ret->value_type_id },
	};
	int r;

	*ret = (struct kt_bpf_map){ .address = address };
	r = get_all(kernel, address, parts, KT_ARRAY_SIZE(parts));
	if (!r)
		r = kt_guest_kernel_get(kernel, address, KT_MAP_BTF, &ret->btf);
	if (!r)
		r = get_name(kernel, address, KT_MAP_NAME, ret->name);
	return r ?: check_id(ret->id, id);
}

/* Adds up what is kept for each CPU. */
static int read_stats(struct kt_guest_kernel *kernel, uint64_t address,
		      struct kt_bpf_program *ret)
{
	const struct {
		enum kt_layout_id id;
		uint64_t *sum;
	} parts[] = {
		{ KT_PROG_STATS_CNT, &ret->run_count },
		{ KT_PROG_STATS_NSECS, &ret->run_time_ns },
		{ KT_PROG_STATS_MISSES, &ret->recursion_misses },
	};
	uint64_t stats, value;
	int r = kt_guest_kernel_get(kernel, address, KT_PROG_STATS, &stats);

	for (uint32_t cpu = 0; !r && cpu < kernel->n_cpus; cpu++) {
		for (size_t i = 0; !r && i < KT_ARRAY_SIZE(parts); i++) {
			r = kt_guest_kernel_get(
				kernel,
				kt_guest_kernel_per_cpu(kernel, stats, cpu),
				parts[i].id, &value);
			if (!r)
				*parts[i].sum += value;
		}
	}
	return r;
}

/* One that was compiled in parts is as long as these are together. */
static int read_jited_bytes(struct kt_guest_kernel *kernel, uint64_t address,
			    uint64_t aux, uint32_t *ret)
{
	uint64_t parts, n, part, bytes, sum = 0;
	int r = kt_guest_kernel_get(kernel, aux, KT_PROG_AUX_FUNC_CNT, &n);

	if (!r)
		r = kt_guest_kernel_get(kernel, aux, KT_PROG_AUX_FUNC, &parts);
	if (!r && n == 0)
		r = kt_guest_kernel_get(kernel, address, KT_PROG_JITED_LEN, &sum);
	if (!r && n > PARTS_MAX)
		r = -ERANGE;
	for (uint64_t i = 0; !r && i < n; i++) {
		r = kt_view_u64(&kernel->view, parts + i * sizeof(part), &part);
		if (!r)
			r = kt_guest_kernel_get(kernel, part, KT_PROG_JITED_LEN,
						&bytes);
		if (!r)
			sum += bytes;
	}
	*ret = (uint32_t)sum;
	return r;
}

static int read_program(struct kt_guest_kernel *kernel, uint32_t id,
			uint64_t address, struct kt_bpf_program *ret)
{
	const struct wanted parts[] = {
		{ KT_PROG_TYPE, &ret->type },
		{ KT_PROG_LEN, &ret->n_instructions },
	};
	const struct wanted aux_parts[] = {
		{ KT_PROG_AUX_ID, &ret->id },
		{ KT_PROG_AUX_VERIFIED_INSNS, &ret->verified_instructions },
	};
	uint64_t aux;
	int r;

	*ret = (struct kt_bpf_program){ .address = address };
	r = kt_guest_kernel_get(kernel, address, KT_PROG_AUX, &aux);
	if (!r)
		r = get_all(kernel, address, parts, KT_ARRAY_SIZE(parts));
	if (!r)
		r = get_all(kernel, aux, aux_parts, KT_ARRAY_SIZE(aux_parts));
	if (!r)
		r = read_jited_bytes(kernel, address, aux, &ret->jited_bytes);
	if (!r)
		r = get_name(kernel, aux, KT_PROG_AUX_NAME, ret->name);
	if (!r)
		r = read_stats(kernel, address, ret);
	return r ?: check_id(ret->id, id);
}

struct maps_walk {
	struct kt_guest_kernel *kernel;
	int (*visit)(void *userdata, const struct kt_bpf_map *map);
	void *userdata;
};

static int visit_map(void *userdata, uint32_t id, uint64_t address)
{
	const struct maps_walk *walk = userdata;
	struct kt_bpf_map map;
	int r = read_map(walk->kernel, id, address, &map);

	return r == ENDS ? 0 : r ?: walk->visit(walk->userdata, &map);
}

int kt_bpf_maps_walk(struct kt_guest_kernel *kernel,
		     int (*visit)(void *userdata, const struct kt_bpf_map *map),
		     void *userdata)
{
	struct maps_walk walk = { kernel, visit, userdata };

	return kt_idr_walk(kernel, kernel->symbols.address[KT_SYMBOL_MAP_IDR],
			   visit_map, &walk);
}

struct programs_walk {
	struct kt_guest_kernel *kernel;
	int (*visit)(void *userdata, const struct kt_bpf_program *program);
	void *userdata;
};

static int visit_program(void *userdata, uint32_t id, uint64_t address)
{
	const struct programs_walk *walk = userdata;
	struct kt_bpf_program program;
	int r = read_program(walk->kernel, id, address, &program);

	return r == ENDS ? 0 : r ?: walk->visit(walk->userdata, &program);
}

int kt_bpf_programs_walk(struct kt_guest_kernel *kernel,
			 int (*visit)(void *userdata,
				      const struct kt_bpf_program *program),
			 void *userdata)
{
	struct programs_walk walk = { kernel, visit, userdata };

	return kt_idr_walk(kernel, kernel->symbols.address[KT_SYMBOL_PROG_IDR],
			   visit_program, &walk);
}

struct find {
	char name[KT_BPF_NAME_BYTES];
	struct kt_bpf_map map;
	bool found;
};

#define FOUND_WHOLE 1

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), n = strlen(end);

	return length >= n && strcmp(text + length - n, end) == 0;
}

static int compare_name(void *userdata, const struct kt_bpf_map *map)
{
	struct find *find = userdata;
	bool whole = strcmp(map->name, find->name) == 0;

	if (whole || (!find->found && ends_with(map->name, find->name))) {
		find->map = *map;
		find->found = true;
	}
	return whole ? FOUND_WHOLE : 0;
}

int kt_bpf_map_find(struct kt_guest_kernel *kernel, const char *name,
		    struct kt_bpf_map *ret)
{
	struct find find = { .found = false };
	int r;

	strncpy(find.name, name, sizeof(find.name) - 1);
	r = kt_bpf_maps_walk(kernel, compare_name, &find);
	if (r < 0)
		return r;
	if (!find.found)
		return -ENOENT;
	*ret = find.map;
	return 0;
}

const char *kt_bpf_map_type_name(uint32_t type)
{
	return libbpf_bpf_map_type_str((enum bpf_map_type)type) ?: "?";
}

const char *kt_bpf_program_type_name(uint32_t type)
{
	return libbpf_bpf_prog_type_str((enum bpf_prog_type)type) ?: "?";
}
