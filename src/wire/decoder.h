/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Frames out of a byte stream whose writer may be hostile, or broken.
 *
 *	struct kt_frame_decoder decoder = { 0 };
 *
 *	kt_frame_decoder_feed(&decoder, bytes, count);
 *	while (kt_frame_decoder_next(&decoder, &frame))
 *		...
 *
 * A header is taken for one when its type is four capital letters and its last
 * word is zero. One that is not, or that announces more than a frame may hold,
 * is dropped, and the stream is searched byte by byte for the next header. A
 * frame whose payload does not match its checksum is handed out, flagged.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

struct kt_frame {
	uint32_t type;
	uint32_t length;
	const uint8_t *payload; /* `length` bytes, owned by the decoder */
	bool crc_ok;
};

struct kt_frame_decoder_counts {
	uint64_t frames; /* handed out, also those below */
	uint64_t crc_errors;
	uint64_t too_long;       /* headers that announced too much */
	uint32_t too_long_bytes; /* what the first of them announced */
	uint64_t resyncs;        /* times that the stream made no sense */
	uint64_t dropped_bytes;  /* while looking for the next header */
};

/* Zero-initialised it is ready. */
struct kt_frame_decoder {
	uint8_t *buffer;
	size_t capacity;
	size_t start; /* of what was not handed out yet */
	size_t end;
	bool searching;
	struct kt_frame_decoder_counts counts;
};

void kt_frame_decoder_deinit(struct kt_frame_decoder *decoder);
#define _cleanup_frame_decoder_ _cleanup_(kt_frame_decoder_deinit)

/*
 * Takes a copy of the bytes. Drain the frames after each call: then never
 * more than one frame is kept. -ENOMEM, with nothing taken.
 */
int kt_frame_decoder_feed(struct kt_frame_decoder *decoder, const void *data,
			  size_t length);

/*
 * The next whole frame; false when more bytes are needed. Its payload lives
 * until the next call on the decoder.
 */
bool kt_frame_decoder_next(struct kt_frame_decoder *decoder,
			   struct kt_frame *ret);

/* Bytes of a frame whose rest did not come: more than 0 at the stream's end
 * means that it was cut off. */
size_t kt_frame_decoder_pending(const struct kt_frame_decoder *decoder);

/* Type and length of that frame, with no payload; false: not even these came. */
bool kt_frame_decoder_torn(const struct kt_frame_decoder *decoder,
			   struct kt_frame *ret);
