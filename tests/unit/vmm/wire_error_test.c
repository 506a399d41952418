// SPDX-License-Identifier: GPL-2.0-only
/* What is told of streams that no init would have sent. */
#include "test.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "vmm/config.h"
#include "vmm/session.h"
#include "wire/frame.h"

static const struct kt_config quiet = {
	.exec_cmd = (char *)"true",
	.stdio = { -1, -1, -1 },
};

static void add_good(struct kt_strbuf *sb)
{
	assert_int_equal(kt_frame_append(sb, KT_FRAME_STDOUT, "good", 4), 0);
}

/* One whose last byte has changed on its way. */
static void add_bad(struct kt_strbuf *sb)
{
	add_good(sb);
	sb->data[sb->length - 1] ^= 1;
}

static void add_header(struct kt_strbuf *sb, uint32_t length)
{
	uint8_t header[KT_FRAME_HEADER_BYTES];

	kt_frame_header(header, KT_FRAME_TAG('J', 'U', 'N', 'K'), NULL, 0);
	kt_put_le32(header + 4, length);
	kt_strbuf_add_bytes(sb, header, sizeof(header));
}

/* `at_end`: told after the guest has ended; `expected` may be NULL: nothing. */
static void expect(const struct kt_strbuf *sb, bool at_end, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	struct kt_session s;

	kt_session_init(&s, &quiet);
	/* A guest's bytes come in pieces of any size. */
	for (size_t i = 0; i < sb->length; i++)
		kt_session_callbacks.receive(&s, KT_CONSOLE_PORT_WIRE,
					     sb->data + i, 1);
	text = kt_session_wire_error(&s, at_end);
	if (expected) {
		assert_non_null(text);
		assert_string_equal(text, expected);
	} else {
		assert_null(text);
	}
	kt_session_deinit(&s);
}

static void what_init_sends_is_no_error(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	expect(&sb, true, NULL);
	add_good(&sb);
	/* A later init may know more. */
	kt_frame_append(&sb, KT_FRAME_TAG('N', 'E', 'W', 'S'), "?", 1);
	kt_frame_append(&sb, KT_FRAME_TEST_RESULT, "{}", 2);
	kt_frame_append(&sb, KT_FRAME_EXIT, "\0\0\0\0", 4);
	expect(&sb, true, NULL);
}

static void garbage_is_counted(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	add_good(&sb);
	kt_strbuf_add(&sb, "no frame at all, just bytes");
	add_good(&sb);
	expect(&sb, true, "27 bytes that are no frame");
	kt_strbuf_add(&sb, "again, and no less of it");
	add_good(&sb);
	expect(&sb, true, "51 bytes that are no frame (in 2 places)");
}

static void a_single_byte_is_enough(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	kt_strbuf_add(&sb, "x");
	add_good(&sb);
	expect(&sb, true, "1 byte that is no frame");
}

static void a_frame_that_is_too_long_is_told(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	add_header(&sb, UINT32_MAX);
	add_good(&sb);
	expect(&sb, true,
	       "16 bytes that are no frame (one announced 4294967295 bytes; a "
	       "frame has 262144 at most)");
}

static void a_wrong_checksum_is_told(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	add_bad(&sb);
	expect(&sb, true,
	       "a frame STDO of 4 bytes that does not match its "
	       "checksum");
	kt_frame_append(&sb, KT_FRAME_EXIT, "\0\0\0\0", 4);
	sb.data[sb.length - 1] ^= 1;
	expect(&sb, true,
	       "a frame STDO of 4 bytes that does not match its "
	       "checksum, and 1 more");
}

static void what_init_sends_once_is_no_error_only_once(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	kt_frame_append(&sb, KT_FRAME_TEST_RESULT, "{}", 2);
	kt_frame_append(&sb, KT_FRAME_TEST_RESULT, "{}", 2);
	expect(&sb, true, "2 results of one test");
	kt_frame_append(&sb, KT_FRAME_EXIT, "\0", 1);
	expect(&sb, true, "an exit code that is none; 2 results of one test");
}

static void a_frame_is_torn_only_where_the_guest_ended(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	add_header(&sb, 200000);
	kt_strbuf_add(&sb, "a beginning");
	expect(&sb, true,
	       "a frame JUNK of 200000 bytes, of which 11 came "
	       "before the guest ended");
	/* What the host ended may well have been in the middle of one. */
	expect(&sb, false, NULL);
	kt_strbuf_reset(&sb);
	add_good(&sb);
	kt_strbuf_add(&sb, "STDO");
	expect(&sb, true,
	       "4 bytes of a frame whose header did not come before "
	       "the guest ended");
	expect(&sb, false, NULL);
}

static void several_errors_are_all_told(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	(void)state;
	kt_strbuf_add(&sb, "no frame at all, just bytes");
	add_bad(&sb);
	add_header(&sb, 5);
	expect(&sb, true,
	       "27 bytes that are no frame; a frame STDO of 4 bytes that does "
	       "not match its checksum; a frame JUNK of 5 bytes, of which 0 "
	       "came before the guest ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_init_sends_is_no_error),
		cmocka_unit_test(garbage_is_counted),
		cmocka_unit_test(a_single_byte_is_enough),
		cmocka_unit_test(a_frame_that_is_too_long_is_told),
		cmocka_unit_test(a_wrong_checksum_is_told),
		cmocka_unit_test(what_init_sends_once_is_no_error_only_once),
		cmocka_unit_test(a_frame_is_torn_only_where_the_guest_ended),
		cmocka_unit_test(several_errors_are_all_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
