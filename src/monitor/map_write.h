/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Numbers written into a guest's BPF arrays, in place and behind the back of
 * the program that made them.
 */

#include <stddef.h>
#include <stdint.h>

#include "monitor/bpf.h"

struct kt_map_write {
	const char *map;      /* the end of its name */
	const char *variable; /* a path in its value; NULL: `offset` */
	uint32_t offset;      /* bytes into the first value; of 4 bytes */
	uint32_t value;
};

/* Where one goes, and how wide it is there. */
struct kt_map_write_place {
	uint64_t address;
	uint32_t bytes;
};

/*
 * Finds the places of all `n`, and writes nothing. -EAGAIN: a map is not there
 * (yet), or the table of maps was torn when it was looked at; any other error is
 * final: no such variable, no room at the offset, a map that is no array, a
 * value that does not fit.
 */
int kt_map_writes_find(struct kt_guest_kernel *kernel,
		       const struct kt_map_write *writes, size_t n,
		       struct kt_map_write_place *ret, struct ktstr_error *err);

/* Writes to those places, in order. -EFAULT: one is no longer there. */
int kt_map_writes_do(struct kt_guest_kernel *kernel,
		     const struct kt_map_write *writes, size_t n,
		     const struct kt_map_write_place *places,
		     struct ktstr_error *err);
