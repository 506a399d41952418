// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk whose driver is the input: it touches registers and configuration
 * space, writes requests of any shape, and moves rings and lies about lengths
 * meanwhile. ASan guards the ends of guest memory. What must hold: the disk's
 * file keeps its length, and a read-only one its bytes; the counters count
 * whole sectors.
 */
#include <linux/virtio_blk.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/virtio/blk.h"
#include "fuzz.h"

#define REGION_BYTES 0x4000
#define N_REGIONS    2
#define SECTORS      32
#define RING_SIZE    16

/* The driver's places; the second region has the data. */
#define DESC(queue)  (0x0ULL + 0x400 * (queue))
#define AVAIL(queue) (0x100ULL + 0x400 * (queue))
#define USED(queue)  (0x200ULL + 0x400 * (queue))
#define HEADER       0x1000ULL
#define TABLE        0x2000ULL
#define DATA         0x3000ULL /* over the border of the regions */

struct fuzz_disk {
	struct kt_memory_region regions[N_REGIONS];
	struct kt_guest_memory memory;
	struct kt_blk *blk;
	struct kt_virtio_mmio *mmio;
	int fd;
	uint32_t n_queues;
};

enum step {
	STEP_REGISTER,
	STEP_CONFIG,
	STEP_BRING_UP,
	STEP_REQUEST, /* well-formed, or nearly */
	STEP_WRITE,
	STEP_OFFER,
	STEP_PROCESS,
	N_STEPS,
};

static void write_register(struct fuzz_disk *d, uint32_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(d->mmio, reg, &value, sizeof(value));
}

static void bring_up(struct fuzz_disk *d, uint32_t features)
{
	static const uint8_t nothing[0x1000];

	kt_guest_memory_write(&d->memory, 0, nothing, sizeof(nothing));
	write_register(d, 0x70, 0);
	write_register(d, 0x70, 3);
	for (uint32_t half = 0; half < 2; half++) {
		write_register(d, 0x24, half);
		write_register(d, 0x20, half ? 1 : features);
	}
	write_register(d, 0x70, 11);
	for (uint32_t i = 0; i < d->n_queues; i++) {
		write_register(d, 0x30, i);
		write_register(d, 0x38, RING_SIZE);
		write_register(d, 0x80, (uint32_t)DESC(i));
		write_register(d, 0x90, (uint32_t)AVAIL(i));
		write_register(d, 0xa0, (uint32_t)USED(i));
		write_register(d, 0x44, 1);
	}
	write_register(d, 0x70, 15);
}

static void write_desc(struct fuzz_disk *d, uint64_t table, uint16_t index,
		       uint64_t gpa, uint32_t length, uint16_t flags)
{
	struct {
		uint64_t gpa;
		uint32_t length;
		uint16_t flags, next;
	} desc = { gpa, length, flags, index + 1 };

	kt_guest_memory_write(&d->memory, table + 16ULL * index, &desc,
			      sizeof(desc));
}

static void offer(struct fuzz_disk *d, uint32_t queue, uint16_t head)
{
	uint16_t idx;

	kt_guest_memory_read(&d->memory, AVAIL(queue) + 2, &idx, 2);
	kt_guest_memory_write(
		&d->memory, AVAIL(queue) + 4 + 2 * (idx % RING_SIZE), &head, 2);
	idx++;
	kt_guest_memory_write(&d->memory, AVAIL(queue) + 2, &idx, 2);
}

static uint64_t take_sector(struct fuzz_input *input)
{
	uint8_t where = fuzz_take8(input);

	if (where < 0xf0)
		return where % (SECTORS + 4);
	return (uint64_t)fuzz_take32(input) << (where & 1 ? 32 : 0) |
	       fuzz_take16(input);
}

static uint64_t take_gpa(struct fuzz_input *input)
{
	uint16_t offset = fuzz_take16(input);

	if (offset >= 0xff00)
		return (uint64_t)fuzz_take32(input) << 32 | fuzz_take32(input);
	return offset % (N_REGIONS * REGION_BYTES + 64);
}

/* Ranges of a discard, where a request would have its data. */
static void write_ranges(struct fuzz_disk *d, struct fuzz_input *input)
{
	for (uint64_t i = 0; i < 3; i++) {
		struct virtio_blk_discard_write_zeroes range = {
			.sector = take_sector(input),
			.num_sectors = fuzz_take8(input) % (SECTORS + 4),
			.flags = fuzz_take8(input) % 8 == 7,
		};

		kt_guest_memory_write(&d->memory, DATA + 16 * i, &range,
				      sizeof(range));
	}
}

static void write_request(struct fuzz_disk *d, struct fuzz_input *input)
{
	static const uint32_t types[] = { 0, 1, 4, 8, 11, 13, 0, 1 };
	uint8_t shape = fuzz_take8(input), n = fuzz_take8(input);
	struct virtio_blk_outhdr header = {
		.type = types[shape % 8],
		.sector = take_sector(input),
	};
	uint32_t queue = shape & 0x10 ? d->n_queues - 1 : 0;
	uint64_t table = shape & 0x20 ? TABLE : DESC(queue);
	uint16_t at = 0, flags = header.type % 8 == 0 ? 3 : 1;

	if (shape & 0x08)
		header.type = fuzz_take32(input);
	if (header.type >= 11)
		write_ranges(d, input);
	kt_guest_memory_write(&d->memory, HEADER, &header, sizeof(header));
	write_desc(d, table, at++, HEADER, n & 0x80 ? fuzz_take8(input) : 16, 1);
	for (int i = 0; i < (n & 7); i++) {
		bool odd = n & 0x40;
		uint64_t gpa = odd ? take_gpa(input) : DATA + 0x200ULL * i;
		uint32_t length = odd ? fuzz_take16(input) : 0x200;

		if (header.type >= 11 && !odd)
			length = 16;
		write_desc(d, table, at++, gpa, length, flags);
	}
	write_desc(d, table, at++, HEADER + 64, 1, n & 0x20 ? 0 : 2);
	if (shape & 0x20)
		write_desc(d, DESC(queue), 0, TABLE,
			   n & 0x10 ? fuzz_take16(input) : 16u * at, 4);
	offer(d, queue, 0);
	if (!(shape & 0x40))
		kt_blk_process(d->blk);
}

static void write_bytes(struct fuzz_disk *d, struct fuzz_input *input)
{
	uint64_t gpa = take_gpa(input);
	uint8_t bytes[16], length = fuzz_take8(input) % 17;

	fuzz_take(input, bytes, length);
	kt_guest_memory_write(&d->memory, gpa, bytes, length);
}

static void touch_config(struct fuzz_disk *d, struct fuzz_input *input)
{
	static const uint32_t widths[] = { 1, 2, 4, 8 };
	uint32_t offset = 0x100 + fuzz_take8(input);
	uint32_t width = widths[fuzz_take8(input) % 4];
	uint64_t value = fuzz_take32(input);

	if (offset + width > KT_VIRTIO_MMIO_BYTES)
		return;
	kt_virtio_mmio_ops.write(d->mmio, offset, &value, width);
	kt_virtio_mmio_ops.read(d->mmio, offset, &value, width);
}

static void step(struct fuzz_disk *d, struct fuzz_input *input)
{
	uint32_t reg;

	switch (fuzz_take8(input) % N_STEPS) {
	case STEP_REGISTER:
		reg = fuzz_take8(input) & ~3u;
		write_register(d, reg, fuzz_take32(input));
		break;
	case STEP_CONFIG:
		touch_config(d, input);
		break;
	case STEP_BRING_UP:
		bring_up(d, fuzz_take32(input));
		break;
	case STEP_REQUEST:
		write_request(d, input);
		break;
	case STEP_WRITE:
		write_bytes(d, input);
		break;
	case STEP_OFFER:
		offer(d, fuzz_take8(input) % d->n_queues,
		      fuzz_take8(input) % (RING_SIZE + 1));
		break;
	case STEP_PROCESS:
		kt_blk_process(d->blk);
		break;
	default:
		break;
	}
}

static void check_counters(struct fuzz_disk *d, bool read_only)
{
	struct ktstr_disk_counters c;

	kt_blk_get_counters(d->blk, &c);
	fuzz_check(c.read_bytes % 512 == 0 && c.written_bytes % 512 == 0);
	fuzz_check(!read_only || (!c.writes && !c.discards && !c.zeroes));
	fuzz_check(!c.throttled);
}

static void check_file(struct fuzz_disk *d, bool read_only)
{
	uint8_t bytes[SECTORS * 512];
	struct stat st;

	fuzz_check(fstat(d->fd, &st) == 0 && st.st_size == sizeof(bytes));
	fuzz_check(pread(d->fd, bytes, sizeof(bytes), 0) == sizeof(bytes));
	for (size_t i = 0; read_only && i < sizeof(bytes); i++)
		fuzz_check(bytes[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct fuzz_disk d = { 0 };
	uint8_t flags = fuzz_take8(&input);
	struct kt_blk_config config = {
		.memory = &d.memory,
		.irq.eventfd = -1,
		.bytes = SECTORS * 512,
		.read_only = flags & 1,
		.name = "fuzz",
		.n_queues = d.n_queues = flags & 2 ? 2 : 1,
	};

	for (int i = 0; i < N_REGIONS; i++) {
		d.regions[i] = (struct kt_memory_region){
			.gpa = i * REGION_BYTES,
			.size_bytes = REGION_BYTES,
			.hva = aligned_alloc(4096, REGION_BYTES),
		};
		fuzz_check(d.regions[i].hva);
		memset(d.regions[i].hva, 0, REGION_BYTES);
	}
	d.memory = (struct kt_guest_memory){ d.regions, N_REGIONS, NULL };
	d.fd = memfd_create("fuzz", MFD_CLOEXEC);
	fuzz_check(d.fd >= 0 && ftruncate(d.fd, SECTORS * 512) == 0);
	config.fd = d.fd;
	fuzz_check(kt_blk_create(&config, &d.blk, NULL) == 0);
	d.mmio = kt_blk_mmio(d.blk);
	bring_up(&d, UINT32_MAX & ~(flags & 4 ? 1u << 29 : 0) &
			     ~(flags & 8 ? 1u << 9 : 0) &
			     (1u << 5 | 1u << 9 | 1u << 12 | 1u << 13 |
			      1u << 14 | 1u << 28 | 1u << 29) &
			     ~(config.read_only ? 3u << 13 : 1u << 5) &
			     ~(d.n_queues > 1 ? 0 : 1u << 12));
	for (int steps = 0; input.left && steps < 256; steps++)
		step(&d, &input);
	check_counters(&d, config.read_only);
	check_file(&d, config.read_only);
	kt_blk_destroy(d.blk);
	close(d.fd);
	for (int i = 0; i < N_REGIONS; i++)
		free(d.regions[i].hva);
	return 0;
}
