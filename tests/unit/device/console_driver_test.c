// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "console_guest.h"

static void a_reset_in_the_middle_keeps_what_was_sent(void **state)
{
	struct console_fixture *f = *state;
	static char data[KT_CONSOLE_RING_BYTES];

	console_open_wire(f);
	f->appetite = 0;
	/* One chain in hand, half read. */
	memset(guest_at(&f->guest, GUEST_BORDER + 0x10000, 0x18000), 'q',
	       0x18000);
	guest_offer_buffer(&f->queues[CONSOLE_TX_WIRE], 0,
			   GUEST_BORDER + 0x10000, 0x18000, 0);
	console_notify(f, CONSOLE_TX_WIRE);
	guest_write32(f->mmio, 0x70, 0);
	f->appetite = SIZE_MAX;
	console_run(f);
	assert_int_equal(f->received[1].length, sizeof(data));
	assert_string_equal(kt_strbuf_text(&f->events),
			    "close 0(0);close 1(65536);");

	/* And everything works again, with nothing left over. */
	kt_strbuf_reset(&f->events);
	kt_strbuf_reset(&f->received[1]);
	console_lay_out_queues(f);
	console_open_wire(f);
	console_send(f, CONSOLE_TX_WIRE, "again", 5);
	console_notify(f, CONSOLE_TX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "again");
}

static void a_stopped_queue_drops_the_chain_in_hand(void **state)
{
	struct console_fixture *f = *state;

	console_open_wire(f);
	f->appetite = 0;
	memset(guest_at(&f->guest, GUEST_BORDER, 0x20000), 'q', 0x20000);
	guest_offer_buffer(&f->queues[CONSOLE_TX_WIRE], 0, GUEST_BORDER,
			   0x20000, 0);
	console_notify(f, CONSOLE_TX_WIRE);
	guest_write32(f->mmio, 0x30, CONSOLE_TX_WIRE);
	guest_write32(f->mmio, 0x44, 0);
	f->appetite = SIZE_MAX;
	kt_console_kick(f->console);
	console_run(f);
	assert_int_equal(
		guest_load16(&f->guest, f->queues[CONSOLE_TX_WIRE].used + 2), 0);
}

static void nonsense_on_the_control_queue_is_ignored(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up_ports(f);
	console_send(f, CONSOLE_TX_CONTROL, "short", 5);
	console_notify(f, CONSOLE_TX_CONTROL);
	console_send_control(f, 2, 3, 1);
	console_send_control(f, UINT32_MAX, 6, 1);
	console_send_control(f, 1, 999, 1);
	console_send_control(f, 1, 3, 7);
	console_offer_room(f, CONSOLE_TX_CONTROL, 64);
	console_notify(f, CONSOLE_TX_CONTROL);
	assert_string_equal(console_next_control(f), "");
	assert_string_equal(kt_strbuf_text(&f->events), "");
	assert_string_equal(kt_strbuf_text(&f->log), "");
	console_send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "open 1(0);");
}

static void a_port_that_is_not_ready_cannot_be_opened(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up(f, CONSOLE_ALL);
	console_send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "");
}

static void assert_stopped(struct console_fixture *f, const char *why)
{
	assert_contains(kt_strbuf_text(&f->log), why);
	assert_int_equal(guest_read32(f->mmio, 0x70),
			 0xf | KT_VIRTIO_NEEDS_RESET);
	/* From then on nothing moves. */
	kt_strbuf_reset(&f->received[0]);
	console_send(f, CONSOLE_TX_HVC, "ignored", 7);
	console_notify(f, CONSOLE_TX_HVC);
	assert_int_equal(f->received[0].length, 0);
}

static void a_loop_stops_the_device(void **state)
{
	struct console_fixture *f = *state;
	struct guest_queue *q = &f->queues[CONSOLE_TX_WIRE];

	console_bring_up_ports(f);
	guest_desc(&f->guest, q->desc, 0, GUEST_BORDER, 1, GUEST_NEXT, 0);
	guest_offer(q, 0);
	console_notify(f, CONSOLE_TX_WIRE);
	assert_stopped(f, "virtio-console: the guest's driver broke the rules "
			  "of queue 5: a chain loops");
}

static void a_receive_buffer_must_be_writable(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up_ports(f);
	guest_offer_buffer(&f->queues[CONSOLE_RX_HVC], 0,
			   CONSOLE_BUFFER(CONSOLE_RX_HVC, 0), 16, 0);
	kt_console_send(f->console, 0, "x", 1);
	console_run(f);
	assert_stopped(f, "queue 0: a receive buffer is not writable");
}

static void a_control_buffer_must_hold_a_message(void **state)
{
	struct console_fixture *f = *state;

	assert_true(guest_negotiate(f->mmio, CONSOLE_ALL));
	for (uint32_t i = 0; i < CONSOLE_QUEUES; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	console_offer_room(f, CONSOLE_RX_CONTROL, 7);
	console_send_control(f, 0, 0, 1);
	assert_stopped(f, "queue 2: a control buffer is too small");
}

static void a_write_beyond_the_limit_stops_the_device(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up_ports(f);
	guest_offer_buffer(&f->queues[CONSOLE_TX_WIRE], 0, GUEST_RAM, 0x1000001,
			   0);
	console_notify(f, CONSOLE_TX_WIRE);
	assert_stopped(f, "queue 5: a chain is longer than the device takes");
}

static void one_call_does_bounded_work(void **state)
{
	struct console_fixture *f = *state;

	console_open_wire(f);
	/* 32 MiB in indirect chains that name the same memory over and over. */
	for (uint16_t i = 0; i < 8; i++)
		guest_desc(&f->guest, GUEST_BORDER, i, GUEST_BORDER + 0x1000,
			   0x3f000, i == 7 ? 0 : GUEST_NEXT, i + 1);
	for (uint16_t i = 0; i < CONSOLE_SIZE; i++)
		guest_offer_buffer(&f->queues[CONSOLE_TX_WIRE], i, GUEST_BORDER,
				   16 * 8, GUEST_INDIRECT);
	assert_true(kt_console_process(f->console));
	assert_true(f->received[1].length < 4 * KT_MIB);
	console_run(f);
	assert_int_equal(f->received[1].length, 16 * 8 * 0x3f000);
	assert_false(kt_console_process(f->console));
}

static void nothing_happens_before_the_driver_is_up(void **state)
{
	struct console_fixture *f = *state;

	console_send(f, CONSOLE_TX_HVC, "early", 5);
	console_notify(f, CONSOLE_TX_HVC);
	assert_true(guest_negotiate(f->mmio, CONSOLE_ALL));
	for (uint32_t i = 0; i < CONSOLE_QUEUES; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	console_notify(f, CONSOLE_TX_HVC);
	assert_int_equal(f->received[0].length, 0);
	/* What was offered before is found without another notification. */
	guest_driver_ok(f->mmio);
	console_run(f);
	assert_string_equal(kt_strbuf_text(&f->received[0]), "early");
}

#define CONSOLE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, console_setup, console_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
