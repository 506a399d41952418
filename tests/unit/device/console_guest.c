// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "console_guest.h"

size_t console_note_receive(void *userdata, enum kt_console_port_id port,
			    const void *data, size_t length)
{
	struct console_fixture *f = userdata;
	size_t taken = KT_MIN(length, f->appetite);

	assert_true(length > 0);
	kt_strbuf_add_bytes(&f->received[port], data, taken);
	f->appetite -= taken;
	return taken;
}

static void note_writable(void *userdata, enum kt_console_port_id port)
{
	struct console_fixture *f = userdata;

	kt_strbuf_addf(&f->events, "room %d;", port);
}

static void note_opened(void *userdata, enum kt_console_port_id port, bool open)
{
	struct console_fixture *f = userdata;

	kt_strbuf_addf(&f->events, "%s %d(%zu);", open ? "open" : "close", port,
		       f->received[port].length);
}

static const struct kt_console_callbacks callbacks = {
	.receive = console_note_receive,
	.writable = note_writable,
	.opened = note_opened,
};

static void note_log(void *userdata, enum ktstr_log_level level,
		     const char *message)
{
	struct console_fixture *f = userdata;

	(void)level;
	kt_strbuf_addf(&f->log, "%s\n", message);
}

void console_lay_out_queues(struct console_fixture *f)
{
	for (int i = 0; i < CONSOLE_QUEUES; i++) {
		memset(guest_at(&f->guest, CONSOLE_RINGS(i), 0x2000), 0, 0x2000);
		guest_queue_init(&f->queues[i], &f->guest, CONSOLE_RINGS(i),
				 CONSOLE_SIZE);
		f->next_buffer[i] = 0;
	}
}

int console_setup(void **state)
{
	struct console_fixture *f = calloc(1, sizeof(*f));
	struct kt_console_config config = {
		.memory = &f->guest.memory,
		.log = &f->sink,
		.callbacks = &callbacks,
		.userdata = f,
		.columns = 132,
		.rows = 43,
	};

	guest_init(&f->guest);
	console_lay_out_queues(f);
	f->sink = (struct ktstr_log){ note_log, f };
	f->appetite = SIZE_MAX;
	f->irq = eventfd(0, EFD_NONBLOCK);
	config.irq.eventfd = f->irq;
	assert_int_equal(kt_console_create(&config, &f->console, NULL), 0);
	f->mmio = kt_console_mmio(f->console);
	*state = f;
	return 0;
}

int console_teardown(void **state)
{
	struct console_fixture *f = *state;

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

void console_run(struct console_fixture *f)
{
	struct pollfd p = { kt_console_eventfd(f->console), POLLIN, 0 };

	for (int i = 0; poll(&p, 1, 0) == 1; i++) {
		assert_true(i < 1000);
		kt_console_process(f->console);
	}
}

void console_notify(struct console_fixture *f, uint32_t queue)
{
	guest_write32(f->mmio, 0x50, queue);
	console_run(f);
}

void console_offer_room(struct console_fixture *f, uint32_t queue, uint32_t length)
{
	uint16_t i = f->next_buffer[queue]++ % CONSOLE_SIZE;

	guest_offer_buffer(&f->queues[queue], i, CONSOLE_BUFFER(queue, i),
			   length, GUEST_WRITE);
}

void console_send(struct console_fixture *f, uint32_t queue, const void *data,
		  uint32_t length)
{
	/* Behind the pages of the rx buffers. */
	uint16_t i = f->next_buffer[queue]++ % CONSOLE_SIZE;
	uint64_t gpa = CONSOLE_BUFFER(queue, i) + 0x30000;

	memcpy(guest_at(&f->guest, gpa, length), data, length);
	guest_offer_buffer(&f->queues[queue], i, gpa, length, 0);
}

bool console_take(struct console_fixture *f, uint32_t queue,
		  struct kt_strbuf *text)
{
	uint32_t head, written;

	if (!guest_take_used(&f->queues[queue], &head, &written))
		return false;
	if (written)
		kt_strbuf_add_bytes(
			text,
			guest_at(&f->guest, CONSOLE_BUFFER(queue, head), written),
			written);
	return true;
}

void console_send_control(struct console_fixture *f, uint32_t port,
			  uint16_t event, uint16_t value)
{
	struct {
		uint32_t port;
		uint16_t event, value;
	} message = { port, event, value };

	console_send(f, CONSOLE_TX_CONTROL, &message, sizeof(message));
	console_notify(f, CONSOLE_TX_CONTROL);
}

const char *console_next_control(struct console_fixture *f)
{
	static char text[64];
	_cleanup_strbuf_ struct kt_strbuf raw = { 0 };
	uint16_t parts[6] = { 0 };

	if (!console_take(f, CONSOLE_RX_CONTROL, &raw))
		return "";
	assert_true(raw.length >= 8);
	memcpy(parts, raw.data, KT_MIN(raw.length, sizeof(parts)));
	if (parts[2] == 5)
		snprintf(text, sizeof(text), "size %u %ux%u", parts[0],
			 parts[4], parts[5]);
	else
		snprintf(text, sizeof(text), "%u %u=%u %.*s", parts[2],
			 parts[0], parts[3], (int)raw.length - 8, raw.data + 8);
	console_offer_room(f, CONSOLE_RX_CONTROL, CONSOLE_BUFFER_BYTES);
	return text;
}

void console_bring_up(struct console_fixture *f, uint64_t features)
{
	bool multi = features & CONSOLE_MULTI;

	assert_true(guest_negotiate(f->mmio, features));
	for (uint32_t i = 0; i < (multi ? CONSOLE_QUEUES : 2u); i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	if (multi) {
		for (int i = 0; i < CONSOLE_SIZE; i++)
			console_offer_room(f, CONSOLE_RX_CONTROL,
					   CONSOLE_BUFFER_BYTES);
		console_notify(f, CONSOLE_RX_CONTROL);
	}
	console_run(f);
}

void console_bring_up_ports(struct console_fixture *f)
{
	console_bring_up(f, CONSOLE_ALL);
	console_send_control(f, 0, 0, 1);
	console_send_control(f, 0, 3, 1);
	console_send_control(f, 1, 3, 1);
	console_send_control(f, 0, 6, 1);
	while (*console_next_control(f))
		;
	kt_strbuf_reset(&f->events);
	guest_eventfd_fired(f->irq);
}

void console_open_wire(struct console_fixture *f)
{
	console_bring_up_ports(f);
	console_send_control(f, 1, 6, 1);
	assert_string_equal(kt_strbuf_text(&f->events), "open 1(0);");
	kt_strbuf_reset(&f->events);
	guest_eventfd_fired(f->irq);
}
