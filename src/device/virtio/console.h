/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * virtio-console (virtio 1.2, section 5.3) with two ports over virtio-mmio:
 * port 0 is the guest's hvc0, port 1 a stream named "ktstr.wire".
 *
 * It has no thread. Whoever owns the event loop waits for kt_console_eventfd()
 * to become readable and calls kt_console_process(), which does all queue work
 * and makes all callbacks, one at a time and with no lock held, so a callback
 * may call anything here but kt_console_process() and kt_console_destroy().
 *
 *	guest tx queue -> input ring  -> receive()	(stops when it takes
 *less) guest rx queue <- output ring <- kt_console_send() (takes what fits)
 *
 * Both rings are bounded. When the host does not take what the guest sent, the
 * guest's queue is left alone until it does; bytes for a port that no guest
 * process has opened wait in the output ring.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/log.h>

#include "device/device.h"
#include "device/virtio/mmio.h"
#include "memory/guest_memory.h"

#define KT_CONSOLE_WIRE_NAME  "ktstr.wire"
#define KT_CONSOLE_RING_BYTES (64u * 1024) /* a port, each way */

enum kt_console_port_id {
	KT_CONSOLE_PORT_HVC,
	KT_CONSOLE_PORT_WIRE,
	KT_CONSOLE_PORTS,
};

#define KT_CONSOLE_QUEUES 6

struct kt_console;

/* What a device and its driver are waiting for, for a report. */
struct kt_console_state {
	uint32_t status; /* enum kt_virtio_status, as the driver set it */
	uint32_t interrupt_status; /* interrupts that were not acknowledged */
	struct {
		bool open;
		uint64_t read_bytes;      /* from the guest, ever */
		size_t undelivered_bytes; /* of these, not taken by receive() */
		size_t unsent_bytes;      /* for the guest */
	} ports[KT_CONSOLE_PORTS];
	struct {
		const char *name;
		struct kt_virtqueue_state state;
	} queues[KT_CONSOLE_QUEUES];
};

/* Called by kt_console_process(); each but `receive` may be NULL. */
struct kt_console_callbacks {
	/*
	 * Bytes from the guest. Returns how many were taken; after taking
	 * fewer than `length` the rest is offered again at the next
	 * kt_console_process(), which kt_console_kick() brings about.
	 */
	size_t (*receive)(void *userdata, enum kt_console_port_id port,
			  const void *data, size_t length);
	/* kt_console_send() had taken less than offered; now there is room. */
	void (*writable)(void *userdata, enum kt_console_port_id port);
	/* A guest process opened (or the driver readied) or closed the port. */
	void (*opened)(void *userdata, enum kt_console_port_id port, bool open);
};

struct kt_console_config {
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_irq_line irq;
	const struct ktstr_log *log;                  /* borrowed, nullable */
	const struct kt_console_callbacks *callbacks; /* borrowed */
	void *userdata;
	uint16_t columns; /* the terminal's first size; 0: 80 */
	uint16_t rows;    /* 0: 25 */
};

int kt_console_create(const struct kt_console_config *config,
		      struct kt_console **ret, struct ktstr_error *err);
/* NULL is fine. No vCPU runs and the event loop has let go of it. */
void kt_console_destroy(struct kt_console *console);

/*
 * For the bus (with kt_virtio_mmio_ops) and for KVM_IOEVENTFD: register
 * queue_eventfds[i] with datamatch i for each i < n_queues.
 */
struct kt_virtio_mmio *kt_console_mmio(struct kt_console *console);

/* Readable when there is work; level-triggered, read by process(). */
int kt_console_eventfd(const struct kt_console *console);

/*
 * Does the work at hand, in bounded time. Returns true when some was left; the
 * eventfd is readable again then. After the vCPUs have stopped, calling it
 * until it returns false delivers the guest's last bytes.
 */
bool kt_console_process(struct kt_console *console);

/* Makes the eventfd readable. Any thread. */
void kt_console_kick(struct kt_console *console);

/* Queues bytes for the guest; returns how many were taken. Any thread. */
size_t kt_console_send(struct kt_console *console, enum kt_console_port_id port,
		       const void *data, size_t length);

/* What kt_console_send() would take at most right now. Any thread. */
size_t kt_console_send_space(struct kt_console *console,
			     enum kt_console_port_id port);

/* From the event loop's thread. */
void kt_console_get_state(struct kt_console *console,
			  struct kt_console_state *ret);

/* Tells hvc0 its terminal's size. Any thread. */
void kt_console_resize(struct kt_console *console, uint16_t columns,
		       uint16_t rows);
