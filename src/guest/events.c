// SPDX-License-Identifier: GPL-2.0-only
#include "guest/events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define EVENTS_READ_BYTES (16u * 1024)

/* Reads at the end; a pipe holds no more than pipe-max-size, 1 MiB. */
#define EVENTS_LAST_READS 128

int kt_events_fifo_open(struct kt_events_fifo *fifo, struct kt_link *link,
			const char *path)
{
	*fifo = (struct kt_events_fifo){ .fd = -1, .link = link };
	if (mkfifo(path, 0622) < 0 || chmod(path, 0622) < 0)
		return -errno;
	fifo->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fifo->fd < 0 ? -errno : 0;
}

void kt_events_fifo_close(struct kt_events_fifo *fifo)
{
	fifo->fd = kt_close(fifo->fd);
}

static void end_line(struct kt_events_fifo *fifo)
{
	if (fifo->skipping || kt_link_send(fifo->link, KT_FRAME_STIMULUS,
					   fifo->line, fifo->length) < 0)
		fifo->n_lost++;
	fifo->length = 0;
	fifo->skipping = false;
}

/* With its newline a line is to fit. */
static void add_to_line(struct kt_events_fifo *fifo, const char *data,
			size_t length)
{
	if (length >= sizeof(fifo->line) - fifo->length)
		fifo->skipping = true;
	if (fifo->skipping)
		return;
	memcpy(fifo->line + fifo->length, data, length);
	fifo->length += length;
}

static bool read_once(struct kt_events_fifo *fifo)
{
	char data[EVENTS_READ_BYTES];
	const char *at = data, *end;
	ssize_t n = read(fifo->fd, data, sizeof(data));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	while ((end = memchr(at, '\n', (size_t)(data + n - at)))) {
		add_to_line(fifo, at, (size_t)(end - at));
		end_line(fifo);
		at = end + 1;
	}
	add_to_line(fifo, at, (size_t)(data + n - at));
	return true;
}

void kt_events_fifo_read(struct kt_events_fifo *fifo)
{
	(void)read_once(fifo);
}

void kt_events_fifo_finish(struct kt_events_fifo *fifo)
{
	char text[160];

	for (int i = 0; i < EVENTS_LAST_READS && read_once(fifo); i++)
		;
	if (fifo->length || fifo->skipping)
		fifo->n_lost++;
	if (!fifo->n_lost)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " events of the test are lost: a line may have %d "
		 "bytes, and ends with a newline",
		 fifo->n_lost, KT_EVENT_MAX_BYTES);
	(void)kt_link_send_text(fifo->link, KT_FRAME_LIFECYCLE, text);
}
