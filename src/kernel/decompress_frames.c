// SPDX-License-Identifier: GPL-2.0-only
#include <lz4.h>
#include <lzo/lzo1x.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "kernel/decompress_frames.h"

#define LZ4_LEGACY_MAGIC 0x184c2102

#define LZOP_MAGIC_BYTES    9
#define LZOP_VERSION_LEVEL  0x0940 /* from here on level and mtime_high */
#define LZOP_ADLER32_PLAIN  0x00000001
#define LZOP_ADLER32_PACKED 0x00000002
#define LZOP_EXTRA_FIELD    0x00000040
#define LZOP_CRC32_PLAIN    0x00000100
#define LZOP_CRC32_PACKED   0x00000200
#define LZOP_FILTER         0x00000800

/* Bytes still to be read; every take is checked against what is left. */
struct frame_reader {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct frame_reader *in, size_t bytes)
{
	const uint8_t *at = in->at;

	if (bytes > in->left)
		return NULL;
	in->at += bytes;
	in->left -= bytes;
	return at;
}

static int damaged(const char *format, const char *what, struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG, "the %s data is damaged: %s", format, what);
}

int kt_decompress_lz4_legacy(const uint8_t *in, size_t in_bytes, uint8_t *out,
			     size_t out_bytes, struct ktstr_error *err)
{
	struct frame_reader reader = {in, in_bytes};
	size_t filled = 0;

	if (!take(&reader, 4))
		return damaged("lz4", "it has no header", err);
	while (filled < out_bytes) {
		const uint8_t *p = take(&reader, 4);
		size_t room = KT_MIN(out_bytes - filled, 8 * KT_MIB);
		uint32_t packed;
		int n;

		if (!p)
			return damaged("lz4", "it ends in the middle", err);
		packed = kt_le32_at(p);
		/* Frames may follow each other. */
		if (packed == LZ4_LEGACY_MAGIC)
			continue;
		p = take(&reader, packed);
		if (!packed || !p || packed > LZ4_MAX_INPUT_SIZE)
			return damaged("lz4", "a block is cut off", err);
		n = LZ4_decompress_safe((const char *)p, (char *)out + filled,
					(int)packed, (int)room);
		if (n <= 0)
			return damaged("lz4", "bad block", err);
		filled += (size_t)n;
	}
	/* Nothing marks the end: whatever is left would be another block. */
	if (reader.left)
		return damaged("lz4", "it holds more than it announced", err);
	return 0;
}

/* Skips to the first block and says which checksums the blocks carry. */
static bool lzop_header(struct frame_reader *in, uint32_t *ret_flags)
{
	const uint8_t *p;
	uint16_t version;
	uint32_t flags;

	if (!take(in, LZOP_MAGIC_BYTES))
		return false;
	p = take(in, 4); /* version, library version */
	if (!p)
		return false;
	version = kt_be16_at(p);
	/* version needed and level came later; method is always there */
	if (!take(in, version >= LZOP_VERSION_LEVEL ? 4 : 1))
		return false;
	p = take(in, 4);
	if (!p)
		return false;
	flags = kt_be32_at(p);
	if ((flags & LZOP_FILTER) && !take(in, 4))
		return false;
	/* mode, mtime, mtime_high */
	if (!take(in, version >= LZOP_VERSION_LEVEL ? 12 : 8))
		return false;
	p = take(in, 1);
	if (!p || !take(in, *p) || !take(in, 4)) /* name, header checksum */
		return false;
	if (flags & LZOP_EXTRA_FIELD) {
		p = take(in, 4);
		if (!p || !take(in, kt_be32_at(p)) || !take(in, 4))
			return false;
	}
	*ret_flags = flags;
	return true;
}

struct lzop_sums {
	const uint8_t *adler;
	const uint8_t *crc;
};

static bool lzop_take_sums(struct frame_reader *in, bool adler, bool crc,
			   struct lzop_sums *ret)
{
	ret->adler = adler ? take(in, 4) : NULL;
	ret->crc = crc ? take(in, 4) : NULL;
	return (!adler || ret->adler) && (!crc || ret->crc);
}

static bool lzop_sums_match(const struct lzop_sums *sums, const uint8_t *data,
			    uint32_t bytes)
{
	if (sums->adler && adler32(adler32(0, NULL, 0), data, bytes) !=
				   kt_be32_at(sums->adler))
		return false;
	return !sums->crc ||
	       crc32(crc32(0, NULL, 0), data, bytes) == kt_be32_at(sums->crc);
}

/* One block of `plain_bytes` into `out`, which has room for it. */
static int lzop_block(struct frame_reader *in, uint32_t flags, uint8_t *out,
		      uint32_t plain_bytes, struct ktstr_error *err)
{
	struct lzop_sums plain, packed = {0};
	const uint8_t *p = take(in, 4);
	uint32_t packed_bytes;
	lzo_uint n = plain_bytes;

	if (!p)
		return damaged("lzo", "it ends in the middle", err);
	packed_bytes = kt_be32_at(p);
	if (!packed_bytes || packed_bytes > plain_bytes)
		return damaged("lzo", "a block's lengths contradict each other",
			       err);
	/* A block that did not shrink is stored, without sums of its own. */
	if (!lzop_take_sums(in, flags & LZOP_ADLER32_PLAIN,
			    flags & LZOP_CRC32_PLAIN, &plain) ||
	    (packed_bytes < plain_bytes &&
	     !lzop_take_sums(in, flags & LZOP_ADLER32_PACKED,
			     flags & LZOP_CRC32_PACKED, &packed)))
		return damaged("lzo", "it ends in the middle", err);
	p = take(in, packed_bytes);
	if (!p)
		return damaged("lzo", "a block is cut off", err);
	if (!lzop_sums_match(&packed, p, packed_bytes))
		return damaged("lzo", "wrong checksum", err);
	if (packed_bytes == plain_bytes)
		memcpy(out, p, plain_bytes);
	else if (lzo1x_decompress_safe(p, packed_bytes, out, &n, NULL) !=
			 LZO_E_OK ||
		 n != plain_bytes)
		return damaged("lzo", "bad block", err);
	if (!lzop_sums_match(&plain, out, plain_bytes))
		return damaged("lzo", "wrong checksum", err);
	return 0;
}

int kt_decompress_lzop(const uint8_t *in, size_t in_bytes, uint8_t *out,
		       size_t out_bytes, struct ktstr_error *err)
{
	struct frame_reader reader = {in, in_bytes};
	size_t filled = 0;
	uint32_t flags;

	if (!lzop_header(&reader, &flags))
		return damaged("lzo", "its header is cut off", err);
	for (;;) {
		const uint8_t *p = take(&reader, 4);
		uint32_t plain_bytes;
		int r;

		if (!p)
			return damaged("lzo", "it ends in the middle", err);
		plain_bytes = kt_be32_at(p);
		if (!plain_bytes)
			break;
		if (plain_bytes > out_bytes - filled)
			return damaged("lzo", "it holds more than it announced",
				       err);
		r = lzop_block(&reader, flags, out + filled, plain_bytes, err);
		if (r)
			return r;
		filled += plain_bytes;
	}
	if (filled != out_bytes)
		return damaged("lzo", "it holds less than it announced", err);
	return 0;
}
