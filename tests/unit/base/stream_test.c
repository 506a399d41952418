// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/stream.h"
#include "test.h"

static void without_a_descriptor_bytes_are_kept(void **state)
{
	_cleanup_excerpt_ struct kt_excerpt kept = { .first_max_bytes = 100 };
	struct kt_stream a = { .fd = -1, .kept = &kept };
	struct kt_stream b = { .fd = -1, .kept = &kept };

	(void)state;
	kt_stream_put(&a, "one ", 4);
	kt_stream_put(&b, "two", 3);
	assert_string_equal(kt_strbuf_text(&kept.first), "one two");
	assert_int_equal(kt_stream_pending(&a), 0);
	kt_stream_deinit(&a);
	kt_stream_deinit(&b);
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
	assert_int_equal(s.error, 0);
	kt_stream_put(&s, "abc", 3);
	assert_int_equal(kt_stream_pending(&s), 0);
	assert_false(kt_stream_flush(&s));
	close(fds[1]);
	kt_stream_deinit(&s);
	signal(SIGPIPE, SIG_DFL);
}

/* What alarm() ends is a write that waited. */
static void flush_what_fits(struct kt_stream *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	alarm(60);
	while (kt_stream_pending(s) && poll(&p, 1, 0) == 1)
		assert_false(kt_stream_flush(s));
	alarm(0);
}

/* A raw pair, so that bytes pass as they are. */
static void open_terminal(int *ret_master, int *ret_slave)
{
	struct termios raw;

	assert_int_equal(openpty(ret_master, ret_slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(*ret_slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(*ret_slave, TCSANOW, &raw), 0);
}

/* `to` is not read until nothing more fits, then gives every byte back. */
static void check_stalled(int to, int from)
{
	enum { BYTES = KT_STREAM_HIGH_WATER };
	struct kt_stream s;
	uint8_t next_in = 0, next_out = 0, data[PIPE_BUF];
	size_t total = 0;

	kt_stream_init(&s, to, NULL);
	for (size_t i = 0; i < BYTES; i++, next_in++)
		kt_stream_put(&s, &next_in, 1);
	flush_what_fits(&s);
	assert_true(kt_stream_is_full(&s) || kt_stream_pending(&s) > 0);
	assert_true(kt_stream_pending(&s) < BYTES);
	while (total < BYTES) {
		struct pollfd p = { .fd = from, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&p, 1, 20000), 1);
		n = read(from, data, sizeof(data));
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(data[i], next_out++);
		total += (size_t)n;
		flush_what_fits(&s);
	}
	assert_int_equal(kt_stream_pending(&s), 0);
	kt_stream_deinit(&s);
	assert_true(fcntl(to, F_GETFD) >= 0);
	assert_false(fcntl(to, F_GETFL) & O_NONBLOCK);
}

static void a_terminal_that_is_not_read_holds_nothing_up(void **state)
{
	int master, slave;

	(void)state;
	open_terminal(&master, &slave);
	check_stalled(slave, master);
	close(master);
	close(slave);
}

/* Opening it again would make another pair: the small pieces. */
static void a_terminal_that_cannot_be_reopened_holds_nothing_up(void **state)
{
	int master, slave;

	(void)state;
	open_terminal(&master, &slave);
	check_stalled(master, slave);
	close(master);
	close(slave);
}

static void a_pipe_that_is_not_read_holds_nothing_up(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	check_stalled(fds[1], fds[0]);
	close(fds[0]);
	close(fds[1]);
}

/* As with 2>&1: poll() tells both of the same room. */
static void streams_that_share_a_pipe_do_not_wait_for_each_other(void **state)
{
	static const uint8_t data[PIPE_BUF];
	struct kt_stream a, b;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETPIPE_SZ, PIPE_BUF), PIPE_BUF);
	kt_stream_init(&a, fds[1], NULL);
	kt_stream_init(&b, fds[1], NULL);
	kt_stream_put(&a, data, sizeof(data));
	kt_stream_put(&b, data, sizeof(data));
	alarm(60);
	assert_false(kt_stream_flush(&a));
	assert_false(kt_stream_flush(&b));
	alarm(0);
	assert_int_equal(kt_stream_pending(&a), 0);
	assert_int_equal(kt_stream_pending(&b), sizeof(data));
	kt_stream_deinit(&a);
	kt_stream_deinit(&b);
	close(fds[0]);
	close(fds[1]);
}

static void a_full_disk_is_told_from_a_reader_that_is_gone(void **state)
{
	struct kt_stream s;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	kt_stream_init(&s, fd, NULL);
	kt_stream_put(&s, "abc", 3);
	assert_true(kt_stream_flush(&s));
	assert_int_equal(s.error, -ENOSPC);
	kt_stream_deinit(&s);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_descriptor_bytes_are_kept),
		cmocka_unit_test(bytes_reach_the_descriptor_in_order),
		cmocka_unit_test(a_reader_that_lags_behind_gets_every_byte),
		cmocka_unit_test(a_reader_that_is_gone_is_told_once),
		cmocka_unit_test(a_terminal_that_is_not_read_holds_nothing_up),
		cmocka_unit_test(
			a_terminal_that_cannot_be_reopened_holds_nothing_up),
		cmocka_unit_test(a_pipe_that_is_not_read_holds_nothing_up),
		cmocka_unit_test(
			streams_that_share_a_pipe_do_not_wait_for_each_other),
		cmocka_unit_test(a_full_disk_is_told_from_a_reader_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
