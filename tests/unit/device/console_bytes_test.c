// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <pthread.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "console_guest.h"

static void bytes_come_from_the_guest(void **state)
{
	struct console_fixture *f = *state;
	uint32_t head, written;

	console_open_wire(f);
	console_send(f, CONSOLE_TX_HVC, "/ # ", 4);
	console_send(f, CONSOLE_TX_HVC, "ls\n", 3);
	console_notify(f, CONSOLE_TX_HVC);
	console_send(f, CONSOLE_TX_WIRE, "frame", 5);
	console_notify(f, CONSOLE_TX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->received[0]), "/ # ls\n");
	assert_string_equal(kt_strbuf_text(&f->received[1]), "frame");
	assert_true(guest_take_used(&f->queues[CONSOLE_TX_HVC], &head, &written));
	assert_int_equal(written, 0);
	assert_true(guest_take_used(&f->queues[CONSOLE_TX_HVC], &head, &written));
	assert_true(guest_take_used(&f->queues[CONSOLE_TX_WIRE], &head, &written));
	assert_true(guest_eventfd_fired(f->irq));
}

static void bytes_go_to_the_guest(void **state)
{
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	console_open_wire(f);
	console_offer_room(f, CONSOLE_RX_WIRE, 4);
	console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_false(guest_eventfd_fired(f->irq));
	assert_int_equal(kt_console_send(f->console, 1, "hello, guest", 12), 12);
	console_run(f);
	assert_true(guest_eventfd_fired(f->irq));
	assert_true(console_take(f, CONSOLE_RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "hell");
	assert_true(console_take(f, CONSOLE_RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "hello, guest");
	assert_false(console_take(f, CONSOLE_RX_WIRE, &text));
}

static void bytes_wait_for_receive_buffers(void **state)
{
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	console_open_wire(f);
	assert_int_equal(kt_console_send(f->console, 1, "early", 5), 5);
	console_run(f);
	assert_false(console_take(f, CONSOLE_RX_WIRE, &text));
	console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_true(console_take(f, CONSOLE_RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "early");
}

static void bytes_wait_until_the_port_is_open(void **state)
{
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	/* Even those sent before there was a driver. */
	kt_console_send(f->console, 1, "very ", 5);
	console_bring_up_ports(f);
	kt_console_send(f->console, 1, "early", 5);
	console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_false(console_take(f, CONSOLE_RX_WIRE, &text));
	console_send_control(f, 1, 6, 1);
	assert_true(console_take(f, CONSOLE_RX_WIRE, &text));
	assert_string_equal(kt_strbuf_text(&text), "very early");
	console_send_control(f, 1, 6, 0);
	kt_console_send(f->console, 1, "late", 4);
	console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_false(console_take(f, CONSOLE_RX_WIRE, &text));
}

static void a_full_output_ring_asks_back_when_there_is_room(void **state)
{
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	static uint8_t data[KT_CONSOLE_RING_BYTES + 100];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 >> 3);
	console_open_wire(f);
	assert_int_equal(kt_console_send_space(f->console, 1),
			 KT_CONSOLE_RING_BYTES);
	assert_int_equal(kt_console_send(f->console, 1, data, sizeof(data)),
			 KT_CONSOLE_RING_BYTES);
	assert_int_equal(kt_console_send(f->console, 1, data, 1), 0);
	console_run(f);
	assert_string_equal(kt_strbuf_text(&f->events), "");
	/* Half of it must have gone before it is worth a call. */
	for (int i = 0; i < 7; i++)
		console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->events), "");
	console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->events), "room 1;");
	console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->events), "room 1;");
	while (console_take(f, CONSOLE_RX_WIRE, &text))
		;
	assert_int_equal(text.length, 9 * CONSOLE_BUFFER_BYTES);
	assert_memory_equal(text.data, data, text.length);
}

static void a_slow_host_holds_the_guest_back(void **state)
{
	struct console_fixture *f = *state;
	uint8_t page[CONSOLE_BUFFER_BYTES];
	uint32_t head, written, taken = 0, sent = 0;

	console_open_wire(f);
	f->appetite = 10;
	/* 16 pages fill the ring to the last byte but ten. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < CONSOLE_SIZE; i++) {
			memset(page, 'a' + round, sizeof(page));
			console_send(f, CONSOLE_TX_WIRE, page, sizeof(page));
			sent++;
		}
		console_notify(f, CONSOLE_TX_WIRE);
		while (guest_take_used(&f->queues[CONSOLE_TX_WIRE], &head,
				       &written))
			taken++;
	}
	assert_int_equal(taken, 16);
	assert_int_equal(f->received[1].length, 10);
	/* Nothing changes by asking again. */
	kt_console_kick(f->console);
	console_run(f);
	assert_false(
		guest_take_used(&f->queues[CONSOLE_TX_WIRE], &head, &written));
	/* The rest comes, in order, once the host eats. */
	f->appetite = SIZE_MAX;
	kt_console_kick(f->console);
	console_run(f);
	while (guest_take_used(&f->queues[CONSOLE_TX_WIRE], &head, &written))
		taken++;
	assert_int_equal(taken, sent);
	assert_int_equal(f->received[1].length, sent * CONSOLE_BUFFER_BYTES);
	for (size_t i = 0; i < f->received[1].length; i++)
		assert_int_equal(f->received[1].data[i],
				 i < 16 * CONSOLE_BUFFER_BYTES ? 'a' : 'b');
}

static void its_state_tells_who_waits_for_whom(void **state)
{
	struct console_fixture *f = *state;
	struct kt_console_state s;

	kt_console_get_state(f->console, &s);
	assert_false(s.queues[CONSOLE_TX_WIRE].state.ready);
	assert_int_equal(s.status, 0);
	console_open_wire(f);
	f->appetite = 2;
	console_send(f, CONSOLE_TX_WIRE, "frame", 5);
	console_notify(f, CONSOLE_TX_WIRE);
	/* No buffer for the one, no notification of the other. */
	assert_int_equal(kt_console_send(f->console, 1, "early", 5), 5);
	console_run(f);
	console_offer_room(f, CONSOLE_RX_HVC, CONSOLE_BUFFER_BYTES);
	kt_console_get_state(f->console, &s);
	assert_true(s.status & KT_VIRTIO_DRIVER_OK);
	assert_int_equal(s.interrupt_status, 1);
	assert_true(s.ports[1].open);
	assert_int_equal(s.ports[1].read_bytes, 5);
	assert_int_equal(s.ports[1].undelivered_bytes, 3);
	assert_int_equal(s.ports[1].unsent_bytes, 5);
	assert_int_equal(s.ports[0].read_bytes, 0);
	assert_string_equal(s.queues[CONSOLE_RX_HVC].name, "hvc0 to guest");
	assert_true(s.queues[CONSOLE_RX_HVC].state.ready);
	assert_int_equal(s.queues[CONSOLE_RX_HVC].state.size, CONSOLE_SIZE);
	assert_int_equal(s.queues[CONSOLE_RX_HVC].state.waiting, 1);
	assert_string_equal(s.queues[CONSOLE_TX_WIRE].name,
			    "ktstr.wire from guest");
	assert_int_equal(s.queues[CONSOLE_TX_WIRE].state.waiting, 0);
	assert_int_equal(s.queues[CONSOLE_TX_WIRE].state.unweighed, 0);
}

static void a_write_larger_than_the_ring_passes(void **state)
{
	struct console_fixture *f = *state;
	uint32_t length = GUEST_REGION_BYTES - 0x1000, head, written;
	uint64_t gpa = GUEST_BORDER + 0x1000;

	console_open_wire(f);
	memset(guest_at(&f->guest, gpa, length), 'z', length);
	guest_offer_buffer(&f->queues[CONSOLE_TX_WIRE], 0, gpa, length, 0);
	console_notify(f, CONSOLE_TX_WIRE);
	assert_true(guest_take_used(&f->queues[CONSOLE_TX_WIRE], &head, &written));
	assert_int_equal(f->received[1].length, length);
}

static void the_last_bytes_come_before_the_close(void **state)
{
	struct console_fixture *f = *state;

	console_open_wire(f);
	f->appetite = 3;
	console_send(f, CONSOLE_TX_WIRE, "farewell", 8);
	console_send_control(f, 1, 6, 0);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "far");
	f->appetite = SIZE_MAX;
	kt_console_kick(f->console);
	console_run(f);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "farewell");
	assert_string_equal(kt_strbuf_text(&f->events), "close 1(8);");
}

#define SENT 300000

static void *send_numbers(void *userdata)
{
	struct console_fixture *f = userdata;
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
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	pthread_t thread;

	console_open_wire(f);
	assert_int_equal(pthread_create(&thread, NULL, send_numbers, f), 0);
	for (int i = 0; i < CONSOLE_SIZE; i++)
		console_offer_room(f, CONSOLE_RX_WIRE, CONSOLE_BUFFER_BYTES);
	while (text.length < SENT) {
		kt_console_process(f->console);
		while (console_take(f, CONSOLE_RX_WIRE, &text))
			console_offer_room(f, CONSOLE_RX_WIRE,
					   CONSOLE_BUFFER_BYTES);
		console_next_control(f);
	}
	pthread_join(thread, NULL);
	for (size_t i = 0; i < SENT; i++)
		assert_int_equal((uint8_t)text.data[i], i % 251);
}

#define CONSOLE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, console_setup, console_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONSOLE_TEST(bytes_come_from_the_guest),
		CONSOLE_TEST(bytes_go_to_the_guest),
		CONSOLE_TEST(bytes_wait_for_receive_buffers),
		CONSOLE_TEST(bytes_wait_until_the_port_is_open),
		CONSOLE_TEST(a_full_output_ring_asks_back_when_there_is_room),
		CONSOLE_TEST(a_slow_host_holds_the_guest_back),
		CONSOLE_TEST(its_state_tells_who_waits_for_whom),
		CONSOLE_TEST(a_write_larger_than_the_ring_passes),
		CONSOLE_TEST(the_last_bytes_come_before_the_close),
		CONSOLE_TEST(threads_may_send_while_the_loop_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
