/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_MAP_WRITE_H
#define KTSTR_MAP_WRITE_H

/* Numbers that the host writes into a scheduler's BPF maps. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One, written into an array before the workload may start: where `variable` is
 * in the map's value, by a path through its types ("knobs.stall", "limit[2]"),
 * as wide as it is there; or, where that is NULL, four bytes at `offset`. The
 * map is the first whose name ends so, as ".bss" does for the variables of a
 * BPF object.
 */
struct ktstr_bpf_map_write {
	const char *map;
	const char *variable;
	uint32_t offset;
	uint32_t value;
};

#ifdef __cplusplus
}
#endif

#endif
