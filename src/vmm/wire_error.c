// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "base/strbuf.h"
#include "vmm/wire_error.h"
#include "wire/frame.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void next(struct kt_strbuf *sb)
{
	if (sb->length)
		kt_strbuf_add(sb, "; ");
}

static void add_garbage(struct kt_strbuf *sb,
			const struct kt_frame_decoder_counts *counts)
{
	if (!counts->dropped_bytes)
		return;
	next(sb);
	kt_strbuf_addf(sb, "%" PRIu64 " byte%s that %s no frame",
		       counts->dropped_bytes, plural(counts->dropped_bytes),
		       counts->dropped_bytes == 1 ? "is" : "are");
	if (counts->too_long)
		kt_strbuf_addf(sb,
			       " (one announced %" PRIu32
			       " bytes; a frame has %u at most)",
			       counts->too_long_bytes, KT_FRAME_MAX_PAYLOAD);
	else if (counts->resyncs > 1)
		kt_strbuf_addf(sb, " (in %" PRIu64 " places)", counts->resyncs);
}

static void add_bad_frames(struct kt_strbuf *sb, const struct kt_wire_evidence *e)
{
	if (!e->n_bad_frames)
		return;
	next(sb);
	kt_strbuf_addf(sb,
		       "a frame %s of %" PRIu32
		       " byte%s that does not match its checksum",
		       kt_frame_tag(e->bad_frame.type).text,
		       e->bad_frame.length, plural(e->bad_frame.length));
	if (e->n_bad_frames > 1)
		kt_strbuf_addf(sb, ", and %" PRIu64 " more", e->n_bad_frames - 1);
}

static void add_torn(struct kt_strbuf *sb, const struct kt_wire_evidence *e)
{
	size_t pending = kt_frame_decoder_pending(e->decoder);
	struct kt_frame torn;

	if (!e->at_end || !pending)
		return;
	next(sb);
	if (kt_frame_decoder_torn(e->decoder, &torn))
		kt_strbuf_addf(sb,
			       "a frame %s of %" PRIu32
			       " bytes, of which %zu came before the guest "
			       "ended",
			       kt_frame_tag(torn.type).text, torn.length,
			       pending - KT_FRAME_HEADER_BYTES);
	else
		kt_strbuf_addf(
			sb,
			"%zu byte%s of a frame whose header did not come "
			"before the guest ended",
			pending, plural(pending));
}

char *kt_wire_error_text(const struct kt_wire_evidence *e)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	add_garbage(&sb, &e->decoder->counts);
	add_bad_frames(&sb, e);
	if (e->n_bad_exits) {
		next(&sb);
		kt_strbuf_add(&sb, "an exit code that is none");
	}
	if (e->n_results > 1) {
		next(&sb);
		kt_strbuf_addf(&sb, "%" PRIu64 " results of one test",
			       e->n_results);
	}
	add_torn(&sb, e);
	return sb.length ? kt_strbuf_steal(&sb) : NULL;
}
