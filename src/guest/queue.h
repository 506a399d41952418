/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Bytes on their way from one descriptor to another: a ring of fixed size, so
 * that a receiver that stands still stops its sender.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_queue {
	uint8_t *data;
	size_t capacity; /* a power of two */
	size_t head;     /* counts bytes taken out, ever */
	size_t tail;     /* counts bytes put in, ever */
};

int kt_queue_init(struct kt_queue *queue, size_t capacity);
void kt_queue_deinit(struct kt_queue *queue);

static inline size_t kt_queue_used(const struct kt_queue *queue)
{
	return queue->tail - queue->head;
}

static inline size_t kt_queue_room(const struct kt_queue *queue)
{
	return queue->capacity - kt_queue_used(queue);
}

static inline void kt_queue_clear(struct kt_queue *queue)
{
	queue->head = queue->tail;
}

/* Returns how much fitted. */
size_t kt_queue_put(struct kt_queue *queue, const void *data, size_t length);

/*
 * One read of what fits. The count, 0 when there is nothing for now (or no
 * room), -ENODATA at the end of the file, or another -errno.
 */
int kt_queue_fill(struct kt_queue *queue, int fd);

/* Writes until the queue is empty or `fd` takes no more. 0 or -errno. */
int kt_queue_flush(struct kt_queue *queue, int fd);
