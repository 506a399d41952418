// SPDX-License-Identifier: GPL-2.0-only
/* The conversation with a guest, whose part the test plays. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"
#include "vmm/session.h"
#include "wire/frame.h"
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
	assert_string_equal(kt_strbuf_text(&s.kept), "one two three");
	assert_false(kt_session_has_pending(&s));
	kt_session_deinit(&s);
}

static void addresses_are_taken_until_one_makes_no_sense(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {};
	struct kt_session s;

	(void)state;
	kt_session_init(&s, &quiet);
	kt_payload_add_u64(&payload, 0xffffffff81000000);
	kt_strbuf_add_bytes(&payload, "_text", 6);
	kt_payload_add_u64(&payload, 0);
	kt_strbuf_add_bytes(&payload, "absent", 7);
	kt_payload_add_u64(&payload, 1);
	kt_strbuf_add_bytes(&payload, "cut", 3);
	receive_frame(&s, KT_FRAME_KERNEL_ADDRESSES, payload.data,
		      payload.length);
	assert_int_equal(s.n_addresses, 2);
	assert_string_equal(s.addresses[0].name, "_text");
	assert_true(s.addresses[0].address == 0xffffffff81000000);
	assert_string_equal(s.addresses[1].name, "absent");
	assert_true(s.addresses[1].address == 0);
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
	kt_session_init(&s, &quiet);
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
	assert_int_equal(fds[1].fd, pipe_fds[1]);
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
	assert_string_equal(kt_strbuf_text(&s.kept), "# ");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_code_is_the_first_one_reported),
		cmocka_unit_test(output_and_errors_are_kept_in_order),
		cmocka_unit_test(addresses_are_taken_until_one_makes_no_sense),
		cmocka_unit_test(what_a_guest_can_make_us_keep_is_bounded),
		cmocka_unit_test(the_last_result_of_a_test_is_kept_whole),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
