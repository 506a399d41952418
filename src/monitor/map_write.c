// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/bpf.h>

#include "monitor/bpf_entries.h"
#include "monitor/map_write.h"
#include "monitor/value.h"

/* Where in the value, by the variable's name. */
static int find_variable(struct kt_guest_kernel *kernel,
			 const struct kt_map_write *write,
			 const struct kt_bpf_map *map, struct kt_member *ret,
			 struct ktstr_error *err)
{
	struct kt_bpf_types types;
	int r = kt_bpf_types_init(&types, kernel, map, err);

	if (r)
		return r;
	r = kt_value_find(types.types, map->value_type_id, write->variable, ret);
	kt_bpf_types_deinit(&types);
	if (r)
		return kt_err(err, r,
			      "map %s has no \"%s\" in its value; `ktstr "
			      "inspect` shows what is there",
			      map->name, write->variable);
	if (ret->bit_offset % 8 || (ret->bit_size != 8 && ret->bit_size != 16 &&
				    ret->bit_size != 32 && ret->bit_size != 64))
		return kt_err(err, -EINVAL,
			      "\"%s\" of map %s has %u bits; whole numbers of "
			      "1, 2, 4 or 8 bytes can be written",
			      write->variable, map->name, ret->bit_size);
	if (ret->bit_size < 32 && write->value >> ret->bit_size)
		return kt_err(err, -ERANGE,
			      "%u does not fit into the %u bits of \"%s\" of "
			      "map %s",
			      write->value, ret->bit_size, write->variable,
			      map->name);
	return 0;
}

static int find_member(struct kt_guest_kernel *kernel,
		       const struct kt_map_write *write,
		       const struct kt_bpf_map *map, struct kt_member *ret,
		       struct ktstr_error *err)
{
	if (write->variable)
		return find_variable(kernel, write, map, ret, err);
	if (write->offset > map->value_size ||
	    map->value_size - write->offset < sizeof(write->value))
		return kt_err(err, -ERANGE,
			      "the value of map %s has %u bytes: there is no "
			      "room for 4 at %u",
			      map->name, map->value_size, write->offset);
	*ret = (struct kt_member){
		.bit_offset = write->offset * 8,
		.bit_size = sizeof(write->value) * 8,
	};
	return 0;
}

static int find_place(struct kt_guest_kernel *kernel,
		      const struct kt_map_write *write,
		      struct kt_map_write_place *ret, struct ktstr_error *err)
{
	const struct kt_member *value = &kernel->layout->member[KT_ARRAY_VALUE];
	struct kt_member member;
	struct kt_bpf_map map;
	int r = kt_bpf_map_find(kernel, write->map, &map);

	if (r)
		return kt_err(err, -EAGAIN,
			      r == -ENOENT ? "the guest has no map \"%s\"" :
					     "the guest's maps cannot be read, "
					     "of which \"%s\" was to be one",
			      write->map);
	if (map.type != BPF_MAP_TYPE_ARRAY ||
	    !kernel->layout->has[KT_ARRAY_VALUE])
		return kt_err(
			err, -EINVAL,
			"map %s is of type %s; only arrays can be written "
			"to",
			map.name, kt_bpf_map_type_name(map.type));
	r = find_member(kernel, write, &map, &member, err);
	if (r)
		return r;
	if (kt_member_offset(&member) + kt_member_bytes(&member) > map.value_size)
		return kt_err(err, -ERANGE,
			      "\"%s\" is outside of the %u bytes of map %s",
			      write->variable, map.value_size, map.name);
	*ret = (struct kt_map_write_place){
		.address = map.address + kt_member_offset(value) +
			   kt_member_offset(&member),
		.bytes = kt_member_bytes(&member),
	};
	return 0;
}

int kt_map_writes_find(struct kt_guest_kernel *kernel,
		       const struct kt_map_write *writes, size_t n,
		       struct kt_map_write_place *ret, struct ktstr_error *err)
{
	int r = 0;

	kt_view_forget(&kernel->view);
	for (size_t i = 0; !r && i < n; i++)
		r = find_place(kernel, &writes[i], &ret[i], err);
	return r;
}

int kt_map_writes_do(struct kt_guest_kernel *kernel,
		     const struct kt_map_write *writes, size_t n,
		     const struct kt_map_write_place *places,
		     struct ktstr_error *err)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = writes[i].value;
		int r = kt_view_write(&kernel->view, places[i].address, &value,
				      places[i].bytes);

		if (r)
			return kt_err_errno(err, r, "cannot write to map \"%s\"",
					    writes[i].map);
	}
	return 0;
}
