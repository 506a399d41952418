/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Bytes of a guest or a nested command on their way to a descriptor of the
 * caller's, or into memory when there is none. A reader that is slow makes the
 * stream fill up, and a full stream makes the writer wait; a reader that is
 * gone makes the rest vanish.
 *
 * No write waits, whatever is behind the descriptor. Its flags are never
 * changed, since others share them: a pipe or a terminal is opened once more,
 * without blocking, and where that is refused it is written to in pieces so
 * small that they fit whenever poll() says that there is room.
 *
 * Belongs to the event loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/excerpt.h"
#include "base/strbuf.h"

/* More is not taken from the guest before the reader has caught up. */
#define KT_STREAM_HIGH_WATER (256u * 1024)

/* What is kept of a guest's output in memory; what is between is dropped. */
#define KT_STREAM_KEPT_FIRST (62u * 1024 * 1024)
#define KT_STREAM_KEPT_LAST  (1024u * 1024)

struct kt_stream {
	int fd;                  /* -1: `kept` gets the bytes */
	bool owned;              /* `fd` is the stream's to close */
	size_t piece;            /* of one write; 0: PIPE_BUF */
	struct kt_excerpt *kept; /* borrowed; may be shared by streams */
	struct kt_strbuf pending;
	size_t done; /* bytes of `pending` already written */
	bool closed; /* the reader is gone */
	int error;   /* why, -errno, where it is not that: a full disk */
};

/* `fd` is borrowed, and must stay open as long as the stream does. */
void kt_stream_init(struct kt_stream *stream, int fd, struct kt_excerpt *kept);
void kt_stream_deinit(struct kt_stream *stream);

/* Takes all of it; check kt_stream_is_full() before. */
void kt_stream_put(struct kt_stream *stream, const void *data, size_t length);

static inline size_t kt_stream_pending(const struct kt_stream *stream)
{
	return stream->pending.length - stream->done;
}

static inline bool kt_stream_is_full(const struct kt_stream *stream)
{
	return kt_stream_pending(stream) >= KT_STREAM_HIGH_WATER;
}

/*
 * Writes one piece; call it when poll() reports the descriptor writable, or an
 * error on it. SIGPIPE must be blocked. Returns true when nothing more can be
 * written from now on: the reader is gone, or `error` says why.
 */
bool kt_stream_flush(struct kt_stream *stream);
