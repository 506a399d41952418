// SPDX-License-Identifier: GPL-2.0-only
#include <bzlib.h>
#include <limits.h>
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "kernel/decompress.h"
#include "kernel/decompress_frames.h"

/* Enough for the 128 MiB dictionary of `xz --lzma2=dict=128MiB`. */
#define LZMA_MEMORY_LIMIT (256 * KT_MIB)

/* zlib and bzip2 count in unsigned int. */
#define STREAM_CHUNK ((size_t)1 << 30)

static const struct {
	const char *name;
	size_t magic_bytes;
	uint8_t magic[9];
} compressions[] = {
	[KT_COMPRESSION_UNKNOWN] = {"unknown", 0, {0}},
	[KT_COMPRESSION_GZIP] = {"gzip", 3, {0x1f, 0x8b, 8}},
	[KT_COMPRESSION_BZIP2] = {"bzip2", 3, "BZh"},
	/* properties byte 0x5d, then a dictionary size of whole 64 KiB */
	[KT_COMPRESSION_LZMA] = {"lzma", 3, {0x5d, 0, 0}},
	[KT_COMPRESSION_XZ] = {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
	[KT_COMPRESSION_LZO] = {"lzo",
				9,
				{0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'}},
	[KT_COMPRESSION_LZ4] = {"lz4", 4, {0x02, 0x21, 0x4c, 0x18}},
	[KT_COMPRESSION_ZSTD] = {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
};

enum kt_compression kt_compression_detect(const uint8_t *data, size_t bytes)
{
	for (size_t i = 1; i < KT_ARRAY_SIZE(compressions); i++) {
		if (bytes >= compressions[i].magic_bytes &&
		    !memcmp(data, compressions[i].magic,
			    compressions[i].magic_bytes))
			return (enum kt_compression)i;
	}
	return KT_COMPRESSION_UNKNOWN;
}

const char *kt_compression_name(enum kt_compression compression)
{
	return compressions[compression].name;
}

static int damaged(enum kt_compression compression, const char *what,
		   struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG, "the %s data is damaged: %s",
		      kt_compression_name(compression), what);
}

/* What a stream decoder says once it can do no more. */
static int stream_verdict(enum kt_compression compression, bool ended,
			  bool failed, size_t out_left, const char *message,
			  struct ktstr_error *err)
{
	if (failed)
		return damaged(compression, message, err);
	if (!ended)
		return damaged(compression,
			       out_left ? "it ends in the middle"
					: "it holds more than it announced",
			       err);
	if (out_left)
		return damaged(compression, "it holds less than it announced",
			       err);
	return 0;
}

static int decompress_gzip(const uint8_t *in, size_t in_bytes, uint8_t *out,
			   size_t out_bytes, struct ktstr_error *err)
{
	z_stream z = {0};
	size_t out_left = out_bytes;
	int r;

	/* 16: a gzip header and trailer, whose CRC zlib checks. */
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return kt_err(err, -ENOMEM, "zlib: out of memory");
	do {
		size_t in_chunk = KT_MIN(in_bytes, STREAM_CHUNK);
		size_t out_chunk = KT_MIN(out_left, STREAM_CHUNK);

		z.next_in = (Bytef *)in;
		z.avail_in = (uInt)in_chunk;
		z.next_out = out + (out_bytes - out_left);
		z.avail_out = (uInt)out_chunk;
		r = inflate(&z, Z_NO_FLUSH);
		in += in_chunk - z.avail_in;
		in_bytes -= in_chunk - z.avail_in;
		out_left -= out_chunk - z.avail_out;
	} while (r == Z_OK);
	r = stream_verdict(KT_COMPRESSION_GZIP, r == Z_STREAM_END,
			   r != Z_STREAM_END && r != Z_BUF_ERROR, out_left,
			   z.msg ? z.msg : "bad stream", err);
	inflateEnd(&z);
	return r;
}

static int decompress_bzip2(const uint8_t *in, size_t in_bytes, uint8_t *out,
			    size_t out_bytes, struct ktstr_error *err)
{
	bz_stream bz = {0};
	size_t out_left = out_bytes;
	bool moved;
	int r;

	if (BZ2_bzDecompressInit(&bz, 0, 0) != BZ_OK)
		return kt_err(err, -ENOMEM, "bzip2: out of memory");
	do {
		size_t in_chunk = KT_MIN(in_bytes, STREAM_CHUNK);
		size_t out_chunk = KT_MIN(out_left, STREAM_CHUNK);

		bz.next_in = (char *)in;
		bz.avail_in = (unsigned int)in_chunk;
		bz.next_out = (char *)out + (out_bytes - out_left);
		bz.avail_out = (unsigned int)out_chunk;
		r = BZ2_bzDecompress(&bz);
		moved = bz.avail_in != in_chunk || bz.avail_out != out_chunk;
		in += in_chunk - bz.avail_in;
		in_bytes -= in_chunk - bz.avail_in;
		out_left -= out_chunk - bz.avail_out;
	} while (r == BZ_OK && moved);
	BZ2_bzDecompressEnd(&bz);
	return stream_verdict(KT_COMPRESSION_BZIP2, r == BZ_STREAM_END,
			      r != BZ_STREAM_END && r != BZ_OK, out_left,
			      "bad stream", err);
}

/* xz and its predecessor; liblzma knows xz's x86 branch filter. */
static int decompress_lzma(enum kt_compression compression, const uint8_t *in,
			   size_t in_bytes, uint8_t *out, size_t out_bytes,
			   struct ktstr_error *err)
{
	lzma_stream lz = LZMA_STREAM_INIT;
	lzma_ret r;

	r = compression == KT_COMPRESSION_XZ
		    ? lzma_stream_decoder(&lz, LZMA_MEMORY_LIMIT, 0)
		    : lzma_alone_decoder(&lz, LZMA_MEMORY_LIMIT);
	if (r != LZMA_OK)
		return kt_err(err, -ENOMEM, "liblzma: out of memory");
	lz.next_in = in;
	lz.avail_in = in_bytes;
	lz.next_out = out;
	lz.avail_out = out_bytes;
	do {
		r = lzma_code(&lz, LZMA_RUN);
	} while (r == LZMA_OK);
	lzma_end(&lz);
	if (r == LZMA_MEMLIMIT_ERROR)
		return damaged(compression,
			       "its dictionary is larger than any kernel's", err);
	return stream_verdict(compression, r == LZMA_STREAM_END,
			      r != LZMA_STREAM_END && r != LZMA_BUF_ERROR,
			      lz.avail_out, "bad stream", err);
}

static int decompress_zstd(const uint8_t *in, size_t in_bytes, uint8_t *out,
			   size_t out_bytes, struct ktstr_error *err)
{
	size_t frame = ZSTD_findFrameCompressedSize(in, in_bytes);
	size_t n;

	if (ZSTD_isError(frame))
		return damaged(KT_COMPRESSION_ZSTD, ZSTD_getErrorName(frame),
			       err);
	n = ZSTD_decompress(out, out_bytes, in, frame);
	if (ZSTD_isError(n))
		return damaged(KT_COMPRESSION_ZSTD, ZSTD_getErrorName(n), err);
	return stream_verdict(KT_COMPRESSION_ZSTD, true, false, out_bytes - n,
			      NULL, err);
}

int kt_decompress(enum kt_compression compression, const uint8_t *in,
		  size_t in_bytes, uint8_t *out, size_t out_bytes,
		  struct ktstr_error *err)
{
	switch (compression) {
	case KT_COMPRESSION_GZIP:
		return decompress_gzip(in, in_bytes, out, out_bytes, err);
	case KT_COMPRESSION_BZIP2:
		return decompress_bzip2(in, in_bytes, out, out_bytes, err);
	case KT_COMPRESSION_LZMA:
	case KT_COMPRESSION_XZ:
		return decompress_lzma(compression, in, in_bytes, out,
				       out_bytes, err);
	case KT_COMPRESSION_LZO:
		return kt_decompress_lzop(in, in_bytes, out, out_bytes, err);
	case KT_COMPRESSION_LZ4:
		return kt_decompress_lz4_legacy(in, in_bytes, out, out_bytes,
						err);
	case KT_COMPRESSION_ZSTD:
		return decompress_zstd(in, in_bytes, out, out_bytes, err);
	case KT_COMPRESSION_UNKNOWN:
		break;
	}
	return kt_err(err, -EOPNOTSUPP, "the compression is unknown");
}
