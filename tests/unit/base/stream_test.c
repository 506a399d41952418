// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/stream.h"
#include "test.h"

static void without_a_descriptor_bytes_are_kept(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf kept = {};
	struct kt_stream a = { .fd = -1, .kept = &kept };
	struct kt_stream b = { .fd = -1, .kept = &kept };

	(void)state;
	kt_stream_put(&a, "one ", 4);
	kt_stream_put(&b, "two", 3);
	assert_string_equal(kt_strbuf_text(&kept), "one two");
	assert_int_equal(kt_stream_pending(&a), 0);
	kt_stream_deinit(&a);
	kt_stream_deinit(&b);
}

static void what_is_kept_is_bounded(void **state)
{
	enum { PIECE = 1 << 20 };
	_cleanup_free_ char *piece = calloc(1, PIECE);
	_cleanup_strbuf_ struct kt_strbuf kept = {};
	struct kt_stream s = { .fd = -1, .kept = &kept };

	(void)state;
	for (size_t i = 0; i < KT_STREAM_KEPT_MAX / PIECE + 10; i++)
		kt_stream_put(&s, piece, PIECE);
	assert_int_equal(kept.length, KT_STREAM_KEPT_MAX);
	kt_stream_deinit(&s);
}

static void bytes_reach_the_descriptor_in_order(void **state)
{
	struct kt_stream s = {};
	char text[16] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	s.fd = fds[1];
	kt_stream_put(&s, "abc", 3);
	kt_stream_put(&s, "def", 3);
	assert_int_equal(kt_stream_pending(&s), 6);
	assert_false(kt_stream_flush(&s));
	assert_int_equal(kt_stream_pending(&s), 0);
	assert_false(kt_stream_flush(&s));
	assert_int_equal(read(fds[0], text, sizeof(text)), 6);
	assert_string_equal(text, "abcdef");
	close(fds[0]);
	close(fds[1]);
	kt_stream_deinit(&s);
}

/* However long it goes on, what was written does not pile up. */
static void a_reader_that_lags_behind_gets_every_byte(void **state)
{
	enum { ROUNDS = 2000, PIECE = 3000 };
	struct kt_stream s = {};
	uint8_t in[PIECE], out[PIPE_BUF];
	uint8_t next_in = 0, next_out = 0;
	size_t total = 0;
	ssize_t n;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	s.fd = fds[1];
	for (int round = 0; round < ROUNDS || kt_stream_pending(&s); round++) {
		if (round < ROUNDS && !kt_stream_is_full(&s)) {
			for (size_t i = 0; i < sizeof(in); i++)
				in[i] = next_in++;
			kt_stream_put(&s, in, sizeof(in));
		}
		assert_false(kt_stream_flush(&s));
		if (round % 3 == 0 && round < ROUNDS)
			continue;
		n = read(fds[0], out, sizeof(out));
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(out[i], next_out++);
		total += n > 0 ? (size_t)n : 0;
		assert_true(s.pending.capacity <= 4 * KT_STREAM_HIGH_WATER);
	}
	while ((n = read(fds[0], out, sizeof(out))) > 0)
		total += (size_t)n;
	assert_true(total > KT_STREAM_HIGH_WATER);
	assert_int_equal(total % PIECE, 0);
	close(fds[0]);
	close(fds[1]);
	kt_stream_deinit(&s);
}

static void a_reader_that_is_gone_is_told_once(void **state)
{
	struct kt_stream s = {};
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	s.fd = fds[1];
	kt_stream_put(&s, "abc", 3);
	assert_true(kt_stream_flush(&s));
	kt_stream_put(&s, "abc", 3);
	assert_int_equal(kt_stream_pending(&s), 0);
	assert_false(kt_stream_flush(&s));
	close(fds[1]);
	kt_stream_deinit(&s);
	signal(SIGPIPE, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_descriptor_bytes_are_kept),
		cmocka_unit_test(what_is_kept_is_bounded),
		cmocka_unit_test(bytes_reach_the_descriptor_in_order),
		cmocka_unit_test(a_reader_that_lags_behind_gets_every_byte),
		cmocka_unit_test(a_reader_that_is_gone_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
