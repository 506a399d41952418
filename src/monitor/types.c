// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/types.h"

/* Structs that hold each other by value end sooner; no kernel nests so deep. */
#define MAX_DEPTH 16

void kt_types_deinit(struct kt_types *types)
{
	btf__free(types->btf);
	types->btf = NULL;
}

/* Typedefs and qualifiers taken off. 0 where they go round in a circle. */
static uint32_t plain(const struct btf *btf, uint32_t id)
{
	for (unsigned int i = 0; i < 2 * MAX_DEPTH; i++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!t)
			return 0;
		if (!btf_is_mod(t) && !btf_is_typedef(t) && !btf_is_type_tag(t))
			return id;
		id = t->type;
	}
	return 0;
}

/* libbpf writes what it finds wrong to stderr, which is not ours to use. */
static struct btf *parse_quietly(const void *data, uint32_t bytes)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	libbpf_print_fn_t before;
	struct btf *btf;
	int error;

	pthread_mutex_lock(&lock);
	before = libbpf_set_print(NULL);
	btf = btf__new(data, bytes);
	error = errno;
	libbpf_set_print(before);
	pthread_mutex_unlock(&lock);
	errno = error;
	return btf;
}

int kt_types_init(struct kt_types *types, const void *btf, size_t bytes,
		  struct ktstr_error *err)
{
	struct btf *parsed;

	if (bytes > UINT32_MAX)
		return kt_err(
			err, -EBADMSG,
			"the BTF has %zu bytes, which is more than it can "
			"describe",
			bytes);
	parsed = parse_quietly(btf, (uint32_t)bytes);
	if (!parsed)
		return kt_err(err, errno == ENOMEM ? -ENOMEM : -EBADMSG,
			      "the kernel's BTF cannot be read (%s); it is "
			      "damaged, or newer than this libbpf",
			      strerror(errno));
	types->btf = parsed;
	return 0;
}

static bool is_composite(const struct btf_type *type)
{
	return type && (btf_is_struct(type) || btf_is_union(type));
}

static int take_member(const struct kt_types *types, const struct btf_type *type,
		       uint32_t index, uint32_t base_bits, struct kt_member *ret)
{
	uint32_t id = plain(types->btf, btf_members(type)[index].type);
	uint32_t bit_offset, bits = btf_member_bitfield_size(type, index);
	int64_t bytes = 0;

	if (!bits) {
		bytes = btf__resolve_size(types->btf, id);
		if (bytes < 0 || bytes > UINT32_MAX / 8)
			return -ENOENT;
		bits = (uint32_t)bytes * 8;
	}
	if (__builtin_add_overflow(base_bits, btf_member_bit_offset(type, index),
				   &bit_offset))
		return -ENOENT;
	*ret = (struct kt_member){
		.bit_offset = bit_offset,
		.bit_size = bits,
		.type_id = id,
	};
	return 0;
}

/* A member of this very name, or of an anonymous one that has it. */
static int find_named(const struct kt_types *types, uint32_t type_id,
		      const char *name, size_t length, uint32_t base_bits,
		      unsigned int depth, struct kt_member *ret)
{
	const struct btf_type *type = btf__type_by_id(types->btf, type_id);

	if (!is_composite(type) || depth > MAX_DEPTH)
		return -ENOENT;
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const char *found = btf__name_by_offset(
			types->btf, btf_members(type)[i].name_off);
		struct kt_member member;

		if (!found || (*found && (strncmp(found, name, length) != 0 ||
					  found[length])))
			continue;
		if (take_member(types, type, i, base_bits, &member) < 0)
			continue;
		if (*found) {
			*ret = member;
			return 0;
		}
		if (find_named(types, member.type_id, name, length,
			       member.bit_offset, depth + 1, ret) == 0)
			return 0;
	}
	return -ENOENT;
}

int kt_types_member_of(const struct kt_types *types, uint32_t type_id,
		       const char *path, struct kt_member *ret)
{
	struct kt_member at = { .type_id = plain(types->btf, type_id) };

	for (;;) {
		size_t length = strcspn(path, ".");
		int r = find_named(types, at.type_id, path, length,
				   at.bit_offset, 0, &at);

		if (r)
			return r;
		if (!path[length]) {
			*ret = at;
			return 0;
		}
		path += length + 1;
	}
}

uint32_t kt_types_find(const struct kt_types *types, const char *name)
{
	int id = btf__find_by_name_kind(types->btf, name, BTF_KIND_STRUCT);

	if (id <= 0)
		id = btf__find_by_name_kind(types->btf, name, BTF_KIND_UNION);
	return id > 0 ? (uint32_t)id : 0;
}

int kt_types_member(const struct kt_types *types, const char *type,
		    const char *path, struct kt_member *ret)
{
	return kt_types_member_of(types, kt_types_find(types, type), path, ret);
}

int kt_types_size(const struct kt_types *types, const char *type,
		  uint32_t *ret_bytes)
{
	uint32_t id = kt_types_find(types, type);

	if (!id)
		return -ENOENT;
	*ret_bytes = btf__type_by_id(types->btf, id)->size;
	return 0;
}

uint32_t kt_types_target(const struct kt_types *types, uint32_t type_id)
{
	const struct btf_type *type =
		btf__type_by_id(types->btf, plain(types->btf, type_id));

	if (!type)
		return 0;
	if (btf_is_ptr(type))
		return plain(types->btf, type->type);
	if (btf_is_array(type))
		return plain(types->btf, btf_array(type)->type);
	return 0;
}

uint32_t kt_types_plain(const struct kt_types *types, uint32_t type_id)
{
	return plain(types->btf, type_id);
}
