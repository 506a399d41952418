// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "device/ring.h"

int kt_ring_init(struct kt_ring *ring, size_t capacity)
{
	*ring = (struct kt_ring){ .data = malloc(capacity) };
	if (!ring->data)
		return -ENOMEM;
	ring->capacity = capacity;
	return 0;
}

void kt_ring_deinit(struct kt_ring *ring)
{
	free(ring->data);
	*ring = (struct kt_ring){ 0 };
}

uint8_t *kt_ring_room(const struct kt_ring *ring, size_t *ret_length)
{
	size_t end = (ring->start + ring->length) % ring->capacity;

	*ret_length = KT_MIN(kt_ring_space(ring), ring->capacity - end);
	return *ret_length ? ring->data + end : NULL;
}

void kt_ring_filled(struct kt_ring *ring, size_t length)
{
	ring->length += length;
}

size_t kt_ring_push(struct kt_ring *ring, const void *data, size_t length)
{
	size_t done = 0;

	while (done < length) {
		size_t piece;
		uint8_t *room = kt_ring_room(ring, &piece);

		if (!room)
			break;
		piece = KT_MIN(piece, length - done);
		memcpy(room, (const uint8_t *)data + done, piece);
		kt_ring_filled(ring, piece);
		done += piece;
	}
	return done;
}

void kt_ring_push_over(struct kt_ring *ring, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	if (length > ring->capacity) {
		bytes += length - ring->capacity;
		length = ring->capacity;
	}
	if (length > kt_ring_space(ring))
		kt_ring_drop(ring, length - kt_ring_space(ring));
	kt_ring_push(ring, bytes, length);
}

const uint8_t *kt_ring_peek(const struct kt_ring *ring, size_t *ret_length)
{
	*ret_length = KT_MIN(ring->length, ring->capacity - ring->start);
	return *ret_length ? ring->data + ring->start : NULL;
}

void kt_ring_drop(struct kt_ring *ring, size_t length)
{
	length = KT_MIN(length, ring->length);
	ring->length -= length;
	/* An empty ring starts over, so that its next content is one piece. */
	ring->start = ring->length ? (ring->start + length) % ring->capacity : 0;
}

size_t kt_ring_pop(struct kt_ring *ring, void *data, size_t length)
{
	size_t done = 0;

	while (done < length) {
		size_t piece;
		const uint8_t *bytes = kt_ring_peek(ring, &piece);

		if (!bytes)
			break;
		piece = KT_MIN(piece, length - done);
		memcpy((uint8_t *)data + done, bytes, piece);
		kt_ring_drop(ring, piece);
		done += piece;
	}
	return done;
}

char *kt_ring_text(const struct kt_ring *ring, size_t *ret_length)
{
	size_t first = KT_MIN(ring->length, ring->capacity - ring->start);
	char *text = malloc(ring->length + 1);

	if (!text)
		return NULL;
	memcpy(text, ring->data + ring->start, first);
	memcpy(text + first, ring->data, ring->length - first);
	text[ring->length] = '\0';
	if (ret_length)
		*ret_length = ring->length;
	return text;
}
