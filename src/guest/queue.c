// SPDX-License-Identifier: GPL-2.0-only
#include "guest/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/macro.h"

int kt_queue_init(struct kt_queue *queue, size_t capacity)
{
	*queue = (struct kt_queue){.capacity = capacity};
	queue->data = malloc(capacity);
	return queue->data ? 0 : -ENOMEM;
}

void kt_queue_deinit(struct kt_queue *queue)
{
	free(queue->data);
	*queue = (struct kt_queue){0};
}

/* The `length` bytes from position `at` on, in the one or two pieces that they
 * lie in. Returns how many pieces. */
static int queue_pieces(const struct kt_queue *queue, size_t at, size_t length,
			struct iovec pieces[2])
{
	size_t offset = at & (queue->capacity - 1);
	size_t first = KT_MIN(length, queue->capacity - offset);

	pieces[0] = (struct iovec){queue->data + offset, first};
	pieces[1] = (struct iovec){queue->data, length - first};
	return first < length ? 2 : 1;
}

size_t kt_queue_put(struct kt_queue *queue, const void *data, size_t length)
{
	struct iovec pieces[2];

	length = KT_MIN(length, kt_queue_room(queue));
	queue_pieces(queue, queue->tail, length, pieces);
	memcpy(pieces[0].iov_base, data, pieces[0].iov_len);
	memcpy(pieces[1].iov_base, (const uint8_t *)data + pieces[0].iov_len,
	       pieces[1].iov_len);
	queue->tail += length;
	return length;
}

int kt_queue_fill(struct kt_queue *queue, int fd)
{
	size_t room = kt_queue_room(queue);
	struct iovec pieces[2];
	ssize_t n;

	if (room == 0)
		return 0;
	n = readv(fd, pieces, queue_pieces(queue, queue->tail, room, pieces));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ENODATA;
	queue->tail += (size_t)n;
	return (int)n;
}

int kt_queue_flush(struct kt_queue *queue, int fd)
{
	while (kt_queue_used(queue) > 0) {
		struct iovec pieces[2];
		ssize_t n;

		n = writev(fd, pieces,
			   queue_pieces(queue, queue->head,
					kt_queue_used(queue), pieces));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		queue->head += (size_t)n;
	}
	return 0;
}
