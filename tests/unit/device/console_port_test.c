// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "console_guest.h"

static void the_configuration_holds_size_and_ports(void **state)
{
	struct console_fixture *f = *state;

	assert_int_equal(guest_read32(f->mmio, 0x08), 3);
	assert_int_equal(guest_read32(f->mmio, 0x100), 43 << 16 | 132);
	assert_int_equal(guest_read32(f->mmio, 0x104), 2);
	assert_int_equal(guest_read32(f->mmio, 0x10) & 0xff,
			 CONSOLE_SIZE_BIT | CONSOLE_MULTI);
	/* Nobody may write it. */
	guest_write32(f->mmio, 0x100, 0);
	assert_int_equal(guest_read32(f->mmio, 0x100), 43 << 16 | 132);
}

static void ports_are_announced_as_linux_expects(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up(f, CONSOLE_ALL);
	assert_string_equal(console_next_control(f), "");
	console_send_control(f, 0, 0, 1);
	assert_string_equal(console_next_control(f), "1 0=1 ");
	assert_string_equal(console_next_control(f), "1 1=1 ");
	assert_string_equal(console_next_control(f), "");
	console_send_control(f, 0, 3, 1);
	assert_string_equal(console_next_control(f), "4 0=1 ");
	assert_string_equal(console_next_control(f), "size 0 132x43");
	assert_string_equal(console_next_control(f), "6 0=1 ");
	assert_string_equal(console_next_control(f), "");
	console_send_control(f, 1, 3, 1);
	assert_string_equal(console_next_control(f), "7 1=1 ktstr.wire");
	assert_string_equal(console_next_control(f), "6 1=1 ");
	assert_string_equal(console_next_control(f), "");
	assert_string_equal(kt_strbuf_text(&f->events), "");
	console_send_control(f, 0, 6, 1);
	console_send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "open 0(0);open 1(0);");
	assert_string_equal(kt_strbuf_text(&f->log), "");
}

static void a_driver_that_is_not_ready_hears_nothing(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up(f, CONSOLE_ALL);
	console_send_control(f, 0, 0, 0);
	console_send_control(f, 1, 3, 0);
	assert_string_equal(console_next_control(f), "");
}

static void messages_wait_for_control_buffers(void **state)
{
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf raw = { 0 };

	assert_true(guest_negotiate(f->mmio, CONSOLE_ALL));
	for (uint32_t i = 0; i < CONSOLE_QUEUES; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	console_send_control(f, 0, 0, 1);
	assert_false(console_take(f, CONSOLE_RX_CONTROL, &raw));
	console_offer_room(f, CONSOLE_RX_CONTROL, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_CONTROL);
	assert_true(console_take(f, CONSOLE_RX_CONTROL, &raw));
	assert_false(console_take(f, CONSOLE_RX_CONTROL, &raw));
	console_offer_room(f, CONSOLE_RX_CONTROL, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_CONTROL);
	assert_true(console_take(f, CONSOLE_RX_CONTROL, &raw));
	assert_memory_equal(raw.data, "\0\0\0\0\1\0\1\0\1\0\0\0\1\0\1\0", 16);
}

static void a_quick_reopen_is_told_as_both(void **state)
{
	struct console_fixture *f = *state;
	const uint8_t closed[] = { 1, 0, 0, 0, 6, 0, 0, 0 };
	const uint8_t open[] = { 1, 0, 0, 0, 6, 0, 1, 0 };

	console_open_wire(f);
	console_send(f, CONSOLE_TX_CONTROL, closed, 8);
	console_send(f, CONSOLE_TX_CONTROL, open, 8);
	console_notify(f, CONSOLE_TX_CONTROL);
	assert_string_equal(kt_strbuf_text(&f->events),
			    "close 1(0);open 1(0);");
}

static void a_resize_reaches_the_guest(void **state)
{
	struct console_fixture *f = *state;
	uint32_t generation;

	console_bring_up_ports(f);
	generation = guest_read32(f->mmio, 0xfc);
	kt_console_resize(f->console, 200, 50);
	console_run(f);
	assert_string_equal(console_next_control(f), "size 0 200x50");
	assert_int_equal(guest_read32(f->mmio, 0x100), 50 << 16 | 200);
	assert_int_equal(guest_read32(f->mmio, 0xfc), generation + 1);
	assert_true(guest_read32(f->mmio, 0x60) & 2);
}

static void resizes_do_not_pile_up(void **state)
{
	struct console_fixture *f = *state;

	console_bring_up_ports(f);
	for (uint16_t i = 0; i < 1000; i++)
		kt_console_resize(f->console, 100 + i, 50);
	console_run(f);
	assert_string_equal(console_next_control(f), "size 0 1099x50");
	assert_string_equal(console_next_control(f), "");
}

static void one_port_works_without_multiport(void **state)
{
	struct console_fixture *f = *state;
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	kt_console_send(f->console, 0, "in", 2);
	console_bring_up(f, KT_VIRTIO_F_VERSION_1 | CONSOLE_SIZE_BIT);
	assert_string_equal(kt_strbuf_text(&f->events), "open 0(0);");
	console_send(f, CONSOLE_TX_HVC, "out", 3);
	console_notify(f, CONSOLE_TX_HVC);
	assert_string_equal(kt_strbuf_text(&f->received[0]), "out");
	console_offer_room(f, CONSOLE_RX_HVC, CONSOLE_BUFFER_BYTES);
	console_notify(f, CONSOLE_RX_HVC);
	assert_true(console_take(f, CONSOLE_RX_HVC, &text));
	assert_string_equal(kt_strbuf_text(&text), "in");
	guest_write32(f->mmio, 0x64, 3);
	kt_console_resize(f->console, 90, 30);
	console_run(f);
	assert_int_equal(guest_read32(f->mmio, 0x60), 2);
}

static void optional_callbacks_may_be_missing(void **state)
{
	struct console_fixture *f = *state;
	const struct kt_console_callbacks only = { .receive =
							   console_note_receive };
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
	console_bring_up_ports(f);
	console_send_control(f, 1, 6, 1);
	console_send(f, CONSOLE_TX_WIRE, "fine", 4);
	console_notify(f, CONSOLE_TX_WIRE);
	assert_string_equal(kt_strbuf_text(&f->received[1]), "fine");
	kt_console_destroy(NULL);
}

#define CONSOLE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, console_setup, console_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONSOLE_TEST(the_configuration_holds_size_and_ports),
		CONSOLE_TEST(ports_are_announced_as_linux_expects),
		CONSOLE_TEST(a_driver_that_is_not_ready_hears_nothing),
		CONSOLE_TEST(messages_wait_for_control_buffers),
		CONSOLE_TEST(a_quick_reopen_is_told_as_both),
		CONSOLE_TEST(a_resize_reaches_the_guest),
		CONSOLE_TEST(resizes_do_not_pile_up),
		CONSOLE_TEST(one_port_works_without_multiport),
		CONSOLE_TEST(optional_callbacks_may_be_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
