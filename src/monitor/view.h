/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The memory of a guest's kernel by its own addresses, read (and, where asked
 * for, written) while the guest runs. Nothing of it is trusted: an address that
 * is not mapped to RAM is an error, and what is read may have changed before
 * the call returns. Naturally aligned integers are read whole.
 *
 * For one thread at a time.
 */

#include <stddef.h>
#include <stdint.h>

#include "memory/guest_memory.h"
#include "monitor/paging.h"

#define KT_VIEW_CACHE_SLOTS 256

/*
 * Translations are remembered until kt_view_forget(). One that has gone stale
 * leads to memory that is no longer what it was, but never out of RAM.
 */
struct kt_view {
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_paging paging;
	struct kt_view_slot {
		uint64_t page; /* of `va`; 0, which is no kernel's: empty */
		uint64_t gpa;
	} cache[KT_VIEW_CACHE_SLOTS];
	uint64_t n_walks; /* translations that were not remembered */
};

void kt_view_init(struct kt_view *view, const struct kt_guest_memory *memory,
		  const struct kt_paging *paging);

/* To be called before a pass over memory that shall be seen as it is now. */
void kt_view_forget(struct kt_view *view);

/*
 * Copies from or to the guest, across pages; -EFAULT when any byte is not
 * mapped to RAM, after which some of `data` may have been filled in.
 */
int kt_view_read(struct kt_view *view, uint64_t va, void *data, size_t length);
int kt_view_write(struct kt_view *view, uint64_t va, const void *data,
		  size_t length);

/* Integers in the guest's byte order, which is little-endian. */
int kt_view_u8(struct kt_view *view, uint64_t va, uint8_t *ret);
int kt_view_u32(struct kt_view *view, uint64_t va, uint32_t *ret);
int kt_view_u64(struct kt_view *view, uint64_t va, uint64_t *ret);

/* One of `size` bytes: 1, 2, 4 or 8; another size is -EINVAL. */
int kt_view_unsigned(struct kt_view *view, uint64_t va, uint32_t size,
		     uint64_t *ret);

/*
 * Text of at most size - 1 bytes, ended by a NUL in `ret`; bytes that are not
 * printable ASCII read '?'. A page that ends the text early is no error when
 * some of it was read.
 */
int kt_view_text(struct kt_view *view, uint64_t va, char *ret, size_t size);
