// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/crc32.h"
#include "wire/decoder.h"

void kt_frame_decoder_deinit(struct kt_frame_decoder *decoder)
{
	free(decoder->buffer);
	*decoder = (struct kt_frame_decoder){ 0 };
}

int kt_frame_decoder_feed(struct kt_frame_decoder *decoder, const void *data,
			  size_t length)
{
	size_t pending = kt_frame_decoder_pending(decoder);
	size_t wanted;

	if (length == 0)
		return 0;
	if (decoder->start > 0) {
		memmove(decoder->buffer, decoder->buffer + decoder->start,
			pending);
		decoder->start = 0;
		decoder->end = pending;
	}
	if (__builtin_add_overflow(pending, length, &wanted))
		return -ENOMEM;
	if (wanted > decoder->capacity) {
		size_t capacity = KT_MAX(wanted, decoder->capacity * 2);
		uint8_t *buffer = realloc(decoder->buffer, capacity);

		if (!buffer)
			return -ENOMEM;
		decoder->buffer = buffer;
		decoder->capacity = capacity;
	}
	memcpy(decoder->buffer + decoder->end, data, length);
	decoder->end += length;
	return 0;
}

size_t kt_frame_decoder_pending(const struct kt_frame_decoder *decoder)
{
	return decoder->end - decoder->start;
}

enum verdict {
	HEADER_OK,
	HEADER_TOO_LONG,
	HEADER_NONE,
};

static enum verdict judge(const uint8_t *header)
{
	for (int i = 0; i < 4; i++) {
		if (header[i] < 'A' || header[i] > 'Z')
			return HEADER_NONE;
	}
	if (kt_le32_at(header + 12) != 0)
		return HEADER_NONE;
	if (kt_le32_at(header + 4) > KT_FRAME_MAX_PAYLOAD)
		return HEADER_TOO_LONG;
	return HEADER_OK;
}

bool kt_frame_decoder_next(struct kt_frame_decoder *decoder, struct kt_frame *ret)
{
	struct kt_frame_decoder_counts *counts = &decoder->counts;
	const uint8_t *header;
	enum verdict verdict;
	uint32_t length;

	for (;;) {
		if (kt_frame_decoder_pending(decoder) < KT_FRAME_HEADER_BYTES)
			return false;
		header = decoder->buffer + decoder->start;
		verdict = judge(header);
		if (verdict == HEADER_OK)
			break;
		if (verdict == HEADER_TOO_LONG && !counts->too_long++)
			counts->too_long_bytes = kt_le32_at(header + 4);
		if (!decoder->searching)
			counts->resyncs++;
		decoder->searching = true;
		decoder->start++;
		counts->dropped_bytes++;
	}
	decoder->searching = false;
	length = kt_le32_at(header + 4);
	if (kt_frame_decoder_pending(decoder) - KT_FRAME_HEADER_BYTES < length)
		return false;

	*ret = (struct kt_frame){
		.type = kt_le32_at(header),
		.length = length,
		.payload = header + KT_FRAME_HEADER_BYTES,
	};
	ret->crc_ok = kt_crc32(ret->payload, length) == kt_le32_at(header + 8);
	counts->frames++;
	if (!ret->crc_ok)
		counts->crc_errors++;
	decoder->start += KT_FRAME_HEADER_BYTES + length;
	return true;
}

bool kt_frame_decoder_torn(const struct kt_frame_decoder *decoder,
			   struct kt_frame *ret)
{
	const uint8_t *header = decoder->buffer + decoder->start;

	if (kt_frame_decoder_pending(decoder) < KT_FRAME_HEADER_BYTES ||
	    judge(header) != HEADER_OK)
		return false;
	*ret = (struct kt_frame){
		.type = kt_le32_at(header),
		.length = kt_le32_at(header + 4),
	};
	return true;
}
