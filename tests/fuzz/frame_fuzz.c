// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame decoder against a writer that sends what it likes. The first byte
 * says how the rest is cut into pieces; what comes out must not depend on it,
 * no byte may get lost, and no more than one frame may be kept.
 */
#include "fuzz.h"
#include "wire/crc32.h"
#include "wire/payload.h"

/* What a run through a stream gave, to compare two of them. */
struct outcome {
	struct kt_frame_decoder_counts counts;
	size_t pending;
	uint32_t digest; /* over all frames, in order */
};

/* As the host reads the most complicated payload. */
static void read_addresses(const struct kt_frame *frame)
{
	struct kt_payload payload = kt_payload_of(frame);
	size_t before = payload.length;
	uint64_t address;
	const char *name;

	while (kt_payload_get_u64(&payload, &address) &&
	       kt_payload_get_string(&payload, &name)) {
		before -= sizeof(address) + strlen(name) + 1;
		fuzz_check(payload.length == before);
	}
	fuzz_check(payload.length <= frame->length);
}

static void check_frame(const struct kt_frame *frame, struct outcome *outcome)
{
	uint32_t parts[] = { outcome->digest, frame->type, frame->length,
			     frame->crc_ok,
			     kt_crc32(frame->payload, frame->length) };

	fuzz_check(frame->length <= KT_FRAME_MAX_PAYLOAD);
	fuzz_check(strlen(kt_frame_tag(frame->type).text) == 4);
	fuzz_check(!strchr(kt_frame_tag(frame->type).text, '?'));
	outcome->digest = kt_crc32(parts, sizeof(parts));
	read_addresses(frame);
}

static void run(const uint8_t *data, size_t size, size_t piece,
		struct outcome *outcome)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = { 0 };
	uint64_t taken = 0;
	struct kt_frame frame;

	*outcome = (struct outcome){ 0 };
	for (size_t at = 0; at < size; at += piece) {
		size_t length = KT_MIN(piece, size - at);

		fuzz_check(kt_frame_decoder_feed(&decoder, data + at, length) ==
			   0);
		while (kt_frame_decoder_next(&decoder, &frame)) {
			taken += KT_FRAME_HEADER_BYTES + frame.length;
			check_frame(&frame, outcome);
		}
		fuzz_check(kt_frame_decoder_pending(&decoder) <
			   KT_FRAME_HEADER_BYTES + KT_FRAME_MAX_PAYLOAD);
	}
	outcome->counts = decoder.counts;
	outcome->pending = kt_frame_decoder_pending(&decoder);
	fuzz_check(taken + decoder.counts.dropped_bytes + outcome->pending ==
		   size);
	fuzz_check(decoder.counts.crc_errors <= decoder.counts.frames);
	fuzz_check(decoder.counts.resyncs <= decoder.counts.dropped_bytes);
}

/* What is encoded is decoded, behind whatever came before. */
static void round_trip(const uint8_t *data, size_t size)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = { 0 };
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	struct kt_frame frame;

	fuzz_check(kt_frame_append(&sb, KT_FRAME_STDOUT, data, size) == 0);
	fuzz_check(kt_frame_decoder_feed(&decoder, sb.data, sb.length) == 0);
	fuzz_check(kt_frame_decoder_next(&decoder, &frame));
	fuzz_check(frame.crc_ok && frame.type == KT_FRAME_STDOUT);
	fuzz_check(frame.length == size);
	fuzz_check(size == 0 || memcmp(frame.payload, data, size) == 0);
	fuzz_check(!kt_frame_decoder_next(&decoder, &frame));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	size_t piece = (size_t)fuzz_take8(&input) + 1;
	struct outcome whole, pieces;

	run(input.data, input.left, SIZE_MAX / 2, &whole);
	run(input.data, input.left, piece, &pieces);
	fuzz_check(memcmp(&whole.counts, &pieces.counts, sizeof(whole.counts)) ==
		   0);
	fuzz_check(whole.pending == pieces.pending);
	fuzz_check(whole.digest == pieces.digest);
	if (input.left <= KT_FRAME_MAX_PAYLOAD)
		round_trip(input.data, input.left);
	return 0;
}
