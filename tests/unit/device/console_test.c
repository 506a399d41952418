// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "device/virtio/console.h"
#include "guest_driver.h"

enum {
	RX_HVC,
	TX_HVC,
	RX_CONTROL,
	TX_CONTROL,
	RX_WIRE,
	TX_WIRE,
	QUEUES,
};

#define SIZE     16
#define SIZE_BIT (1ULL << 0)
#define MULTI    (1ULL << 1)
#define ALL                                                                    \
	(KT_VIRTIO_F_VERSION_1 | SIZE_BIT | MULTI | KT_VIRTIO_F_INDIRECT_DESC)

/* Each queue has its rings and SIZE buffers of a page. */
#define RINGS(queue) (GUEST_RAM + 0x2000ULL * (queue))
#define BUFFER_BYTES 0x1000
#define BUFFER(queue, i)                                                       \
	(GUEST_RAM + 0x10000 + (0x1000ULL * (SIZE * ((queue) / 2) + (i))))

struct fixture {
	struct guest guest;
	struct guest_queue queues[QUEUES];
	struct kt_console *console;
	struct kt_virtio_mmio *mmio;
	struct kt_strbuf received[KT_CONSOLE_PORTS];
	struct kt_strbuf events; /* what the callbacks were told, in order */
	struct kt_strbuf log;
	struct ktstr_log sink;
	size_t appetite; /* bytes that `receive` still takes */
	uint16_t next_buffer[QUEUES];
	int irq;
};

static size_t note_receive(void *userdata, enum kt_console_port_id port,
			   const void *data, size_t length)
{
	struct fixture *f = userdata;
	size_t taken = KT_MIN(length, f->appetite);

	assert_true(length > 0);
	kt_strbuf_add_bytes(&f->received[port], data, taken);
	f->appetite -= taken;
	return taken;
}

static void note_writable(void *userdata, enum kt_console_port_id port)
{
	struct fixture *f = userdata;

	kt_strbuf_addf(&f->events, "room %d;", port);
}

static void note_opened(void *userdata, enum kt_console_port_id port, bool open)
{
	struct fixture *f = userdata;

	kt_strbuf_addf(&f->events, "%s %d(%zu);", open ? "open" : "close", port,
		       f->received[port].length);
}

static const struct kt_console_callbacks callbacks = {
	.receive = note_receive,
	.writable = note_writable,
	.opened = note_opened,
};

static void note_log(void *userdata, enum ktstr_log_level level,
		     const char *message)
{
	struct fixture *f = userdata;

	(void)level;
	kt_strbuf_addf(&f->log, "%s\n", message);
}

static void lay_out_queues(struct fixture *f)
{
	for (int i = 0; i < QUEUES; i++) {
		memset(guest_at(&f->guest, RINGS(i), 0x2000), 0, 0x2000);
		guest_queue_init(&f->queues[i], &f->guest, RINGS(i), SIZE);
		f->next_buffer[i] = 0;
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kt_console_config config = {
		.memory = &f->guest.memory,
		.log = &f->sink,
		.callbacks = &callbacks,
		.userdata = f,
		.columns = 132,
		.rows = 43,
	};

	guest_init(&f->guest);
	lay_out_queues(f);
	f->sink = (struct ktstr_log){ note_log, f };
	f->appetite = SIZE_MAX;
	f->irq = eventfd(0, EFD_NONBLOCK);
	config.irq.eventfd = f->irq;
	assert_int_equal(kt_console_create(&config, &f->console, NULL), 0);
	f->mmio = kt_console_mmio(f->console);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_console_destroy(f->console);
	guest_deinit(&f->guest);
	for (int i = 0; i < KT_CONSOLE_PORTS; i++)
		kt_strbuf_deinit(&f->received[i]);
	kt_strbuf_deinit(&f->events);
	kt_strbuf_deinit(&f->log);
	kt_close(f->irq);
	free(f);
	return 0;
}

/* The event loop's part: works as long as the eventfd says that there is. */
static void run(struct fixture *f)
{
	struct pollfd p = { kt_console_eventfd(f->console), POLLIN, 0 };

	for (int i = 0; poll(&p, 1, 0) == 1; i++) {
		assert_true(i < 1000);
		kt_console_process(f->console);
	}
}

static void notify(struct fixture *f, uint32_t queue)
{
	guest_write32(f->mmio, 0x50, queue);
	run(f);
}

/* Offers a buffer for the host to fill. */
static void offer_room(struct fixture *f, uint32_t queue, uint32_t length)
{
	uint16_t i = f->next_buffer[queue]++ % SIZE;

	guest_offer_buffer(&f->queues[queue], i, BUFFER(queue, i), length,
			   GUEST_WRITE);
}

/* Sends bytes without waiting for them to be taken. */
static void send(struct fixture *f, uint32_t queue, const void *data,
		 uint32_t length)
{
	/* Behind the pages of the rx buffers. */
	uint16_t i = f->next_buffer[queue]++ % SIZE;
	uint64_t gpa = BUFFER(queue, i) + 0x30000;

	memcpy(guest_at(&f->guest, gpa, length), data, length);
	guest_offer_buffer(&f->queues[queue], i, gpa, length, 0);
}

/* Appends what the host wrote into a queue's next buffer; false: nothing. */
static bool take(struct fixture *f, uint32_t queue, struct kt_strbuf *text)
{
	uint32_t head, written;

	if (!guest_take_used(&f->queues[queue], &head, &written))
		return false;
	if (written)
		kt_strbuf_add_bytes(
			text, guest_at(&f->guest, BUFFER(queue, head), written),
			written);
	return true;
}

static void send_control(struct fixture *f, uint32_t port, uint16_t event,
			 uint16_t value)
{
	struct {
		uint32_t port;
		uint16_t event, value;
	} message = { port, event, value };

	send(f, TX_CONTROL, &message, sizeof(message));
	notify(f, TX_CONTROL);
}

/* The host's next control message, as text. */
static const char *next_control(struct fixture *f)
{
	static char text[64];
	_cleanup_strbuf_ struct kt_strbuf raw = { 0 };
	uint16_t parts[6] = { 0 };

	if (!take(f, RX_CONTROL, &raw))
		return "";
	assert_true(raw.length >= 8);
	memcpy(parts, raw.data, KT_MIN(raw.length, sizeof(parts)));
	if (parts[2] == 5)
		snprintf(text, sizeof(text), "size %u %ux%u", parts[0],
			 parts[4], parts[5]);
	else
		snprintf(text, sizeof(text), "%u %u=%u %.*s", parts[2],
			 parts[0], parts[3], (int)raw.length - 8, raw.data + 8);
	offer_room(f, RX_CONTROL, BUFFER_BYTES);
	return text;
}

static void bring_up(struct fixture *f, uint64_t features)
{
	bool multi = features & MULTI;

	assert_true(guest_negotiate(f->mmio, features));
	for (uint32_t i = 0; i < (multi ? QUEUES : 2u); i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	if (multi) {
		for (int i = 0; i < SIZE; i++)
			offer_room(f, RX_CONTROL, BUFFER_BYTES);
		notify(f, RX_CONTROL);
	}
	run(f);
}

/* As Linux does it: ready, each port readied, hvc0 open at once. */
static void bring_up_ports(struct fixture *f)
{
	bring_up(f, ALL);
	send_control(f, 0, 0, 1);
	send_control(f, 0, 3, 1);
	send_control(f, 1, 3, 1);
	send_control(f, 0, 6, 1);
	while (*next_control(f))
		;
	kt_strbuf_reset(&f->events);
	guest_eventfd_fired(f->irq);
}

static void open_wire(struct fixture *f)
{
	bring_up_ports(f);
	send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "open 1(0);");
	kt_strbuf_reset(&f->events);
	guest_eventfd_fired(f->irq);
}

static void the_configuration_holds_size_and_ports(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(guest_read32(f->mmio, 0x08), 3);
	assert_int_equal(guest_read32(f->mmio, 0x100), 43 << 16 | 132);
	assert_int_equal(guest_read32(f->mmio, 0x104), 2);
	assert_int_equal(guest_read32(f->mmio, 0x10) & 0xff, SIZE_BIT | MULTI);
	/* Nobody may write it. */
	guest_write32(f->mmio, 0x100, 0);
	assert_int_equal(guest_read32(f->mmio, 0x100), 43 << 16 | 132);
}

static void ports_are_announced_as_linux_expects(void **state)
{
	struct fixture *f = *state;

	bring_up(f, ALL);
	assert_string_equal(next_control(f), "");
	send_control(f, 0, 0, 1);
	assert_string_equal(next_control(f), "1 0=1 ");
	assert_string_equal(next_control(f), "1 1=1 ");
	assert_string_equal(next_control(f), "");
	send_control(f, 0, 3, 1);
	assert_string_equal(next_control(f), "4 0=1 ");
	assert_string_equal(next_control(f), "size 0 132x43");
	assert_string_equal(next_control(f), "6 0=1 ");
	assert_string_equal(next_control(f), "");
	send_control(f, 1, 3, 1);
	assert_string_equal(next_control(f), "7 1=1 ktstr.wire");
	assert_string_equal(next_control(f), "6 1=1 ");
	assert_string_equal(next_control(f), "");
	assert_string_equal(kt_strbuf_text(&f->events), "");
	send_control(f, 0, 6, 1);
	send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "open 0(0);open 1(0);");
	assert_string_equal(kt_strbuf_text(&f->log), "");
}

static void a_driver_that_is_not_ready_hears_nothing(void **state)
{
	struct fixture *f = *state;

	bring_up(f, ALL);
	send_control(f, 0, 0, 0);
	send_control(f, 1, 3, 0);
	assert_string_equal(next_control(f), "");
}

static void messages_wait_for_control_buffers(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf raw = { 0 };

	assert_true(guest_negotiate(f->mmio, ALL));
	for (uint32_t i = 0; i < QUEUES; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	send_control(f, 0, 0, 1);
	assert_false(take(f, RX_CONTROL, &raw));
	offer_room(f, RX_CONTROL, BUFFER_BYTES);
	notify(f, RX_CONTROL);
	assert_true(take(f, RX_CONTROL, &raw));
	assert_false(take(f, RX_CONTROL, &raw));
	offer_room(f, RX_CONTROL, BUFFER_BYTES);
	notify(f, RX_CONTROL);
	assert_true(take(f, RX_CONTROL, &raw));
	assert_memory_equal(raw.data, "\0\0\0\0\1\0\1\0\1\0\0\0\1\0\1\0", 16);
}

static void bytes_come_from_the_guest(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	open_wire(f);
	send(f, TX_HVC, "/ # ", 4);
	send(f, TX_HVC, "ls\n", 3);
	notify(f, TX_HVC);
	send(f, TX_WIRE, "frame", 5);
	notify(f, TX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->received[0]), "/ # ls\n");
	assert_string_equal(kt_strbuf_text(&f->received[1]), "frame");
	assert_true(guest_take_used(&f->queues[TX_HVC], &head, &written));
	assert_int_equal(written, 0);
	assert_true(guest_take_used(&f->queues[TX_HVC], &head, &written));
	assert_true(guest_take_used(&f->queues[TX_WIRE], &head, &written));
	assert_true(guest_eventfd_fired(f->irq));
}

static void bytes_go_to_the_guest(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	open_wire(f);
	offer_room(f, RX_WIRE, 4);
	offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_false(guest_eventfd_fired(f->irq));
	assert_int_equal(kt_console_send(f->console, 1, "hello, guest", 12), 12);
	run(f);
	assert_true(guest_eventfd_fired(f->irq));
	assert_true(take(f, RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "hell");
	assert_true(take(f, RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "hello, guest");
	assert_false(take(f, RX_WIRE, &text));
}

static void bytes_wait_for_receive_buffers(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	open_wire(f);
	assert_int_equal(kt_console_send(f->console, 1, "early", 5), 5);
	run(f);
	assert_false(take(f, RX_WIRE, &text));
	offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_true(take(f, RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "early");
}

static void bytes_wait_until_the_port_is_open(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	/* Even those sent before there was a driver. */
	kt_console_send(f->console, 1, "very ", 5);
	bring_up_ports(f);
	kt_console_send(f->console, 1, "early", 5);
	offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_false(take(f, RX_WIRE, &text));
	send_control(f, 1, 6, 1);
	assert_true(take(f, RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "very early");
	send_control(f, 1, 6, 0);
	kt_console_send(f->console, 1, "late", 4);
	offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_false(take(f, RX_WIRE, &text));
}

static void a_full_output_ring_asks_back_when_there_is_room(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	static uint8_t data[KT_CONSOLE_RING_BYTES + 100];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 >> 3);
	open_wire(f);
	assert_int_equal(kt_console_send_space(f->console, 1),
			 KT_CONSOLE_RING_BYTES);
	assert_int_equal(kt_console_send(f->console, 1, data, sizeof(data)),
			 KT_CONSOLE_RING_BYTES);
	assert_int_equal(kt_console_send(f->console, 1, data, 1), 0);
	run(f);
	assert_string_equal(kt_strbuf_text(&f->events), "");
	/* Half of it must have gone before it is worth a call. */
	for (int i = 0; i < 7; i++)
		offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->events), "");
	offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->events), "room 1;");
	offer_room(f, RX_WIRE, BUFFER_BYTES);
	notify(f, RX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->events), "room 1;");
	while (take(f, RX_WIRE, &text))
		;
	assert_int_equal(text.length, 9 * BUFFER_BYTES);
	assert_memory_equal(text.data, data, text.length);
}

static void a_slow_host_holds_the_guest_back(void **state)
{
	struct fixture *f = *state;
	uint8_t page[BUFFER_BYTES];
	uint32_t head, written, taken = 0, sent = 0;

	open_wire(f);
	f->appetite = 10;
	/* 16 pages fill the ring to the last byte but ten. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < SIZE; i++) {
			memset(page, 'a' + round, sizeof(page));
			send(f, TX_WIRE, page, sizeof(page));
			sent++;
		}
		notify(f, TX_WIRE);
		while (guest_take_used(&f->queues[TX_WIRE], &head, &written))
			taken++;
	}
	assert_int_equal(taken, 16);
	assert_int_equal(f->received[1].length, 10);
	/* Nothing changes by asking again. */
	kt_console_kick(f->console);
	run(f);
	assert_false(guest_take_used(&f->queues[TX_WIRE], &head, &written));
	/* The rest comes, in order, once the host eats. */
	f->appetite = SIZE_MAX;
	kt_console_kick(f->console);
	run(f);
	while (guest_take_used(&f->queues[TX_WIRE], &head, &written))
		taken++;
	assert_int_equal(taken, sent);
	assert_int_equal(f->received[1].length, sent * BUFFER_BYTES);
	for (size_t i = 0; i < f->received[1].length; i++)
		assert_int_equal(f->received[1].data[i],
				 i < 16 * BUFFER_BYTES ? 'a' : 'b');
}

static void a_write_larger_than_the_ring_passes(void **state)
{
	struct fixture *f = *state;
	uint32_t length = GUEST_REGION_BYTES - 0x1000, head, written;
	uint64_t gpa = GUEST_BORDER + 0x1000;

	open_wire(f);
	memset(guest_at(&f->guest, gpa, length), 'z', length);
	guest_offer_buffer(&f->queues[TX_WIRE], 0, gpa, length, 0);
	notify(f, TX_WIRE);
	assert_true(guest_take_used(&f->queues[TX_WIRE], &head, &written));
	assert_int_equal(f->received[1].length, length);
}

static void the_last_bytes_come_before_the_close(void **state)
{
	struct fixture *f = *state;

	open_wire(f);
	f->appetite = 3;
	send(f, TX_WIRE, "farewell", 8);
	send_control(f, 1, 6, 0);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "far");
	f->appetite = SIZE_MAX;
	kt_console_kick(f->console);
	run(f);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "farewell");
	assert_string_equal(kt_strbuf_text(&f->events), "close 1(8);");
}

static void a_quick_reopen_is_told_as_both(void **state)
{
	struct fixture *f = *state;
	const uint8_t closed[] = { 1, 0, 0, 0, 6, 0, 0, 0 };
	const uint8_t open[] = { 1, 0, 0, 0, 6, 0, 1, 0 };

	open_wire(f);
	send(f, TX_CONTROL, closed, 8);
	send(f, TX_CONTROL, open, 8);
	notify(f, TX_CONTROL);
	assert_string_equal(kt_strbuf_text(&f->events),
			    "close 1(0);open 1(0);");
}

static void a_resize_reaches_the_guest(void **state)
{
	struct fixture *f = *state;
	uint32_t generation;

	bring_up_ports(f);
	generation = guest_read32(f->mmio, 0xfc);
	kt_console_resize(f->console, 200, 50);
	run(f);
	assert_string_equal(next_control(f), "size 0 200x50");
	assert_int_equal(guest_read32(f->mmio, 0x100), 50 << 16 | 200);
	assert_int_equal(guest_read32(f->mmio, 0xfc), generation + 1);
	assert_true(guest_read32(f->mmio, 0x60) & 2);
}

static void resizes_do_not_pile_up(void **state)
{
	struct fixture *f = *state;

	bring_up_ports(f);
	for (uint16_t i = 0; i < 1000; i++)
		kt_console_resize(f->console, 100 + i, 50);
	run(f);
	assert_string_equal(next_control(f), "size 0 1099x50");
	assert_string_equal(next_control(f), "");
}

static void one_port_works_without_multiport(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	kt_console_send(f->console, 0, "in", 2);
	bring_up(f, KT_VIRTIO_F_VERSION_1 | SIZE_BIT);
	assert_string_equal(kt_strbuf_text(&f->events), "open 0(0);");
	send(f, TX_HVC, "out", 3);
	notify(f, TX_HVC);
	assert_string_equal(kt_strbuf_text(&f->received[0]), "out");
	offer_room(f, RX_HVC, BUFFER_BYTES);
	notify(f, RX_HVC);
	assert_true(take(f, RX_HVC, &text));
	assert_string_equal(kt_strbuf_text(&text), "in");
	guest_write32(f->mmio, 0x64, 3);
	kt_console_resize(f->console, 90, 30);
	run(f);
	assert_int_equal(guest_read32(f->mmio, 0x60), 2);
}

static void a_reset_in_the_middle_keeps_what_was_sent(void **state)
{
	struct fixture *f = *state;
	static char data[KT_CONSOLE_RING_BYTES];

	open_wire(f);
	f->appetite = 0;
	/* One chain in hand, half read. */
	memset(guest_at(&f->guest, GUEST_BORDER + 0x10000, 0x18000), 'q',
	       0x18000);
	guest_offer_buffer(&f->queues[TX_WIRE], 0, GUEST_BORDER + 0x10000,
			   0x18000, 0);
	notify(f, TX_WIRE);
	guest_write32(f->mmio, 0x70, 0);
	f->appetite = SIZE_MAX;
	run(f);
	assert_int_equal(f->received[1].length, sizeof(data));
	assert_string_equal(kt_strbuf_text(&f->events),
			    "close 0(0);close 1(65536);");

	/* And everything works again, with nothing left over. */
	kt_strbuf_reset(&f->events);
	kt_strbuf_reset(&f->received[1]);
	lay_out_queues(f);
	open_wire(f);
	send(f, TX_WIRE, "again", 5);
	notify(f, TX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "again");
}

static void a_stopped_queue_drops_the_chain_in_hand(void **state)
{
	struct fixture *f = *state;

	open_wire(f);
	f->appetite = 0;
	memset(guest_at(&f->guest, GUEST_BORDER, 0x20000), 'q', 0x20000);
	guest_offer_buffer(&f->queues[TX_WIRE], 0, GUEST_BORDER, 0x20000, 0);
	notify(f, TX_WIRE);
	guest_write32(f->mmio, 0x30, TX_WIRE);
	guest_write32(f->mmio, 0x44, 0);
	f->appetite = SIZE_MAX;
	kt_console_kick(f->console);
	run(f);
	assert_int_equal(guest_load16(&f->guest, f->queues[TX_WIRE].used + 2), 0);
}

static void nonsense_on_the_control_queue_is_ignored(void **state)
{
	struct fixture *f = *state;

	bring_up_ports(f);
	send(f, TX_CONTROL, "short", 5);
	notify(f, TX_CONTROL);
	send_control(f, 2, 3, 1);
	send_control(f, UINT32_MAX, 6, 1);
	send_control(f, 1, 999, 1);
	send_control(f, 1, 3, 7);
	offer_room(f, TX_CONTROL, 64);
	notify(f, TX_CONTROL);
	assert_string_equal(next_control(f), "");
	assert_string_equal(kt_strbuf_text(&f->events), "");
	assert_string_equal(kt_strbuf_text(&f->log), "");
	send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "open 1(0);");
}

static void a_port_that_is_not_ready_cannot_be_opened(void **state)
{
	struct fixture *f = *state;

	bring_up(f, ALL);
	send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "");
}

static void assert_stopped(struct fixture *f, const char *why)
{
	assert_contains(kt_strbuf_text(&f->log), why);
	assert_int_equal(guest_read32(f->mmio, 0x70),
			 0xf | KT_VIRTIO_NEEDS_RESET);
	/* From then on nothing moves. */
	kt_strbuf_reset(&f->received[0]);
	send(f, TX_HVC, "ignored", 7);
	notify(f, TX_HVC);
	assert_int_equal(f->received[0].length, 0);
}

static void a_loop_stops_the_device(void **state)
{
	struct fixture *f = *state;
	struct guest_queue *q = &f->queues[TX_WIRE];

	bring_up_ports(f);
	guest_desc(&f->guest, q->desc, 0, GUEST_BORDER, 1, GUEST_NEXT, 0);
	guest_offer(q, 0);
	notify(f, TX_WIRE);
	assert_stopped(f, "virtio-console: the guest's driver broke the rules "
			  "of queue 5: a chain loops");
}

static void a_receive_buffer_must_be_writable(void **state)
{
	struct fixture *f = *state;

	bring_up_ports(f);
	guest_offer_buffer(&f->queues[RX_HVC], 0, BUFFER(RX_HVC, 0), 16, 0);
	kt_console_send(f->console, 0, "x", 1);
	run(f);
	assert_stopped(f, "queue 0: a receive buffer is not writable");
}

static void a_control_buffer_must_hold_a_message(void **state)
{
	struct fixture *f = *state;

	assert_true(guest_negotiate(f->mmio, ALL));
	for (uint32_t i = 0; i < QUEUES; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	offer_room(f, RX_CONTROL, 7);
	send_control(f, 0, 0, 1);
	assert_stopped(f, "queue 2: a control buffer is too small");
}

static void a_write_beyond_the_limit_stops_the_device(void **state)
{
	struct fixture *f = *state;

	bring_up_ports(f);
	guest_offer_buffer(&f->queues[TX_WIRE], 0, GUEST_RAM, 0x1000001, 0);
	notify(f, TX_WIRE);
	assert_stopped(f, "queue 5: a chain is longer than the device takes");
}

static void one_call_does_bounded_work(void **state)
{
	struct fixture *f = *state;

	open_wire(f);
	/* 32 MiB in indirect chains that name the same memory over and over. */
	for (uint16_t i = 0; i < 8; i++)
		guest_desc(&f->guest, GUEST_BORDER, i, GUEST_BORDER + 0x1000,
			   0x3f000, i == 7 ? 0 : GUEST_NEXT, i + 1);
	for (uint16_t i = 0; i < SIZE; i++)
		guest_offer_buffer(&f->queues[TX_WIRE], i, GUEST_BORDER, 16 * 8,
				   GUEST_INDIRECT);
	assert_true(kt_console_process(f->console));
	assert_true(f->received[1].length < 4 * KT_MIB);
	run(f);
	assert_int_equal(f->received[1].length, 16 * 8 * 0x3f000);
	assert_false(kt_console_process(f->console));
}

static void nothing_happens_before_the_driver_is_up(void **state)
{
	struct fixture *f = *state;

	send(f, TX_HVC, "early", 5);
	notify(f, TX_HVC);
	assert_true(guest_negotiate(f->mmio, ALL));
	for (uint32_t i = 0; i < QUEUES; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	notify(f, TX_HVC);
	assert_int_equal(f->received[0].length, 0);
	/* What was offered before is found without another notification. */
	guest_driver_ok(f->mmio);
	run(f);
	assert_string_equal(kt_strbuf_text(&f->received[0]), "early");
}

static void optional_callbacks_may_be_missing(void **state)
{
	struct fixture *f = *state;
	const struct kt_console_callbacks only = { .receive = note_receive };
	struct kt_console_config config = {
		.memory = &f->guest.memory,
		.irq = { -1 },
		.callbacks = &only,
		.userdata = f,
	};

	kt_console_destroy(f->console);
	assert_int_equal(kt_console_create(&config, &f->console, NULL), 0);
	f->mmio = kt_console_mmio(f->console);
	assert_int_equal(guest_read32(f->mmio, 0x100), 25 << 16 | 80);
	bring_up_ports(f);
	send_control(f, 1, 6, 1);
	send(f, TX_WIRE, "fine", 4);
	notify(f, TX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "fine");
	kt_console_destroy(NULL);
}

#define SENT 300000

static void *send_numbers(void *userdata)
{
	struct fixture *f = userdata;
	uint8_t data[997];
	size_t sent = 0;

	while (sent < SENT) {
		size_t length = KT_MIN(sizeof(data), SENT - sent);

		for (size_t i = 0; i < length; i++)
			data[i] = (uint8_t)((sent + i) % 251);
		sent += kt_console_send(f->console, 1, data, length);
		kt_console_resize(f->console, (uint16_t)sent, 1);
	}
	return NULL;
}

/* A sender, a guest that resets nothing, and the event loop, all at once. */
static void threads_may_send_while_the_loop_runs(void **state)
{
	struct fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	pthread_t thread;

	open_wire(f);
	assert_int_equal(pthread_create(&thread, NULL, send_numbers, f), 0);
	for (int i = 0; i < SIZE; i++)
		offer_room(f, RX_WIRE, BUFFER_BYTES);
	while (text.length < SENT) {
		kt_console_process(f->console);
		while (take(f, RX_WIRE, &text))
			offer_room(f, RX_WIRE, BUFFER_BYTES);
		next_control(f);
	}
	pthread_join(thread, NULL);
	for (size_t i = 0; i < SENT; i++)
		assert_int_equal((uint8_t)text.data[i], i % 251);
}

#define CONSOLE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONSOLE_TEST(the_configuration_holds_size_and_ports),
		CONSOLE_TEST(ports_are_announced_as_linux_expects),
		CONSOLE_TEST(a_driver_that_is_not_ready_hears_nothing),
		CONSOLE_TEST(messages_wait_for_control_buffers),
		CONSOLE_TEST(bytes_come_from_the_guest),
		CONSOLE_TEST(bytes_go_to_the_guest),
		CONSOLE_TEST(bytes_wait_for_receive_buffers),
		CONSOLE_TEST(bytes_wait_until_the_port_is_open),
		CONSOLE_TEST(a_full_output_ring_asks_back_when_there_is_room),
		CONSOLE_TEST(a_slow_host_holds_the_guest_back),
		CONSOLE_TEST(a_write_larger_than_the_ring_passes),
		CONSOLE_TEST(the_last_bytes_come_before_the_close),
		CONSOLE_TEST(a_quick_reopen_is_told_as_both),
		CONSOLE_TEST(a_resize_reaches_the_guest),
		CONSOLE_TEST(resizes_do_not_pile_up),
		CONSOLE_TEST(one_port_works_without_multiport),
		CONSOLE_TEST(a_reset_in_the_middle_keeps_what_was_sent),
		CONSOLE_TEST(a_stopped_queue_drops_the_chain_in_hand),
		CONSOLE_TEST(nonsense_on_the_control_queue_is_ignored),
		CONSOLE_TEST(a_port_that_is_not_ready_cannot_be_opened),
		CONSOLE_TEST(a_loop_stops_the_device),
		CONSOLE_TEST(a_receive_buffer_must_be_writable),
		CONSOLE_TEST(a_control_buffer_must_hold_a_message),
		CONSOLE_TEST(a_write_beyond_the_limit_stops_the_device),
		CONSOLE_TEST(one_call_does_bounded_work),
		CONSOLE_TEST(nothing_happens_before_the_driver_is_up),
		CONSOLE_TEST(optional_callbacks_may_be_missing),
		CONSOLE_TEST(threads_may_send_while_the_loop_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
