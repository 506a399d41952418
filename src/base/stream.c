// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/stream.h"

void kt_stream_deinit(struct kt_stream *stream)
{
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
	if (stream->kept && stream->kept->length < KT_STREAM_KEPT_MAX)
		kt_strbuf_add_bytes(stream->kept, data, length);
}

bool kt_stream_flush(struct kt_stream *stream)
{
	/* A pipe that polls as writable takes so much without blocking. */
	size_t piece = KT_MIN(kt_stream_pending(stream), (size_t)PIPE_BUF);
	ssize_t n;

	if (!piece)
		return false;
	n = write(stream->fd, stream->pending.data + stream->done, piece);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n < 0) {
		stream->closed = true;
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
