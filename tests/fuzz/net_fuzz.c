// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network card whose driver is the input: registers, rings and buffers of any
 * shape, changed between frames. ASan guards the ends of guest memory. What
 * must hold: each frame that was sent came back or is counted as dropped, but
 * for one at most each time that the driver broke the rules.
 */
#include <linux/virtio_net.h>

#include "device/virtio/net.h"
#include "fuzz.h"

#define REGION_BYTES 0x4000
#define N_REGIONS    2
#define RING_SIZE    8
#define N_PAIRS      2

#define DESC(queue)  (0x0ULL + 0x200 * (queue))
#define AVAIL(queue) (0x80ULL + 0x200 * (queue))
#define USED(queue)  (0x100ULL + 0x200 * (queue))
#define FRAME        0x1000ULL
#define BUFFERS      0x3000ULL /* over the border of the regions */
#define CONTROL      0x2000ULL

struct fuzz_card {
	struct kt_memory_region regions[N_REGIONS];
	struct kt_guest_memory memory;
	struct kt_net *net;
	struct kt_virtio_mmio *mmio;
};

enum step {
	STEP_REGISTER,
	STEP_BRING_UP,
	STEP_SEND,
	STEP_BUFFER,
	STEP_CONTROL,
	STEP_WRITE,
	STEP_OFFER,
	STEP_PROCESS,
	N_STEPS,
};

static void write_register(struct fuzz_card *c, uint32_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(c->mmio, reg, &value, sizeof(value));
}

static void bring_up(struct fuzz_card *c, uint8_t flags)
{
	static const uint8_t nothing[0x1000];
	uint32_t features = 1u << 5 | 1u << 28;

	features |= flags & 1 ? 1u << VIRTIO_NET_F_MRG_RXBUF : 0;
	features |= flags & 2 ? 1u << 29 : 0;
	features |= flags & 4 ? 1u << VIRTIO_NET_F_CTRL_VQ : 0;
	features |= flags & 8 ? 1u << VIRTIO_NET_F_MQ : 0;
	kt_guest_memory_write(&c->memory, 0, nothing, sizeof(nothing));
	write_register(c, 0x70, 0);
	write_register(c, 0x70, 3);
	for (uint32_t half = 0; half < 2; half++) {
		write_register(c, 0x24, half);
		write_register(c, 0x20, half ? 1 : features);
	}
	write_register(c, 0x70, 11);
	for (uint32_t i = 0; i < c->mmio->n_queues; i++) {
		write_register(c, 0x30, i);
		write_register(c, 0x38, RING_SIZE);
		write_register(c, 0x80, (uint32_t)DESC(i));
		write_register(c, 0x90, (uint32_t)AVAIL(i));
		write_register(c, 0xa0, (uint32_t)USED(i));
		write_register(c, 0x44, 1);
	}
	write_register(c, 0x70, 15);
}

static void write_desc(struct fuzz_card *c, uint32_t queue, uint16_t index,
		       uint64_t gpa, uint32_t length, uint16_t flags)
{
	struct {
		uint64_t gpa;
		uint32_t length;
		uint16_t flags, next;
	} desc = { gpa, length, flags, index + 1 };

	kt_guest_memory_write(&c->memory, DESC(queue) + 16ULL * index, &desc,
			      sizeof(desc));
}

static void offer(struct fuzz_card *c, uint32_t queue, uint16_t head)
{
	uint16_t idx;

	kt_guest_memory_read(&c->memory, AVAIL(queue) + 2, &idx, 2);
	kt_guest_memory_write(
		&c->memory, AVAIL(queue) + 4 + 2 * (idx % RING_SIZE), &head, 2);
	idx++;
	kt_guest_memory_write(&c->memory, AVAIL(queue) + 2, &idx, 2);
}

static void send_frame(struct fuzz_card *c, struct fuzz_input *input)
{
	uint8_t shape = fuzz_take8(input);
	uint32_t queue = shape & 1 ? 1 : 3;
	uint32_t length = fuzz_take16(input);
	struct virtio_net_hdr_v1 header = {
		.flags = shape & 2 ? fuzz_take8(input) : 0,
		.gso_type = shape & 4 ? fuzz_take8(input) : 0,
	};

	if (!(shape & 8))
		length %= 2048;
	kt_guest_memory_write(&c->memory, FRAME, &header, sizeof(header));
	write_desc(c, queue, 0, FRAME, shape & 16 ? fuzz_take8(input) : 12, 1);
	write_desc(c, queue, 1, FRAME + 12, length, shape & 32 ? 1 : 0);
	/* The same bytes again, so that frames become long. */
	write_desc(c, queue, 2, FRAME, 0x3000, shape & 64 ? 1 : 0);
	write_desc(c, queue, 3, 0, 0x8000, shape & 64 ? 1 : 0);
	write_desc(c, queue, 4, 0, 0x8000, 0);
	offer(c, queue, 0);
	if (!(shape & 128))
		kt_net_process(c->net);
}

static void offer_buffers(struct fuzz_card *c, struct fuzz_input *input)
{
	uint8_t shape = fuzz_take8(input);
	uint32_t queue = shape & 1 ? 0 : 2;
	uint32_t length = fuzz_take16(input) % (shape & 2 ? 64 : 4096);

	for (uint16_t i = 0; i < shape >> 5; i++) {
		write_desc(c, queue, i, BUFFERS + 0x400ULL * i, length,
			   shape & 4 ? shape >> 3 & 3 : 2);
		offer(c, queue, i);
	}
}

static void send_command(struct fuzz_card *c, struct fuzz_input *input)
{
	uint8_t shape = fuzz_take8(input), bytes[4] = { 4, 0, 0, 0 };
	uint32_t queue = shape & 1 ? 4 : 2;

	if (shape & 2)
		fuzz_take(input, bytes, sizeof(bytes));
	else
		bytes[2] = shape >> 4;
	kt_guest_memory_write(&c->memory, CONTROL, bytes, sizeof(bytes));
	write_desc(c, queue, 0, CONTROL, shape & 4 ? fuzz_take8(input) : 4, 1);
	write_desc(c, queue, 1, CONTROL + 8, 1, shape & 8 ? 0 : 2);
	offer(c, queue, 0);
	kt_net_process(c->net);
}

static void write_bytes(struct fuzz_card *c, struct fuzz_input *input)
{
	uint64_t gpa = fuzz_take16(input) % (N_REGIONS * REGION_BYTES + 64);
	uint8_t bytes[16], length = fuzz_take8(input) % 17;

	fuzz_take(input, bytes, length);
	kt_guest_memory_write(&c->memory, gpa, bytes, length);
}

static void step(struct fuzz_card *c, struct fuzz_input *input)
{
	uint32_t reg;

	switch (fuzz_take8(input) % N_STEPS) {
	case STEP_REGISTER:
		reg = fuzz_take8(input) & ~3u;
		write_register(c, reg, fuzz_take32(input));
		break;
	case STEP_BRING_UP:
		bring_up(c, fuzz_take8(input));
		break;
	case STEP_SEND:
		send_frame(c, input);
		break;
	case STEP_BUFFER:
		offer_buffers(c, input);
		break;
	case STEP_CONTROL:
		send_command(c, input);
		break;
	case STEP_WRITE:
		write_bytes(c, input);
		break;
	case STEP_OFFER:
		offer(c, fuzz_take8(input) % c->mmio->n_queues,
		      fuzz_take8(input) % (RING_SIZE + 1));
		break;
	case STEP_PROCESS:
		kt_net_process(c->net);
		break;
	default:
		break;
	}
}

static void check_counters(struct fuzz_card *c)
{
	struct ktstr_network_counters n;
	uint64_t known;

	kt_net_get_counters(c->net, &n);
	known = n.returned_packets + n.dropped_no_buffer +
		n.dropped_small_buffer + n.dropped_too_long +
		n.dropped_too_short + n.dropped_offload;
	fuzz_check(known <= n.sent_packets);
	fuzz_check(n.sent_packets - known <= c->mmio->violations);
	fuzz_check(n.returned_bytes <= n.sent_bytes);
	fuzz_check(n.returned_bytes >= 14 * n.returned_packets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct fuzz_card c = { 0 };
	struct kt_net_config config = {
		.memory = &c.memory,
		.irq.eventfd = -1,
		.n_pairs = N_PAIRS,
		.no_worker = true,
	};

	for (int i = 0; i < N_REGIONS; i++) {
		c.regions[i] = (struct kt_memory_region){
			.gpa = i * REGION_BYTES,
			.size_bytes = REGION_BYTES,
			.hva = aligned_alloc(4096, REGION_BYTES),
		};
		fuzz_check(c.regions[i].hva);
		memset(c.regions[i].hva, 0, REGION_BYTES);
	}
	c.memory = (struct kt_guest_memory){ c.regions, N_REGIONS, NULL };
	fuzz_check(kt_net_create(&config, &c.net, NULL) == 0);
	c.mmio = kt_net_mmio(c.net);
	bring_up(&c, fuzz_take8(&input));
	for (int steps = 0; input.left && steps < 256; steps++)
		step(&c, &input);
	check_counters(&c);
	kt_net_destroy(c.net);
	for (int i = 0; i < N_REGIONS; i++)
		free(c.regions[i].hva);
	return 0;
}
