/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Values of BTF types as JSON: what a BPF map holds, by the types of the
 * program that made it. Neither the types nor the bytes are trusted.
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "monitor/types.h"

/* A value of more parts than that is not taken apart. */
#define KT_VALUE_PARTS_MAX (1u << 20)

/*
 * The value at `data`, of which there are `bytes`, as the type has it:
 * - structs, unions and sections of variables are objects, and what is in an
 *   anonymous one is in the one around it;
 * - arrays are arrays, but of char that hold text they are strings;
 * - an enum is the name of its value, or the number if it has none;
 * - a pointer is a string, "0x..." in 16 digits;
 * - an integer is a number, and a string where it is beyond 63 bits.
 * NULL with -ENOMEM; -ERANGE when the type is larger than what is there, -E2BIG
 * when it has too many parts or nests too deep.
 */
int kt_value_json(const struct kt_types *types, uint32_t type_id,
		  const void *data, size_t bytes, json_t **ret);

/* Bytes without a type, as "0a ff 00". NULL: no memory. */
json_t *kt_value_json_bytes(const void *data, size_t bytes);

/*
 * What `path` ("stats.by_cpu[3].count") names in a value of that type, whose
 * first part is a variable's name where the type is a section. -ENOENT: it has
 * no such part; -ERANGE: the array has no such element. Does not go through
 * pointers.
 */
int kt_value_find(const struct kt_types *types, uint32_t type_id,
		  const char *path, struct kt_member *ret);
