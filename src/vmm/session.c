// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/macro.h"
#include "vmm/session.h"
#include "vmm/wire_error.h"
#include "wire/frame.h"
#include "wire/payload.h"

#define INPUT_BYTES   (32u * 1024)
#define TO_GUEST_MAX  (64u * 1024)
#define ADDRESSES_MAX 4096

/* KSYM_NAME_LEN of the kernel. */
#define SYMBOL_BYTES_MAX 512

/* A guest that goes on is not worth a line each time. */
#define LOGGED_BAD_FRAMES   8
#define LOGGED_LOST_EVENTS  8
#define END_OF_TRANSMISSION 0x04 /* what ^D sends */

/* Any one exchange may be slow: so many at first, then few, or one with each
 * bundle of samples as long as the clock is not known this well. */
#define CLOCK_FIRST_EXCHANGES 8
#define CLOCK_ERROR_GOOD_NS   1000000ULL
#define CLOCK_REFRESH_NS      5000000000ULL

/* A guest for which so much waits does not read, and gets no samples. */
#define STEAL_WAITING_MAX (16u * 1024)

/* Offers the console what waits; it takes what fits. */
static void session_push(struct kt_session *session)
{
	struct kt_strbuf *out = &session->to_guest;

	if (out->length && session->console)
		kt_strbuf_drop(out, kt_console_send(session->console,
						    KT_CONSOLE_PORT_WIRE,
						    out->data, out->length));
}

static void session_send(struct kt_session *session, uint32_t type,
			 const void *payload, size_t length)
{
	(void)kt_frame_append(&session->to_guest, type, payload, length);
	session_push(session);
}

static void add_bounded(struct kt_strbuf *sb, const void *data, size_t length)
{
	if (sb->length < KT_SESSION_TEXT_MAX)
		kt_strbuf_add_bytes(
			sb, data,
			KT_MIN(length, KT_SESSION_TEXT_MAX - sb->length));
}

static void ask_clock(struct kt_session *session)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {};

	kt_payload_add_u64(&payload,
			   kt_guest_clock_ask(&session->clock, kt_now_ns()));
	session_send(session, KT_FRAME_CLOCK_ASK, payload.data, payload.length);
}

static void frame_clock(struct kt_session *session, const struct kt_frame *frame)
{
	struct kt_payload payload = kt_payload_of(frame);
	uint64_t number, guest_ns;

	if (kt_payload_get_u64(&payload, &number) &&
	    kt_payload_get_u64(&payload, &guest_ns) &&
	    kt_guest_clock_answer(&session->clock, number, guest_ns, kt_now_ns()) &&
	    session->clock.n_answers < CLOCK_FIRST_EXCHANGES)
		ask_clock(session);
}

static void frame_measure(struct kt_session *session, const struct kt_frame *frame)
{
	(void)frame;
	if (session->measured)
		return;
	session->measured = true;
	ask_clock(session);
}

/* A guest that says what cannot be is not believed. */
static void place_event(const struct kt_session *session,
			struct ktstr_vm_event *event)
{
	const struct kt_guest_clock *clock = &session->clock;
	uint64_t host_ns, error_ns;

	if (event->placed ||
	    !kt_guest_clock_to_host(clock, event->guest_ns, &host_ns))
		return;
	error_ns = kt_guest_clock_error(clock, host_ns);
	if (host_ns > event->received_ns &&
	    host_ns - event->received_ns > error_ns)
		return;
	event->placed = true;
	event->host_ns = host_ns;
	event->host_error_ns = error_ns;
}

static void frame_stimulus(struct kt_session *session,
			   const struct kt_frame *frame)
{
	struct kt_events *events = &session->events;
	struct ktstr_error err;
	struct ktstr_vm_event *event;

	if (kt_events_add(events, frame->payload, frame->length, &err)) {
		if (session->n_events_lost++ < LOGGED_LOST_EVENTS)
			kt_warn(session->config->log,
				"an event of the guest's test is lost: %s",
				err.message);
		return;
	}
	event = &events->list[events->n - 1];
	event->received_ns = kt_now_ns();
	place_event(session, event);
	if (strcmp(event->kind, "scheduler") == 0 &&
	    strcmp(event->detail, "attached") == 0)
		session->scheduler_attached = true;
	/* What was stolen until then is what the test will want to know. */
	session->steal_wanted = true;
}

void kt_session_go(struct kt_session *session, const char *why_not)
{
	const char *text = why_not ?: "";

	session_send(session, KT_FRAME_GO, text, strlen(text));
}

static void frame_ready(struct kt_session *session, const struct kt_frame *frame)
{
	(void)frame;
	if (session->ready)
		return;
	session->ready = true;
	session->ready_ns = kt_now_ns();
	/* A command that reads its input must not wait for ever. */
	if (!session->shell && session->config->stdio.input_fd < 0)
		session_send(session, KT_FRAME_STDIN, NULL, 0);
}

static void frame_exit(struct kt_session *session, const struct kt_frame *frame)
{
	struct kt_payload payload = kt_payload_of(frame);
	int32_t code;

	if (session->exited)
		return;
	if (!kt_payload_get_i32(&payload, &code)) {
		session->n_bad_exits++;
		return;
	}
	session->exited = true;
	session->exit_code = code;
}

static bool is_wanted(const struct kt_session *session, const char *name)
{
	char **wanted = session->config->kernel_symbols;

	for (size_t i = 0; wanted && wanted[i]; i++) {
		if (strcmp(wanted[i], name) == 0)
			return true;
	}
	return false;
}

static void add_address(struct kt_session *session, const char *name,
			uint64_t address)
{
	struct ktstr_kernel_address *list;

	if (session->n_addresses == ADDRESSES_MAX)
		return;
	list = reallocarray(session->addresses, session->n_addresses + 1,
			    sizeof(*list));
	if (!list)
		return;
	session->addresses = list;
	list += session->n_addresses;
	list->address = address;
	list->name = strdup(name);
	if (list->name)
		session->n_addresses++;
}

static void frame_addresses(struct kt_session *session,
			    const struct kt_frame *frame)
{
	struct kt_payload payload = kt_payload_of(frame);
	const char *name;
	uint64_t address;

	while (kt_payload_get_u64(&payload, &address) &&
	       kt_payload_get_string(&payload, &name) &&
	       strlen(name) <= SYMBOL_BYTES_MAX) {
		if (is_wanted(session, name))
			add_address(session, name, address);
		kt_kernel_symbols_set(&session->symbols, name, address);
	}
	session->has_symbols = true;
}

static void frame_output(struct kt_session *session, const struct kt_frame *frame)
{
	enum kt_session_stream which = frame->type == KT_FRAME_STDERR ?
					       KT_SESSION_ERROR :
					       KT_SESSION_OUTPUT;

	kt_stream_put(&session->streams[which], frame->payload, frame->length);
}

static void frame_crash(struct kt_session *session, const struct kt_frame *frame)
{
	add_bounded(&session->crash, frame->payload, frame->length);
}

static void frame_dmesg(struct kt_session *session, const struct kt_frame *frame)
{
	add_bounded(&session->dmesg, frame->payload, frame->length);
}

static void frame_test_result(struct kt_session *session,
			      const struct kt_frame *frame)
{
	char *text = malloc(frame->length + 1);

	session->n_test_results++;
	if (!text)
		return;
	/* With a NUL in it, no prefix of it shall pass for the whole. */
	for (uint32_t i = 0; i < frame->length; i++)
		text[i] = frame->payload[i] ? (char)frame->payload[i] : '?';
	text[frame->length] = '\0';
	free(session->test_result);
	session->test_result = text;
}

static void frame_scheduler_log(struct kt_session *session,
				const struct kt_frame *frame)
{
	struct kt_strbuf *log = &session->scheduler_log;
	size_t before = log->length;

	add_bounded(log, frame->payload, frame->length);
	for (size_t i = before; i < log->length; i++) {
		if (!log->data[i])
			log->data[i] = '?';
	}
}

static void frame_lifecycle(struct kt_session *session,
			    const struct kt_frame *frame)
{
	kt_debug(session->config->log, "guest: %.*s", (int)frame->length,
		 (const char *)frame->payload);
}

static const struct {
	uint32_t type;
	void (*handle)(struct kt_session *session, const struct kt_frame *frame);
} frame_handlers[] = {
	{ KT_FRAME_READY, frame_ready },
	{ KT_FRAME_STDOUT, frame_output },
	{ KT_FRAME_STDERR, frame_output },
	{ KT_FRAME_EXIT, frame_exit },
	{ KT_FRAME_KERNEL_ADDRESSES, frame_addresses },
	{ KT_FRAME_CRASH, frame_crash },
	{ KT_FRAME_DMESG, frame_dmesg },
	{ KT_FRAME_LIFECYCLE, frame_lifecycle },
	{ KT_FRAME_TEST_RESULT, frame_test_result },
	{ KT_FRAME_STIMULUS, frame_stimulus },
	{ KT_FRAME_MEASURE, frame_measure },
	{ KT_FRAME_CLOCK, frame_clock },
	{ KT_FRAME_SCHEDULER_LOG, frame_scheduler_log },
};

static void handle_frame(struct kt_session *session, const struct kt_frame *frame)
{
	if (!frame->crc_ok) {
		if (!session->n_bad_frames)
			session->bad_frame = (struct kt_frame){
				.type = frame->type,
				.length = frame->length,
			};
		if (session->n_bad_frames++ < LOGGED_BAD_FRAMES)
			kt_warn(session->config->log,
				"a frame of the guest (%s, %u bytes) does "
				"not match its checksum",
				kt_frame_tag(frame->type).text, frame->length);
		return;
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(frame_handlers); i++) {
		if (frame_handlers[i].type == frame->type) {
			frame_handlers[i].handle(session, frame);
			return;
		}
	}
	kt_debug(session->config->log, "a frame of unknown type %s",
		 kt_frame_tag(frame->type).text);
}

static bool streams_full(const struct kt_session *session)
{
	for (size_t i = 0; i < KT_SESSION_STREAMS; i++) {
		if (kt_stream_is_full(&session->streams[i]))
			return true;
	}
	return false;
}

static size_t session_receive(void *userdata, enum kt_console_port_id port,
			      const void *data, size_t length)
{
	struct kt_session *session = userdata;
	struct kt_frame frame;

	if (streams_full(session))
		return 0;
	if (port == KT_CONSOLE_PORT_HVC) {
		kt_stream_put(&session->streams[KT_SESSION_OUTPUT], data, length);
		return length;
	}
	if (kt_frame_decoder_feed(&session->decoder, data, length))
		return 0;
	while (kt_frame_decoder_next(&session->decoder, &frame))
		handle_frame(session, &frame);
	return length;
}

static void session_writable(void *userdata, enum kt_console_port_id port)
{
	if (port == KT_CONSOLE_PORT_WIRE)
		session_push(userdata);
}

const struct kt_console_callbacks kt_session_callbacks = {
	.receive = session_receive,
	.writable = session_writable,
};

void kt_session_init(struct kt_session *session, const struct kt_config *config)
{
	*session = (struct kt_session){
		.config = config,
		.shell = kt_config_is_shell(config),
		.input_open = config->stdio.input_fd >= 0,
		.exit_code = -1,
		.kept = { .first_max_bytes = KT_STREAM_KEPT_FIRST,
			  .last_max_bytes = KT_STREAM_KEPT_LAST },
	};
	kt_stream_init(&session->streams[KT_SESSION_OUTPUT],
		       config->stdio.output_fd, &session->kept);
	kt_stream_init(&session->streams[KT_SESSION_ERROR],
		       config->stdio.error_fd, &session->kept);
}

void kt_session_deinit(struct kt_session *session)
{
	kt_frame_decoder_deinit(&session->decoder);
	kt_strbuf_deinit(&session->to_guest);
	for (size_t i = 0; i < KT_SESSION_STREAMS; i++)
		kt_stream_deinit(&session->streams[i]);
	kt_excerpt_deinit(&session->kept);
	kt_strbuf_deinit(&session->crash);
	kt_strbuf_deinit(&session->dmesg);
	kt_strbuf_deinit(&session->scheduler_log);
	free(session->test_result);
	session->test_result = NULL;
	kt_strbuf_deinit(&session->steal);
	kt_events_free(session->events.list, session->events.n);
	session->events = (struct kt_events){};
	for (size_t i = 0; i < session->n_addresses; i++)
		free(session->addresses[i].name);
	free(session->addresses);
	session->addresses = NULL;
	session->n_addresses = 0;
}

static void add_name(struct kt_strbuf *payload, const char *name)
{
	kt_strbuf_add_bytes(payload, name, strlen(name) + 1);
}

/* The caller's, and what the monitor wants beside them. */
static void add_symbols(const struct kt_session *session,
			struct kt_strbuf *payload)
{
	const struct kt_config *config = session->config;
	const char *const *names = kt_kernel_symbol_names();

	for (size_t i = 0; config->kernel_symbols && config->kernel_symbols[i];
	     i++)
		add_name(payload, config->kernel_symbols[i]);
	for (size_t i = 0; kt_config_looks_inside(config) && names[i]; i++) {
		if (!is_wanted(session, names[i]))
			add_name(payload, names[i]);
	}
}

void kt_session_attach(struct kt_session *session, struct kt_console *console)
{
	_cleanup_strbuf_ struct kt_strbuf names = {};

	session->console = console;
	add_symbols(session, &names);
	if (names.length)
		session_send(session, KT_FRAME_SYMBOLS, names.data, names.length);
}

char *kt_session_wire_error(const struct kt_session *session, bool at_end)
{
	return kt_wire_error_text(&(struct kt_wire_evidence){
		.decoder = &session->decoder,
		.bad_frame = session->bad_frame,
		.n_bad_frames = session->n_bad_frames,
		.n_bad_exits = session->n_bad_exits,
		.n_results = session->n_test_results,
		.at_end = at_end,
	});
}

/* The guest is up, and there is room for what would be read. */
static bool wants_input(const struct kt_session *session)
{
	if (!session->input_open || !session->ready || session->exited)
		return false;
	if (session->shell)
		return kt_console_send_space(session->console,
					     KT_CONSOLE_PORT_HVC) > 0;
	return session->to_guest.length < TO_GUEST_MAX;
}

void kt_session_poll(const struct kt_session *session,
		     struct pollfd fds[KT_SESSION_FDS])
{
	fds[0] = (struct pollfd){
		.fd = wants_input(session) ? session->config->stdio.input_fd : -1,
		.events = POLLIN,
	};
	for (size_t i = 0; i < KT_SESSION_STREAMS; i++) {
		const struct kt_stream *stream = &session->streams[i];

		fds[1 + i] = (struct pollfd){
			.fd = kt_stream_pending(stream) ? stream->fd : -1,
			.events = POLLOUT,
		};
	}
}

static void end_of_input(struct kt_session *session)
{
	const uint8_t eot = END_OF_TRANSMISSION;

	session->input_open = false;
	if (session->shell)
		kt_console_send(session->console, KT_CONSOLE_PORT_HVC, &eot, 1);
	else
		session_send(session, KT_FRAME_STDIN, NULL, 0);
}

static void read_input(struct kt_session *session)
{
	uint8_t data[INPUT_BYTES];
	size_t room = sizeof(data);
	ssize_t n;

	if (session->shell)
		room = KT_MIN(room, kt_console_send_space(session->console,
							  KT_CONSOLE_PORT_HVC));
	n = read(session->config->stdio.input_fd, data, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		end_of_input(session);
	else if (session->shell)
		kt_console_send(session->console, KT_CONSOLE_PORT_HVC, data,
				(size_t)n);
	else
		session_send(session, KT_FRAME_STDIN, data, (size_t)n);
}

/* The command learns that nobody reads it, as it would on the host. */
static void reader_gone(struct kt_session *session)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {};

	if (session->shell || session->exited)
		return;
	kt_payload_add_u32(&payload, SIGPIPE);
	session_send(session, KT_FRAME_SIGNAL, payload.data, payload.length);
}

void kt_session_polled(struct kt_session *session,
		       const struct pollfd fds[KT_SESSION_FDS])
{
	bool was_full = streams_full(session);

	if (fds[0].fd >= 0 && fds[0].revents)
		read_input(session);
	for (size_t i = 0; i < KT_SESSION_STREAMS; i++) {
		if (fds[1 + i].fd >= 0 && fds[1 + i].revents &&
		    kt_stream_flush(&session->streams[i]))
			reader_gone(session);
	}
	if (was_full && !streams_full(session))
		kt_console_kick(session->console);
}

int kt_session_output_error(const struct kt_session *session)
{
	for (size_t i = 0; i < KT_SESSION_STREAMS; i++) {
		if (session->streams[i].error)
			return session->streams[i].error;
	}
	return 0;
}

bool kt_session_has_pending(const struct kt_session *session)
{
	for (size_t i = 0; i < KT_SESSION_STREAMS; i++) {
		if (kt_stream_pending(&session->streams[i]))
			return true;
	}
	return false;
}

void kt_session_resize(struct kt_session *session, uint16_t columns, uint16_t rows)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {};

	kt_console_resize(session->console, columns, rows);
	kt_payload_add_u16(&payload, columns);
	kt_payload_add_u16(&payload, rows);
	session_send(session, KT_FRAME_WINDOW, payload.data, payload.length);
}

void kt_session_add_steal(struct kt_session *session, uint64_t began_ns,
			  uint64_t ended_ns, const uint64_t *stolen_ns, size_t n)
{
	uint64_t at_ns = began_ns + (ended_ns - began_ns) / 2;
	uint64_t guest_ns, error_ns;
	_cleanup_strbuf_ struct kt_strbuf record = {};

	if (!kt_guest_clock_to_guest(&session->clock, at_ns, &guest_ns))
		return;
	error_ns = kt_guest_clock_error(&session->clock, at_ns) +
		   (ended_ns - at_ns);
	/* A better guess of the offset must not make time run backwards. */
	if (error_ns > KT_SESSION_STEAL_ERROR_MAX_NS ||
	    guest_ns <= session->steal_guest_ns)
		return;
	kt_payload_add_u64(&record, guest_ns);
	kt_payload_add_u64(&record, n);
	for (size_t i = 0; i < n; i++)
		kt_payload_add_u64(&record, stolen_ns[i]);
	/* The caller is to send before a frame is full. */
	if (kt_strbuf_failed(&record) || kt_strbuf_failed(&session->steal) ||
	    session->steal.length + record.length > KT_FRAME_MAX_PAYLOAD)
		return;
	kt_strbuf_add_bytes(&session->steal, record.data, record.length);
	session->n_steal_noted++;
	session->steal_guest_ns = guest_ns;
	session->steal_error_ns = KT_MAX(session->steal_error_ns, error_ns);
}

/* One question at a time; with the records, the guest wakes up once for both. */
static void refresh_clock(struct kt_session *session)
{
	const struct kt_guest_clock *clock = &session->clock;
	uint64_t now_ns = kt_now_ns();

	if (!clock->open &&
	    (kt_guest_clock_error(clock, now_ns) > CLOCK_ERROR_GOOD_NS ||
	     now_ns - clock->asked_ns >= CLOCK_REFRESH_NS))
		ask_clock(session);
}

bool kt_session_send_steal(struct kt_session *session)
{
	bool listens = session->to_guest.length <= STEAL_WAITING_MAX;
	bool sent = listens && session->n_steal_noted > 0;

	if (sent) {
		session_send(session, KT_FRAME_STEAL, session->steal.data,
			     session->steal.length);
		session->n_steal_samples += session->n_steal_noted;
	}
	session->steal_wanted = false;
	session->n_steal_noted = 0;
	kt_strbuf_reset(&session->steal);
	if (listens)
		refresh_clock(session);
	return sent;
}

void kt_session_take_events(struct kt_session *session,
			    struct ktstr_vm_event **ret, size_t *ret_n)
{
	/* Those that came before the guest's clock was known. */
	for (size_t i = 0; i < session->events.n; i++)
		place_event(session, &session->events.list[i]);
	*ret = session->events.list;
	*ret_n = session->events.n;
	session->events = (struct kt_events){};
}
