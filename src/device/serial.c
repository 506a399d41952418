// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/mutex.h"
#include "device/ring.h"
#include "device/serial.h"

/* Offsets; two mean something else while LCR's divisor latch bit is set. */
enum {
	REG_DATA = 0,
	REG_IER = 1,
	REG_IIR_FCR = 2,
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCRATCH = 7,
};

enum {
	IER_RECEIVE = 0x01,
	IER_TRANSMIT = 0x02,
	IER_LINE = 0x04,
	IER_MODEM = 0x08,
	IER_ALL = 0x0f,
};

enum {
	IIR_NONE = 0x01,
	IIR_MODEM = 0x00,
	IIR_TRANSMIT = 0x02,
	IIR_RECEIVE = 0x04,
	IIR_LINE = 0x06,
	IIR_FIFO = 0xc0,
};

enum {
	FCR_ENABLE = 0x01,
	FCR_CLEAR_RECEIVE = 0x02,
};

enum {
	LCR_DIVISOR_LATCH = 0x80,
};

enum {
	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08, /* on a PC, lets the interrupt through */
	MCR_LOOP = 0x10,
	MCR_ALL = 0x1f,
};

enum {
	LSR_DATA_READY = 0x01,
	LSR_OVERRUN = 0x02,
	LSR_TRANSMIT_EMPTY = 0x60, /* holding register and transmitter */
};

enum {
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
	/* Low half: what changed since the last read. RI only when it fell. */
	MSR_DELTA_CTS = 0x01,
	MSR_DELTA_DSR = 0x02,
	MSR_TRAILING_RI = 0x04,
	MSR_DELTA_DCD = 0x08,
};

#define FIFO_BYTES 16

struct kt_serial {
	pthread_mutex_t lock;
	struct kt_serial_config config;
	struct kt_ring sent;
	uint64_t sent_bytes;
	char line[KT_SERIAL_LINE_BYTES + 1];
	size_t line_length;

	uint8_t divisor_low;
	uint8_t divisor_high;
	uint8_t ier;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t msr_delta;
	uint8_t scratch;
	bool fifo_enabled;
	bool overrun;
	/* The holding register ran empty and nobody has seen it in IIR yet. */
	bool transmit_event;
	/* Only loopback fills the receiver. */
	uint8_t received[FIFO_BYTES];
	uint8_t n_received;
	bool irq_asserted;
};

int kt_serial_create(const struct kt_serial_config *config, struct kt_serial **ret)
{
	struct kt_serial *serial = calloc(1, sizeof(*serial));
	int r;

	if (!serial)
		return -ENOMEM;
	serial->config = *config;
	r = kt_ring_init(&serial->sent,
			 config->ring_bytes ?: KT_SERIAL_RING_BYTES);
	if (r < 0) {
		free(serial);
		return r;
	}
	(void)kt_mutex_init(&serial->lock);
	serial->divisor_low = 12; /* 9600 baud, as firmware leaves it */
	*ret = serial;
	return 0;
}

static void serial_end_line(struct kt_serial *serial)
{
	size_t length = serial->line_length;

	if (length && serial->line[length - 1] == '\r')
		length--;
	serial->line[length] = '\0';
	serial->line_length = 0;
	serial->config.line(serial->config.userdata, serial->line, length);
}

void kt_serial_destroy(struct kt_serial *serial)
{
	if (!serial)
		return;
	if (serial->config.line && serial->line_length)
		serial_end_line(serial);
	pthread_mutex_destroy(&serial->lock);
	kt_ring_deinit(&serial->sent);
	free(serial);
}

static void serial_send(struct kt_serial *serial, uint8_t byte)
{
	kt_ring_push_over(&serial->sent, &byte, 1);
	serial->sent_bytes++;
	if (!serial->config.line)
		return;
	if (byte == '\n') {
		serial_end_line(serial);
		return;
	}
	if (serial->line_length == KT_SERIAL_LINE_BYTES)
		serial_end_line(serial);
	serial->line[serial->line_length++] = (char)byte;
}

static void serial_loop_back(struct kt_serial *serial, uint8_t byte)
{
	size_t room = serial->fifo_enabled ? FIFO_BYTES : 1;

	if (serial->n_received == room) {
		serial->overrun = true;
		/* Without a FIFO the newer byte replaces the older. */
		if (room == 1)
			serial->received[0] = byte;
		return;
	}
	serial->received[serial->n_received++] = byte;
}

static uint8_t serial_take_received(struct kt_serial *serial)
{
	uint8_t byte = serial->received[0];

	if (!serial->n_received)
		return 0;
	serial->n_received--;
	memmove(serial->received, serial->received + 1, serial->n_received);
	return byte;
}

/*
 * The modem's lines: a peer that is always there, or, in loopback, our own
 * outputs (DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD).
 */
static uint8_t serial_modem_lines(const struct kt_serial *serial)
{
	uint8_t lines = 0;

	if (!(serial->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (serial->mcr & MCR_DTR)
		lines |= MSR_DSR;
	if (serial->mcr & MCR_RTS)
		lines |= MSR_CTS;
	if (serial->mcr & MCR_OUT1)
		lines |= MSR_RI;
	if (serial->mcr & MCR_OUT2)
		lines |= MSR_DCD;
	return lines;
}

static void serial_write_mcr(struct kt_serial *serial, uint8_t value)
{
	uint8_t before = serial_modem_lines(serial), after, changed;

	serial->mcr = value & MCR_ALL;
	after = serial_modem_lines(serial);
	changed = before ^ after;
	if (changed & MSR_CTS)
		serial->msr_delta |= MSR_DELTA_CTS;
	if (changed & MSR_DSR)
		serial->msr_delta |= MSR_DELTA_DSR;
	if (changed & before & MSR_RI)
		serial->msr_delta |= MSR_TRAILING_RI;
	if (changed & MSR_DCD)
		serial->msr_delta |= MSR_DELTA_DCD;
}

/* The most urgent enabled cause, in the order of the data sheet. */
static uint8_t serial_pending(const struct kt_serial *serial)
{
	if ((serial->ier & IER_LINE) && serial->overrun)
		return IIR_LINE;
	if ((serial->ier & IER_RECEIVE) && serial->n_received)
		return IIR_RECEIVE;
	if ((serial->ier & IER_TRANSMIT) && serial->transmit_event)
		return IIR_TRANSMIT;
	if ((serial->ier & IER_MODEM) && serial->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

/*
 * The line is edge-triggered: one edge when the first cause appears. A handler
 * reads IIR until no cause is left, so later causes need none of their own.
 */
static void serial_update_irq(struct kt_serial *serial)
{
	bool asserted = serial_pending(serial) != IIR_NONE &&
			(serial->mcr & MCR_OUT2) && !(serial->mcr & MCR_LOOP);

	if (asserted && !serial->irq_asserted)
		kt_irq_line_raise(&serial->config.irq);
	serial->irq_asserted = asserted;
}

static uint8_t serial_read_iir(struct kt_serial *serial)
{
	uint8_t cause = serial_pending(serial);

	/* Reading it as the cause acknowledges this one. */
	if (cause == IIR_TRANSMIT)
		serial->transmit_event = false;
	return cause | (serial->fifo_enabled ? IIR_FIFO : 0);
}

static uint8_t serial_read_lsr(struct kt_serial *serial)
{
	uint8_t lsr = LSR_TRANSMIT_EMPTY;

	if (serial->n_received)
		lsr |= LSR_DATA_READY;
	if (serial->overrun)
		lsr |= LSR_OVERRUN;
	serial->overrun = false;
	return lsr;
}

static uint8_t serial_read_register(struct kt_serial *serial, uint64_t reg)
{
	bool latch = serial->lcr & LCR_DIVISOR_LATCH;
	uint8_t value;

	switch (reg) {
	case REG_DATA:
		return latch ? serial->divisor_low : serial_take_received(serial);
	case REG_IER:
		return latch ? serial->divisor_high : serial->ier;
	case REG_IIR_FCR:
		return serial_read_iir(serial);
	case REG_LCR:
		return serial->lcr;
	case REG_MCR:
		return serial->mcr;
	case REG_LSR:
		return serial_read_lsr(serial);
	case REG_MSR:
		value = serial_modem_lines(serial) | serial->msr_delta;
		serial->msr_delta = 0;
		return value;
	case REG_SCRATCH:
		return serial->scratch;
	default:
		return 0xff;
	}
}

static void serial_write_ier(struct kt_serial *serial, uint8_t value)
{
	/*
	 * Enabling the transmit interrupt with the transmitter empty counts
	 * as running empty; Linux' THRE test and its start of transmission
	 * depend on it.
	 */
	if ((value & IER_TRANSMIT) && !(serial->ier & IER_TRANSMIT))
		serial->transmit_event = true;
	serial->ier = value & IER_ALL;
}

static void serial_write_fcr(struct kt_serial *serial, uint8_t value)
{
	bool enable = value & FCR_ENABLE;

	if (enable != serial->fifo_enabled ||
	    (enable && (value & FCR_CLEAR_RECEIVE)))
		serial->n_received = 0;
	serial->fifo_enabled = enable;
}

static void serial_write_register(struct kt_serial *serial, uint64_t reg,
				  uint8_t value)
{
	bool latch = serial->lcr & LCR_DIVISOR_LATCH;

	switch (reg) {
	case REG_DATA:
		if (latch) {
			serial->divisor_low = value;
			break;
		}
		if (serial->mcr & MCR_LOOP)
			serial_loop_back(serial, value);
		else
			serial_send(serial, value);
		serial->transmit_event = true;
		break;
	case REG_IER:
		if (latch)
			serial->divisor_high = value;
		else
			serial_write_ier(serial, value);
		break;
	case REG_IIR_FCR:
		serial_write_fcr(serial, value);
		break;
	case REG_LCR:
		serial->lcr = value;
		break;
	case REG_MCR:
		serial_write_mcr(serial, value);
		break;
	case REG_SCRATCH:
		serial->scratch = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

/* An access wider than a byte touches one register after the other. */
static void serial_read(void *device, uint64_t offset, void *data, uint32_t length)
{
	struct kt_serial *serial = device;

	pthread_mutex_lock(&serial->lock);
	for (uint32_t i = 0; i < length; i++)
		((uint8_t *)data)[i] = serial_read_register(serial, offset + i);
	serial_update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
}

static void serial_write(void *device, uint64_t offset, const void *data,
			 uint32_t length)
{
	struct kt_serial *serial = device;

	pthread_mutex_lock(&serial->lock);
	for (uint32_t i = 0; i < length; i++) {
		serial_write_register(serial, offset + i,
				      ((const uint8_t *)data)[i]);
		serial_update_irq(serial);
	}
	pthread_mutex_unlock(&serial->lock);
}

const struct kt_device_ops kt_serial_ops = {
	.name = "serial",
	.read = serial_read,
	.write = serial_write,
};

char *kt_serial_text(struct kt_serial *serial, size_t *ret_length)
{
	char *text;

	pthread_mutex_lock(&serial->lock);
	text = kt_ring_text(&serial->sent, ret_length);
	pthread_mutex_unlock(&serial->lock);
	return text;
}

uint64_t kt_serial_sent_bytes(struct kt_serial *serial)
{
	uint64_t sent_bytes;

	pthread_mutex_lock(&serial->lock);
	sent_bytes = serial->sent_bytes;
	pthread_mutex_unlock(&serial->lock);
	return sent_bytes;
}
