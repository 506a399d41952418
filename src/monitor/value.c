// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "monitor/value.h"

#define MAX_DEPTH  32
#define PART_BYTES 64

struct reading {
	const struct kt_types *types;
	uint32_t n_parts;
	unsigned int depth;
};

static int read_value(struct reading *reading, uint32_t type_id,
		      const uint8_t *data, size_t bytes, json_t **ret);

static int finish(json_t *value, json_t **ret)
{
	*ret = value;
	return value ? 0 : -ENOMEM;
}

/* Up to 8 bytes in the guest's order, which is little-endian. */
static uint64_t little_endian(const uint8_t *data, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

static uint64_t sign_extend(uint64_t value, uint32_t bits)
{
	uint64_t sign = 1ULL << (bits - 1);

	return bits < 64 ? (value ^ sign) - sign : value;
}

static json_t *number(uint64_t value, bool is_signed)
{
	if (is_signed || value <= INT64_MAX)
		return json_integer((json_int_t)value);
	return json_sprintf("%" PRIu64, value);
}

/* An integer or enum out of `bits` of a value. */
static json_t *scalar(const struct kt_types *types, const struct btf_type *type,
		      uint64_t value, uint32_t bits)
{
	bool is_signed;

	if (btf_is_int(type)) {
		if (btf_int_encoding(type) & BTF_INT_BOOL)
			return json_boolean(value);
		is_signed = btf_int_encoding(type) & BTF_INT_SIGNED;
		return number(is_signed ? sign_extend(value, bits) : value,
			      is_signed);
	}
	is_signed = btf_kflag(type);
	if (is_signed)
		value = sign_extend(value, bits);
	for (uint16_t i = 0; i < btf_vlen(type); i++) {
		uint32_t name = 0;
		uint64_t known;

		if (btf_is_enum(type)) {
			name = btf_enum(type)[i].name_off;
			known = is_signed ?
					(uint64_t)(int64_t)btf_enum(type)[i].val :
					(uint32_t)btf_enum(type)[i].val;
		} else {
			name = btf_enum64(type)[i].name_off;
			known = btf_enum64_value(&btf_enum64(type)[i]);
		}
		if (known == value)
			return json_string(
				btf__name_by_offset(types->btf, name) ?: "");
	}
	return number(value, is_signed);
}

static bool is_scalar(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_any_enum(type);
}

static json_t *floating(const uint8_t *data, size_t bytes)
{
	double wide;
	float narrow;

	if (bytes == sizeof(wide)) {
		memcpy(&wide, data, sizeof(wide));
		return json_real(wide) ?: json_null();
	}
	if (bytes == sizeof(narrow)) {
		memcpy(&narrow, data, sizeof(narrow));
		return json_real((double)narrow) ?: json_null();
	}
	return kt_value_json_bytes(data, bytes);
}

static bool is_char(const struct kt_types *types, uint32_t type_id)
{
	const struct btf_type *type = btf__type_by_id(types->btf, type_id);
	const char *name;

	if (!type || !btf_is_int(type) || type->size != 1)
		return false;
	name = btf__name_by_offset(types->btf, type->name_off);
	return btf_int_encoding(type) & BTF_INT_CHAR ||
	       (name && strcmp(name, "char") == 0);
}

/* Printable up to a NUL, and nothing behind that. */
static bool is_text(const uint8_t *data, size_t bytes)
{
	size_t length = strnlen((const char *)data, bytes);

	for (size_t i = 0; i < length; i++) {
		if (!isprint(data[i]) || data[i] > 126)
			return false;
	}
	for (size_t i = length; i < bytes; i++) {
		if (data[i])
			return false;
	}
	return length < bytes;
}

static int read_array(struct reading *reading, const struct btf_array *array,
		      const uint8_t *data, size_t bytes, json_t **ret)
{
	const struct kt_types *types = reading->types;
	uint32_t element = kt_types_plain(types, array->type);
	int64_t size = btf__resolve_size(types->btf, element);
	json_t *list;

	if (size < 0 || (uint64_t)size * array->nelems > bytes)
		return -ERANGE;
	if (array->nelems && is_char(types, element) &&
	    is_text(data, array->nelems))
		return finish(json_string((const char *)data), ret);
	list = json_array();
	for (uint32_t i = 0; list && i < array->nelems; i++) {
		json_t *value = NULL;
		int r = read_value(reading, element, data + i * (size_t)size,
				   (size_t)size, &value);

		if (!r && json_array_append_new(list, value) < 0)
			r = -ENOMEM;
		if (r) {
			json_decref(list);
			return r;
		}
	}
	return finish(list, ret);
}

/* Up to 64 bits that begin anywhere. */
static int read_bit_field(struct reading *reading, uint32_t type_id,
			  const uint8_t *data, size_t bytes,
			  uint32_t bit_offset, uint32_t bits, json_t **ret)
{
	const struct btf_type *type =
		btf__type_by_id(reading->types->btf, type_id);
	size_t first = bit_offset / 8;
	size_t end = ((size_t)bit_offset + bits + 7) / 8;
	__uint128_t wide = 0;

	if (!type || !is_scalar(type) || !bits || bits > 64 || end > bytes)
		return -ERANGE;
	for (size_t i = first; i < end; i++)
		wide |= (__uint128_t)data[i] << (8 * (i - first));
	wide >>= bit_offset % 8;
	return finish(scalar(reading->types, type,
			     (uint64_t)(wide & (~(__uint128_t)0 >> (128 - bits))),
			     bits),
		      ret);
}

static int read_member(struct reading *reading, const struct btf_type *type,
		       uint16_t index, const uint8_t *data, size_t bytes,
		       json_t **ret)
{
	uint32_t bit_offset = btf_member_bit_offset(type, index);
	uint32_t bits = btf_member_bitfield_size(type, index);
	uint32_t id =
		kt_types_plain(reading->types, btf_members(type)[index].type);

	if (bits)
		return read_bit_field(reading, id, data, bytes, bit_offset,
				      bits, ret);
	if (bit_offset % 8 || bit_offset / 8 > bytes)
		return -ERANGE;
	return read_value(reading, id, data + bit_offset / 8,
			  bytes - bit_offset / 8, ret);
}

/* Takes `value`; what has no name is an object whose members are put in. */
static int put(json_t *object, const char *name, json_t *value)
{
	int r;

	if (*name)
		return json_object_set_new(object, name, value) < 0 ? -ENOMEM : 0;
	r = json_is_object(value) && json_object_update(object, value) < 0 ?
		    -ENOMEM :
		    0;
	json_decref(value);
	return r;
}

static int read_members(struct reading *reading, const struct btf_type *type,
			const uint8_t *data, size_t bytes, json_t *object)
{
	const struct btf *btf = reading->types->btf;

	for (uint16_t i = 0; i < btf_vlen(type); i++) {
		const char *name =
			btf__name_by_offset(btf, btf_members(type)[i].name_off);
		json_t *value = NULL;
		int r = read_member(reading, type, i, data, bytes, &value);

		if (!r)
			r = put(object, name ?: "", value);
		if (r)
			return r;
	}
	return 0;
}

/* The variables of a section, by name. */
static int read_section(struct reading *reading, const struct btf_type *type,
			const uint8_t *data, size_t bytes, json_t *object)
{
	const struct btf *btf = reading->types->btf;

	for (uint16_t i = 0; i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(type)[i];
		const struct btf_type *variable =
			btf__type_by_id(btf, info->type);
		json_t *value = NULL;
		const char *name;
		int r;

		if (!variable || !btf_is_var(variable))
			continue;
		if (info->offset > bytes)
			return -ERANGE;
		name = btf__name_by_offset(btf, variable->name_off);
		r = read_value(reading,
			       kt_types_plain(reading->types, variable->type),
			       data + info->offset, bytes - info->offset, &value);
		if (!r)
			r = put(object, name ?: "", value);
		if (r)
			return r;
	}
	return 0;
}

static int read_object(struct reading *reading, const struct btf_type *type,
		       const uint8_t *data, size_t bytes, json_t **ret)
{
	json_t *object = json_object();
	int r;

	if (!object)
		return -ENOMEM;
	r = btf_is_datasec(type) ?
		    read_section(reading, type, data, bytes, object) :
		    read_members(reading, type, data, bytes, object);
	if (r) {
		json_decref(object);
		return r;
	}
	*ret = object;
	return 0;
}

static int read_plain(struct reading *reading, const struct btf_type *type,
		      const uint8_t *data, size_t bytes, json_t **ret)
{
	if (btf_is_composite(type) || btf_is_datasec(type))
		return read_object(reading, type, data, bytes, ret);
	if (btf_is_array(type))
		return read_array(reading, btf_array(type), data, bytes, ret);
	if (btf_is_ptr(type)) {
		if (bytes < sizeof(uint64_t))
			return -ERANGE;
		return finish(json_sprintf("0x%016" PRIx64,
					   little_endian(data, sizeof(uint64_t))),
			      ret);
	}
	if (!is_scalar(type) && !btf_is_float(type))
		return finish(json_null(), ret);
	if (type->size > bytes)
		return -ERANGE;
	if (btf_is_float(type))
		return finish(floating(data, type->size), ret);
	if (!type->size || type->size > sizeof(uint64_t))
		return finish(kt_value_json_bytes(data, type->size), ret);
	return finish(scalar(reading->types, type,
			     little_endian(data, type->size), 8 * type->size),
		      ret);
}

static int read_value(struct reading *reading, uint32_t type_id,
		      const uint8_t *data, size_t bytes, json_t **ret)
{
	const struct btf_type *type =
		btf__type_by_id(reading->types->btf, type_id);
	int r;

	if (!type)
		return -ERANGE;
	if (reading->depth == MAX_DEPTH || ++reading->n_parts > KT_VALUE_PARTS_MAX)
		return -E2BIG;
	reading->depth++;
	r = read_plain(reading, type, data, bytes, ret);
	reading->depth--;
	return r;
}

int kt_value_json(const struct kt_types *types, uint32_t type_id,
		  const void *data, size_t bytes, json_t **ret)
{
	struct reading reading = { .types = types };
	uint32_t plain = kt_types_plain(types, type_id);

	*ret = NULL;
	return plain ? read_value(&reading, plain, data, bytes, ret) : -ERANGE;
}

json_t *kt_value_json_bytes(const void *data, size_t bytes)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	for (size_t i = 0; i < bytes; i++)
		kt_strbuf_addf(&sb, "%s%02x", i ? " " : "",
			       ((const uint8_t *)data)[i]);
	return json_string(kt_strbuf_text(&sb));
}

/* The variable of a section; `ret` is where it begins, and what it is. */
static int find_variable(const struct kt_types *types,
			 const struct btf_type *section, const char *name,
			 struct kt_member *ret)
{
	for (uint16_t i = 0; i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info =
			&btf_var_secinfos(section)[i];
		const struct btf_type *variable =
			btf__type_by_id(types->btf, info->type);
		const char *found;

		if (!variable || !btf_is_var(variable))
			continue;
		found = btf__name_by_offset(types->btf, variable->name_off);
		if (!found || strcmp(found, name) != 0)
			continue;
		if (info->offset > UINT32_MAX / 8 || info->size > UINT32_MAX / 8)
			return -ERANGE;
		*ret = (struct kt_member){
			.bit_offset = info->offset * 8,
			.bit_size = info->size * 8,
			.type_id = kt_types_plain(types, variable->type),
		};
		return 0;
	}
	return -ENOENT;
}

static int step_to_name(const struct kt_types *types, const char *name,
			struct kt_member *at)
{
	const struct btf_type *type = btf__type_by_id(types->btf, at->type_id);
	uint32_t before = at->bit_offset;
	int r;

	if (type && btf_is_datasec(type))
		r = find_variable(types, type, name, at);
	else
		r = kt_types_member_of(types, at->type_id, name, at);
	if (!r && __builtin_add_overflow(at->bit_offset, before, &at->bit_offset))
		r = -ERANGE;
	return r;
}

static int step_to_element(const struct kt_types *types, uint64_t index,
			   struct kt_member *at)
{
	const struct btf_type *type = btf__type_by_id(types->btf, at->type_id);
	uint32_t element;
	int64_t size;

	if (!type || !btf_is_array(type))
		return -ENOENT;
	element = kt_types_plain(types, btf_array(type)->type);
	size = btf__resolve_size(types->btf, element);
	if (index >= btf_array(type)->nelems || size < 0 ||
	    at->bit_offset + (index + 1) * (uint64_t)size * 8 > UINT32_MAX)
		return -ERANGE;
	*at = (struct kt_member){
		.bit_offset =
			at->bit_offset + (uint32_t)(index * (uint64_t)size * 8),
		.bit_size = (uint32_t)size * 8,
		.type_id = element,
	};
	return 0;
}

int kt_value_find(const struct kt_types *types, uint32_t type_id,
		  const char *path, struct kt_member *ret)
{
	struct kt_member at = { .type_id = kt_types_plain(types, type_id) };

	while (*path) {
		int r;

		if (*path == '[') {
			char *end;
			uint64_t index = strtoull(path + 1, &end, 10);

			if (!isdigit(path[1]) || *end != ']')
				return -ENOENT;
			r = step_to_element(types, index, &at);
			path = end + 1;
		} else {
			char name[PART_BYTES];
			size_t length = strcspn(path, ".[");

			if (!length || length >= sizeof(name))
				return -ENOENT;
			snprintf(name, sizeof(name), "%.*s", (int)length, path);
			r = step_to_name(types, name, &at);
			path += length;
		}
		if (r)
			return r;
		if (*path == '.' && path[1])
			path++;
		else if (*path && *path != '[')
			return -ENOENT;
	}
	*ret = at;
	return 0;
}
