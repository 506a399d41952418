// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "images.h"
#include "base/bytes.h"

#define PLAIN_BYTES 5000

/* Text that compresses, yet not to nothing. */
static void make_plain(uint8_t *plain)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < PLAIN_BYTES; i++) {
		seed = seed * 1103515245 + 12345;
		plain[i] = (uint8_t)("abcdefgh"[(seed >> 16) % 8]);
	}
}

static const enum kt_compression all[] = {
	KT_COMPRESSION_GZIP, KT_COMPRESSION_BZIP2, KT_COMPRESSION_LZMA,
	KT_COMPRESSION_XZ,   KT_COMPRESSION_LZO,   KT_COMPRESSION_LZ4,
	KT_COMPRESSION_ZSTD,
};

/*
 * Unpacks from an allocation of exactly the input's length into one of exactly
 * the output's, so that the sanitizer sees every byte too far.
 */
static int unpack(enum kt_compression compression, const void *packed,
		  size_t bytes, uint8_t *out, size_t out_bytes,
		  struct ktstr_error *err)
{
	_cleanup_free_ uint8_t *in = malloc(bytes ? bytes : 1);
	_cleanup_free_ uint8_t *tight = malloc(out_bytes ? out_bytes : 1);
	int r;

	memcpy(in, packed, bytes);
	r = kt_decompress(compression, in, bytes, tight, out_bytes, err);
	if (!r)
		memcpy(out, tight, out_bytes);
	return r;
}

static void every_format_is_recognised_and_unpacks_to_what_went_in(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES];

	(void)state;
	make_plain(plain);
	for (size_t i = 0; i < KT_ARRAY_SIZE(all); i++) {
		_cleanup_strbuf_ struct kt_strbuf packed = { 0 };
		struct ktstr_error err = { 0 };

		test_compress(all[i], plain, sizeof(plain), &packed);
		assert_int_equal(kt_compression_detect((uint8_t *)packed.data,
						       packed.length),
				 all[i]);
		memset(out, 0, sizeof(out));
		if (unpack(all[i], packed.data, packed.length, out, sizeof(out),
			   &err))
			fail_msg("%s: %s", kt_compression_name(all[i]),
				 err.message);
		assert_memory_equal(out, plain, sizeof(plain));
	}
}

static void a_stream_longer_than_announced_is_refused(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES];

	(void)state;
	make_plain(plain);
	for (size_t i = 0; i < KT_ARRAY_SIZE(all); i++) {
		_cleanup_strbuf_ struct kt_strbuf packed = { 0 };
		struct ktstr_error err = { 0 };

		test_compress(all[i], plain, sizeof(plain), &packed);
		assert_int_equal(unpack(all[i], packed.data, packed.length, out,
					sizeof(out) - 1, &err),
				 -EBADMSG);
		assert_contains(err.message, kt_compression_name(all[i]));
		assert_contains(err.message, "damaged");
		message_seen(err.message);
	}
}

static void a_stream_shorter_than_announced_is_refused(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES + 1];

	(void)state;
	make_plain(plain);
	for (size_t i = 0; i < KT_ARRAY_SIZE(all); i++) {
		_cleanup_strbuf_ struct kt_strbuf packed = { 0 };
		struct ktstr_error err = { 0 };

		test_compress(all[i], plain, sizeof(plain), &packed);
		assert_int_equal(unpack(all[i], packed.data, packed.length, out,
					sizeof(out), &err),
				 -EBADMSG);
	}
}

static void a_stream_cut_off_anywhere_is_refused(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES];

	(void)state;
	make_plain(plain);
	for (size_t i = 0; i < KT_ARRAY_SIZE(all); i++) {
		_cleanup_strbuf_ struct kt_strbuf packed = { 0 };

		test_compress(all[i], plain, sizeof(plain), &packed);
		/* lzma's end marker is optional: the last bytes may go. */
		for (size_t cut = 0; cut + 8 < packed.length;
		     cut += cut < 64 ? 1 : 37) {
			int r = unpack(all[i], packed.data, cut, out,
				       sizeof(out), NULL);

			if (r != -EBADMSG)
				fail_msg("%s cut to %zu of %zu: %d",
					 kt_compression_name(all[i]), cut,
					 packed.length, r);
		}
	}
}

static void a_flipped_bit_never_reaches_past_the_output(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES];

	(void)state;
	make_plain(plain);
	for (size_t i = 0; i < KT_ARRAY_SIZE(all); i++) {
		_cleanup_strbuf_ struct kt_strbuf packed = { 0 };

		test_compress(all[i], plain, sizeof(plain), &packed);
		/* Not all formats can see it; the sanitizer is the judge. */
		for (size_t at = 0; at < packed.length; at += 11) {
			packed.data[at] ^= 0x10;
			unpack(all[i], packed.data, packed.length, out,
			       sizeof(out), NULL);
			packed.data[at] ^= 0x10;
		}
	}
}

static void checksums_of_lzop_blocks_are_verified(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES];
	_cleanup_strbuf_ struct kt_strbuf packed = { 0 };
	struct ktstr_error err;

	(void)state;
	make_plain(plain);
	test_compress(KT_COMPRESSION_LZO, plain, sizeof(plain), &packed);
	/* The first block: lengths, then its Adler32 and CRC32. */
	for (size_t at = 38 + 8; at < 38 + 16; at += 4) {
		packed.data[at] ^= 1;
		assert_int_equal(unpack(KT_COMPRESSION_LZO, packed.data,
					packed.length, out, sizeof(out), &err),
				 -EBADMSG);
		assert_string_equal(err.message,
				    "the lzo data is damaged: wrong checksum");
		message_seen(err.message);
		packed.data[at] ^= 1;
	}
}

static void lz4_frames_may_follow_each_other(void **state)
{
	uint8_t plain[PLAIN_BYTES], out[PLAIN_BYTES];
	_cleanup_strbuf_ struct kt_strbuf packed = { 0 };

	(void)state;
	make_plain(plain);
	test_compress(KT_COMPRESSION_LZ4, plain, 2000, &packed);
	test_compress(KT_COMPRESSION_LZ4, plain + 2000, PLAIN_BYTES - 2000,
		      &packed);
	assert_int_equal(unpack(KT_COMPRESSION_LZ4, packed.data, packed.length,
				out, sizeof(out), NULL),
			 0);
	assert_memory_equal(out, plain, sizeof(plain));
}

static void an_unknown_compression_is_refused(void **state)
{
	struct ktstr_error err;
	uint8_t out[4];

	(void)state;
	assert_int_equal(kt_compression_detect((const uint8_t *)"", 0),
			 KT_COMPRESSION_UNKNOWN);
	assert_int_equal(kt_compression_detect((const uint8_t *)"\x28\xb5", 2),
			 KT_COMPRESSION_UNKNOWN);
	assert_int_equal(kt_decompress(KT_COMPRESSION_UNKNOWN,
				       (const uint8_t *)"abcd", 4, out, 4, &err),
			 -EOPNOTSUPP);
	assert_string_equal(err.message, "the compression is unknown");
	message_seen(err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_format_is_recognised_and_unpacks_to_what_went_in),
		cmocka_unit_test(a_stream_longer_than_announced_is_refused),
		cmocka_unit_test(a_stream_shorter_than_announced_is_refused),
		cmocka_unit_test(a_stream_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_flipped_bit_never_reaches_past_the_output),
		cmocka_unit_test(checksums_of_lzop_blocks_are_verified),
		cmocka_unit_test(lz4_frames_may_follow_each_other),
		cmocka_unit_test(an_unknown_compression_is_refused),
		messages_test("kernel_decompress"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
