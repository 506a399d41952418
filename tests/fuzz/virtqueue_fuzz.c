// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue against a guest that writes what it likes. The input begins with
 * the queue's layout, then comes a script of steps; what the guest's memory
 * holds is written by the script, too, so that it changes between pops.
 *
 * Guest memory is two touching allocations and one apart, under ASan: a piece
 * of a chain that leaves RAM is caught when the chain is read and written. A
 * second, simpler walk says what each pop has to return.
 */
#include <errno.h>

#include "device/virtio/queue.h"
#include "fuzz.h"

#define REGION_BYTES 0x2000
#define N_REGIONS    3
#define MAX_SIZE     64
#define MAX_CHAIN    0x3000

static const uint64_t region_gpas[N_REGIONS] = { 0, REGION_BYTES, 0x100000000 };

struct fuzz_guest {
	struct kt_memory_region regions[N_REGIONS];
	struct kt_guest_memory memory;
	struct kt_virtqueue vq;
	struct kt_virtqueue_chain chain;
	uint32_t popped;
};

enum step {
	STEP_WRITE, /* bytes anywhere */
	STEP_DESC,  /* a plausible descriptor */
	STEP_OFFER, /* a head, properly */
	STEP_POP,
	STEP_PUSH,
	STEP_INTERRUPT,
	STEP_WANT_NOTIFY,
	STEP_DONT_NOTIFY,
	STEP_RESET,
	N_STEPS,
};

/* Small numbers, so that addresses hit RAM and its edges often. */
static uint64_t take_gpa(struct fuzz_input *input)
{
	uint8_t where = fuzz_take8(input);
	uint16_t offset = fuzz_take16(input);

	if (where == 0xff)
		return UINT64_MAX - offset;
	if (where == 0xfe)
		return (uint64_t)fuzz_take32(input) << 32 | offset;
	/* Things that just fit, or just do not, are worth a bit of their own. */
	if (where & 0x40)
		return region_gpas[where % N_REGIONS] + REGION_BYTES + 16 -
		       offset % 256;
	return region_gpas[where % N_REGIONS] + offset % REGION_BYTES;
}

static void enable_queue(struct fuzz_guest *g, struct fuzz_input *input)
{
	uint8_t flags = fuzz_take8(input);
	struct kt_virtqueue *vq = &g->vq;

	kt_virtqueue_reset(vq);
	g->popped = 0;
	vq->size = flags & 4 ? fuzz_take16(input) :
			       (uint16_t)(1 << (flags >> 3) % 8);
	vq->desc_gpa = take_gpa(input) & ~(flags & 4 ? 0ULL : 15ULL);
	vq->avail_gpa = take_gpa(input) & ~(flags & 4 ? 0ULL : 1ULL);
	vq->used_gpa = take_gpa(input) & ~(flags & 4 ? 0ULL : 3ULL);
	if (kt_virtqueue_enable(vq, flags & 1, flags & 2) < 0)
		fuzz_check(vq->violation && !vq->ready);
	else
		fuzz_check(vq->ready && vq->size <= MAX_SIZE);
}

struct model_desc {
	uint64_t gpa;
	uint32_t length;
	uint16_t flags, next;
};

enum {
	NEXT = 1,
	WRITE = 2,
	INDIRECT = 4,
};

struct model {
	uint64_t readable_bytes;
	uint64_t writable_bytes;
};

static bool model_in_ram(struct fuzz_guest *g, const struct model_desc *desc)
{
	static uint8_t scratch[MAX_CHAIN];

	return desc->length <= sizeof(scratch) &&
	       kt_guest_memory_read(&g->memory, desc->gpa, scratch,
				    desc->length) == 0;
}

/* The rules once more, told differently; false: the chain breaks one. */
static bool model_walk(struct fuzz_guest *g, uint16_t head, struct model *ret)
{
	uint64_t table = g->vq.desc_gpa, entries = g->vq.size, index = head;
	struct model_desc desc;
	bool indirect = false;
	int buffers = 0;

	*ret = (struct model){ 0 };
	do {
		if (index >= entries ||
		    kt_guest_memory_read(&g->memory, table + 16 * index, &desc,
					 sizeof(desc)) < 0)
			return false;
		index = desc.next;
		if (desc.flags & INDIRECT) {
			if (indirect || !g->vq.indirect || (desc.flags & NEXT) ||
			    !desc.length || desc.length % 16 ||
			    desc.gpa > UINT64_MAX - desc.length)
				return false;
			indirect = true;
			table = desc.gpa;
			entries = desc.length / 16;
			index = 0;
			desc.flags = NEXT;
			continue;
		}
		if (!desc.length || !model_in_ram(g, &desc) ||
		    ++buffers > g->vq.size)
			return false;
		if (desc.flags & WRITE)
			ret->writable_bytes += desc.length;
		else if (ret->writable_bytes)
			return false;
		else
			ret->readable_bytes += desc.length;
	} while (desc.flags & NEXT);
	return ret->readable_bytes + ret->writable_bytes <= MAX_CHAIN;
}

/* What the next pop has to return; its head goes to `ret_head`. */
static int model_pop(struct fuzz_guest *g, uint16_t *ret_head, struct model *ret)
{
	const struct kt_virtqueue *vq = &g->vq;
	uint16_t idx;

	if (vq->violation)
		return -EPROTO;
	if (!vq->ready)
		return 0;
	kt_guest_memory_read(&g->memory, vq->avail_gpa + 2, &idx, 2);
	kt_guest_memory_read(&g->memory,
			     vq->avail_gpa + 4 + 2 * (g->popped % vq->size),
			     ret_head, 2);
	if (idx == (uint16_t)g->popped)
		return 0;
	if ((uint16_t)(idx - g->popped) > vq->size || *ret_head >= vq->size ||
	    !model_walk(g, *ret_head, ret))
		return -EPROTO;
	return 1;
}

static void check_chain(struct fuzz_guest *g, uint16_t head,
			const struct model *model)
{
	const struct kt_virtqueue_chain *chain = &g->chain;
	uint64_t readable = 0, writable = 0;
	static uint8_t data[MAX_CHAIN];
	uint32_t i;

	fuzz_check(chain->head == head);
	fuzz_check(chain->readable_bytes == model->readable_bytes);
	fuzz_check(chain->writable_bytes == model->writable_bytes);
	for (i = 0; i < chain->n_readable; i++)
		readable += chain->pieces[i].iov_len;
	for (; i < chain->n_readable + chain->n_writable; i++)
		writable += chain->pieces[i].iov_len;
	fuzz_check(readable == chain->readable_bytes);
	fuzz_check(writable == chain->writable_bytes);
	/* ASan looks over the shoulder of both copies. */
	fuzz_check(kt_virtqueue_chain_read(chain, 0, data, sizeof(data)) ==
		   readable);
	fuzz_check(kt_virtqueue_chain_read(chain, readable / 2, data,
					   sizeof(data)) ==
		   readable - readable / 2);
	fuzz_check(kt_virtqueue_chain_write(chain, 0, data, sizeof(data)) ==
		   writable);
}

static void pop(struct fuzz_guest *g)
{
	bool pending = kt_virtqueue_pending(&g->vq);
	uint16_t head;
	struct model model = { 0 };
	int expected = model_pop(g, &head, &model);

	fuzz_check(kt_virtqueue_pop(&g->vq, &g->chain) == expected);
	fuzz_check((expected < 0) == (g->vq.violation != NULL));
	fuzz_check(expected < 0 || pending == expected);
	if (expected == 1) {
		g->popped++;
		check_chain(g, head, &model);
	}
}

static void write_bytes(struct fuzz_guest *g, struct fuzz_input *input)
{
	uint64_t gpa = take_gpa(input);
	uint8_t bytes[16];
	uint8_t length = fuzz_take8(input) % (sizeof(bytes) + 1);

	fuzz_take(input, bytes, length);
	kt_guest_memory_write(&g->memory, gpa, bytes, length);
}

static void write_desc(struct fuzz_guest *g, struct fuzz_input *input)
{
	uint8_t where = fuzz_take8(input);
	uint64_t table = where & 0x80 ? take_gpa(input) : g->vq.desc_gpa;
	struct model_desc desc;

	desc.gpa = take_gpa(input);
	desc.length = fuzz_take16(input);
	if (!(desc.length & 0x8000))
		desc.length %= 0x401;
	desc.flags = fuzz_take8(input) & (NEXT | WRITE | INDIRECT);
	desc.next = fuzz_take8(input) % (2 * MAX_SIZE);
	if ((desc.flags & INDIRECT) && !(where & 0x40))
		desc.length &= ~15u;
	kt_guest_memory_write(&g->memory, table + 16 * (where & 0x3f), &desc,
			      sizeof(desc));
}

static void offer_head(struct fuzz_guest *g, struct fuzz_input *input)
{
	uint16_t idx = 0, head = fuzz_take8(input), size = g->vq.size;
	uint64_t avail = g->vq.avail_gpa;

	if (!size)
		return;
	kt_guest_memory_read(&g->memory, avail + 2, &idx, sizeof(idx));
	kt_guest_memory_write(&g->memory, avail + 4 + 2 * (idx % size), &head,
			      sizeof(head));
	idx++;
	kt_guest_memory_write(&g->memory, avail + 2, &idx, sizeof(idx));
}

static void step(struct fuzz_guest *g, struct fuzz_input *input)
{
	switch (fuzz_take8(input) % N_STEPS) {
	case STEP_WRITE:
		write_bytes(g, input);
		break;
	case STEP_DESC:
		write_desc(g, input);
		break;
	case STEP_OFFER:
		offer_head(g, input);
		break;
	case STEP_POP:
		pop(g);
		break;
	case STEP_PUSH:
		kt_virtqueue_push(&g->vq, fuzz_take8(input), fuzz_take32(input));
		break;
	case STEP_INTERRUPT:
		kt_virtqueue_should_interrupt(&g->vq);
		fuzz_check(!kt_virtqueue_should_interrupt(&g->vq));
		break;
	case STEP_WANT_NOTIFY:
		if (kt_virtqueue_want_notify(&g->vq))
			fuzz_check(g->vq.ready && !g->vq.violation);
		break;
	case STEP_DONT_NOTIFY:
		kt_virtqueue_dont_notify(&g->vq);
		break;
	case STEP_RESET:
		enable_queue(g, input);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_guest g;
	struct fuzz_input input = { data, size };

	for (int i = 0; i < N_REGIONS; i++) {
		g.regions[i] = (struct kt_memory_region){
			.gpa = region_gpas[i],
			.size_bytes = REGION_BYTES,
			.hva = aligned_alloc(4096, REGION_BYTES),
		};
		fuzz_check(g.regions[i].hva);
		memset(g.regions[i].hva, 0, REGION_BYTES);
	}
	g.memory = (struct kt_guest_memory){ g.regions, N_REGIONS, NULL };
	kt_virtqueue_init(&g.vq, &g.memory, MAX_SIZE, MAX_CHAIN);
	enable_queue(&g, &input);
	for (int steps = 0; input.left && steps < 512; steps++)
		step(&g, &input);
	for (int i = 0; i < N_REGIONS; i++)
		free(g.regions[i].hva);
	return 0;
}
