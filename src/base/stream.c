// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/stream.h"

/*
 * A terminal is writable from one byte of room on, and a blocking write waits
 * for room for all of it. A pseudo-terminal's room comes in buffers of 256
 * bytes (drivers/tty/tty_buffer.c), and a tab may take eight.
 */
#define TERMINAL_PIECE 32

/* The master's file makes another pair when it is opened again. */
static bool is_terminal_master(int fd)
{
	unsigned int number;

	return ioctl(fd, TIOCGPTN, &number) == 0;
}

/* A description of its own of what `fd` leads to, or -1. */
static int reopen_nonblocking(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void kt_stream_init(struct kt_stream *stream, int fd, struct kt_excerpt *kept)
{
	bool terminal = fd >= 0 && isatty(fd);
	struct stat st;
	int own = -1;

	*stream = (struct kt_stream){ .fd = fd, .kept = kept };
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	if (S_ISFIFO(st.st_mode) || (terminal && !is_terminal_master(fd)))
		own = reopen_nonblocking(fd);
	if (own >= 0) {
		stream->fd = own;
		stream->owned = true;
	} else if (terminal) {
		stream->piece = TERMINAL_PIECE;
	}
}

void kt_stream_deinit(struct kt_stream *stream)
{
	if (stream->owned)
		stream->fd = kt_close(stream->fd);
	stream->owned = false;
	kt_strbuf_deinit(&stream->pending);
	stream->done = 0;
}

void kt_stream_put(struct kt_stream *stream, const void *data, size_t length)
{
	if (stream->closed)
		return;
	if (stream->fd >= 0) {
		kt_strbuf_add_bytes(&stream->pending, data, length);
		return;
	}
	if (stream->kept)
		kt_excerpt_add(stream->kept, data, length);
}

bool kt_stream_flush(struct kt_stream *stream)
{
	/* A pipe that polls as writable takes PIPE_BUF without blocking. */
	size_t piece = KT_MIN(kt_stream_pending(stream),
			      stream->piece ?: (size_t)PIPE_BUF);
	ssize_t n;

	if (!piece)
		return false;
	n = write(stream->fd, stream->pending.data + stream->done, piece);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n < 0) {
		stream->closed = true;
		stream->error = errno == EPIPE ? 0 : -errno;
		kt_strbuf_reset(&stream->pending);
		stream->done = 0;
		return true;
	}
	stream->done += (size_t)n;
	/* Moving the rest up costs time: not for every piece. */
	if (stream->done >= KT_STREAM_HIGH_WATER / 2 ||
	    !kt_stream_pending(stream)) {
		kt_strbuf_drop(&stream->pending, stream->done);
		stream->done = 0;
	}
	return false;
}
