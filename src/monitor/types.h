/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The types of the guest's kernel, by the BTF in its image
 * (Documentation/bpf/btf.rst). Members are found by name, in anonymous structs
 * and unions too, so that what moves between kernels needs no version number.
 */

#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/error.h"

struct kt_types {
	struct btf *btf;
};

/*
 * Takes a copy of the blob. -EBADMSG when it is none, or when types in it
 * refer to what is not there: after that none needs to be checked again.
 */
int kt_types_init(struct kt_types *types, const void *btf, size_t bytes,
		  struct ktstr_error *err);
void kt_types_deinit(struct kt_types *types);
#define _cleanup_types_ _cleanup_(kt_types_deinit)

/* Where a member lies in its outermost struct. */
struct kt_member {
	uint32_t bit_offset;
	uint32_t bit_size; /* of one that is no bit field: 8 times its size */
	uint32_t type_id;  /* without typedefs, const and the like */
};

static inline uint32_t kt_member_offset(const struct kt_member *member)
{
	return member->bit_offset / 8;
}

static inline uint32_t kt_member_bytes(const struct kt_member *member)
{
	return member->bit_size / 8;
}

/*
 * The struct or union of that name; 0: this kernel has none. A search through
 * all types, of which there are a hundred thousand.
 */
uint32_t kt_types_find(const struct kt_types *types, const char *name);

/*
 * The member at `path` ("scx.local_dsq.nr") of the struct or union `type`.
 * -ENOENT when this kernel has no such type or member. A path does not go
 * through pointers or arrays.
 */
int kt_types_member(const struct kt_types *types, const char *type,
		    const char *path, struct kt_member *ret);

/* The same in a type of that id, as a member has it; 0 has no members. */
int kt_types_member_of(const struct kt_types *types, uint32_t type_id,
		       const char *path, struct kt_member *ret);

/* Of a struct or union; -ENOENT when there is none. */
int kt_types_size(const struct kt_types *types, const char *type,
		  uint32_t *ret_bytes);

/* What a pointer or an array is of; 0 (void) for all else. */
uint32_t kt_types_target(const struct kt_types *types, uint32_t type_id);

/* The type without typedefs, const and the like; 0 where they go in a circle. */
uint32_t kt_types_plain(const struct kt_types *types, uint32_t type_id);
