// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "guest/link.h"
#include "guest/queue.h"

static void open_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0, pair),
			 0);
}

static void frames_wait_for_the_descriptor(void **state)
{
	struct kt_link ours, theirs;
	struct kt_frame frame;
	int pair[2];

	(void)state;
	open_pair(pair);
	kt_link_init(&ours, -1);
	kt_link_init(&theirs, pair[1]);
	assert_int_equal(kt_link_send_text(&ours, KT_FRAME_LIFECYCLE, "early"),
			 0);
	assert_int_equal(kt_link_flush(&ours), 0);
	assert_int_equal(kt_link_pending(&ours), KT_FRAME_HEADER_BYTES + 5);
	ours.fd = pair[0];
	assert_int_equal(kt_link_drain(&ours, 1000), 0);
	assert_int_equal(kt_link_pending(&ours), 0);

	assert_int_equal(kt_link_receive(&theirs), 0);
	assert_true(kt_link_next(&theirs, &frame));
	assert_int_equal(frame.type, KT_FRAME_LIFECYCLE);
	assert_memory_equal(frame.payload, "early", 5);
	assert_false(kt_link_next(&theirs, &frame));
	/* Nothing more is no end. */
	assert_int_equal(kt_link_receive(&theirs), 0);
	assert_false(theirs.closed);
	kt_link_deinit(&ours);
	kt_link_deinit(&theirs);
	close(pair[0]);
	close(pair[1]);
}

static void text_longer_than_a_frame_is_cut_and_data_refused(void **state)
{
	char *text = malloc(KT_FRAME_MAX_PAYLOAD + 2);
	struct kt_link link;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', KT_FRAME_MAX_PAYLOAD + 1);
	text[KT_FRAME_MAX_PAYLOAD + 1] = '\0';
	kt_link_init(&link, -1);
	assert_int_equal(kt_link_send(&link, KT_FRAME_STDOUT, text,
				      KT_FRAME_MAX_PAYLOAD + 1),
			 -EMSGSIZE);
	assert_int_equal(kt_link_pending(&link), 0);
	assert_int_equal(kt_link_send_text(&link, KT_FRAME_CRASH, text), 0);
	assert_int_equal(kt_link_pending(&link),
			 KT_FRAME_HEADER_BYTES + KT_FRAME_MAX_PAYLOAD);
	assert_false(kt_link_has_room(&link));
	kt_link_deinit(&link);
	free(text);
}

static void a_host_that_does_not_read_is_waited_for_only_so_long(void **state)
{
	static const char bulk[64 * 1024];
	struct kt_link link;
	int pair[2];

	(void)state;
	open_pair(pair);
	kt_link_init(&link, pair[0]);
	for (int i = 0; i < 32; i++)
		assert_int_equal(kt_link_send(&link, KT_FRAME_STDOUT, bulk,
					      sizeof(bulk)),
				 0);
	assert_int_equal(kt_link_drain(&link, 20), -ETIMEDOUT);
	assert_true(kt_link_pending(&link) > 0);
	assert_false(link.closed);
	kt_link_deinit(&link);
	close(pair[0]);
	close(pair[1]);
}

static void a_host_that_closed_is_told_from_one_that_is_slow(void **state)
{
	struct kt_link link;
	int pair[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	open_pair(pair);
	close(pair[1]);
	kt_link_init(&link, pair[0]);
	assert_int_equal(kt_link_receive(&link), -EPIPE);
	assert_true(link.closed);
	assert_int_equal(kt_link_send_text(&link, KT_FRAME_CRASH, "x"), 0);
	assert_int_equal(kt_link_drain(&link, 1000), -EPIPE);
	kt_link_deinit(&link);
	close(pair[0]);
}

static void a_queue_keeps_order_around_its_end(void **state)
{
	struct kt_queue queue;
	uint8_t next_in = 0, next_out = 0;
	int in[2], out[2];

	(void)state;
	open_pair(in);
	open_pair(out);
	assert_int_equal(kt_queue_init(&queue, 16), 0);
	for (int round = 0; round < 1000; round++) {
		uint8_t bytes[16];
		size_t count = (size_t)(round * 7) % 13 + 1;

		for (size_t i = 0; i < count; i++)
			bytes[i] = next_in++;
		/* By put() and by fill() in turn. */
		if (round % 2) {
			assert_int_equal(kt_queue_put(&queue, bytes, count),
					 count);
		} else {
			assert_int_equal(write(in[1], bytes, count), count);
			assert_int_equal(kt_queue_fill(&queue, in[0]), count);
		}
		assert_int_equal(kt_queue_used(&queue), count);
		assert_int_equal(kt_queue_flush(&queue, out[0]), 0);
		assert_int_equal(read(out[1], bytes, sizeof(bytes)), count);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(bytes[i], next_out++);
	}
	kt_queue_deinit(&queue);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct kt_queue queue;
	int pair[2];

	(void)state;
	open_pair(pair);
	assert_int_equal(kt_queue_init(&queue, 8), 0);
	assert_int_equal(kt_queue_put(&queue, "0123456789", 10), 8);
	assert_int_equal(kt_queue_room(&queue), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(kt_queue_fill(&queue, pair[0]), 0);
	kt_queue_clear(&queue);
	assert_int_equal(kt_queue_fill(&queue, pair[0]), 1);
	/* Nothing for now is 0, the end is not. */
	assert_int_equal(kt_queue_fill(&queue, pair[0]), 0);
	close(pair[1]);
	assert_int_equal(kt_queue_fill(&queue, pair[0]), -ENODATA);
	kt_queue_deinit(&queue);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_wait_for_the_descriptor),
		cmocka_unit_test(text_longer_than_a_frame_is_cut_and_data_refused),
		cmocka_unit_test(
			a_host_that_does_not_read_is_waited_for_only_so_long),
		cmocka_unit_test(a_host_that_closed_is_told_from_one_that_is_slow),
		cmocka_unit_test(a_queue_keeps_order_around_its_end),
		cmocka_unit_test(a_full_queue_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
