// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-net from end to end: a guest that sends and receives as it should, so
 * that frames come around, and at any point as it should not: lying lengths,
 * loops, buffers that lie over each other and over the rings. Now and then it
 * comes to its senses, and then a frame must come back as it was.
 */
#include "base/macro.h"
#include "device/virtio/net.h"
#include "fuzz.h"

#define RAM          0x100000ULL
#define REGION_BYTES 0x8000
#define N_PAIRS      2
#define N_QUEUES     (2 * N_PAIRS + 1)
#define SIZE         16

/* Rings of queue i at i * 0x400; buffers from 0x2000 on. */
#define RINGS(queue) (RAM + 0x400ULL * (queue))
#define AVAIL(queue) (RINGS(queue) + 0x100)
#define USED(queue)  (RINGS(queue) + 0x200)
#define BUFFERS      (RAM + 0x2000)

struct fuzz_net {
	struct kt_net *net;
	struct kt_virtio_mmio *mmio;
	struct kt_memory_region regions[2];
	struct kt_guest_memory memory;
	uint32_t n_pairs;
};

struct desc {
	uint64_t gpa;
	uint32_t length;
	uint16_t flags, next;
};

static void put(struct fuzz_net *n, uint32_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(n->mmio, reg, &value, sizeof(value));
}

static void poke(struct fuzz_net *n, uint64_t gpa, const void *data, size_t length)
{
	kt_guest_memory_write(&n->memory, gpa, data, length);
}

static void bring_up(struct fuzz_net *n, uint8_t flags)
{
	const uint8_t zero[0x400] = { 0 };
	uint32_t features = 1u << 5;

	if (flags & 4)
		features |= 1u << 15;
	if ((flags & 8) && n->n_pairs > 1)
		features |= 1u << 17 | (flags & 16 ? 1u << 22 : 0);
	put(n, 0x70, 0);
	put(n, 0x70, 3);
	put(n, 0x24, 0);
	put(n, 0x20, features | (uint32_t)(flags & 3) << 28);
	put(n, 0x24, 1);
	put(n, 0x20, 1);
	put(n, 0x70, 11);
	for (uint32_t i = 0; i < n->mmio->n_queues; i++) {
		poke(n, RINGS(i), zero, sizeof(zero));
		put(n, 0x30, i);
		put(n, 0x38, SIZE);
		put(n, 0x80, (uint32_t)RINGS(i));
		put(n, 0x90, (uint32_t)AVAIL(i));
		put(n, 0xa0, (uint32_t)USED(i));
		put(n, 0x44, 1);
	}
	put(n, 0x70, 15);
}

static void offer(struct fuzz_net *n, uint32_t queue, uint16_t head)
{
	uint16_t idx = 0;

	kt_guest_memory_read(&n->memory, AVAIL(queue) + 2, &idx, sizeof(idx));
	poke(n, AVAIL(queue) + 4 + 2 * (idx % SIZE), &head, sizeof(head));
	idx++;
	poke(n, AVAIL(queue) + 2, &idx, sizeof(idx));
}

static void write_desc(struct fuzz_net *n, struct fuzz_input *input,
		       uint32_t queue)
{
	uint8_t index = fuzz_take8(input), flags = fuzz_take8(input);
	struct desc desc = {
		.gpa = RAM + fuzz_take16(input) + (flags & 8 ? 0x8000 : 0),
		.length = fuzz_take16(input),
		.flags = flags & 7,
		.next = flags >> 4,
	};

	if (index & 0x40)
		desc.length |= (uint32_t)fuzz_take16(input) << 16;
	poke(n, (index & 0x80 ? BUFFERS : RINGS(queue)) + 16 * (index % SIZE),
	     &desc, sizeof(desc));
}

/* One buffer of the usual kind for the queue: to send, to receive into. */
static void offer_buffer(struct fuzz_net *n, struct fuzz_input *input,
			 uint32_t queue)
{
	static const uint8_t header[12];
	uint16_t index = fuzz_take8(input) % SIZE;
	struct desc desc = {
		.gpa = BUFFERS + fuzz_take16(input) % 0xd000,
		.length = fuzz_take16(input) % 0x1000,
		.flags = queue % 2 || queue == 2 * n->n_pairs ? 0 : 2,
	};

	if (queue % 2)
		poke(n, desc.gpa, header, sizeof(header));
	poke(n, RINGS(queue) + 16 * index, &desc, sizeof(desc));
	offer(n, queue, index);
}

/* A frame of up to 96 KiB, in pieces that lie over each other. */
static void send_long(struct fuzz_net *n, struct fuzz_input *input, uint32_t pair)
{
	static const uint8_t header[12];
	const uint32_t queue = 2 * pair + 1;

	for (uint16_t i = 0; i < 3; i++) {
		struct desc desc = { BUFFERS,
				     0x4000 + fuzz_take16(input) % 0x4000,
				     i < 2, i + 1 };

		poke(n, RINGS(queue) + 16 * i, &desc, sizeof(desc));
	}
	poke(n, BUFFERS, header, sizeof(header));
	offer(n, queue, 0);
}

static void command(struct fuzz_net *n, struct fuzz_input *input)
{
	const uint32_t queue = 2 * n->n_pairs;
	uint8_t bytes[4];
	struct desc descs[2] = {
		{ BUFFERS, 4, 1, 1 },
		{ BUFFERS + 4, 1, 2, 0 },
	};

	fuzz_take(input, bytes, sizeof(bytes));
	if (bytes[0] & 1)
		memcpy(bytes, (uint8_t[]){ 4, 0, bytes[2] & 3, 0 }, 4);
	poke(n, BUFFERS, bytes, sizeof(bytes));
	poke(n, RINGS(queue), descs, sizeof(descs));
	offer(n, queue, 0);
}

/* After whatever has been: a reset, and then frames come back. */
static void come_to_its_senses(struct fuzz_net *n, struct fuzz_input *input)
{
	uint32_t length = 14 + fuzz_take16(input) % 2000, room = 0;
	struct desc desc = { BUFFERS + 0x8000, 12 + length, 0, 0 };
	static uint8_t frame[12 + 14 + 2000], got[sizeof(frame)];
	uint8_t split = fuzz_take8(input);
	uint16_t used = 0, n_sent = 1, n_buffers = 0;

	bring_up(n, 4 | (split & 3));
	memset(frame, 0, 12);
	memset(frame + 12, split, length);
	frame[12 + length / 2] = (uint8_t)~split;
	poke(n, desc.gpa, frame, 12 + length);
	poke(n, RINGS(1), &desc, sizeof(desc));
	offer(n, 1, 0);
	/* Receive buffers that lie one behind the other. */
	for (uint16_t i = 0; i < SIZE && room < 12 + length; i++) {
		struct desc buffer = { BUFFERS + room, 130 + split, 2, 0 };

		poke(n, RINGS(0) + 16 * i, &buffer, sizeof(buffer));
		offer(n, 0, i);
		room += buffer.length;
		if (n_buffers++ || room >= 12 + length)
			continue;
		/* One is not enough: dropped, and the buffer is kept. */
		kt_net_process(n->net);
		kt_guest_memory_read(&n->memory, USED(0) + 2, &used,
				     sizeof(used));
		fuzz_check(used == 0);
		offer(n, 1, 0);
		n_sent++;
	}
	kt_net_process(n->net);
	kt_guest_memory_read(&n->memory, USED(1) + 2, &used, sizeof(used));
	fuzz_check(used == n_sent);
	kt_guest_memory_read(&n->memory, USED(0) + 2, &used, sizeof(used));
	fuzz_check(used == n_buffers);
	memcpy(frame + 10, &n_buffers, sizeof(n_buffers));
	kt_guest_memory_read(&n->memory, BUFFERS, got, 12 + length);
	fuzz_check(memcmp(got, frame, 12 + length) == 0);
}

static void step(struct fuzz_net *n, struct fuzz_input *input)
{
	uint8_t kind = fuzz_take8(input), data[8];
	uint32_t queue = (kind >> 4) % N_QUEUES;
	uint64_t offset;

	switch (kind % 11) {
	case 0:
		bring_up(n, fuzz_take8(input));
		break;
	case 1:
	case 2:
		offer_buffer(n, input, queue);
		break;
	case 3:
		send_long(n, input, queue % N_PAIRS);
		break;
	case 4:
		write_desc(n, input, queue);
		break;
	case 5:
		offer(n, queue, fuzz_take8(input));
		break;
	case 6:
		command(n, input);
		break;
	case 7:
		kt_net_process(n->net);
		break;
	case 8:
		offset = fuzz_take16(input);
		fuzz_take(input, data, sizeof(data));
		poke(n, RAM + offset, data, sizeof(data));
		break;
	case 9:
		offset = fuzz_take16(input) % 0x220;
		fuzz_take(input, data, sizeof(data));
		if (kind & 0x80)
			kt_virtio_mmio_ops.write(n->mmio, offset, data,
						 1u << (kind >> 4) % 4);
		else
			kt_virtio_mmio_ops.read(n->mmio, offset, data,
						1u << (kind >> 4) % 4);
		break;
	case 10:
		come_to_its_senses(n, input);
		break;
	}
}

/* Whatever was sent came back or was dropped for one reason. */
static void check_end(struct fuzz_net *n)
{
	struct ktstr_network_counters c;
	uint64_t dropped;

	kt_net_process(n->net);
	kt_net_get_counters(n->net, &c);
	dropped = c.dropped_no_buffer + c.dropped_small_buffer +
		  c.dropped_too_short + c.dropped_too_long + c.dropped_header;
	/* The rest fell to a driver that broke the rules of its buffers. */
	fuzz_check(c.received + dropped <= c.sent);
	fuzz_check(c.sent - c.received - dropped <= n->mmio->violations);
	fuzz_check(c.received_bytes <= c.sent_bytes);
	fuzz_check(c.received_bytes >= c.received * KT_NET_MIN_FRAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_net n = { .n_pairs = size && data[0] % 8 == 7 ? 1 : N_PAIRS };
	struct fuzz_input input = { data, size };
	struct kt_net_config config = {
		.memory = &n.memory,
		.irq = { -1 },
		.n_pairs = n.n_pairs,
	};

	for (int i = 0; i < 2; i++) {
		n.regions[i] = (struct kt_memory_region){
			.gpa = RAM + i * REGION_BYTES,
			.size_bytes = REGION_BYTES,
			.hva = aligned_alloc(4096, REGION_BYTES),
		};
		fuzz_check(n.regions[i].hva);
		memset(n.regions[i].hva, 0, REGION_BYTES);
	}
	n.memory = (struct kt_guest_memory){ n.regions, 2 };
	fuzz_check(kt_net_create(&config, &n.net, NULL) == 0);
	n.mmio = kt_net_mmio(n.net);
	bring_up(&n, fuzz_take8(&input));
	for (int steps = 0; input.left && steps < 256; steps++)
		step(&n, &input);
	check_end(&n);
	kt_net_destroy(n.net);
	free(n.regions[0].hva);
	free(n.regions[1].hva);
	return 0;
}
