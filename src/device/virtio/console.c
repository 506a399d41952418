// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/macro.h"
#include "device/ring.h"
#include "device/virtio/console.h"

#define DEVICE_ID 3

enum {
	F_SIZE = 1 << 0,
	F_MULTIPORT = 1 << 1,
};

/* Section 5.3.2: port 0, the control pair, then the other ports. */
enum {
	QUEUE_RX_HVC,
	QUEUE_TX_HVC,
	QUEUE_RX_CONTROL,
	QUEUE_TX_CONTROL,
	QUEUE_RX_WIRE,
	QUEUE_TX_WIRE,
	N_QUEUES,
};

_Static_assert(N_QUEUES == KT_CONSOLE_QUEUES, "every queue has a state");

#define QUEUE_SIZE 128

/* A write to a port is one chain; more than this the driver never makes. */
#define MAX_CHAIN_BYTES (16 * KT_MIB)

/* How often one kt_console_process() goes over all queues. */
#define ROUNDS 16

/* Sections 5.3.4 and 5.3.6.2. */

struct console_config_space {
	uint16_t columns;
	uint16_t rows;
	uint32_t max_ports;
};

struct console_control {
	uint32_t port;
	uint16_t event;
	uint16_t value;
};

struct console_size {
	uint16_t columns;
	uint16_t rows;
};

enum console_event {
	EVENT_DEVICE_READY = 0,
	EVENT_PORT_ADD = 1,
	EVENT_PORT_READY = 3,
	EVENT_CONSOLE_PORT = 4,
	EVENT_RESIZE = 5,
	EVENT_PORT_OPEN = 6,
	EVENT_PORT_NAME = 7,
};

/*
 * Messages to the driver are not queued but remembered as a set a port, sent
 * in this order, so that no guest can make them pile up.
 */
static const enum console_event send_order[] = {
	EVENT_PORT_ADD, EVENT_CONSOLE_PORT, EVENT_PORT_NAME,
	EVENT_RESIZE,   EVENT_PORT_OPEN,
};

struct console_port {
	/* Touched by the worker alone. */
	struct kt_ring input; /* from the guest */
	uint64_t read_bytes;  /* into `input`, ever */
	bool told_open;
	bool close_due; /* to be told once `input` is empty */

	/* The rest is under the transport's lock. */
	struct kt_ring output;
	uint32_t to_send; /* set of 1 << enum console_event */
	bool ready;       /* the driver knows the port */
	bool open;        /* and somebody in the guest has it open */
	bool was_closed;  /* since `opened` was last called */
	bool wants_room;  /* a kt_console_send() fell short */

	/* The chain that is being read, if it does not fit into `input`. */
	bool tx_held;
	uint64_t tx_offset;
	struct kt_virtqueue_chain tx_chain;
};

struct kt_console {
	struct kt_virtio_mmio mmio;
	const struct kt_console_callbacks *callbacks;
	void *userdata;
	int eventfd;
	struct console_config_space config_space;
	struct console_port ports[KT_CONSOLE_PORTS];
	struct kt_virtqueue_chain chain; /* scratch */
};

static uint32_t port_rx_queue(enum kt_console_port_id id)
{
	return id == KT_CONSOLE_PORT_HVC ? QUEUE_RX_HVC : QUEUE_RX_WIRE;
}

static uint32_t port_tx_queue(enum kt_console_port_id id)
{
	return id == KT_CONSOLE_PORT_HVC ? QUEUE_TX_HVC : QUEUE_TX_WIRE;
}

void kt_console_kick(struct kt_console *console)
{
	/* A counter at its limit is a kick already pending. */
	(void)eventfd_write(console->eventfd, 1);
}

static void port_set_open(struct console_port *port, bool open)
{
	if (port->open && !open)
		port->was_closed = true;
	port->open = open;
}

static void console_read_config(void *device, uint32_t offset, void *data,
				uint32_t length)
{
	const struct kt_console *console = device;

	memcpy(data, (const uint8_t *)&console->config_space + offset, length);
}

static void console_start(void *device)
{
	struct kt_console *console = device;
	struct console_port *hvc = &console->ports[KT_CONSOLE_PORT_HVC];

	/* Without control queues the one port is simply there. */
	if (!kt_virtio_mmio_has(&console->mmio, F_MULTIPORT)) {
		hvc->ready = true;
		port_set_open(hvc, true);
	}
	/* Chains may have been offered, and notified, before DRIVER_OK. */
	kt_console_kick(console);
}

static void console_reset(void *device)
{
	struct kt_console *console = device;

	/* The rings stay: what was sent before still counts. */
	for (int i = 0; i < KT_CONSOLE_PORTS; i++) {
		struct console_port *port = &console->ports[i];

		port->to_send = 0;
		port->ready = false;
		port_set_open(port, false);
		port->tx_held = false;
	}
	kt_console_kick(console);
}

static const struct kt_virtio_ops console_ops = {
	.name = "virtio-console",
	.device_id = DEVICE_ID,
	.features = F_SIZE | F_MULTIPORT,
	.config_bytes = sizeof(struct console_config_space),
	.read_config = console_read_config,
	.start = console_start,
	.reset = console_reset,
};

/* 1, 0 or -EPROTO, as kt_virtqueue_pop(); a violation stops the device. */
static int console_pop(struct kt_console *console, uint32_t queue,
		       struct kt_virtqueue_chain *chain)
{
	struct kt_virtqueue *vq = &console->mmio.queues[queue];
	int r = kt_virtqueue_pop(vq, chain);

	/* Ask to be told of the next one; it may have come meanwhile. */
	if (r == 0 && kt_virtqueue_want_notify(vq))
		r = kt_virtqueue_pop(vq, chain);
	/* Whoever takes one comes back by itself, until there is none. */
	if (r > 0)
		kt_virtqueue_dont_notify(vq);
	if (r < 0)
		kt_virtio_mmio_violated(&console->mmio, queue, vq->violation);
	return r;
}

/* Reads what fits of the chain in hand; true when that was all of it. */
static bool port_read_chain(struct console_port *port)
{
	const struct kt_virtqueue_chain *chain = &port->tx_chain;

	while (port->tx_offset < chain->readable_bytes) {
		size_t length;
		uint8_t *room = kt_ring_room(&port->input, &length);

		if (!room)
			return false;
		length = kt_virtqueue_chain_read(chain, port->tx_offset, room,
						 length);
		kt_ring_filled(&port->input, length);
		port->tx_offset += length;
		port->read_bytes += length;
	}
	return true;
}

/* Guest to host, until the queue is empty or the input ring full. */
static bool console_transmit(struct kt_console *console,
			     enum kt_console_port_id id)
{
	struct console_port *port = &console->ports[id];
	uint32_t queue = port_tx_queue(id);
	struct kt_virtqueue *vq = &console->mmio.queues[queue];
	size_t before = port->input.length;
	int chains = 0;

	/* Empty chains take no room in the ring, so they are counted. */
	while (kt_virtio_mmio_running(&console->mmio) && chains < QUEUE_SIZE) {
		if (!port->tx_held) {
			if (!kt_ring_space(&port->input) ||
			    console_pop(console, queue, &port->tx_chain) <= 0)
				break;
			port->tx_held = true;
			port->tx_offset = 0;
		}
		if (!port_read_chain(port))
			break;
		kt_virtqueue_push(vq, port->tx_chain.head, 0);
		port->tx_held = false;
		chains++;
	}
	kt_virtio_mmio_interrupt(&console->mmio, queue);
	return chains || port->input.length != before;
}

/* Host to guest, until nothing is left or the guest has no buffers. */
static bool console_receive(struct kt_console *console, enum kt_console_port_id id)
{
	struct console_port *port = &console->ports[id];
	struct kt_virtqueue_chain *chain = &console->chain;
	uint32_t queue = port_rx_queue(id);
	struct kt_virtqueue *vq = &console->mmio.queues[queue];
	bool moved = false;

	/* A driver throws away what comes for a port that is not open. */
	while (port->open && port->output.length &&
	       kt_virtio_mmio_running(&console->mmio) &&
	       console_pop(console, queue, chain) > 0) {
		uint64_t written = 0;
		const uint8_t *bytes;
		size_t length;

		if (!chain->writable_bytes) {
			kt_virtio_mmio_violated(&console->mmio, queue,
						"a receive buffer is not "
						"writable");
			break;
		}
		while (written < chain->writable_bytes &&
		       (bytes = kt_ring_peek(&port->output, &length))) {
			length = kt_virtqueue_chain_write(chain, written, bytes,
							  length);
			kt_ring_drop(&port->output, length);
			written += length;
		}
		kt_virtqueue_push(vq, chain->head, (uint32_t)written);
		moved = true;
	}
	kt_virtio_mmio_interrupt(&console->mmio, queue);
	return moved;
}

static void console_driver_ready(struct kt_console *console)
{
	for (int i = 0; i < KT_CONSOLE_PORTS; i++)
		console->ports[i].to_send |= 1u << EVENT_PORT_ADD;
}

static void console_port_ready(struct console_port *port,
			       enum kt_console_port_id id)
{
	port->ready = true;
	port->to_send |= 1u << EVENT_PORT_OPEN;
	if (id == KT_CONSOLE_PORT_HVC)
		port->to_send |= 1u << EVENT_CONSOLE_PORT | 1u << EVENT_RESIZE;
	else
		port->to_send |= 1u << EVENT_PORT_NAME;
}

static void console_handle_control(struct kt_console *console,
				   const struct console_control *message)
{
	struct console_port *port;

	if (message->event == EVENT_DEVICE_READY) {
		if (message->value == 1)
			console_driver_ready(console);
		return;
	}
	if (message->port >= KT_CONSOLE_PORTS)
		return;
	port = &console->ports[message->port];
	switch (message->event) {
	case EVENT_PORT_READY:
		/* Anything but 1: the driver could not add the port. */
		if (message->value == 1)
			console_port_ready(port, message->port);
		break;
	case EVENT_PORT_OPEN:
		if (port->ready)
			port_set_open(port, message->value == 1);
		break;
	default:
		break;
	}
}

static bool console_read_control(struct kt_console *console)
{
	struct kt_virtqueue *vq = &console->mmio.queues[QUEUE_TX_CONTROL];
	int chains = 0;

	while (kt_virtio_mmio_running(&console->mmio) && chains < QUEUE_SIZE &&
	       console_pop(console, QUEUE_TX_CONTROL, &console->chain) > 0) {
		struct console_control message;

		if (kt_virtqueue_chain_read(&console->chain, 0, &message,
					    sizeof(message)) == sizeof(message))
			console_handle_control(console, &message);
		kt_virtqueue_push(vq, console->chain.head, 0);
		chains++;
	}
	kt_virtio_mmio_interrupt(&console->mmio, QUEUE_TX_CONTROL);
	return chains;
}

#define MESSAGE_BYTES                                                          \
	(sizeof(struct console_control) + sizeof(KT_CONSOLE_WIRE_NAME))
_Static_assert(sizeof(KT_CONSOLE_WIRE_NAME) >= sizeof(struct console_size),
	       "the longest message carries the name");

/* Lays out one message; returns its length. */
static size_t console_message(const struct kt_console *console, uint32_t port,
			      enum console_event event, uint8_t *ret)
{
	struct console_control head = {
		.port = port,
		.event = event,
		.value = 1,
	};
	/*
	 * Linux read rows first until "virtio_console: fix order of fields
	 * cols and rows"; the specification's order is kept.
	 */
	struct console_size size = {
		.columns = console->config_space.columns,
		.rows = console->config_space.rows,
	};

	memcpy(ret, &head, sizeof(head));
	switch (event) {
	case EVENT_RESIZE:
		memcpy(ret + sizeof(head), &size, sizeof(size));
		return sizeof(head) + sizeof(size);
	case EVENT_PORT_NAME:
		memcpy(ret + sizeof(head), KT_CONSOLE_WIRE_NAME,
		       strlen(KT_CONSOLE_WIRE_NAME));
		return sizeof(head) + strlen(KT_CONSOLE_WIRE_NAME);
	default:
		return sizeof(head);
	}
}

/* False when the driver has to give a buffer first, or broke the rules. */
static bool console_send_control(struct kt_console *console, uint32_t port,
				 enum console_event event)
{
	uint8_t message[MESSAGE_BYTES];
	size_t length = console_message(console, port, event, message);
	struct kt_virtqueue_chain *chain = &console->chain;

	if (!kt_virtio_mmio_running(&console->mmio) ||
	    console_pop(console, QUEUE_RX_CONTROL, chain) <= 0)
		return false;
	if (chain->writable_bytes < length) {
		kt_virtio_mmio_violated(&console->mmio, QUEUE_RX_CONTROL,
					"a control buffer is too small");
		return false;
	}
	kt_virtqueue_chain_write(chain, 0, message, length);
	kt_virtqueue_push(&console->mmio.queues[QUEUE_RX_CONTROL], chain->head,
			  (uint32_t)length);
	return true;
}

/* False when the driver has no buffer left, or broke the rules. */
static bool console_send_pending(struct kt_console *console, uint32_t port,
				 bool *moved)
{
	uint32_t *to_send = &console->ports[port].to_send;

	for (size_t i = 0; i < KT_ARRAY_SIZE(send_order); i++) {
		uint32_t bit = 1u << send_order[i];

		if (!(*to_send & bit))
			continue;
		if (!console_send_control(console, port, send_order[i]))
			return false;
		*to_send &= ~bit;
		*moved = true;
	}
	return true;
}

static bool console_write_control(struct kt_console *console)
{
	bool moved = false;

	for (uint32_t i = 0; i < KT_CONSOLE_PORTS; i++)
		if (!console_send_pending(console, i, &moved))
			break;
	kt_virtio_mmio_interrupt(&console->mmio, QUEUE_RX_CONTROL);
	return moved;
}

/* What the callbacks have to be told, gathered while locked. */
struct console_news {
	bool open;
	bool room;
};

static void port_gather_news(struct kt_console *console,
			     enum kt_console_port_id id, struct console_news *ret)
{
	struct console_port *port = &console->ports[id];
	const struct kt_virtqueue *tx = &console->mmio.queues[port_tx_queue(id)];

	*ret = (struct console_news){ .open = port->open };
	/* Its last bytes come before the news that the port was closed. */
	if (port->was_closed && !port->tx_held && !kt_virtqueue_pending(tx)) {
		port->close_due = true;
		port->was_closed = false;
	}
	if (port->wants_room &&
	    kt_ring_space(&port->output) >= port->output.capacity / 2) {
		ret->room = true;
		port->wants_room = false;
	}
}

/* Offers the input ring's bytes; true when some were taken. */
static bool console_deliver(struct kt_console *console, enum kt_console_port_id id)
{
	struct console_port *port = &console->ports[id];
	const uint8_t *bytes;
	size_t length;
	bool moved = false;

	while ((bytes = kt_ring_peek(&port->input, &length))) {
		size_t taken = console->callbacks->receive(console->userdata,
							   id, bytes, length);

		taken = KT_MIN(taken, length);
		kt_ring_drop(&port->input, taken);
		moved |= taken > 0;
		if (taken < length)
			break;
	}
	return moved;
}

static void console_tell_open(struct kt_console *console,
			      enum kt_console_port_id id, bool open)
{
	struct console_port *port = &console->ports[id];

	if (port->told_open == open)
		return;
	port->told_open = open;
	if (console->callbacks->opened)
		console->callbacks->opened(console->userdata, id, open);
}

static bool console_tell(struct kt_console *console, enum kt_console_port_id id,
			 const struct console_news *news)
{
	struct console_port *port = &console->ports[id];
	bool moved;

	if (news->open && !port->close_due)
		console_tell_open(console, id, true);
	moved = console_deliver(console, id);
	if (port->close_due && !port->input.length) {
		port->close_due = false;
		console_tell_open(console, id, false);
		if (news->open)
			console_tell_open(console, id, true);
	}
	if (news->room && console->callbacks->writable)
		console->callbacks->writable(console->userdata, id);
	return moved || news->room;
}

static bool console_round(struct kt_console *console)
{
	struct console_news news[KT_CONSOLE_PORTS];
	bool moved = false;

	pthread_mutex_lock(&console->mmio.lock);
	/* Data first: a close on the control queue comes after it. */
	for (int i = 0; i < KT_CONSOLE_PORTS; i++)
		moved |= console_transmit(console, i);
	moved |= console_read_control(console);
	moved |= console_write_control(console);
	for (int i = 0; i < KT_CONSOLE_PORTS; i++) {
		moved |= console_receive(console, i);
		port_gather_news(console, i, &news[i]);
	}
	pthread_mutex_unlock(&console->mmio.lock);

	for (int i = 0; i < KT_CONSOLE_PORTS; i++)
		moved |= console_tell(console, i, &news[i]);
	return moved;
}

bool kt_console_process(struct kt_console *console)
{
	eventfd_t kicks;

	/* Read first: a kick during the work counts for the next call. */
	(void)eventfd_read(console->eventfd, &kicks);
	for (int i = 0; i < ROUNDS; i++)
		if (!console_round(console))
			return false;
	kt_console_kick(console);
	return true;
}

size_t kt_console_send(struct kt_console *console, enum kt_console_port_id id,
		       const void *data, size_t length)
{
	struct console_port *port = &console->ports[id];
	size_t taken;

	pthread_mutex_lock(&console->mmio.lock);
	taken = kt_ring_push(&port->output, data, length);
	if (taken < length)
		port->wants_room = true;
	pthread_mutex_unlock(&console->mmio.lock);
	if (taken)
		kt_console_kick(console);
	return taken;
}

size_t kt_console_send_space(struct kt_console *console,
			     enum kt_console_port_id id)
{
	size_t space;

	pthread_mutex_lock(&console->mmio.lock);
	space = kt_ring_space(&console->ports[id].output);
	pthread_mutex_unlock(&console->mmio.lock);
	return space;
}

void kt_console_get_state(struct kt_console *console, struct kt_console_state *ret)
{
	static const char *const names[N_QUEUES] = {
		[QUEUE_RX_HVC] = "hvc0 to guest",
		[QUEUE_TX_HVC] = "hvc0 from guest",
		[QUEUE_RX_CONTROL] = "control to guest",
		[QUEUE_TX_CONTROL] = "control from guest",
		[QUEUE_RX_WIRE] = KT_CONSOLE_WIRE_NAME " to guest",
		[QUEUE_TX_WIRE] = KT_CONSOLE_WIRE_NAME " from guest",
	};

	*ret = (struct kt_console_state){
		.interrupt_status = atomic_load(&console->mmio.interrupt_status),
	};
	pthread_mutex_lock(&console->mmio.lock);
	ret->status = console->mmio.status;
	for (int i = 0; i < KT_CONSOLE_PORTS; i++) {
		const struct console_port *port = &console->ports[i];

		ret->ports[i].open = port->open;
		ret->ports[i].read_bytes = port->read_bytes;
		ret->ports[i].undelivered_bytes = port->input.length;
		ret->ports[i].unsent_bytes = port->output.length;
	}
	for (int i = 0; i < N_QUEUES; i++) {
		ret->queues[i].name = names[i];
		kt_virtqueue_get_state(&console->mmio.queues[i],
				       &ret->queues[i].state);
	}
	pthread_mutex_unlock(&console->mmio.lock);
}

void kt_console_resize(struct kt_console *console, uint16_t columns, uint16_t rows)
{
	struct console_port *hvc = &console->ports[KT_CONSOLE_PORT_HVC];

	pthread_mutex_lock(&console->mmio.lock);
	console->config_space.columns = columns;
	console->config_space.rows = rows;
	if (hvc->ready && kt_virtio_mmio_has(&console->mmio, F_MULTIPORT))
		hvc->to_send |= 1u << EVENT_RESIZE;
	kt_virtio_mmio_config_changed(&console->mmio);
	pthread_mutex_unlock(&console->mmio.lock);
	kt_console_kick(console);
}

struct kt_virtio_mmio *kt_console_mmio(struct kt_console *console)
{
	return &console->mmio;
}

int kt_console_eventfd(const struct kt_console *console)
{
	return console->eventfd;
}

static int console_init_ports(struct kt_console *console)
{
	for (int i = 0; i < KT_CONSOLE_PORTS; i++) {
		struct console_port *port = &console->ports[i];

		if (kt_ring_init(&port->input, KT_CONSOLE_RING_BYTES) < 0 ||
		    kt_ring_init(&port->output, KT_CONSOLE_RING_BYTES) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void console_free(struct kt_console *console)
{
	for (int i = 0; i < KT_CONSOLE_PORTS; i++) {
		kt_ring_deinit(&console->ports[i].input);
		kt_ring_deinit(&console->ports[i].output);
	}
	kt_close(console->eventfd);
	free(console);
}
KT_DEFINE_CLEANUP(struct kt_console *, console_free)

int kt_console_create(const struct kt_console_config *config,
		      struct kt_console **ret, struct ktstr_error *err)
{
	_cleanup_(console_free_cleanup) struct kt_console *console = NULL;
	struct kt_virtio_mmio_config transport = {
		.ops = &console_ops,
		.memory = config->memory,
		.irq = config->irq,
		.log = config->log,
		.n_queues = N_QUEUES,
		.queue_max_size = QUEUE_SIZE,
		.max_chain_bytes = MAX_CHAIN_BYTES,
	};
	int r;

	console = calloc(1, sizeof(*console));
	if (!console)
		return kt_err(err, -ENOMEM, "no memory for the console");
	console->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (console->eventfd < 0)
		return kt_err_errno(err, -errno,
				    "cannot make the console's eventfd");
	if (console_init_ports(console) < 0)
		return kt_err(err, -ENOMEM, "no memory for the console");

	console->callbacks = config->callbacks;
	console->userdata = config->userdata;
	console->config_space = (struct console_config_space){
		.columns = config->columns ?: 80,
		.rows = config->rows ?: 25,
		.max_ports = KT_CONSOLE_PORTS,
	};
	transport.device = console;
	/* One kick for all: looking at an idle queue is a single load. */
	for (int i = 0; i < N_QUEUES; i++)
		transport.queue_eventfds[i] = console->eventfd;
	r = kt_virtio_mmio_init(&console->mmio, &transport);
	if (r < 0)
		return kt_err_errno(err, r, "cannot set the console up");
	*ret = TAKE_PTR(console);
	return 0;
}

void kt_console_destroy(struct kt_console *console)
{
	if (!console)
		return;
	kt_virtio_mmio_deinit(&console->mmio);
	console_free(console);
}
