// SPDX-License-Identifier: GPL-2.0-only
/* The conversation with a guest, whose part the test plays. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "test.h"
#include "vmm/session.h"
#include "wire/frame.h"
#include "wire/guest_files.h"
#include "wire/payload.h"

/* Bytes that arrive at the host on the framed port. */
static size_t receive(struct kt_session *session, const void *data, size_t length)
{
	return kt_session_callbacks.receive(session, KT_CONSOLE_PORT_WIRE, data,
					    length);
}

static void receive_frame(struct kt_session *session, uint32_t type,
			  const void *payload, size_t length)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};

	assert_int_equal(kt_frame_append(&sb, type, payload, length), 0);
	assert_int_equal(receive(session, sb.data, sb.length), sb.length);
}

static const struct kt_config quiet = {
	.exec_cmd = (char *)"true",
	.stdio = { -1, -1, -1 },
};

static char *const asked_for[] = { (char *)"_text", (char *)"absent",
				   (char *)"cut", (char *)"n", NULL };

static const struct kt_config asking = {
	.exec_cmd = (char *)"true",
	.kernel_symbols = (char **)asked_for,
	.stdio = { -1, -1, -1 },
};

static void the_exit_code_is_the_first_one_reported(void **state)
{
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	assert_int_equal(s.exit_code, -1);
	receive_frame(&s, KT_FRAME_EXIT, "\x01", 1); /* too short */
	assert_false(s.exited);
	receive_frame(&s, KT_FRAME_EXIT, "\x2a\0\0\0", 4);
	receive_frame(&s, KT_FRAME_EXIT, "\0\0\0\0", 4);
	assert_true(s.exited);
	assert_int_equal(s.exit_code, 42);
	kt_session_deinit(&s);
}

static void output_and_errors_are_kept_in_order(void **state)
{
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_STDOUT, "one ", 4);
	receive_frame(&s, KT_FRAME_STDERR, "two ", 4);
	receive_frame(&s, KT_FRAME_STDOUT, "three", 5);
	assert_string_equal(kt_strbuf_text(&s.kept.first), "one two three");
	assert_false(kt_session_has_pending(&s));
	kt_session_deinit(&s);
}

static void addresses_are_taken_until_one_makes_no_sense(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {};
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &asking);
	kt_payload_add_u64(&payload, 0xffffffff81000000);
	kt_strbuf_add_bytes(&payload, "_text", 6);
	kt_payload_add_u64(&payload, 0);
	kt_strbuf_add_bytes(&payload, "absent", 7);
	kt_payload_add_u64(&payload, 7);
	kt_strbuf_add_bytes(&payload, "unasked", 8);
	kt_payload_add_u64(&payload, 0xffffffff82000000);
	kt_strbuf_add_bytes(&payload, "phys_base", 10);
	kt_payload_add_u64(&payload, 1);
	kt_strbuf_add_bytes(&payload, "cut", 3);
	receive_frame(&s, KT_FRAME_KERNEL_ADDRESSES, payload.data,
		      payload.length);
	assert_int_equal(s.n_addresses, 2);
	assert_string_equal(s.addresses[0].name, "_text");
	assert_true(s.addresses[0].address == 0xffffffff81000000);
	assert_string_equal(s.addresses[1].name, "absent");
	assert_true(s.addresses[1].address == 0);
	/* The monitor's own are its own. */
	assert_true(s.has_symbols);
	assert_true(s.symbols.address[KT_SYMBOL_PHYS_BASE] ==
		    0xffffffff82000000);
	kt_session_deinit(&s);
}

static void what_a_guest_can_make_us_keep_is_bounded(void **state)
{
	_cleanup_free_ char *text = malloc(KT_FRAME_MAX_PAYLOAD);
	_cleanup_strbuf_ struct kt_strbuf payload = {};
	struct kt_session s;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', KT_FRAME_MAX_PAYLOAD);
	for (int i = 0; i < 10000; i++) {
		kt_payload_add_u64(&payload, 1);
		kt_strbuf_add_bytes(&payload, "n", 2);
	}
	kt_session_init(&s, &asking);
	for (int i = 0; i < 4; i++) {
		receive_frame(&s, KT_FRAME_CRASH, text, KT_FRAME_MAX_PAYLOAD);
		receive_frame(&s, KT_FRAME_DMESG, text, KT_FRAME_MAX_PAYLOAD);
		receive_frame(&s, KT_FRAME_SCHEDULER_LOG, text,
			      KT_FRAME_MAX_PAYLOAD);
		receive_frame(&s, KT_FRAME_KERNEL_ADDRESSES, payload.data,
			      payload.length);
	}
	assert_int_equal(s.crash.length, KT_SESSION_TEXT_MAX);
	assert_int_equal(s.dmesg.length, KT_SESSION_TEXT_MAX);
	assert_int_equal(s.scheduler_log.length, KT_SESSION_TEXT_MAX);
	assert_int_equal(s.n_addresses, 4096);
	kt_session_deinit(&s);
}

static void the_last_result_of_a_test_is_kept_whole(void **state)
{
	_cleanup_free_ char *text = malloc(KT_FRAME_MAX_PAYLOAD);
	_cleanup_strbuf_ struct kt_strbuf sb = {};
	struct kt_session s;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', KT_FRAME_MAX_PAYLOAD);
	kt_session_init(&s, &quiet);
	assert_null(s.test_result);
	receive_frame(&s, KT_FRAME_TEST_RESULT, text, KT_FRAME_MAX_PAYLOAD);
	assert_int_equal(strlen(s.test_result), KT_FRAME_MAX_PAYLOAD);
	receive_frame(&s, KT_FRAME_TEST_RESULT, "{}\0forged", 9);
	assert_string_equal(s.test_result, "{}?forged");
	kt_frame_append(&sb, KT_FRAME_TEST_RESULT, "{1}", 3);
	sb.data[sb.length - 1] ^= 1;
	receive(&s, sb.data, sb.length);
	assert_string_equal(s.test_result, "{}?forged");
	receive_frame(&s, KT_FRAME_TEST_RESULT, "", 0);
	assert_string_equal(s.test_result, "");
	kt_session_deinit(&s);
}

/* How it began, and how it ended. */
static void of_endless_output_both_ends_are_kept(void **state)
{
	_cleanup_free_ char *text = malloc(KT_FRAME_MAX_PAYLOAD);
	_cleanup_free_ char *kept = NULL;
	struct kt_session s;
	uint64_t lost;
	size_t bytes;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', KT_FRAME_MAX_PAYLOAD);
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_STDOUT, "begin", 5);
	for (int i = 0; i < 70 * 4; i++)
		receive_frame(&s, KT_FRAME_STDERR, text, KT_FRAME_MAX_PAYLOAD);
	receive_frame(&s, KT_FRAME_STDOUT, "end", 3);
	kept = kt_excerpt_steal(&s.kept, &bytes, &lost);
	assert_non_null(kept);
	assert_int_equal(bytes, 63 << 20);
	assert_int_equal(lost, (7 << 20) + 8);
	assert_memory_equal(kept, "beginx", 6);
	assert_string_equal(kept + bytes - 4, "xend");
	kt_session_deinit(&s);
}

static void a_schedulers_log_is_text(void **state)
{
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_SCHEDULER_LOG, "up\0\n", 4);
	receive_frame(&s, KT_FRAME_SCHEDULER_LOG, "down", 4);
	assert_string_equal(kt_strbuf_text(&s.scheduler_log), "up?\ndown");
	kt_session_deinit(&s);
}

static void a_frame_with_a_wrong_checksum_is_not_believed(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf sb = {};
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	kt_frame_append(&sb, KT_FRAME_EXIT, "\0\0\0\0", 4);
	sb.data[sb.length - 1] ^= 1;
	receive(&s, sb.data, sb.length);
	assert_false(s.exited);
	kt_session_deinit(&s);
}

static void garbage_and_unknown_frames_do_not_stop_the_stream(void **state)
{
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	assert_int_equal(receive(&s, "no frame at all, just bytes", 27), 27);
	receive_frame(&s, KT_FRAME_TAG('N', 'E', 'W', 'S'), "?", 1);
	receive_frame(&s, KT_FRAME_STDIN, "?", 1); /* the host's own */
	receive_frame(&s, KT_FRAME_EXIT, "\x07\0\0\0", 4);
	assert_int_equal(s.exit_code, 7);
	kt_session_deinit(&s);
}

static void a_full_stream_makes_the_guest_wait(void **state)
{
	_cleanup_free_ char *bytes = calloc(1, KT_FRAME_MAX_PAYLOAD);
	struct kt_config config = quiet;
	struct pollfd fds[KT_SESSION_FDS];
	struct kt_session s;
	int pipe_fds[2];

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	config.stdio.output_fd = pipe_fds[1];
	kt_session_init(&s, &config);
	receive_frame(&s, KT_FRAME_STDOUT, bytes, KT_FRAME_MAX_PAYLOAD);
	assert_true(kt_session_has_pending(&s));
	assert_int_equal(receive(&s, "x", 1), 0);
	/* Only the stream that has something waits for its reader. */
	kt_session_poll(&s, fds);
	assert_int_equal(fds[0].fd, -1);
	assert_int_equal(fds[1].fd, s.streams[KT_SESSION_OUTPUT].fd);
	assert_true(fds[1].fd >= 0);
	assert_int_equal(fds[2].fd, -1);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	kt_session_deinit(&s);
}

static void a_shells_bytes_go_to_its_output(void **state)
{
	const struct kt_config config = { .stdio = { -1, -1, -1 } };
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &config);
	assert_true(s.shell);
	assert_int_equal(
		kt_session_callbacks.receive(&s, KT_CONSOLE_PORT_HVC, "# ", 2),
		2);
	assert_string_equal(kt_strbuf_text(&s.kept.first), "# ");
	kt_session_deinit(&s);
}

/* A frame that the session queued for a guest that does not listen yet. */
static void expect_queued(struct kt_session *s, struct kt_frame_decoder *d,
			  uint32_t type, const char *payload, size_t length)
{
	struct kt_frame frame;

	if (s->to_guest.length) {
		kt_frame_decoder_feed(d, s->to_guest.data, s->to_guest.length);
		kt_strbuf_reset(&s->to_guest);
	}
	assert_true(kt_frame_decoder_next(d, &frame));
	assert_int_equal(frame.type, type);
	assert_int_equal(frame.length, length);
	assert_memory_equal(frame.payload, payload, length);
}

static void symbols_are_asked_for_and_input_ends_where_there_is_none(void **state)
{
	char *symbols[] = { (char *)"jiffies", (char *)"scx_root", NULL };
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	struct kt_config config = quiet;
	struct kt_session s;

	(void)state;
	config.kernel_symbols = symbols;
	kt_session_init(&s, &config);
	kt_session_attach(&s, NULL);
	expect_queued(&s, &d, KT_FRAME_SYMBOLS, "jiffies\0scx_root", 17);
	receive_frame(&s, KT_FRAME_READY, "\0\0\0\0\0\0\0\0", 8);
	assert_true(s.ready);
	expect_queued(&s, &d, KT_FRAME_STDIN, "", 0);
	kt_session_deinit(&s);
}

static void input_becomes_frames_once_the_guest_is_up(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	struct pollfd fds[KT_SESSION_FDS];
	struct kt_config config = quiet;
	struct kt_session s;
	int pipe_fds[2];

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	config.stdio.input_fd = pipe_fds[0];
	kt_session_init(&s, &config);
	kt_session_poll(&s, fds);
	assert_int_equal(fds[0].fd, -1);
	receive_frame(&s, KT_FRAME_READY, "\0\0\0\0\0\0\0\0", 8);
	kt_session_poll(&s, fds);
	assert_int_equal(fds[0].fd, pipe_fds[0]);

	assert_int_equal(write(pipe_fds[1], "input", 5), 5);
	fds[0].revents = POLLIN;
	kt_session_polled(&s, fds);
	expect_queued(&s, &d, KT_FRAME_STDIN, "input", 5);

	close(pipe_fds[1]);
	kt_session_polled(&s, fds);
	expect_queued(&s, &d, KT_FRAME_STDIN, "", 0);
	kt_session_poll(&s, fds);
	assert_int_equal(fds[0].fd, -1);
	close(pipe_fds[0]);
	kt_session_deinit(&s);
}

static void a_reader_that_is_gone_reaches_the_command_as_sigpipe(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	struct pollfd fds[KT_SESSION_FDS];
	struct kt_config config = quiet;
	struct kt_session s;
	int pipe_fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	close(pipe_fds[0]);
	config.stdio.output_fd = pipe_fds[1];
	kt_session_init(&s, &config);
	receive_frame(&s, KT_FRAME_STDOUT, "text", 4);
	kt_session_poll(&s, fds);
	fds[1].revents = POLLERR;
	kt_session_polled(&s, fds);
	expect_queued(&s, &d, KT_FRAME_SIGNAL, "\x0d\0\0\0", 4);
	assert_false(kt_session_has_pending(&s));
	close(pipe_fds[1]);
	kt_session_deinit(&s);
	signal(SIGPIPE, SIG_DFL);
}

/* The command ends as with a reader that is gone, but the user learns why. */
static void a_full_disk_is_remembered(void **state)
{
	struct kt_config config = quiet;
	struct pollfd fds[KT_SESSION_FDS];
	struct kt_session s;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	config.stdio.error_fd = fd;
	kt_session_init(&s, &config);
	receive_frame(&s, KT_FRAME_STDERR, "text", 4);
	assert_int_equal(kt_session_output_error(&s), 0);
	kt_session_poll(&s, fds);
	assert_true(fds[2].fd >= 0);
	fds[2].revents = POLLOUT;
	kt_session_polled(&s, fds);
	assert_int_equal(kt_session_output_error(&s), -ENOSPC);
	assert_true(s.to_guest.length > 0); /* SIGPIPE */
	assert_false(kt_session_has_pending(&s));
	kt_session_deinit(&s);
	close(fd);
}

/* The next frame that the session queued, of this type; false: none. */
static bool next_queued(struct kt_session *s, struct kt_frame_decoder *d,
			uint32_t type, struct kt_frame *ret)
{
	if (s->to_guest.length) {
		kt_frame_decoder_feed(d, s->to_guest.data, s->to_guest.length);
		kt_strbuf_reset(&s->to_guest);
	}
	while (kt_frame_decoder_next(d, ret)) {
		if (ret->type == type)
			return true;
	}
	return false;
}

/* The guest says what time it is, to the question that waits; false: none. */
static bool answer_clock(struct kt_session *s, struct kt_frame_decoder *d,
			 uint64_t guest_ns)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {};
	struct kt_frame frame;

	if (!next_queued(s, d, KT_FRAME_CLOCK_ASK, &frame))
		return false;
	assert_int_equal(frame.length, 8);
	kt_payload_add_u64(&payload, kt_le64_at(frame.payload));
	kt_payload_add_u64(&payload, guest_ns);
	receive_frame(s, KT_FRAME_CLOCK, payload.data, payload.length);
	return true;
}

static void tell(struct kt_session *s, uint64_t guest_ns)
{
	_cleanup_strbuf_ struct kt_strbuf line = {};

	kt_strbuf_addf(&line,
		       "{\"kind\": \"k\", \"step\": \"s\", "
		       "\"detail\": \"d\", \"monotonic_ns\": %llu}",
		       (unsigned long long)guest_ns);
	receive_frame(s, KT_FRAME_STIMULUS, line.data, line.length);
}

/* Of a guest whose clock is 1000 s behind the host's. */
#define BEHIND_NS 1000000000000ULL

static void nobody_is_asked_for_the_time_unless_a_test_runs(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	static const uint8_t unasked[16] = { 8 };
	struct kt_session s;
	int exchanges = 0;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_READY, "\0\0\0\0\0\0\0\0", 8);
	assert_false(s.measured);
	assert_false(answer_clock(&s, &d, 0));
	receive_frame(&s, KT_FRAME_MEASURE, NULL, 0);
	assert_true(s.measured);
	/* Again is not more. */
	receive_frame(&s, KT_FRAME_MEASURE, NULL, 0);
	while (answer_clock(&s, &d, kt_now_ns() - BEHIND_NS))
		exchanges++;
	assert_int_equal(exchanges, 8);
	assert_int_equal(s.clock.n_answers, 8);
	/* What nobody asked for, or is cut short, changes nothing. */
	receive_frame(&s, KT_FRAME_CLOCK, unasked, sizeof(unasked));
	receive_frame(&s, KT_FRAME_CLOCK, unasked, 8);
	receive_frame(&s, KT_FRAME_CLOCK, NULL, 0);
	assert_int_equal(s.clock.n_answers, 8);
	kt_session_deinit(&s);
}

static void samples_wait_for_the_clock_and_go_in_bundles(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	const uint64_t stolen[] = { 5, 7 };
	uint64_t now = kt_now_ns(), guest;
	struct kt_frame frame;
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_MEASURE, NULL, 0);
	/* An event wants one at once. */
	tell(&s, 1);
	assert_true(s.steal_wanted);
	kt_session_add_steal(&s, now, now, stolen, 2);
	assert_false(kt_session_send_steal(&s));
	assert_int_equal(s.n_steal_samples, 0);
	assert_false(s.steal_wanted);
	while (answer_clock(&s, &d, kt_now_ns() - BEHIND_NS))
		;
	assert_false(next_queued(&s, &d, KT_FRAME_STEAL, &frame));

	now = kt_now_ns();
	kt_session_add_steal(&s, now, now + 10, stolen, 2);
	kt_session_add_steal(&s, now + 100, now + 110, stolen, 2);
	/* A time that does not move on would mislead its reader. */
	kt_session_add_steal(&s, now + 100, now + 110, stolen, 2);
	kt_session_add_steal(&s, now + 50, now + 60, stolen, 2);
	assert_false(next_queued(&s, &d, KT_FRAME_STEAL, &frame));
	assert_true(kt_session_send_steal(&s));
	assert_true(next_queued(&s, &d, KT_FRAME_STEAL, &frame));
	assert_int_equal(frame.length, 2 * 4 * 8);
	guest = kt_le64_at(frame.payload);
	assert_in_range(guest, now + 5 - BEHIND_NS - s.steal_error_ns,
			now + 5 - BEHIND_NS + s.steal_error_ns);
	assert_int_equal(kt_le64_at(frame.payload + 8), 2);
	assert_int_equal(kt_le64_at(frame.payload + 16), 5);
	assert_int_equal(kt_le64_at(frame.payload + 24), 7);
	assert_int_equal(kt_le64_at(frame.payload + 32), guest + 100);
	assert_int_equal(s.n_steal_samples, 2);
	/* What went is gone. */
	kt_session_send_steal(&s);
	assert_false(next_queued(&s, &d, KT_FRAME_STEAL, &frame));
	kt_session_deinit(&s);
}

static void a_sample_whose_time_is_unsure_is_left_out(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	const uint64_t stolen = 5, now = kt_now_ns();
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_MEASURE, NULL, 0);
	while (answer_clock(&s, &d, kt_now_ns()))
		;
	/* Reading it took so long, or the clock was compared so long ago. */
	kt_session_add_steal(&s, now, now + 200000000, &stolen, 1);
	kt_session_add_steal(&s, now + 200000000000, now + 200000000000,
			     &stolen, 1);
	assert_false(kt_session_send_steal(&s));
	assert_int_equal(s.n_steal_samples, 0);
	kt_session_add_steal(&s, now, now + 20000000, &stolen, 1);
	assert_true(kt_session_send_steal(&s));
	assert_int_equal(s.n_steal_samples, 1);
	kt_session_deinit(&s);
}

static void a_guest_that_takes_nothing_is_sent_no_more(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	uint64_t stolen[256] = {}, now;
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_MEASURE, NULL, 0);
	while (answer_clock(&s, &d, kt_now_ns()))
		;
	now = kt_now_ns();
	for (uint64_t i = 0; i < 2000; i++) {
		kt_session_add_steal(&s, now + i, now + i, stolen, 256);
		if (i % 10 == 0)
			kt_session_send_steal(&s);
	}
	assert_true(s.to_guest.length < 64 * 1024);
	/* Not even when nobody sends. */
	for (uint64_t i = 2000; i < 4000; i++)
		kt_session_add_steal(&s, now + i, now + i, stolen, 256);
	assert_true(s.steal.length <= KT_FRAME_MAX_PAYLOAD);
	kt_session_deinit(&s);
}

static void events_are_placed_on_the_hosts_clock(void **state)
{
	_cleanup_(kt_frame_decoder_deinit) struct kt_frame_decoder d = {};
	uint64_t now = kt_now_ns();
	struct ktstr_vm_event *events;
	struct kt_session s;
	size_t n;

	(void)state;
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_MEASURE, NULL, 0);
	/* Before the clock is known, and afterwards. */
	tell(&s, now - BEHIND_NS);
	while (answer_clock(&s, &d, kt_now_ns() - BEHIND_NS))
		;
	tell(&s, now - BEHIND_NS - 5);
	/* A time that is yet to come is a lie, or no time at all. */
	tell(&s, now);
	tell(&s, INT64_MAX);
	kt_session_take_events(&s, &events, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < 2; i++) {
		assert_true(events[i].placed);
		assert_in_range(events[i].host_ns,
				now - 5 - events[i].host_error_ns,
				now + events[i].host_error_ns);
		assert_true(events[i].received_ns >= now);
	}
	assert_false(events[2].placed);
	assert_int_equal(events[2].guest_ns, now);
	assert_false(events[3].placed);
	kt_events_free(events, n);
	kt_session_deinit(&s);
}

static void events_that_are_none_are_counted(void **state)
{
	_cleanup_free_ char *bytes = calloc(1, KT_FRAME_MAX_PAYLOAD);
	struct kt_session s;

	(void)state;
	assert_non_null(bytes);
	kt_session_init(&s, &quiet);
	receive_frame(&s, KT_FRAME_STIMULUS, bytes, KT_FRAME_MAX_PAYLOAD);
	receive_frame(&s, KT_FRAME_STIMULUS, NULL, 0);
	receive_frame(&s, KT_FRAME_STIMULUS, "{\"kind\": \"\xff\"}", 13);
	assert_int_equal(s.n_events_lost, 3);
	for (int i = 0; i < KT_EVENTS_MAX + 10; i++)
		tell(&s, 1);
	assert_int_equal(s.events.n, KT_EVENTS_MAX);
	assert_int_equal(s.n_events_lost, 13);
	kt_session_deinit(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_code_is_the_first_one_reported),
		cmocka_unit_test(output_and_errors_are_kept_in_order),
		cmocka_unit_test(addresses_are_taken_until_one_makes_no_sense),
		cmocka_unit_test(what_a_guest_can_make_us_keep_is_bounded),
		cmocka_unit_test(the_last_result_of_a_test_is_kept_whole),
		cmocka_unit_test(of_endless_output_both_ends_are_kept),
		cmocka_unit_test(a_schedulers_log_is_text),
		cmocka_unit_test(a_frame_with_a_wrong_checksum_is_not_believed),
		cmocka_unit_test(garbage_and_unknown_frames_do_not_stop_the_stream),
		cmocka_unit_test(a_full_stream_makes_the_guest_wait),
		cmocka_unit_test(a_shells_bytes_go_to_its_output),
		cmocka_unit_test(
			symbols_are_asked_for_and_input_ends_where_there_is_none),
		cmocka_unit_test(input_becomes_frames_once_the_guest_is_up),
		cmocka_unit_test(
			a_reader_that_is_gone_reaches_the_command_as_sigpipe),
		cmocka_unit_test(a_full_disk_is_remembered),
		cmocka_unit_test(nobody_is_asked_for_the_time_unless_a_test_runs),
		cmocka_unit_test(samples_wait_for_the_clock_and_go_in_bundles),
		cmocka_unit_test(a_sample_whose_time_is_unsure_is_left_out),
		cmocka_unit_test(a_guest_that_takes_nothing_is_sent_no_more),
		cmocka_unit_test(events_are_placed_on_the_hosts_clock),
		cmocka_unit_test(events_that_are_none_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
