// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "nest/output.h"

/* An output into a pipe that takes one piece, and its channel's other end. */
static struct kt_nest_output output;
static struct kt_nest_channel channel, supervisor;
static int out, reader;

static int setup(void **state)
{
	int sockets[2], ends[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BUF) >= PIPE_BUF);
	kt_nest_channel_init(&channel, sockets[0]);
	kt_nest_channel_init(&supervisor, sockets[1]);
	reader = ends[0];
	out = ends[1];
	kt_nest_output_init(&output, KT_NEST_OUTPUT, out);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kt_nest_output_deinit(&output);
	kt_close(channel.fd);
	kt_close(supervisor.fd);
	kt_nest_channel_deinit(&channel);
	kt_nest_channel_deinit(&supervisor);
	kt_close(out);
	reader = kt_close(reader);
	return 0;
}

/* As the client's loop does it: as long as there is room. */
static void write_what_fits(void)
{
	struct pollfd p = { .fd = out, .events = POLLOUT };

	while (kt_nest_output_pending(&output) && poll(&p, 1, 0) == 1)
		kt_nest_output_write(&output, &channel);
}

/* The bytes granted since the last call; `ret_broken` counts BROKEN. */
static uint32_t granted(int *ret_broken)
{
	struct kt_nest_header header;
	struct kt_nest_grant grant;
	const uint8_t *payload;
	uint32_t sum = 0, stream;

	*ret_broken = 0;
	assert_int_equal(kt_nest_channel_fill(&supervisor), 0);
	while (kt_nest_channel_next(&supervisor, &header, &payload) == 1) {
		if (header.type == KT_NEST_BROKEN) {
			assert_int_equal(header.length, sizeof(stream));
			memcpy(&stream, payload, sizeof(stream));
			assert_int_equal(stream, KT_NEST_OUTPUT);
			++*ret_broken;
			continue;
		}
		assert_int_equal(header.type, KT_NEST_GRANT);
		assert_int_equal(header.length, sizeof(grant));
		memcpy(&grant, payload, sizeof(grant));
		assert_int_equal(grant.stream, KT_NEST_OUTPUT);
		sum += grant.bytes;
	}
	return sum;
}

static void take(size_t length)
{
	static const uint8_t data[KT_NEST_CHUNK];

	assert_int_equal(kt_nest_output_take(&output, &channel, data, length), 0);
}

static void what_was_written_is_granted(void **state)
{
	char data[16];
	int broken;

	(void)state;
	assert_int_equal(kt_nest_output_take(&output, &channel, "words", 5), 0);
	assert_int_equal(granted(&broken), 0);
	write_what_fits();
	assert_false(kt_nest_output_pending(&output));
	assert_int_equal(granted(&broken), 5);
	assert_int_equal(broken, 0);
	assert_int_equal(read(reader, data, sizeof(data)), 5);
	assert_memory_equal(data, "words", 5);
}

static void a_full_reader_holds_nothing_up(void **state)
{
	uint8_t data[PIPE_BUF];
	size_t seen = 0;
	uint32_t sum;
	int broken;

	(void)state;
	take(KT_NEST_CHUNK);
	write_what_fits();
	assert_true(kt_nest_output_pending(&output));
	sum = granted(&broken);
	while (seen < KT_NEST_CHUNK) {
		ssize_t n = read(reader, data, sizeof(data));

		assert_true(n > 0);
		seen += (size_t)n;
		write_what_fits();
		sum += granted(&broken);
		assert_true(sum <= KT_NEST_CHUNK);
	}
	assert_int_equal(seen, KT_NEST_CHUNK);
	assert_int_equal(sum, KT_NEST_CHUNK);
}

static void a_reader_that_is_gone_is_told_once(void **state)
{
	int broken;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	reader = kt_close(reader);
	take(100);
	write_what_fits();
	assert_int_equal(granted(&broken), 100);
	assert_int_equal(broken, 1);
	/* In flight by then: taken, so that nothing piles up. */
	take(200);
	assert_false(kt_nest_output_pending(&output));
	assert_int_equal(granted(&broken), 200);
	assert_int_equal(broken, 0);
}

static void without_a_descriptor_bytes_vanish(void **state)
{
	int broken;

	(void)state;
	output.stream.fd = -1;
	take(300);
	assert_false(kt_nest_output_pending(&output));
	assert_int_equal(granted(&broken), 300);
	assert_int_equal(broken, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_granted),
		TEST(a_full_reader_holds_nothing_up),
		TEST(a_reader_that_is_gone_is_told_once),
		TEST(without_a_descriptor_bytes_vanish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
