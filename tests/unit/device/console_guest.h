/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The console's driver as Linux has it, and a fixture around both: what the
 * callbacks were told is kept as text.
 */

#include "base/strbuf.h"
#include "device/virtio/console.h"
#include "guest_driver.h"

enum {
	CONSOLE_RX_HVC,
	CONSOLE_TX_HVC,
	CONSOLE_RX_CONTROL,
	CONSOLE_TX_CONTROL,
	CONSOLE_RX_WIRE,
	CONSOLE_TX_WIRE,
	CONSOLE_QUEUES,
};

#define CONSOLE_SIZE     16
#define CONSOLE_SIZE_BIT (1ULL << 0)
#define CONSOLE_MULTI    (1ULL << 1)
#define CONSOLE_ALL                                                            \
	(KT_VIRTIO_F_VERSION_1 | CONSOLE_SIZE_BIT | CONSOLE_MULTI |            \
	 KT_VIRTIO_F_INDIRECT_DESC)

/* Each queue has its rings and CONSOLE_SIZE buffers of a page. */
#define CONSOLE_RINGS(queue) (GUEST_RAM + 0x2000ULL * (queue))
#define CONSOLE_BUFFER_BYTES 0x1000
#define CONSOLE_BUFFER(queue, i)                                               \
	(GUEST_RAM + 0x10000 +                                                 \
	 (0x1000ULL * (CONSOLE_SIZE * ((queue) / 2) + (i))))

struct console_fixture {
	struct guest guest;
	struct guest_queue queues[CONSOLE_QUEUES];
	struct kt_console *console;
	struct kt_virtio_mmio *mmio;
	struct kt_strbuf received[KT_CONSOLE_PORTS];
	struct kt_strbuf events; /* what the callbacks were told, in order */
	struct kt_strbuf log;
	struct ktstr_log sink;
	size_t appetite; /* bytes that `receive` still takes */
	uint16_t next_buffer[CONSOLE_QUEUES];
	int irq;
};

/* For cmocka: the fixture, with a device whose queues are laid out. */
int console_setup(void **state);
int console_teardown(void **state);

/* The queues empty again, as after a reset. */
void console_lay_out_queues(struct console_fixture *f);

/* The fixture's callback, for a console of another configuration. */
size_t console_note_receive(void *userdata, enum kt_console_port_id port,
			    const void *data, size_t length);

/* The event loop's part: works as long as the eventfd says that there is. */
void console_run(struct console_fixture *f);
void console_notify(struct console_fixture *f, uint32_t queue);

/* Offers a buffer for the host to fill. */
void console_offer_room(struct console_fixture *f, uint32_t queue,
			uint32_t length);

/* Sends bytes without waiting for them to be taken. */
void console_send(struct console_fixture *f, uint32_t queue, const void *data,
		  uint32_t length);

/* Appends what the host wrote into a queue's next buffer; false: nothing. */
bool console_take(struct console_fixture *f, uint32_t queue,
		  struct kt_strbuf *text);

void console_send_control(struct console_fixture *f, uint32_t port,
			  uint16_t event, uint16_t value);

/* The host's next control message, as text. */
const char *console_next_control(struct console_fixture *f);

void console_bring_up(struct console_fixture *f, uint64_t features);

/* As Linux does it: ready, each port readied, hvc0 open at once. */
void console_bring_up_ports(struct console_fixture *f);
void console_open_wire(struct console_fixture *f);
