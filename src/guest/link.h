/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's end of the wire: frames out of a queue, frames in through the
 * decoder, over one non-blocking descriptor. Not for several threads.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "wire/decoder.h"
#include "wire/frame.h"

/* Sources of bulk data stop when so much waits to be written. */
#define KT_LINK_HIGH_WATER_BYTES (256u * 1024)

/* The most that one kt_link_receive() reads. */
#define KT_LINK_READ_BYTES (32u * 1024)

struct kt_link {
	int fd; /* borrowed; -1: frames only queue up */
	struct kt_strbuf out;
	size_t out_done; /* bytes of `out` that are written */
	struct kt_frame_decoder decoder;
	bool closed; /* the host's end is gone */
};

static inline void kt_link_init(struct kt_link *link, int fd)
{
	*link = (struct kt_link){.fd = fd};
}

void kt_link_deinit(struct kt_link *link);

/*
 * Queues a frame and returns -ENOMEM or -EMSGSIZE where it cannot; text longer
 * than a frame is cut.
 */
int kt_link_send(struct kt_link *link, uint32_t type, const void *payload,
		 size_t length);
int kt_link_send_text(struct kt_link *link, uint32_t type, const char *text);

static inline size_t kt_link_pending(const struct kt_link *link)
{
	return link->out.length - link->out_done;
}

static inline bool kt_link_has_room(const struct kt_link *link)
{
	return kt_link_pending(link) < KT_LINK_HIGH_WATER_BYTES;
}

/* Writes what can be written now. 0, or -errno after which it is closed. */
int kt_link_flush(struct kt_link *link);

/* Writes everything; -ETIMEDOUT when the host does not take it in time. */
int kt_link_drain(struct kt_link *link, int timeout_ms);

/*
 * Reads once, what is there now, for kt_link_next() to hand out frame by
 * frame. Drain those before the next call. 0, or -errno: closed.
 */
int kt_link_receive(struct kt_link *link);

/* Frames with a wrong checksum are skipped: a host does not write such. */
bool kt_link_next(struct kt_link *link, struct kt_frame *ret);
