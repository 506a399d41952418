// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/session.h"
#include "base/bytes.h"
#include "wire/payload.h"

/*
 * The session runs in a process of its own, as it would in the guest; the test
 * is the host at the other end of a socket.
 */

#define HOST_WAIT_MS 30000

struct guest_setup {
	const char *command; /* NULL: an interactive shell on a pty */
	const char *program; /* NULL: /bin/sh */
	int kmsg_fd;         /* 0: none */
	const char *vmstat_path;
	const char *kallsyms_path;
	bool await_symbols;
	const char *events_path; /* NULL: no test */
	int steal_fd;            /* 0: none */
};

struct host {
	int fd;
	int console_fd;
	pid_t guest;
	struct kt_frame_decoder decoder;
	const uint8_t *input; /* still to be sent as STDI, then EOF */
	size_t input_left;
	bool input_wanted;
	struct kt_strbuf send; /* what the socket did not take yet */
	size_t sent;

	struct kt_strbuf out, err, crash, dmesg, life, addresses, console;
	struct kt_strbuf events; /* a line each */
	struct kt_strbuf clocks;
	uint64_t out_bytes;
	uint32_t out_next; /* with count_only: the next number expected */
	bool count_only;
	bool in_order;
	int32_t exit_code;
	bool exited;
};

static void kill_session(pid_t session)
{
	kill(-session, SIGKILL);
}

static int guest_serve(const struct guest_setup *setup, int fd, int console_fd,
		       int *exit_code)
{
	static char sh[] = "sh", option[] = "-c";
	const char *program = setup->program ? setup->program : "/bin/sh";
	char *argv[] = {sh, option, NULL, NULL};
	struct kt_session_config config = {
		.kmsg_fd = setup->kmsg_fd ? setup->kmsg_fd : -1,
		.console_fd = console_fd,
		.vmstat_path = setup->vmstat_path ? setup->vmstat_path
						  : "/nowhere/vmstat",
		.kallsyms_path = setup->kallsyms_path,
		.await_symbols = setup->await_symbols,
		.steal_fd = setup->steal_fd ? setup->steal_fd : -1,
		.kill_leftovers = kill_session,
	};
	_cleanup_strbuf_ struct kt_strbuf payload = {0};
	struct kt_events_fifo events = {.fd = -1};
	struct kt_child child;
	struct kt_link link;
	sigset_t mask;
	int r;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	config.sigchld_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	kt_link_init(&link, fd);
	config.link = &link;
	if (setup->events_path) {
		r = kt_events_fifo_open(&events, &link, setup->events_path);
		if (r < 0)
			return r;
		config.events = &events;
	}
	if (setup->command) {
		argv[2] = strdup(setup->command);
		r = kt_child_start_pipes(program, argv, &child);
		free(argv[2]);
	} else {
		argv[1] = NULL;
		r = kt_child_start_pty(program, argv, 90, 33, &child);
	}
	if (r == 0)
		r = kt_session_run(&config, &child, exit_code);
	if (r == 0) {
		kt_payload_add_i32(&payload, *exit_code);
		kt_link_send(&link, KT_FRAME_EXIT, payload.data, payload.length);
		r = kt_link_drain(&link, HOST_WAIT_MS);
	}
	kt_link_deinit(&link);
	kt_events_fifo_close(&events);
	kt_close(config.sigchld_fd);
	return r;
}

static void host_start(struct host *host, const struct guest_setup *setup)
{
	int wire[2], console[2] = {-1, -1};
	int exit_code;

	*host = (struct host){.in_order = true, .console_fd = -1};
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0, wire),
			 0);
	if (!setup->command)
		assert_int_equal(
			socketpair(AF_UNIX,
				   SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				   0, console),
			0);
	host->guest = fork();
	assert_true(host->guest >= 0);
	if (host->guest == 0) {
		int r;

		close(wire[0]);
		kt_close(console[0]);
		r = guest_serve(setup, wire[1], console[1], &exit_code);
		/* The errno tells the test how it went. */
		_exit(-r);
	}
	close(wire[1]);
	kt_close(console[1]);
	host->fd = wire[0];
	host->console_fd = console[0];
}

static void host_queue(struct host *host, uint32_t type, const void *payload,
		       size_t length)
{
	assert_int_equal(kt_frame_append(&host->send, type, payload, length), 0);
}

static void host_check_order(struct host *host, const struct kt_frame *frame)
{
	/* Numbers in four bytes each; a frame may cut one. */
	for (uint32_t i = 0; i < frame->length; i++, host->out_next++) {
		uint32_t number = host->out_next / 4;

		if (frame->payload[i] !=
		    (uint8_t)(number >> (8 * (host->out_next % 4))))
			host->in_order = false;
	}
}

static void host_take(struct host *host, const struct kt_frame *frame)
{
	struct kt_payload payload = kt_payload_of(frame);
	struct kt_strbuf *to = NULL;

	assert_true(frame->crc_ok);
	switch (frame->type) {
	case KT_FRAME_STDOUT:
		host->out_bytes += frame->length;
		if (host->count_only)
			host_check_order(host, frame);
		else
			to = &host->out;
		break;
	case KT_FRAME_STDERR:
		to = &host->err;
		break;
	case KT_FRAME_CRASH:
		to = &host->crash;
		break;
	case KT_FRAME_DMESG:
		to = &host->dmesg;
		break;
	case KT_FRAME_LIFECYCLE:
		to = &host->life;
		break;
	case KT_FRAME_KERNEL_ADDRESSES:
		to = &host->addresses;
		break;
	case KT_FRAME_STIMULUS:
		kt_strbuf_add_bytes(&host->events, frame->payload,
				    frame->length);
		kt_strbuf_add_char(&host->events, '\n');
		break;
	case KT_FRAME_CLOCK:
		to = &host->clocks;
		break;
	case KT_FRAME_EXIT:
		assert_true(kt_payload_get_i32(&payload, &host->exit_code));
		host->exited = true;
		break;
	default:
		fail_msg("frame %s", kt_frame_tag(frame->type).text);
	}
	if (to)
		kt_strbuf_add_bytes(to, frame->payload, frame->length);
}

static void host_refill(struct host *host)
{
	size_t chunk = KT_MIN(host->input_left, (size_t)KT_FRAME_MAX_PAYLOAD);

	if (host->sent < host->send.length || !host->input_wanted)
		return;
	kt_strbuf_reset(&host->send);
	host->sent = 0;
	host_queue(host, KT_FRAME_STDIN, host->input, chunk);
	host->input += chunk;
	host->input_left -= chunk;
	if (chunk == 0)
		host->input_wanted = false;
}

/* One wait for the guest; false when it closed its end. */
static bool host_step(struct host *host)
{
	static uint8_t chunk[256 * 1024];
	struct pollfd fds[2] = {{.fd = host->fd, .events = POLLIN},
				{.fd = host->console_fd, .events = POLLIN}};
	struct kt_frame frame;
	ssize_t n;

	host_refill(host);
	if (host->sent < host->send.length)
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, HOST_WAIT_MS) <= 0)
		fail_msg("the guest fell silent; so far: \"%s\" \"%s\"",
			 kt_strbuf_text(&host->out),
			 kt_strbuf_text(&host->console));
	if (fds[0].revents & POLLOUT) {
		n = send(host->fd, host->send.data + host->sent,
			 host->send.length - host->sent, MSG_NOSIGNAL);
		host->sent += n > 0 ? (size_t)n : 0;
	}
	if (fds[1].revents & (POLLIN | POLLHUP)) {
		n = read(host->console_fd, chunk, sizeof(chunk));
		if (n > 0)
			kt_strbuf_add_bytes(&host->console, chunk, (size_t)n);
		else
			host->console_fd = kt_close(host->console_fd);
	}
	if (!(fds[0].revents & (POLLIN | POLLHUP)))
		return true;
	n = read(host->fd, chunk, sizeof(chunk));
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	assert_int_equal(kt_frame_decoder_feed(&host->decoder, chunk, (size_t)n),
			 0);
	while (kt_frame_decoder_next(&host->decoder, &frame))
		host_take(host, &frame);
	return true;
}

/* To the end of the guest; returns its errno. */
static int host_finish(struct host *host)
{
	int status;

	while (host_step(host))
		;
	assert_int_equal(kt_frame_decoder_pending(&host->decoder), 0);
	assert_int_equal(waitpid(host->guest, &status, 0), host->guest);
	assert_true(WIFEXITED(status));
	kt_close(host->fd);
	kt_close(host->console_fd);
	return WEXITSTATUS(status);
}

static void host_deinit(struct host *host)
{
	kt_frame_decoder_deinit(&host->decoder);
	kt_strbuf_deinit(&host->send);
	kt_strbuf_deinit(&host->out);
	kt_strbuf_deinit(&host->err);
	kt_strbuf_deinit(&host->crash);
	kt_strbuf_deinit(&host->dmesg);
	kt_strbuf_deinit(&host->life);
	kt_strbuf_deinit(&host->addresses);
	kt_strbuf_deinit(&host->console);
	kt_strbuf_deinit(&host->events);
	kt_strbuf_deinit(&host->clocks);
}

static void await_text(struct host *host, const struct kt_strbuf *buffer,
		       const char *text)
{
	while (!strstr(kt_strbuf_text(buffer), text))
		if (!host_step(host))
			fail_msg("\"%s\" never came, only \"%s\"", text,
				 kt_strbuf_text(buffer));
}

static void run(struct host *host, const char *command)
{
	host_start(host, &(struct guest_setup){.command = command});
	assert_int_equal(host_finish(host), 0);
	assert_true(host->exited);
}

static void exit_codes_are_those_of_a_shell(void **state)
{
	static const struct {
		const char *command;
		int code;
	} cases[] = {
		{"exit 0", 0},          {"exit 1", 1},
		{"exit 77", 77},        {"kill -9 $$", 137},
		{"kill -SEGV $$", 139}, {"/nowhere/program", 127},
	};
	struct host host;

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		run(&host, cases[i].command);
		assert_int_equal(host.exit_code, cases[i].code);
		host_deinit(&host);
	}
}

static void output_and_errors_arrive_apart(void **state)
{
	struct host host;

	(void)state;
	run(&host, "echo out; echo err >&2; printf more");
	assert_string_equal(kt_strbuf_text(&host.out), "out\nmore");
	assert_string_equal(kt_strbuf_text(&host.err), "err\n");
	host_deinit(&host);
}

static void a_shell_that_is_not_there_is_told(void **state)
{
	const struct guest_setup setup = {
		.command = "true",
		.program = "/nowhere/sh",
	};
	struct host host;

	(void)state;
	host_start(&host, &setup);
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.exit_code, 127);
	assert_string_equal(kt_strbuf_text(&host.err),
			    "ktstr-init: cannot run /nowhere/sh: No such file "
			    "or directory\n");
	host_deinit(&host);
}

static void a_shell_that_cannot_be_executed_is_told(void **state)
{
	const struct guest_setup setup = {
		.command = "true",
		.program = "/dev/null",
	};
	struct host host;

	(void)state;
	host_start(&host, &setup);
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.exit_code, 126);
	assert_contains(kt_strbuf_text(&host.err), "/dev/null: Permission");
	host_deinit(&host);
}

static void input_reaches_the_command_with_its_end(void **state)
{
	struct host host;

	(void)state;
	host_start(&host, &(struct guest_setup){.command = "wc -c; exit 3"});
	host.input = (const uint8_t *)"hello";
	host.input_left = 5;
	host.input_wanted = true;
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(atoi(kt_strbuf_text(&host.out)), 5);
	assert_int_equal(host.exit_code, 3);
	host_deinit(&host);
}

static void a_hundred_megabytes_go_both_ways_in_order(void **state)
{
	const size_t size = 100u * 1000 * 1000;
	uint32_t *numbers = malloc(size);
	struct host host;

	(void)state;
	assert_non_null(numbers);
	for (size_t i = 0; i < size / 4; i++)
		kt_put_le32(&numbers[i], (uint32_t)i);
	host_start(&host, &(struct guest_setup){.command = "cat"});
	host.input = (const uint8_t *)numbers;
	host.input_left = size;
	host.input_wanted = true;
	host.count_only = true;
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.out_bytes, size);
	assert_true(host.in_order);
	assert_int_equal(host.exit_code, 0);
	host_deinit(&host);
	free(numbers);
}

static void input_that_nobody_reads_holds_nothing_up(void **state)
{
	const size_t size = 4u * 1000 * 1000;
	uint8_t *zeros = calloc(1, size);
	struct host host;

	(void)state;
	assert_non_null(zeros);
	/* Once with the pipe full and once with it closed. */
	host_start(&host, &(struct guest_setup){.command = "exec <&-; echo a; "
							   "wc -c </dev/null"});
	host.input = zeros;
	host.input_left = size;
	host.input_wanted = true;
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.exit_code, 0);
	assert_contains(kt_strbuf_text(&host.out), "a\n");
	host_deinit(&host);

	host_start(&host, &(struct guest_setup){
				  .command = "head -c 10 >/dev/null; exit 4"});
	host.input = zeros;
	host.input_left = size;
	host.input_wanted = true;
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.exit_code, 4);
	host_deinit(&host);
	free(zeros);
}

static void a_signal_reaches_the_whole_group(void **state)
{
	struct host host;
	uint8_t signo[4];

	(void)state;
	host_start(&host,
		   &(struct guest_setup){
			   .command = "trap 'echo caught; exit 9' TERM;"
				      "(trap 'echo child; exit' TERM;"
				      " echo up; while :; do sleep 1; done) &"
				      "while :; do wait; done"});
	await_text(&host, &host.out, "up\n");
	kt_put_le32(signo, SIGTERM);
	host_queue(&host, KT_FRAME_SIGNAL, signo, sizeof(signo));
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.exit_code, 9);
	assert_contains(kt_strbuf_text(&host.out), "caught\n");
	host_deinit(&host);
}

static void nonsense_from_the_host_is_passed_over(void **state)
{
	static const uint8_t bad_signal[] = {0xff, 0xff, 0xff, 0xff};
	struct host host;

	(void)state;
	host_start(&host, &(struct guest_setup){.command = "cat"});
	host_queue(&host, KT_FRAME_SIGNAL, bad_signal, 4);
	host_queue(&host, KT_FRAME_SIGNAL, bad_signal, 2);
	host_queue(&host, KT_FRAME_WINDOW, bad_signal, 1);
	host_queue(&host, KT_FRAME_TAG('W', 'H', 'A', 'T'), "x", 1);
	host_queue(&host, KT_FRAME_STDIN, "a", 1);
	/* A payload that does not match its checksum. */
	host_queue(&host, KT_FRAME_STDIN, "b", 1);
	host.send.data[host.send.length - 1] = 'x';
	kt_strbuf_add(&host.send, "no frame at all");
	host_queue(&host, KT_FRAME_STDIN, "c", 1);
	host_queue(&host, KT_FRAME_STDIN, NULL, 0);
	/* After its end there is no more input. */
	host_queue(&host, KT_FRAME_STDIN, "d", 1);
	assert_int_equal(host_finish(&host), 0);
	assert_string_equal(kt_strbuf_text(&host.out), "ac");
	assert_int_equal(host.exit_code, 0);
	host_deinit(&host);
}

static void what_the_command_leaves_behind_is_killed(void **state)
{
	struct host host;

	(void)state;
	run(&host, "sleep 1000 & sleep 1000 & echo started; exit 5");
	assert_string_equal(kt_strbuf_text(&host.out), "started\n");
	assert_int_equal(host.exit_code, 5);
	host_deinit(&host);
}

static void a_host_that_goes_away_ends_the_session(void **state)
{
	struct host host;
	int status;

	(void)state;
	host_start(&host, &(struct guest_setup){.command = "echo up; cat"});
	await_text(&host, &host.out, "up\n");
	close(host.fd);
	assert_int_equal(waitpid(host.guest, &status, 0), host.guest);
	assert_int_equal(WEXITSTATUS(status), EPIPE);
	host_deinit(&host);
}

static void write_file(const char *path, const char *text)
{
	assert_int_equal(kt_write_file_atomic(path, text, strlen(text), 0600), 0);
}

static void symbols_are_answered_even_after_the_command(void **state)
{
	char path[] = "/tmp/ktstr-session-test.XXXXXX";
	struct host host;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_file(path, "0000000000000020 T one\n0000000000000030 T two\n");
	host_start(&host, &(struct guest_setup){.command = "echo gone",
						.kallsyms_path = path,
						.await_symbols = true});
	await_text(&host, &host.out, "gone\n");
	/* Two requests, of which the second may wait for the first. */
	host_queue(&host, KT_FRAME_SYMBOLS, "one", 3);
	host_queue(&host, KT_FRAME_SYMBOLS, "two", 4);
	assert_int_equal(host_finish(&host), 0);
	unlink(path);
	assert_true(host.exited);
	assert_true(host.addresses.length >= 12);
	assert_memory_equal(host.addresses.data, "\x20\0\0\0\0\0\0\0one", 12);
	host_deinit(&host);
}

static void a_request_without_a_name_is_noted(void **state)
{
	struct host host;

	(void)state;
	host_start(&host, &(struct guest_setup){.command = "cat",
						.kallsyms_path = "/dev/null",
						.await_symbols = true});
	host_queue(&host, KT_FRAME_SYMBOLS, "a\0\0b", 4);
	host_queue(&host, KT_FRAME_STDIN, NULL, 0);
	assert_int_equal(host_finish(&host), 0);
	assert_contains(kt_strbuf_text(&host.life),
			"cannot look up kernel symbols: Invalid argument");
	host_deinit(&host);
}

/* A socket that keeps records apart is to the session what /dev/kmsg is. */
static int kmsg_with(const char *const *records, size_t count)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0, pair),
			 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(write(pair[1], records[i], strlen(records[i])),
				 strlen(records[i]));
	/* The other end stays open: a log does not end. */
	return pair[0];
}

static void an_oom_kill_is_a_crash_with_the_logs_tail(void **state)
{
	static const char *const records[] = {
		"6,1,1000000,-;booting",
		"4,2,2000000,-;WARNING: something",
		"12,3,2500000,-;a user's own warning",
		"not a record",
		"3,4,3000000,-;Out of memory: Killed process 9 (hog) x",
		"3,5,3000001,-;Out of memory: Killed process 10 (hog) x",
	};
	char path[] = "/tmp/ktstr-session-test.XXXXXX";
	struct guest_setup setup = {.command = "kill -9 $$"};
	struct host host;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_file(path, "nr_free_pages 1\noom_kill 2\n");
	setup.vmstat_path = path;
	setup.kmsg_fd = kmsg_with(records, KT_ARRAY_SIZE(records));
	host_start(&host, &setup);
	assert_int_equal(host_finish(&host), 0);
	close(setup.kmsg_fd);
	unlink(path);
	assert_int_equal(host.exit_code, 137);
	assert_string_equal(
		kt_strbuf_text(&host.crash),
		"the guest ran out of memory: "
		"Out of memory: Killed process 9 (hog) x\n"
		"the end of its kernel log:\n"
		"[    1.000000] booting\n"
		"[    2.000000] WARNING: something\n"
		"[    2.500000] a user's own warning\n"
		"[    3.000000] Out of memory: Killed process 9 (hog) x\n");
	assert_string_equal(
		kt_strbuf_text(&host.dmesg),
		"[    2.000000] WARNING: something\n"
		"[    3.000000] Out of memory: Killed process 9 (hog) x\n"
		"[    3.000001] Out of memory: Killed process 10 (hog) x\n");
	host_deinit(&host);
}

static void a_cgroups_oom_kill_is_no_crash(void **state)
{
	static const char *const records[] = {
		"3,4,3000000,-;Memory cgroup out of memory: Killed process 9",
	};
	struct guest_setup setup = {.command = "kill -9 $$",
				    .vmstat_path = "/nowhere/vmstat"};
	struct host host;

	(void)state;
	setup.kmsg_fd = kmsg_with(records, 1);
	host_start(&host, &setup);
	assert_int_equal(host_finish(&host), 0);
	close(setup.kmsg_fd);
	assert_int_equal(host.exit_code, 137);
	assert_string_equal(kt_strbuf_text(&host.crash), "");
	host_deinit(&host);
}

static void a_shell_has_a_terminal_with_a_size(void **state)
{
	static const uint8_t size[] = {132, 0, 43, 0};
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	struct host host;

	(void)state;
	if (fd < 0) {
		print_message("no pty here (%s): not tested\n", strerror(errno));
		skip();
	}
	close(fd);
	host_start(&host, &(struct guest_setup){0});
	assert_int_equal(
		kt_write_all(host.console_fd, "PS1=; stty size; tty\n", 21), 0);
	await_text(&host, &host.console, "33 90\r\n");
	await_text(&host, &host.console, "/dev/pts/");
	host_queue(&host, KT_FRAME_WINDOW, size, sizeof(size));
	assert_int_equal(kt_write_all(host.console_fd,
				      "until stty size | grep 43; do :; done\n",
				      38),
			 0);
	await_text(&host, &host.console, "43 132\r\n");
	assert_int_equal(
		kt_write_all(host.console_fd, "echo la''st; exit 42\n", 21), 0);
	assert_int_equal(host_finish(&host), 0);
	assert_contains(kt_strbuf_text(&host.console), "last\r\n");
	assert_int_equal(host.exit_code, 42);
	host_deinit(&host);
}

static void the_time_is_told_when_asked_for(void **state)
{
	const uint64_t before = kt_now_ns();
	struct host host;
	uint64_t told;

	(void)state;
	host_start(&host, &(struct guest_setup){.command = "cat"});
	host_queue(&host, KT_FRAME_CLOCK_ASK, "\1\2\3\4\5\6\7\x08", 8);
	host_queue(&host, KT_FRAME_CLOCK_ASK, "\1\2\3", 3);
	host_queue(&host, KT_FRAME_STDIN, NULL, 0);
	assert_int_equal(host_finish(&host), 0);
	assert_int_equal(host.clocks.length, 16);
	assert_memory_equal(host.clocks.data, "\1\2\3\4\5\6\7\x08", 8);
	told = kt_le64_at((const uint8_t *)host.clocks.data + 8);
	assert_in_range(told, before, kt_now_ns());
	host_deinit(&host);
}

static void queue_record(struct host *host, uint64_t at_ns, uint64_t n,
			 uint64_t n_said)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {0};

	kt_payload_add_u64(&payload, at_ns);
	kt_payload_add_u64(&payload, n_said);
	for (uint64_t i = 0; i < n; i++)
		kt_payload_add_u64(&payload, i);
	host_queue(host, KT_FRAME_STEAL, payload.data, payload.length);
}

static void steal_is_recorded_as_it_came(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf two = {0};
	char path[] = "/tmp/ktstr-session-test.XXXXXX";
	struct guest_setup setup = {.command = "cat"};
	_cleanup_free_ char *found = NULL;
	struct host host;
	size_t length;

	(void)state;
	setup.steal_fd = mkostemp(path, O_APPEND | O_CLOEXEC);
	assert_true(setup.steal_fd >= 0);
	host_start(&host, &setup);
	queue_record(&host, 100, 2, 2);
	/* More or fewer numbers than it says, or than there can be. */
	queue_record(&host, 200, 2, 3);
	queue_record(&host, 300, 3, 2);
	queue_record(&host, 400, 1, UINT64_MAX);
	host_queue(&host, KT_FRAME_STEAL, "\1\0\0\0", 4);
	for (int i = 0; i < 2; i++) {
		kt_payload_add_u64(&two, 500 + (uint64_t)i);
		kt_payload_add_u64(&two, 1);
		kt_payload_add_u64(&two, 7);
	}
	host_queue(&host, KT_FRAME_STEAL, two.data, two.length);
	host_queue(&host, KT_FRAME_STDIN, NULL, 0);
	assert_int_equal(host_finish(&host), 0);
	close(setup.steal_fd);
	assert_int_equal(kt_read_file(path, 4096, &found, &length), 0);
	unlink(path);
	assert_int_equal(length, 32 + two.length);
	assert_int_equal(kt_le64_at((const uint8_t *)found), 100);
	assert_int_equal(kt_le64_at((const uint8_t *)found + 24), 1);
	assert_memory_equal(found + 32, two.data, two.length);
	host_deinit(&host);
}

static void a_full_disk_ends_the_record_and_no_more(void **state)
{
	struct guest_setup setup = {.command = "cat"};
	struct host host;

	(void)state;
	setup.steal_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(setup.steal_fd >= 0);
	host_start(&host, &setup);
	queue_record(&host, 100, 2, 2);
	queue_record(&host, 200, 2, 2);
	host_queue(&host, KT_FRAME_STDIN, NULL, 0);
	assert_int_equal(host_finish(&host), 0);
	close(setup.steal_fd);
	assert_string_equal(kt_strbuf_text(&host.life),
			    "steal is no longer recorded: No space left on "
			    "device");
	assert_int_equal(host.exit_code, 0);
	host_deinit(&host);
}

/* A name for a FIFO in a directory of its own, "" behind the test. */
struct fifo_place {
	char directory[40];
	char path[48];
	char command[1024];
};

static void make_place(struct fifo_place *place, const char *format)
{
	snprintf(place->directory, sizeof(place->directory),
		 "/tmp/ktstr-events-test.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/events",
		 place->directory);
	snprintf(place->command, sizeof(place->command), "E=%s; %s",
		 place->path, format);
}

static void run_events(struct host *host, const char *script)
{
	struct fifo_place place;

	make_place(&place, script);
	host_start(host, &(struct guest_setup){.command = place.command,
					       .events_path = place.path});
	assert_int_equal(host_finish(host), 0);
	assert_int_equal(kt_remove_tree(place.directory), 0);
}

static void events_become_frames_up_to_the_last(void **state)
{
	struct host host;

	(void)state;
	/* Writers come and go, one leaves a line in two parts. */
	run_events(&host, "echo one >$E; (printf tw; sleep 0.1; echo o) >$E;"
			  " printf 'three\nfour\n' >$E; echo >$E;"
			  " echo last >$E; exit 3");
	assert_string_equal(kt_strbuf_text(&host.events),
			    "one\ntwo\nthree\nfour\n\nlast\n");
	assert_string_equal(kt_strbuf_text(&host.life), "");
	assert_int_equal(host.exit_code, 3);
	host_deinit(&host);
}

static void lines_without_a_bound_or_an_end_are_lost(void **state)
{
	struct host host;
	size_t first;

	(void)state;
	run_events(&host,
		   "line() { head -c $1 /dev/zero | tr '\\0' x; };"
		   " (line 4095; echo) >$E; (line 4096; echo) >$E;"
		   " (line 100000; echo) >$E; echo good >$E; printf cut >$E");
	first = strcspn(kt_strbuf_text(&host.events), "\n");
	assert_int_equal(first, 4095);
	assert_string_equal(kt_strbuf_text(&host.events) + first, "\ngood\n");
	assert_contains(kt_strbuf_text(&host.life), "3 events of the test are "
						    "lost");
	host_deinit(&host);
}

static void many_writers_do_not_mix_their_lines(void **state)
{
	struct host host;
	size_t n = 0;

	(void)state;
	run_events(&host, "for w in a b c d; do (i=0; while [ $i -lt 300 ]; do"
			  " echo $w$w$w$w$w$w$w$w >$E; i=$((i + 1)); done) &"
			  " done; wait");
	for (const char *at = kt_strbuf_text(&host.events); *at; at += 9, n++) {
		assert_int_equal(strspn(at, (char[]){at[0], '\0'}), 8);
		assert_int_equal(at[8], '\n');
	}
	assert_int_equal(n, 1200);
	host_deinit(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes_are_those_of_a_shell),
		cmocka_unit_test(output_and_errors_arrive_apart),
		cmocka_unit_test(a_shell_that_is_not_there_is_told),
		cmocka_unit_test(a_shell_that_cannot_be_executed_is_told),
		cmocka_unit_test(input_reaches_the_command_with_its_end),
		cmocka_unit_test(a_hundred_megabytes_go_both_ways_in_order),
		cmocka_unit_test(input_that_nobody_reads_holds_nothing_up),
		cmocka_unit_test(a_signal_reaches_the_whole_group),
		cmocka_unit_test(nonsense_from_the_host_is_passed_over),
		cmocka_unit_test(what_the_command_leaves_behind_is_killed),
		cmocka_unit_test(a_host_that_goes_away_ends_the_session),
		cmocka_unit_test(symbols_are_answered_even_after_the_command),
		cmocka_unit_test(a_request_without_a_name_is_noted),
		cmocka_unit_test(an_oom_kill_is_a_crash_with_the_logs_tail),
		cmocka_unit_test(a_cgroups_oom_kill_is_no_crash),
		cmocka_unit_test(a_shell_has_a_terminal_with_a_size),
		cmocka_unit_test(the_time_is_told_when_asked_for),
		cmocka_unit_test(steal_is_recorded_as_it_came),
		cmocka_unit_test(a_full_disk_ends_the_record_and_no_more),
		cmocka_unit_test(events_become_frames_up_to_the_last),
		cmocka_unit_test(lines_without_a_bound_or_an_end_are_lost),
		cmocka_unit_test(many_writers_do_not_mix_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
