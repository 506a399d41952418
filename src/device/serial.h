/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A 16550A UART that nobody types into: what the guest sends goes into a ring
 * and, line by line, to a callback. The transmitter is always empty, so that a
 * polling console never waits, and the transmit interrupt works as Linux'
 * 8250 driver tests it. Loopback mode (MCR bit 4) is complete: the driver's
 * probe uses it.
 *
 * Registers are touched from any vCPU thread, the text read from any other.
 */

#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

#define KT_SERIAL_PORTS      8 /* I/O ports that one UART takes */
#define KT_SERIAL_RING_BYTES (256u * 1024)
#define KT_SERIAL_LINE_BYTES 4096 /* a longer line is handed out in pieces */

struct kt_serial;

struct kt_serial_config {
	struct kt_irq_line irq;
	size_t ring_bytes; /* 0: KT_SERIAL_RING_BYTES */
	/*
	 * Nullable. One line without its "\n" or "\r\n", NUL-terminated, in
	 * order, from the vCPU thread that sent its last byte and with the
	 * UART locked: it must not call into the same UART.
	 */
	void (*line)(void *userdata, const char *text, size_t length);
	void *userdata;
};

int kt_serial_create(const struct kt_serial_config *config,
		     struct kt_serial **ret);
/* NULL is fine. A last line without a newline goes to the callback. */
void kt_serial_destroy(struct kt_serial *serial);

/* The `device` is a struct kt_serial, the range KT_SERIAL_PORTS long. */
extern const struct kt_device_ops kt_serial_ops;

/*
 * The last bytes sent, as many as the ring holds, as they came and with a NUL
 * behind them (caller frees); NULL when out of memory. `ret_length` may be
 * NULL. Any thread.
 */
char *kt_serial_text(struct kt_serial *serial, size_t *ret_length);

/* All bytes that the guest ever sent. Any thread. */
uint64_t kt_serial_sent_bytes(struct kt_serial *serial);
