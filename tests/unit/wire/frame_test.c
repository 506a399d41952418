// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "wire/crc32.h"
#include "wire/decoder.h"

static void feed(struct kt_frame_decoder *decoder, const struct kt_strbuf *sb)
{
	assert_int_equal(kt_frame_decoder_feed(decoder, sb->data, sb->length), 0);
}

static void expect_frame(struct kt_frame_decoder *decoder, uint32_t type,
			 const char *payload)
{
	struct kt_frame frame;

	assert_true(kt_frame_decoder_next(decoder, &frame));
	assert_int_equal(frame.type, type);
	assert_int_equal(frame.length, strlen(payload));
	assert_memory_equal(frame.payload, payload, frame.length);
	assert_true(frame.crc_ok);
}

static void expect_nothing(struct kt_frame_decoder *decoder)
{
	struct kt_frame frame;

	assert_false(kt_frame_decoder_next(decoder, &frame));
}

static void crc32_gives_the_published_check_value(void **state)
{
	(void)state;
	assert_int_equal(kt_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(kt_crc32("", 0), 0);
	assert_int_equal(kt_crc32(NULL, 0), 0);
}

static void a_header_has_the_documented_bytes(void **state)
{
	static const uint8_t expected[] = {'E',  'X',  'I',  'T',  9, 0, 0, 0,
					   0x26, 0x39, 0xf4, 0xcb, 0, 0, 0, 0};
	uint8_t header[KT_FRAME_HEADER_BYTES];

	(void)state;
	assert_int_equal(kt_frame_header(header, KT_FRAME_EXIT, "123456789", 9),
			 0);
	assert_memory_equal(header, expected, sizeof(expected));
}

static void frames_come_out_as_they_went_in(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	assert_int_equal(kt_frame_append(&sb, KT_FRAME_STDOUT, "hello", 5), 0);
	assert_int_equal(kt_frame_append(&sb, KT_FRAME_STDIN, NULL, 0), 0);
	assert_int_equal(kt_frame_append(&sb, KT_FRAME_STDERR, "!", 1), 0);
	feed(&decoder, &sb);
	expect_frame(&decoder, KT_FRAME_STDOUT, "hello");
	expect_frame(&decoder, KT_FRAME_STDIN, "");
	expect_frame(&decoder, KT_FRAME_STDERR, "!");
	expect_nothing(&decoder);
	assert_int_equal(decoder.counts.frames, 3);
	assert_int_equal(decoder.counts.resyncs, 0);
	assert_int_equal(kt_frame_decoder_pending(&decoder), 0);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_frame_append(&sb, KT_FRAME_LIFECYCLE, "mounted", 7);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sb.length; i++) {
			expect_nothing(&decoder);
			kt_frame_decoder_feed(&decoder, sb.data + i, 1);
		}
		expect_frame(&decoder, KT_FRAME_LIFECYCLE, "mounted");
	}
}

static void the_longest_payload_passes_and_one_more_does_not(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	_cleanup_free_ char *big = calloc(1, KT_FRAME_MAX_PAYLOAD + 1);
	struct kt_frame frame;

	(void)state;
	assert_non_null(big);
	assert_int_equal(kt_frame_append(&sb, KT_FRAME_STDOUT, big,
					 KT_FRAME_MAX_PAYLOAD + 1),
			 -EMSGSIZE);
	assert_int_equal(sb.length, 0);
	assert_int_equal(kt_frame_append(&sb, KT_FRAME_STDOUT, big,
					 KT_FRAME_MAX_PAYLOAD),
			 0);
	feed(&decoder, &sb);
	assert_true(kt_frame_decoder_next(&decoder, &frame));
	assert_int_equal(frame.length, KT_FRAME_MAX_PAYLOAD);
	assert_true(frame.crc_ok);
}

static void a_frame_too_long_is_dropped_and_the_next_one_found(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	uint8_t header[KT_FRAME_HEADER_BYTES];

	(void)state;
	kt_frame_header(header, KT_FRAME_STDOUT, NULL, 0);
	kt_put_le32(header + 4, KT_FRAME_MAX_PAYLOAD + 1);
	kt_strbuf_add_bytes(&sb, header, sizeof(header));
	for (uint32_t i = 0; i < KT_FRAME_MAX_PAYLOAD + 1; i++)
		kt_strbuf_add_char(&sb, (char)i);
	kt_frame_append(&sb, KT_FRAME_LIFECYCLE, "after", 5);
	feed(&decoder, &sb);
	expect_frame(&decoder, KT_FRAME_LIFECYCLE, "after");
	assert_int_equal(decoder.counts.too_long, 1);
	assert_int_equal(decoder.counts.dropped_bytes,
			 KT_FRAME_HEADER_BYTES + KT_FRAME_MAX_PAYLOAD + 1);
}

static void garbage_is_skipped_and_counted(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_frame_append(&sb, KT_FRAME_STDOUT, "one", 3);
	kt_strbuf_add(&sb, "Kernel panic - not syncing: garbage");
	kt_frame_append(&sb, KT_FRAME_STDOUT, "two", 3);
	kt_strbuf_add(&sb, "EXITEXITEXITEXIT");
	kt_frame_append(&sb, KT_FRAME_STDOUT, "three", 5);
	feed(&decoder, &sb);
	expect_frame(&decoder, KT_FRAME_STDOUT, "one");
	expect_frame(&decoder, KT_FRAME_STDOUT, "two");
	expect_frame(&decoder, KT_FRAME_STDOUT, "three");
	expect_nothing(&decoder);
	assert_int_equal(decoder.counts.frames, 3);
	assert_int_equal(decoder.counts.resyncs, 2);
	assert_int_equal(decoder.counts.dropped_bytes, 35 + 16);
}

static void a_checksum_that_fails_is_flagged_and_kept(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	struct kt_frame frame;

	(void)state;
	kt_frame_append(&sb, KT_FRAME_CRASH, "panic", 5);
	sb.data[KT_FRAME_HEADER_BYTES] = 'P';
	kt_frame_append(&sb, KT_FRAME_EXIT, "x", 1);
	feed(&decoder, &sb);
	assert_true(kt_frame_decoder_next(&decoder, &frame));
	assert_int_equal(frame.type, KT_FRAME_CRASH);
	assert_false(frame.crc_ok);
	assert_memory_equal(frame.payload, "Panic", 5);
	expect_frame(&decoder, KT_FRAME_EXIT, "x");
	assert_int_equal(decoder.counts.crc_errors, 1);
	assert_int_equal(decoder.counts.resyncs, 0);
}

static void a_stream_cut_off_leaves_bytes_pending(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	kt_frame_append(&sb, KT_FRAME_EXIT, "1234", 4);
	sb.length--;
	feed(&decoder, &sb);
	expect_nothing(&decoder);
	assert_int_equal(kt_frame_decoder_pending(&decoder), sb.length);
}

static void drained_decoders_keep_no_more_than_a_frame(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	uint8_t noise[4096];
	struct kt_frame frame;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)rand();
		kt_frame_decoder_feed(&decoder, noise, sizeof(noise));
		while (kt_frame_decoder_next(&decoder, &frame))
			;
		assert_true(kt_frame_decoder_pending(&decoder) <
			    KT_FRAME_HEADER_BYTES + KT_FRAME_MAX_PAYLOAD);
	}
}

static void written_frames_survive_a_pipe(void **state)
{
	_cleanup_frame_decoder_ struct kt_frame_decoder decoder = {0};
	char bytes[256];
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(kt_frame_write(ends[1], KT_FRAME_STDIN, "abc", 3), 0);
	assert_int_equal(kt_frame_write(ends[1], KT_FRAME_STDIN, NULL, 0), 0);
	n = read(ends[0], bytes, sizeof(bytes));
	assert_int_equal(n, 2 * KT_FRAME_HEADER_BYTES + 3);
	kt_frame_decoder_feed(&decoder, bytes, (size_t)n);
	expect_frame(&decoder, KT_FRAME_STDIN, "abc");
	expect_frame(&decoder, KT_FRAME_STDIN, "");
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(kt_frame_write(-1, KT_FRAME_STDIN, "abc", 3), -EBADF);
}

static void a_tag_shows_its_letters(void **state)
{
	(void)state;
	assert_string_equal(kt_frame_tag(KT_FRAME_CRASH).text, "CRSH");
	assert_string_equal(kt_frame_tag(0x07414141).text, "AAA?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32_gives_the_published_check_value),
		cmocka_unit_test(a_header_has_the_documented_bytes),
		cmocka_unit_test(frames_come_out_as_they_went_in),
		cmocka_unit_test(a_frame_may_come_byte_by_byte),
		cmocka_unit_test(the_longest_payload_passes_and_one_more_does_not),
		cmocka_unit_test(
			a_frame_too_long_is_dropped_and_the_next_one_found),
		cmocka_unit_test(garbage_is_skipped_and_counted),
		cmocka_unit_test(a_checksum_that_fails_is_flagged_and_kept),
		cmocka_unit_test(a_stream_cut_off_leaves_bytes_pending),
		cmocka_unit_test(drained_decoders_keep_no_more_than_a_frame),
		cmocka_unit_test(written_frames_survive_a_pipe),
		cmocka_unit_test(a_tag_shows_its_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
