// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-console from end to end: a guest that can drive it well, so that the
 * deep paths are reached, and badly at any point; a host that sends, resizes
 * and takes as much as it likes.
 */
#include <poll.h>

#include "base/macro.h"
#include "device/virtio/console.h"
#include "fuzz.h"

#define RAM       0x100000ULL
#define RAM_BYTES 0x10000
#define N_QUEUES  6
#define SIZE      8

/* Rings of queue i at i * 0x200; descriptors' buffers from 0x1000 on. */
#define RINGS(queue) (RAM + 0x200ULL * (queue))
#define AVAIL(queue) (RINGS(queue) + 0x80)
#define USED(queue)  (RINGS(queue) + 0x100)
#define BUFFERS      (RAM + 0x1000)

struct fuzz_console {
	struct kt_console *console;
	struct kt_virtio_mmio *mmio;
	struct kt_memory_region ram;
	struct kt_guest_memory memory;
	size_t appetite;
	bool is_open[KT_CONSOLE_PORTS];
	bool inside; /* a callback: they never nest */
};

static size_t on_receive(void *userdata, enum kt_console_port_id port,
			 const void *data, size_t length)
{
	struct fuzz_console *c = userdata;
	size_t taken = KT_MIN(length, c->appetite);
	static uint8_t copy[KT_CONSOLE_RING_BYTES];

	fuzz_check(!c->inside && length && length <= KT_CONSOLE_RING_BYTES);
	c->inside = true;
	memcpy(copy, data, length); /* under ASan's eyes */
	/* A callback may come back with an answer. */
	kt_console_send(c->console, port, data, KT_MIN(length, 3u));
	c->appetite -= taken;
	c->inside = false;
	return taken;
}

static void on_writable(void *userdata, enum kt_console_port_id port)
{
	struct fuzz_console *c = userdata;

	fuzz_check(kt_console_send_space(c->console, port) > 0);
}

static void on_opened(void *userdata, enum kt_console_port_id port, bool open)
{
	struct fuzz_console *c = userdata;

	/* Changes alternate. */
	fuzz_check(c->is_open[port] != open);
	c->is_open[port] = open;
}

static const struct kt_console_callbacks callbacks = {
	.receive = on_receive,
	.writable = on_writable,
	.opened = on_opened,
};

static void put(struct fuzz_console *c, uint32_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(c->mmio, reg, &value, sizeof(value));
}

static void poke(struct fuzz_console *c, uint64_t gpa, const void *data,
		 size_t length)
{
	kt_guest_memory_write(&c->memory, gpa, data, length);
}

static void bring_up(struct fuzz_console *c, uint8_t flags)
{
	const uint8_t zero[0x200] = { 0 };

	put(c, 0x70, 0);
	put(c, 0x70, 3);
	put(c, 0x24, 0);
	put(c, 0x20, (flags & 3u) | (uint32_t)(flags >> 2 & 3) << 28);
	put(c, 0x24, 1);
	put(c, 0x20, 1);
	put(c, 0x70, 11);
	for (uint32_t i = 0; i < N_QUEUES; i++) {
		poke(c, RINGS(i), zero, sizeof(zero));
		put(c, 0x30, i);
		put(c, 0x38, SIZE);
		put(c, 0x80, (uint32_t)RINGS(i));
		put(c, 0x90, (uint32_t)AVAIL(i));
		put(c, 0xa0, (uint32_t)USED(i));
		put(c, 0x44, 1);
	}
	put(c, 0x70, 15);
}

static void offer(struct fuzz_console *c, uint32_t queue, uint16_t head)
{
	uint16_t idx = 0;

	kt_guest_memory_read(&c->memory, AVAIL(queue) + 2, &idx, sizeof(idx));
	poke(c, AVAIL(queue) + 4 + 2 * (idx % SIZE), &head, sizeof(head));
	idx++;
	poke(c, AVAIL(queue) + 2, &idx, sizeof(idx));
}

static void write_desc(struct fuzz_console *c, struct fuzz_input *input,
		       uint32_t queue, bool and_offer)
{
	struct {
		uint64_t gpa;
		uint32_t length;
		uint16_t flags, next;
	} desc;
	uint8_t index = fuzz_take8(input), flags = fuzz_take8(input);

	/* Once in a while at RAM's end or beyond. */
	desc.gpa = RAM + fuzz_take16(input) + (flags & 8 ? RAM_BYTES / 2 : 0);
	desc.length = fuzz_take16(input);
	desc.next = flags >> 4;
	/* Receive queues come first of each pair and are written into. */
	desc.flags = (flags & 1) | (queue % 2 ? 0 : 2);
	if (flags & 2)
		desc.flags ^= flags >> 1 & 6;
	poke(c, RINGS(queue) + 16 * (index % SIZE), &desc, sizeof(desc));
	if (and_offer)
		offer(c, queue, index % SIZE);
}

static void send_control(struct fuzz_console *c, struct fuzz_input *input)
{
	uint8_t what = fuzz_take8(input);
	struct {
		uint32_t port;
		uint16_t event, value;
	} message = { what & 3, what >> 2 & 7, what >> 5 & 1 };
	struct {
		uint64_t gpa;
		uint32_t length;
		uint16_t flags, next;
	} desc = { BUFFERS, sizeof(message), 0, 0 };

	poke(c, BUFFERS, &message, sizeof(message));
	poke(c, RINGS(3), &desc, sizeof(desc));
	offer(c, 3, 0);
}

static void host_sends(struct fuzz_console *c, struct fuzz_input *input)
{
	static const uint8_t zeroes[KT_CONSOLE_RING_BYTES];
	uint8_t what = fuzz_take8(input);
	enum kt_console_port_id port = what & 1;
	size_t length = what & 2 ? fuzz_take16(input) : what >> 2, space, taken;

	space = kt_console_send_space(c->console, port);
	taken = kt_console_send(c->console, port, zeroes, length);
	fuzz_check(taken == KT_MIN(space, length));
}

static void step(struct fuzz_console *c, struct fuzz_input *input)
{
	uint8_t kind = fuzz_take8(input), data[8];
	uint32_t queue = (kind >> 4) % N_QUEUES;
	uint64_t offset;

	switch (kind % 12) {
	case 0:
		bring_up(c, kind & 0x80 ? fuzz_take8(input) : 0x0f);
		break;
	case 1:
		write_desc(c, input, queue, true);
		break;
	case 2:
		write_desc(c, input, queue, false);
		break;
	case 3:
		offer(c, queue, fuzz_take8(input));
		break;
	case 4:
		send_control(c, input);
		break;
	case 5:
		host_sends(c, input);
		break;
	case 6:
		kt_console_resize(c->console, fuzz_take16(input), queue);
		break;
	case 7:
		c->appetite = kind & 0x80 ? SIZE_MAX : fuzz_take16(input);
		break;
	case 8:
	case 9:
		kt_console_process(c->console);
		break;
	case 10:
		offset = fuzz_take16(input);
		fuzz_take(input, data, sizeof(data));
		poke(c, RAM + offset, data, sizeof(data));
		break;
	case 11:
		offset = fuzz_take16(input) % 0x220;
		fuzz_take(input, data, sizeof(data));
		if (kind & 0x80)
			kt_virtio_mmio_ops.write(c->mmio, offset, data,
						 1u << (kind >> 4) % 4);
		else
			kt_virtio_mmio_ops.read(c->mmio, offset, data,
						1u << (kind >> 4) % 4);
		break;
	}
}

/* With a hungry host and no guest, the loop must come to rest. */
static void settle(struct fuzz_console *c)
{
	struct pollfd p = { kt_console_eventfd(c->console), POLLIN, 0 };

	c->appetite = SIZE_MAX;
	kt_console_kick(c->console);
	for (int i = 0; poll(&p, 1, 0) == 1; i++) {
		fuzz_check(i < 10000);
		kt_console_process(c->console);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_console c = { .appetite = SIZE_MAX };
	struct fuzz_input input = { data, size };
	struct kt_console_config config = {
		.memory = &c.memory,
		.irq = { -1 },
		.callbacks = &callbacks,
		.userdata = &c,
	};

	c.ram = (struct kt_memory_region){
		.gpa = RAM,
		.size_bytes = RAM_BYTES,
		.hva = aligned_alloc(4096, RAM_BYTES),
	};
	fuzz_check(c.ram.hva);
	memset(c.ram.hva, 0, RAM_BYTES);
	c.memory = (struct kt_guest_memory){ &c.ram, 1, NULL };
	fuzz_check(kt_console_create(&config, &c.console, NULL) == 0);
	c.mmio = kt_console_mmio(c.console);
	for (int steps = 0; input.left && steps < 256; steps++)
		step(&c, &input);
	settle(&c);
	kt_console_destroy(c.console);
	free(c.ram.hva);
	return 0;
}
