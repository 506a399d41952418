/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A byte ring of fixed size. The writer chooses what happens when it is full:
 * kt_ring_push() takes what fits, kt_ring_push_over() drops the oldest bytes.
 * Not locked; the owner does that.
 */

#include <stddef.h>
#include <stdint.h>

struct kt_ring {
	uint8_t *data;
	size_t capacity;
	size_t start;  /* of the oldest byte */
	size_t length; /* bytes held */
};

/* `capacity` must be > 0. 0 or -ENOMEM. */
int kt_ring_init(struct kt_ring *ring, size_t capacity);
/* A zeroed or failed ring is fine. */
void kt_ring_deinit(struct kt_ring *ring);

static inline size_t kt_ring_space(const struct kt_ring *ring)
{
	return ring->capacity - ring->length;
}

/* Returns how many bytes, from the front of `data`, went in. */
size_t kt_ring_push(struct kt_ring *ring, const void *data, size_t length);
void kt_ring_push_over(struct kt_ring *ring, const void *data, size_t length);

/*
 * The longest stretch of free bytes that lies in one piece, for the caller to
 * fill from its front; kt_ring_filled() then makes `length` of them part of
 * the content. NULL when full.
 */
uint8_t *kt_ring_room(const struct kt_ring *ring, size_t *ret_length);
void kt_ring_filled(struct kt_ring *ring, size_t length);

/*
 * The longest stretch of oldest bytes that lies in one piece, for the caller
 * to look at until the next call that changes the ring; NULL when empty.
 */
const uint8_t *kt_ring_peek(const struct kt_ring *ring, size_t *ret_length);

/* Drops the oldest `length` bytes, at most as many as there are. */
void kt_ring_drop(struct kt_ring *ring, size_t length);

/* Copies and drops up to `length` of the oldest bytes; returns how many. */
size_t kt_ring_pop(struct kt_ring *ring, void *data, size_t length);

/*
 * Everything held, oldest first, with a NUL behind it (caller frees); NULL
 * when out of memory. `ret_length` may be NULL.
 */
char *kt_ring_text(const struct kt_ring *ring, size_t *ret_length);
