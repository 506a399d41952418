// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-blk from end to end: a guest that can drive it well, so that requests
 * get as far as the file, and badly at any point: lying lengths, loops, rings
 * that move, headers that change. Now and then it comes to its senses, and then
 * what it writes must be what it reads.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "device/virtio/blk.h"
#include "device/virtio/blk_io.h"
#include "fuzz.h"

#define RAM          0x100000ULL
#define REGION_BYTES 0x8000
#define RAM_BYTES    (2 * REGION_BYTES)
#define N_QUEUES     2
#define SIZE         16
#define DISK_BYTES   0x10000

/* Rings of queue i at i * 0x400; headers, statuses and data from 0x1000 on. */
#define RINGS(queue)    (RAM + 0x400ULL * (queue))
#define AVAIL(queue)    (RINGS(queue) + 0x100)
#define USED(queue)     (RINGS(queue) + 0x200)
#define HEADER          (RAM + 0x1000)
#define STATUS          (RAM + 0x1800)
#define DATA            (RAM + 0x2000)
#define ALL_FEATURES    0x7240u
#define READ_ONLY_LACKS 0x6000u

struct fuzz_blk {
	struct kt_blk *blk;
	struct kt_virtio_mmio *mmio;
	struct kt_memory_region regions[2];
	struct kt_guest_memory memory;
	int fd;
	bool read_only;
};

struct desc {
	uint64_t gpa;
	uint32_t length;
	uint16_t flags, next;
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

static void put(struct fuzz_blk *b, uint32_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(b->mmio, reg, &value, sizeof(value));
}

static uint32_t get(struct fuzz_blk *b, uint32_t reg)
{
	uint32_t value;

	kt_virtio_mmio_ops.read(b->mmio, reg, &value, sizeof(value));
	return value;
}

static void poke(struct fuzz_blk *b, uint64_t gpa, const void *data, size_t length)
{
	kt_guest_memory_write(&b->memory, gpa, data, length);
}

static void bring_up(struct fuzz_blk *b, uint8_t flags)
{
	const uint8_t zero[0x400] = { 0 };
	uint32_t features = ALL_FEATURES;

	if (b->read_only)
		features &= ~READ_ONLY_LACKS;
	if (flags & 4)
		features &= ~(1u << 9);
	put(b, 0x70, 0);
	put(b, 0x70, 3);
	put(b, 0x24, 0);
	put(b, 0x20, features | (uint32_t)(flags & 3) << 28);
	put(b, 0x24, 1);
	put(b, 0x20, 1);
	put(b, 0x70, 11);
	for (uint32_t i = 0; i < N_QUEUES; i++) {
		poke(b, RINGS(i), zero, sizeof(zero));
		put(b, 0x30, i);
		put(b, 0x38, SIZE);
		put(b, 0x80, (uint32_t)RINGS(i));
		put(b, 0x90, (uint32_t)AVAIL(i));
		put(b, 0xa0, (uint32_t)USED(i));
		put(b, 0x44, 1);
	}
	put(b, 0x70, 15);
}

static void offer(struct fuzz_blk *b, uint32_t queue, uint16_t head)
{
	uint16_t idx = 0;

	kt_guest_memory_read(&b->memory, AVAIL(queue) + 2, &idx, sizeof(idx));
	poke(b, AVAIL(queue) + 4 + 2 * (idx % SIZE), &head, sizeof(head));
	idx++;
	poke(b, AVAIL(queue) + 2, &idx, sizeof(idx));
}

static void write_desc(struct fuzz_blk *b, struct fuzz_input *input,
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
	poke(b, (index & 0x80 ? DATA : RINGS(queue)) + 16 * (index % SIZE),
	     &desc, sizeof(desc));
}

static uint32_t take_type(struct fuzz_input *input)
{
	static const uint8_t types[] = { 0, 1, 4, 8, 11, 13, 0, 1 };
	uint8_t which = fuzz_take8(input);

	return which & 0x80 ? which : types[which % KT_ARRAY_SIZE(types)];
}

/* A request of the usual form, from what the input says; slot 0 to 3. */
static void ask(struct fuzz_blk *b, struct fuzz_input *input, uint32_t queue)
{
	struct header header = { .type = take_type(input) };
	uint8_t flags = fuzz_take8(input);
	uint16_t at = (flags & 3) * 4;
	bool reads = header.type == KT_BLK_IN || header.type == KT_BLK_GET_ID;
	uint64_t gpa = DATA + fuzz_take16(input) % 0xe000;
	uint32_t length = fuzz_take8(input) * (flags & 4 ? 16u : 512u);
	struct desc descs[3] = {
		{ HEADER + 16 * at, 16, 1, at + 1 },
		{ gpa, length + (flags & 8 ? 1 : 0), reads ? 3 : 1, at + 2 },
		{ STATUS + at, 1, 2, 0 },
	};

	header.sector = flags & 0x10 ? (uint64_t)fuzz_take32(input) << 32 |
					       fuzz_take32(input) :
				       fuzz_take8(input) % 160;
	if (!length)
		descs[0].next = at + 2;
	poke(b, HEADER + 16 * at, &header, sizeof(header));
	poke(b, RINGS(queue) + 16 * at, descs, sizeof(descs));
	offer(b, queue, at);
}

/* Ranges for a discard or write-zeroes, where `ask` may point to. */
static void write_segment(struct fuzz_blk *b, struct fuzz_input *input)
{
	struct {
		uint64_t sector;
		uint32_t n_sectors, flags;
	} segment = { fuzz_take8(input), fuzz_take8(input), 0 };
	uint8_t where = fuzz_take8(input);

	segment.flags = where >> 6 & 1;
	if (where & 0x80)
		segment.n_sectors = fuzz_take32(input);
	poke(b, DATA + 16 * (where & 0x3f), &segment, sizeof(segment));
}

static uint8_t transfer(struct fuzz_blk *b, uint32_t type, uint64_t sector,
			const uint8_t *data)
{
	struct header header = { .type = type, .sector = sector };
	struct desc descs[3] = {
		{ HEADER, 16, 1, 1 },
		{ DATA, 512, type == KT_BLK_IN ? 3 : 1, 2 },
		{ STATUS, 1, 2, 0 },
	};
	uint8_t status = 0xee;
	uint16_t used = 0;

	poke(b, HEADER, &header, sizeof(header));
	poke(b, STATUS, &status, sizeof(status));
	poke(b, DATA, data, 512);
	poke(b, RINGS(0), descs, sizeof(descs));
	offer(b, 0, 0);
	kt_blk_process(b->blk);
	kt_guest_memory_read(&b->memory, USED(0) + 2, &used, sizeof(used));
	fuzz_check(used);
	kt_guest_memory_read(&b->memory, STATUS, &status, sizeof(status));
	return status;
}

/* After whatever has been: a reset, and then it is a disk. */
static void come_to_its_senses(struct fuzz_blk *b, struct fuzz_input *input)
{
	uint8_t data[512], other[512], got[512], sector = fuzz_take8(input);
	const bool fits = sector < DISK_BYTES / 512;

	memset(data, sector ^ 0x5a, sizeof(data));
	memset(other, sector, sizeof(other));
	bring_up(b, fuzz_take8(input) & 3);
	fuzz_check(transfer(b, KT_BLK_OUT, sector, data) ==
		   (fits && !b->read_only ? KT_BLK_OK : KT_BLK_IOERR));
	fuzz_check(transfer(b, KT_BLK_IN, sector, other) ==
		   (fits ? KT_BLK_OK : KT_BLK_IOERR));
	kt_guest_memory_read(&b->memory, DATA, got, sizeof(got));
	if (fits && !b->read_only)
		fuzz_check(memcmp(got, data, sizeof(got)) == 0);
}

static void step(struct fuzz_blk *b, struct fuzz_input *input)
{
	uint8_t kind = fuzz_take8(input), data[8];
	uint32_t queue = kind >> 4 & 1;
	uint64_t offset;

	switch (kind % 11) {
	case 0:
		bring_up(b, fuzz_take8(input));
		break;
	case 1:
	case 2:
		ask(b, input, queue);
		break;
	case 3:
		write_desc(b, input, queue);
		break;
	case 4:
		offer(b, queue, fuzz_take8(input));
		break;
	case 5:
		write_segment(b, input);
		break;
	case 6:
	case 7:
		kt_blk_process(b->blk);
		break;
	case 8:
		offset = fuzz_take16(input);
		fuzz_take(input, data, sizeof(data));
		poke(b, RAM + offset, data, sizeof(data));
		break;
	case 9:
		offset = fuzz_take16(input) % 0x220;
		fuzz_take(input, data, sizeof(data));
		if (kind & 0x80)
			kt_virtio_mmio_ops.write(b->mmio, offset, data,
						 1u << (kind >> 4) % 4);
		else
			kt_virtio_mmio_ops.read(b->mmio, offset, data,
						1u << (kind >> 4) % 4);
		break;
	case 10:
		come_to_its_senses(b, input);
		break;
	}
}

static void check_end(struct fuzz_blk *b)
{
	struct ktstr_disk_counters counters;
	struct stat st;

	kt_blk_process(b->blk);
	kt_blk_get_counters(b->blk, &counters);
	fuzz_check(counters.read_bytes % 512 == 0);
	fuzz_check(counters.written_bytes % 512 == 0);
	if (b->read_only)
		fuzz_check(!counters.writes && !counters.discards &&
			   !counters.write_zeroes);
	/* However it was treated, the disk is as large as it was. */
	fuzz_check(fstat(b->fd, &st) == 0 && st.st_size == DISK_BYTES);
	fuzz_check(!(get(b, 0x70) & ~0xcfu));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_blk b = { 0 };
	struct fuzz_input input = { data, size };
	struct kt_blk_config config = {
		.memory = &b.memory,
		.irq = { -1 },
		.size_bytes = DISK_BYTES,
		.name = "fuzzed",
		.n_queues = N_QUEUES,
	};
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("disk", MFD_CLOEXEC);
	fuzz_check(ftruncate(fd, 0) == 0 && ftruncate(fd, DISK_BYTES) == 0);
	b.fd = config.fd = fd;
	b.read_only = config.read_only = size && data[0] % 8 == 7;
	for (int i = 0; i < 2; i++) {
		b.regions[i] = (struct kt_memory_region){
			.gpa = RAM + i * REGION_BYTES,
			.size_bytes = REGION_BYTES,
			.hva = aligned_alloc(4096, REGION_BYTES),
		};
		fuzz_check(b.regions[i].hva);
		memset(b.regions[i].hva, 0, REGION_BYTES);
	}
	b.memory = (struct kt_guest_memory){ b.regions, 2 };
	fuzz_check(kt_blk_create(&config, &b.blk, NULL) == 0);
	b.mmio = kt_blk_mmio(b.blk);
	bring_up(&b, fuzz_take8(&input));
	for (int steps = 0; input.left && steps < 256; steps++)
		step(&b, &input);
	check_end(&b);
	kt_blk_destroy(b.blk);
	free(b.regions[0].hva);
	free(b.regions[1].hva);
	return 0;
}
