// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nest/channel.h"

struct ends {
	struct kt_nest_channel a;
	struct kt_nest_channel b;
};

static int setup(void **state)
{
	struct ends *e = calloc(1, sizeof(*e));
	int pair[2];

	if (!e || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	kt_nest_channel_init(&e->a, pair[0]);
	kt_nest_channel_init(&e->b, pair[1]);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct ends *e = *state;

	close(e->a.fd);
	close(e->b.fd);
	kt_nest_channel_deinit(&e->a);
	kt_nest_channel_deinit(&e->b);
	free(e);
	return 0;
}

static void a_message_arrives_as_it_was_sent(void **state)
{
	struct ends *e = *state;
	struct kt_nest_header header;
	const uint8_t *payload;

	assert_int_equal(
		kt_nest_channel_send(&e->a, KT_NEST_OUTPUT, 7, "hello", 5), 0);
	assert_int_equal(kt_nest_channel_send(&e->a, KT_NEST_READY, 0, NULL, 0),
			 0);
	assert_int_equal(kt_nest_channel_fill(&e->b), 0);
	assert_int_equal(kt_nest_channel_next(&e->b, &header, &payload), 1);
	assert_int_equal(header.type, KT_NEST_OUTPUT);
	assert_int_equal(header.session, 7);
	assert_int_equal(header.length, 5);
	assert_memory_equal(payload, "hello", 5);
	assert_int_equal(kt_nest_channel_next(&e->b, &header, &payload), 1);
	assert_int_equal(header.type, KT_NEST_READY);
	assert_int_equal(kt_nest_channel_next(&e->b, &header, &payload), 0);
}

static void a_message_in_pieces_waits_for_its_last(void **state)
{
	struct ends *e = *state;
	const struct kt_nest_header sent = { KT_NEST_SIGNAL, 1, 4, 0 };
	const uint8_t *bytes = (const uint8_t *)&sent, *payload;
	struct kt_nest_header header;
	const uint32_t signo = 15;

	for (size_t i = 0; i < sizeof(sent); i++) {
		assert_int_equal(write(e->a.fd, bytes + i, 1), 1);
		assert_int_equal(kt_nest_channel_fill(&e->b), 0);
		assert_int_equal(kt_nest_channel_next(&e->b, &header, &payload),
				 0);
	}
	assert_int_equal(write(e->a.fd, &signo, sizeof(signo)), sizeof(signo));
	assert_int_equal(kt_nest_channel_fill(&e->b), 0);
	assert_int_equal(kt_nest_channel_next(&e->b, &header, &payload), 1);
	assert_memory_equal(payload, &signo, sizeof(signo));
}

static void what_the_stream_does_not_take_is_kept(void **state)
{
	const size_t bytes = 2 * 1024 * 1024;
	struct ends *e = *state;
	uint8_t *data = malloc(bytes);
	struct kt_nest_header header;
	const uint8_t *payload;
	int r = 0;

	assert_non_null(data);
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(
		kt_nest_channel_send(&e->a, KT_NEST_START, 3, data, bytes), 0);
	assert_true(kt_nest_channel_has_output(&e->a));
	for (int i = 0; i < 10000 && r == 0; i++) {
		kt_nest_channel_flush(&e->a);
		assert_int_equal(kt_nest_channel_fill(&e->b), 0);
		r = kt_nest_channel_next(&e->b, &header, &payload);
	}
	assert_int_equal(r, 1);
	assert_int_equal(header.length, bytes);
	assert_memory_equal(payload, data, bytes);
	assert_false(kt_nest_channel_has_output(&e->a));
	free(data);
}

static void nonsense_is_refused(void **state)
{
	static const struct kt_nest_header bad[] = {
		{ 0, 0, 0, 0 },
		{ KT_NEST_PONG + 1, 0, 0, 0 },
		{ KT_NEST_READY, 0, KT_NEST_PAYLOAD_MAX + 1, 0 },
		{ KT_NEST_READY, 0, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kt_nest_channel channel;
		struct kt_nest_header header;
		const uint8_t *payload;
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK,
					    0, pair),
				 0);
		kt_nest_channel_init(&channel, pair[1]);
		assert_int_equal(write(pair[0], &bad[i], sizeof(bad[i])),
				 sizeof(bad[i]));
		assert_int_equal(kt_nest_channel_fill(&channel), 0);
		assert_int_equal(kt_nest_channel_next(&channel, &header, &payload),
				 -EPROTO);
		kt_nest_channel_deinit(&channel);
		close(pair[0]);
		close(pair[1]);
	}
}

static void the_other_sides_end_is_seen_behind_its_last_message(void **state)
{
	struct ends *e = *state;
	struct kt_nest_header header;
	const uint8_t *payload;

	kt_nest_channel_send(&e->a, KT_NEST_EXIT, 1, "abcd", 4);
	shutdown(e->a.fd, SHUT_RDWR);
	assert_int_equal(kt_nest_channel_fill(&e->b), 0);
	assert_false(e->b.ended);
	assert_int_equal(kt_nest_channel_next(&e->b, &header, &payload), 1);
	assert_int_equal(kt_nest_channel_fill(&e->b), 0);
	assert_true(e->b.ended);
}

static void sending_into_a_closed_stream_breaks_it(void **state)
{
	struct ends *e = *state;

	shutdown(e->b.fd, SHUT_RDWR);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(kt_nest_channel_send(&e->a, KT_NEST_READY, 0, NULL, 0),
			 0);
	assert_true(e->a.broken);
	assert_false(kt_nest_channel_has_output(&e->a));
	assert_int_equal(kt_nest_channel_send(&e->a, KT_NEST_READY, 0, NULL, 0),
			 0);
	assert_false(kt_nest_channel_has_output(&e->a));
}

static void what_came_before_a_failed_write_is_still_read(void **state)
{
	struct ends *e = *state;
	struct kt_nest_header header;
	const uint8_t *payload;

	signal(SIGPIPE, SIG_IGN);
	kt_nest_channel_send(&e->b, KT_NEST_EXIT, 1, "abcd", 4);
	shutdown(e->b.fd, SHUT_RDWR);
	kt_nest_channel_send(&e->a, KT_NEST_GRANT, 1, NULL, 0);
	assert_true(e->a.broken);
	assert_int_equal(kt_nest_channel_fill(&e->a), 0);
	assert_false(e->a.ended);
	assert_int_equal(kt_nest_channel_next(&e->a, &header, &payload), 1);
	assert_int_equal(header.type, KT_NEST_EXIT);
	assert_int_equal(kt_nest_channel_fill(&e->a), 0);
	assert_true(e->a.ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_arrives_as_it_was_sent),
		TEST(a_message_in_pieces_waits_for_its_last),
		TEST(what_the_stream_does_not_take_is_kept),
		TEST(nonsense_is_refused),
		TEST(the_other_sides_end_is_seen_behind_its_last_message),
		TEST(sending_into_a_closed_stream_breaks_it),
		TEST(what_came_before_a_failed_write_is_still_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
