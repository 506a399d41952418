// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "device/serial.h"
#include "guest_driver.h"

struct fixture {
	struct kt_serial *serial;
	struct kt_strbuf lines; /* each line in brackets */
	int irq;
};

static void note_line(void *userdata, const char *text, size_t length)
{
	struct fixture *f = userdata;

	assert_int_equal(text[length], '\0');
	kt_strbuf_add(&f->lines, "[");
	kt_strbuf_add_bytes(&f->lines, text, length);
	kt_strbuf_add(&f->lines, "]");
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kt_serial_config config = {
		.line = note_line,
		.userdata = f,
	};

	f->irq = eventfd(0, EFD_NONBLOCK);
	config.irq.eventfd = f->irq;
	assert_int_equal(kt_serial_create(&config, &f->serial), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_serial_destroy(f->serial);
	kt_strbuf_deinit(&f->lines);
	kt_close(f->irq);
	free(f);
	return 0;
}

static uint8_t in(struct fixture *f, uint64_t port)
{
	uint8_t value = 0x5a;

	kt_serial_ops.read(f->serial, port, &value, 1);
	return value;
}

static void out(struct fixture *f, uint64_t port, uint8_t value)
{
	kt_serial_ops.write(f->serial, port, &value, 1);
}

static void send(struct fixture *f, const char *text)
{
	while (*text)
		out(f, 0, (uint8_t)*text++);
}

static void assert_sent(struct fixture *f, const char *expected)
{
	size_t length;
	_cleanup_free_ char *text = kt_serial_text(f->serial, &length);

	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
}

static void what_is_sent_is_kept(void **state)
{
	struct fixture *f = *state;

	send(f, "Linux\r\nversion");
	assert_sent(f, "Linux\r\nversion");
	assert_int_equal(kt_serial_sent_bytes(f->serial), 14);
}

static void lines_come_one_by_one(void **state)
{
	struct fixture *f = *state;

	send(f, "one\r\ntw");
	assert_string_equal(kt_strbuf_text(&f->lines), "[one]");
	send(f, "o\n\n\r\nth\rree\n");
	assert_string_equal(kt_strbuf_text(&f->lines),
			    "[one][two][][][th\rree]");
}

static void the_last_line_comes_without_a_newline(void **state)
{
	struct fixture *f = *state;

	send(f, "half");
	kt_serial_destroy(TAKE_PTR(f->serial));
	assert_string_equal(kt_strbuf_text(&f->lines), "[half]");
}

static void an_endless_line_is_cut(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < KT_SERIAL_LINE_BYTES + 1; i++)
		out(f, 0, 'x');
	assert_int_equal(f->lines.length, KT_SERIAL_LINE_BYTES + 2);
	out(f, 0, '\n');
	assert_contains(kt_strbuf_text(&f->lines), "x][x]");
}

static void a_nul_byte_is_a_byte(void **state)
{
	struct fixture *f = *state;
	size_t length;

	out(f, 0, 'a');
	out(f, 0, 0);
	out(f, 0, 'b');
	out(f, 0, '\n');
	assert_int_equal(f->lines.length, 5);
	free(kt_serial_text(f->serial, &length));
	assert_int_equal(length, 4);
}

static void only_the_end_of_a_long_log_is_kept(void **state)
{
	struct kt_serial_config config = { { -1 }, .ring_bytes = 16 };
	struct fixture f = { 0 };

	(void)state;
	assert_int_equal(kt_serial_create(&config, &f.serial), 0);
	send(&f, "the first words are lost, not the last");
	assert_sent(&f, "st, not the last");
	assert_int_equal(kt_serial_sent_bytes(f.serial), 38);
	kt_serial_destroy(f.serial);
}

static void the_transmitter_is_always_empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, 5), 0x60);
	send(f, "abc");
	assert_int_equal(in(f, 5), 0x60);
}

static void the_divisor_hides_behind_its_latch(void **state)
{
	struct fixture *f = *state;

	out(f, 3, 0x83);
	out(f, 0, 0x01);
	out(f, 1, 0x02);
	assert_int_equal(in(f, 0), 0x01);
	assert_int_equal(in(f, 1), 0x02);
	out(f, 3, 0x03);
	assert_int_equal(in(f, 3), 0x03);
	assert_int_equal(in(f, 1), 0x00);
	assert_sent(f, "");
}

static void registers_keep_what_they_should(void **state)
{
	struct fixture *f = *state;

	out(f, 7, 0xa5);
	assert_int_equal(in(f, 7), 0xa5);
	out(f, 1, 0xff);
	assert_int_equal(in(f, 1), 0x0f);
	out(f, 4, 0xff);
	assert_int_equal(in(f, 4), 0x1f);
	out(f, 5, 0xff);
	out(f, 6, 0xff);
	assert_int_equal(in(f, 5), 0x60);
}

static void the_peer_is_always_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(in(f, 6), 0xb0);
}

/*
 * The order of accesses in which Linux' 8250 driver recognises the chip
 * (autoconfig() in drivers/tty/serial/8250/8250_port.c).
 */
static void linux_recognises_a_16550a(void **state)
{
	struct fixture *f = *state;

	/* A chip is there: IER keeps four bits and nothing else. */
	out(f, 1, 0);
	assert_int_equal(in(f, 1) & 0x0f, 0);
	out(f, 1, 0x0f);
	assert_int_equal(in(f, 1) & 0x0f, 0x0f);
	out(f, 1, 0);
	/* Loopback wires OUT2 to DCD and RTS to CTS. */
	out(f, 4, 0x10 | 0x08 | 0x02);
	assert_int_equal(in(f, 6) & 0xf0, 0x80 | 0x10);
	out(f, 4, 0);
	/* Not a 16650 or later, yet with working FIFOs. */
	out(f, 3, 0xbf);
	out(f, 2, 0);
	out(f, 3, 0);
	out(f, 2, 0x01);
	assert_int_equal(in(f, 2) >> 6, 3);
	/* With the latch set, offset 2 is no extended register (0xa8). */
	out(f, 3, 0x80);
	assert_int_not_equal(in(f, 2), 0);
	out(f, 3, 0xbf);
	assert_int_not_equal(in(f, 2), 0);
	/* Nor a 16750: no 64-byte FIFO bit. */
	out(f, 3, 0);
	out(f, 2, 0x01 | 0x20);
	assert_int_equal(in(f, 2) >> 5, 6);
	/* Nor an XScale: no unit-enable bit. */
	out(f, 1, 0x40);
	assert_int_equal(in(f, 1) & 0x40, 0);
	assert_false(guest_eventfd_fired(f->irq));
	assert_sent(f, "");
}

/* serial8250_do_startup(): both tests must find nothing to work around. */
static void linux_finds_no_transmit_bug(void **state)
{
	struct fixture *f = *state;

	out(f, 4, 0x08);
	/* The interrupt comes again when it is enabled again. */
	out(f, 1, 0x02);
	assert_int_equal(in(f, 2) & 0x0f, 0x02);
	out(f, 1, 0);
	out(f, 1, 0x02);
	assert_int_equal(in(f, 2) & 0x0f, 0x02);
	out(f, 1, 0);
	/* It is up while the transmitter is empty. */
	out(f, 1, 0x02);
	assert_int_equal(in(f, 5) & 0x40, 0x40);
	assert_int_equal(in(f, 2) & 0x01, 0);
	out(f, 1, 0);
}

static void each_byte_sent_interrupts_again(void **state)
{
	struct fixture *f = *state;

	out(f, 4, 0x08);
	out(f, 1, 0x02);
	assert_true(guest_eventfd_fired(f->irq));
	assert_int_equal(in(f, 2), 0x02);
	assert_int_equal(in(f, 2), 0x01);
	assert_false(guest_eventfd_fired(f->irq));
	/* One edge for the burst that the handler sends. */
	send(f, "abcdefghijklmnop");
	assert_true(guest_eventfd_fired(f->irq));
	send(f, "q");
	assert_false(guest_eventfd_fired(f->irq));
	assert_int_equal(in(f, 2), 0x02);
	send(f, "r");
	assert_true(guest_eventfd_fired(f->irq));
}

static void without_out2_no_interrupt_leaves_the_chip(void **state)
{
	struct fixture *f = *state;

	out(f, 1, 0x02);
	assert_false(guest_eventfd_fired(f->irq));
	assert_int_equal(in(f, 2), 0x02);
	out(f, 1, 0);
	out(f, 1, 0x02);
	out(f, 4, 0x08);
	assert_true(guest_eventfd_fired(f->irq));
}

static void loopback_returns_what_is_sent(void **state)
{
	struct fixture *f = *state;

	out(f, 2, 0x01);
	out(f, 4, 0x10);
	send(f, "ping");
	assert_sent(f, "");
	assert_int_equal(in(f, 5), 0x61);
	assert_int_equal(in(f, 0), 'p');
	assert_int_equal(in(f, 0), 'i');
	assert_int_equal(in(f, 0), 'n');
	assert_int_equal(in(f, 0), 'g');
	assert_int_equal(in(f, 5), 0x60);
	assert_int_equal(in(f, 0), 0);
}

static void loopback_overruns_when_nobody_reads(void **state)
{
	struct fixture *f = *state;

	out(f, 1, 0x05);
	out(f, 2, 0x01);
	out(f, 4, 0x10);
	for (int i = 0; i < 16; i++)
		out(f, 0, (uint8_t)i);
	assert_int_equal(in(f, 2), 0xc4);
	out(f, 0, 99);
	assert_int_equal(in(f, 2), 0xc6);
	assert_int_equal(in(f, 5), 0x63);
	assert_int_equal(in(f, 5), 0x61);
	for (int i = 0; i < 16; i++)
		assert_int_equal(in(f, 0), i);
	assert_int_equal(in(f, 2), 0xc1);
}

static void without_a_fifo_one_byte_waits(void **state)
{
	struct fixture *f = *state;

	out(f, 4, 0x10);
	out(f, 0, 1);
	out(f, 0, 2);
	assert_int_equal(in(f, 5), 0x63);
	assert_int_equal(in(f, 0), 2);
	assert_int_equal(in(f, 5), 0x60);
}

static void clearing_the_fifo_drops_its_bytes(void **state)
{
	struct fixture *f = *state;

	out(f, 2, 0x01);
	out(f, 4, 0x10);
	out(f, 0, 1);
	out(f, 2, 0x03);
	assert_int_equal(in(f, 5), 0x60);
	out(f, 0, 2);
	out(f, 2, 0x00);
	assert_int_equal(in(f, 5), 0x60);
	assert_int_equal(in(f, 2) & 0xc0, 0);
}

static void modem_changes_are_reported_once(void **state)
{
	struct fixture *f = *state;

	out(f, 4, 0x10);
	assert_int_equal(in(f, 6), 0x0b);
	out(f, 4, 0x1f);
	assert_int_equal(in(f, 6), 0xfb);
	assert_int_equal(in(f, 6), 0xf0);
	out(f, 1, 0x08);
	out(f, 4, 0x1b);
	assert_int_equal(in(f, 2), 0x00);
	assert_int_equal(in(f, 6), 0xb4);
	assert_int_equal(in(f, 2), 0x01);
}

static void a_wide_access_goes_from_register_to_register(void **state)
{
	struct fixture *f = *state;
	uint8_t value[8];

	out(f, 7, 0x77);
	memset(value, 0, sizeof(value));
	kt_serial_ops.read(f->serial, 4, value, 8);
	assert_int_equal(value[0], 0x00);
	assert_int_equal(value[1], 0x60);
	assert_int_equal(value[2], 0xb0);
	assert_int_equal(value[3], 0x77);
	for (int i = 4; i < 8; i++)
		assert_int_equal(value[i], 0xff);
	kt_serial_ops.write(f->serial, 6, "\x01\x02\x03\x04", 4);
	assert_int_equal(in(f, 7), 0x02);
}

#define WRITERS      4
#define WRITER_BYTES 20000

static void *write_lines(void *userdata)
{
	struct fixture *f = userdata;

	for (int i = 0; i < WRITER_BYTES; i++)
		out(f, 0, 'y');
	return NULL;
}

static void many_threads_write_while_one_reads(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_lines, f), 0);
	while (kt_serial_sent_bytes(f->serial) < WRITERS * WRITER_BYTES) {
		size_t length;
		_cleanup_free_ char *text = kt_serial_text(f->serial, &length);

		assert_int_equal(strspn(text, "y"), length);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(kt_serial_sent_bytes(f->serial), WRITERS * WRITER_BYTES);
}

#define SERIAL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERIAL_TEST(what_is_sent_is_kept),
		SERIAL_TEST(lines_come_one_by_one),
		SERIAL_TEST(the_last_line_comes_without_a_newline),
		SERIAL_TEST(an_endless_line_is_cut),
		SERIAL_TEST(a_nul_byte_is_a_byte),
		SERIAL_TEST(only_the_end_of_a_long_log_is_kept),
		SERIAL_TEST(the_transmitter_is_always_empty),
		SERIAL_TEST(the_divisor_hides_behind_its_latch),
		SERIAL_TEST(registers_keep_what_they_should),
		SERIAL_TEST(the_peer_is_always_there),
		SERIAL_TEST(linux_recognises_a_16550a),
		SERIAL_TEST(linux_finds_no_transmit_bug),
		SERIAL_TEST(each_byte_sent_interrupts_again),
		SERIAL_TEST(without_out2_no_interrupt_leaves_the_chip),
		SERIAL_TEST(loopback_returns_what_is_sent),
		SERIAL_TEST(loopback_overruns_when_nobody_reads),
		SERIAL_TEST(without_a_fifo_one_byte_waits),
		SERIAL_TEST(clearing_the_fifo_drops_its_bytes),
		SERIAL_TEST(modem_changes_are_reported_once),
		SERIAL_TEST(a_wide_access_goes_from_register_to_register),
		SERIAL_TEST(many_threads_write_while_one_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
