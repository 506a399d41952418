// SPDX-License-Identifier: GPL-2.0-only
/* What a disk answers, request by request, served in the test's own thread. */
#include "test.h"

#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "blk_guest.h"

#define IN     VIRTIO_BLK_T_IN
#define OUT    VIRTIO_BLK_T_OUT
#define FLUSH  VIRTIO_BLK_T_FLUSH
#define OK     VIRTIO_BLK_S_OK
#define IOERR  VIRTIO_BLK_S_IOERR
#define UNSUPP VIRTIO_BLK_S_UNSUPP

static const struct disk_options usual = { 0 };

static uint8_t *data_at(const struct disk *disk, uint64_t offset, uint64_t length)
{
	return guest_at(&disk->guest, DISK_DATA + offset, length);
}

static void fill(uint8_t *bytes, size_t length, uint8_t seed)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(seed + 7 * i + i / 251);
}

static void config_space_tells_the_disk(void **state)
{
	const struct disk_options options = { .n_queues = 2 };
	struct virtio_blk_config c = { 0 };
	struct disk disk;
	uint64_t features;

	(void)state;
	disk_init(&disk, &options);
	kt_virtio_mmio_ops.read(disk.mmio, 0x100, &c.capacity, 8);
	kt_virtio_mmio_ops.read(disk.mmio, 0x108, &c.size_max, 4);
	kt_virtio_mmio_ops.read(disk.mmio, 0x10c, &c.seg_max, 4);
	kt_virtio_mmio_ops.read(disk.mmio, 0x114, &c.blk_size, 4);
	kt_virtio_mmio_ops.read(disk.mmio, 0x122, &c.num_queues, 2);
	assert_int_equal(c.capacity, DISK_SECTORS);
	assert_int_equal(c.size_max, 256 * 1024);
	assert_int_equal(c.seg_max, 254);
	assert_int_equal(c.blk_size, 512);
	assert_int_equal(c.num_queues, 2);
	assert_int_equal(guest_read32(disk.mmio, 0x08), 2);
	guest_write32(disk.mmio, 0x14, 0);
	features = guest_read32(disk.mmio, 0x10);
	assert_true(features & 1 << VIRTIO_BLK_F_MQ);
	assert_true(features & 1 << VIRTIO_BLK_F_FLUSH);
	assert_false(features & 1 << VIRTIO_BLK_F_RO);
	disk_deinit(&disk);
}

static void what_is_written_reads_back(void **state)
{
	struct disk disk;
	uint8_t expected[4096], in_file[4096];

	(void)state;
	disk_init(&disk, &usual);
	fill(expected, sizeof(expected), 3);
	memcpy(data_at(&disk, 0, 4096), expected, 4096);
	assert_int_equal(disk_do(&disk, OUT, 5, DISK_DATA, 4096), OK);
	assert_int_equal(pread(disk.fd, in_file, 4096, 5 * 512), 4096);
	assert_memory_equal(in_file, expected, 4096);
	assert_int_equal(disk_do(&disk, IN, 5, DISK_DATA + 0x4000, 4096), OK);
	assert_memory_equal(data_at(&disk, 0x4000, 4096), expected, 4096);
	assert_int_equal(disk_do(&disk, FLUSH, 0, 0, 0), OK);
	assert_int_equal(disk_counters(&disk).writes, 1);
	assert_int_equal(disk_counters(&disk).written_bytes, 4096);
	assert_int_equal(disk_counters(&disk).reads, 1);
	assert_int_equal(disk_counters(&disk).read_bytes, 4096);
	assert_int_equal(disk_counters(&disk).flushes, 1);
	assert_int_equal(disk_counters(&disk).errors, 0);
	disk_deinit(&disk);
}

/* Buffers need not be sectors; only their sum does. */
static void buffers_may_lie_anyhow(void **state)
{
	const struct disk_buffer out[] = {
		{ DISK_DATA + 1, 3 },
		{ DISK_DATA + 0x1001, 700 },
		/* Over the border of two regions. */
		{ GUEST_BORDER - 300, 600 },
		{ DISK_DATA + 0x3000, 233 },
	};
	const struct disk_buffer in[] = {
		{ DISK_DATA + 0x5000, 1535 },
		{ DISK_DATA + 0x6003, 1 },
	};
	uint8_t expected[1536], seen[1536];
	uint32_t head, written, at = 0;
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	fill(expected, sizeof(expected), 9);
	for (int i = 0; i < 4; i++) {
		kt_guest_memory_write(&disk.guest.memory, out[i].gpa,
				      expected + at, out[i].length);
		at += out[i].length;
	}
	assert_int_equal(at, sizeof(expected));
	disk_offer(&disk, 0, 0, OUT, 10, out, 4);
	disk_offer(&disk, 0, 1, IN, 10, in, 2);
	kt_blk_process(disk.blk);
	assert_true(guest_take_used(&disk.queues[0], &head, &written));
	assert_int_equal(head, 0);
	assert_int_equal(written, 1);
	assert_true(guest_take_used(&disk.queues[0], &head, &written));
	assert_int_equal(head, 8);
	assert_int_equal(written, 1537);
	assert_int_equal(disk_status(&disk, 0), OK);
	assert_int_equal(disk_status(&disk, 1), OK);
	memcpy(seen, data_at(&disk, 0x5000, 1535), 1535);
	seen[1535] = *data_at(&disk, 0x6003, 1);
	assert_memory_equal(seen, expected, sizeof(expected));
	disk_deinit(&disk);
}

/* Header and first data in one buffer; last data and status in another. */
static void framing_is_the_drivers_choice(void **state)
{
	struct virtio_blk_outhdr header = { .type = OUT, .sector = 2 };
	uint8_t *bytes;
	struct disk disk;
	uint32_t head, written;
	struct guest_queue *q;

	(void)state;
	disk_init(&disk, &usual);
	q = &disk.queues[0];
	bytes = data_at(&disk, 0, 1024);
	memcpy(bytes, &header, sizeof(header));
	fill(bytes + 16, 512, 1);
	/* The header in two halves, the second one with the data. */
	guest_desc(&disk.guest, q->desc, 0, DISK_DATA, 9, GUEST_NEXT, 1);
	guest_desc(&disk.guest, q->desc, 1, DISK_DATA + 9, 7 + 512, GUEST_NEXT,
		   2);
	guest_desc(&disk.guest, q->desc, 2, DISK_STATUS, 1, GUEST_WRITE, 0);
	guest_offer(q, 0);
	kt_blk_process(disk.blk);
	assert_true(guest_take_used(q, &head, &written));
	assert_int_equal(disk_status(&disk, 0), OK);

	header.type = IN;
	memcpy(data_at(&disk, 0x2000, 16), &header, 16);
	memset(data_at(&disk, 0x3000, 513), 0xaa, 513);
	guest_desc(&disk.guest, q->desc, 0, DISK_DATA + 0x2000, 16, GUEST_NEXT,
		   1);
	guest_desc(&disk.guest, q->desc, 1, DISK_DATA + 0x3000, 513,
		   GUEST_WRITE, 0);
	guest_offer(q, 0);
	kt_blk_process(disk.blk);
	assert_true(guest_take_used(q, &head, &written));
	assert_int_equal(written, 513);
	assert_memory_equal(data_at(&disk, 0x3000, 512), bytes + 16, 512);
	assert_int_equal(*data_at(&disk, 0x3200, 1), OK);
	disk_deinit(&disk);
}

static void the_last_sector_is_in_the_next_is_not(void **state)
{
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	assert_int_equal(disk_do(&disk, OUT, DISK_SECTORS - 1, DISK_DATA, 512),
			 OK);
	assert_int_equal(disk_do(&disk, OUT, DISK_SECTORS - 1, DISK_DATA, 1024),
			 IOERR);
	assert_int_equal(disk_do(&disk, OUT, DISK_SECTORS, DISK_DATA, 512),
			 IOERR);
	assert_int_equal(disk_do(&disk, IN, DISK_SECTORS, DISK_DATA, 512), IOERR);
	assert_int_equal(disk_do(&disk, IN, UINT64_MAX, DISK_DATA, 512), IOERR);
	/* Times 512 it would be 0. */
	assert_int_equal(disk_do(&disk, IN, 1ULL << 55, DISK_DATA, 512), IOERR);
	assert_int_equal(
		disk_do(&disk, IN, UINT64_MAX / 512 + 1, DISK_DATA, 512), IOERR);
	assert_int_equal(lseek(disk.fd, 0, SEEK_END), DISK_BYTES);
	assert_int_equal(disk_counters(&disk).errors, 6);
	assert_int_equal(disk.n_warnings, 0);
	disk_deinit(&disk);
}

static void a_part_of_a_sector_is_refused(void **state)
{
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	assert_int_equal(disk_do(&disk, OUT, 0, DISK_DATA, 511), IOERR);
	assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 513), IOERR);
	assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 1), IOERR);
	disk_deinit(&disk);
}

static void no_bytes_are_none(void **state)
{
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	assert_int_equal(disk_do(&disk, IN, DISK_SECTORS, 0, 0), OK);
	assert_int_equal(disk_do(&disk, OUT, 0, 0, 0), OK);
	assert_int_equal(disk_do(&disk, OUT, DISK_SECTORS + 1, 0, 0), IOERR);
	disk_deinit(&disk);
}

/* What a read does not fill would be the guest's own old bytes. */
static void a_read_that_fails_leaves_zeroes(void **state)
{
	const struct disk_options options = { .file_size = 1024 };
	struct disk disk;
	uint8_t *bytes;

	(void)state;
	disk_init(&disk, &options);
	bytes = data_at(&disk, 0, 2048);
	memset(bytes, 0x55, 2048);
	assert_int_equal(disk_do(&disk, OUT, 0, DISK_DATA, 1024), OK);
	assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 2048), IOERR);
	for (int i = 1024; i < 2048; i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(disk.n_warnings, 1);
	disk_deinit(&disk);
}

static void the_name_is_its_id(void **state)
{
	struct disk disk;
	uint8_t *bytes;

	(void)state;
	disk_init(&disk, &usual);
	bytes = data_at(&disk, 0, 32);
	memset(bytes, 0xff, 32);
	assert_int_equal(disk_do(&disk, VIRTIO_BLK_T_GET_ID, 0, DISK_DATA, 20),
			 OK);
	assert_string_equal((char *)bytes, DISK_NAME);
	for (int i = sizeof(DISK_NAME); i < 20; i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(bytes[20], 0xff);
	/* Less room than it takes. */
	memset(bytes, 0xff, 32);
	assert_int_equal(disk_do(&disk, VIRTIO_BLK_T_GET_ID, 0, DISK_DATA, 3),
			 OK);
	assert_memory_equal(bytes, DISK_NAME, 3);
	assert_int_equal(bytes[3], 0xff);
	disk_deinit(&disk);
}

static void an_unknown_request_is_not_supported(void **state)
{
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	assert_int_equal(disk_do(&disk, 2, 0, DISK_DATA, 512), UNSUPP);
	assert_int_equal(disk_do(&disk, UINT32_MAX, 0, DISK_DATA, 512), UNSUPP);
	disk_deinit(&disk);
}

static void a_read_only_disk_stays_as_it_is(void **state)
{
	const struct disk_options options = {
		.read_only = true,
		.features = KT_VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_BLK_F_RO |
			    1ULL << VIRTIO_BLK_F_FLUSH,
	};
	struct disk disk;
	uint8_t byte;

	(void)state;
	disk_init(&disk, &options);
	guest_write32(disk.mmio, 0x14, 0);
	assert_false(guest_read32(disk.mmio, 0x10) & 1 << VIRTIO_BLK_F_DISCARD);
	memset(data_at(&disk, 0, 512), 0x77, 512);
	assert_int_equal(disk_do(&disk, OUT, 0, DISK_DATA, 512), IOERR);
	assert_int_equal(disk_do(&disk, VIRTIO_BLK_T_DISCARD, 0, DISK_DATA, 16),
			 IOERR);
	assert_int_equal(disk_do(&disk, FLUSH, 0, 0, 0), OK);
	assert_int_equal(pread(disk.fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 0);
	disk_deinit(&disk);
}

static void put_range(const struct disk *disk, uint32_t i, uint64_t sector,
		      uint32_t sectors, uint32_t flags)
{
	const struct virtio_blk_discard_write_zeroes range = {
		.sector = sector,
		.num_sectors = sectors,
		.flags = flags,
	};

	memcpy(data_at(disk, 16 * i, 16), &range, 16);
}

static bool file_is(const struct disk *disk, uint32_t sector, uint32_t sectors,
		    uint8_t value)
{
	uint8_t bytes[DISK_BYTES];
	size_t length = sectors * 512;

	assert_int_equal(pread(disk->fd, bytes, length, sector * 512), length);
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != value)
			return false;
	}
	return true;
}

static void fill_file(const struct disk *disk)
{
	uint8_t bytes[DISK_BYTES];

	memset(bytes, 0x33, sizeof(bytes));
	assert_int_equal(pwrite(disk->fd, bytes, sizeof(bytes), 0), DISK_BYTES);
}

static void discard_and_zeroes_clear_their_ranges(void **state)
{
	const uint32_t types[] = { VIRTIO_BLK_T_DISCARD,
				   VIRTIO_BLK_T_WRITE_ZEROES };
	struct disk disk;

	(void)state;
	for (int i = 0; i < 4; i++) {
		disk_init(&disk, &usual);
		fill_file(&disk);
		put_range(&disk, 0, 3, 5, i >= 2);
		put_range(&disk, 1, 40, DISK_SECTORS - 40, 0);
		put_range(&disk, 2, 20, 0, 0);
		if (i == 2) {
			/* A discard has no flags. */
			assert_int_equal(
				disk_do(&disk, types[0], 0, DISK_DATA, 48),
				UNSUPP);
			assert_true(file_is(&disk, 0, DISK_SECTORS, 0x33));
			disk_deinit(&disk);
			continue;
		}
		assert_int_equal(disk_do(&disk, types[i & 1], 0, DISK_DATA, 48),
				 OK);
		assert_true(file_is(&disk, 0, 3, 0x33));
		assert_true(file_is(&disk, 3, 5, 0));
		assert_true(file_is(&disk, 8, 32, 0x33));
		assert_true(file_is(&disk, 40, DISK_SECTORS - 40, 0));
		assert_int_equal(lseek(disk.fd, 0, SEEK_END), DISK_BYTES);
		assert_int_equal(disk_counters(&disk).discarded_bytes,
				 i & 1 ? 0 : 29 * 512);
		assert_int_equal(disk_counters(&disk).zeroed_bytes,
				 i & 1 ? 29 * 512 : 0);
		disk_deinit(&disk);
	}
}

static void wrong_ranges_change_nothing(void **state)
{
	const struct {
		uint64_t sector;
		uint32_t sectors, flags, length;
		uint8_t status;
	} cases[] = {
		{ DISK_SECTORS, 1, 0, 32, IOERR },
		{ UINT64_MAX, 2, 0, 32, IOERR },
		{ 1, UINT32_MAX, 0, 32, IOERR },
		{ 1ULL << 55, 1, 0, 32, IOERR },
		{ 1, 1, 2, 32, UNSUPP },
		{ 1, 1, 1u << 31, 32, UNSUPP },
		{ 1, 1, 0, 31, IOERR },
		{ 1, 1, 0, 17 * 16, IOERR }, /* more than are promised */
		{ 1, 1, 0, 0, IOERR },
	};
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	fill_file(&disk);
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		memset(data_at(&disk, 0, 512), 0, 512);
		put_range(&disk, 0, 1, 1, 0);
		put_range(&disk, 1, cases[i].sector, cases[i].sectors,
			  cases[i].flags);
		assert_int_equal(disk_do(&disk, VIRTIO_BLK_T_WRITE_ZEROES, 0,
					 DISK_DATA, cases[i].length),
				 cases[i].status);
		assert_true(file_is(&disk, 0, DISK_SECTORS, 0x33));
	}
	disk_deinit(&disk);
}

/* fdatasync(2) on a pipe fails: who does not ask the file would say OK. */
static void a_flush_asks_the_file(void **state)
{
	int pipes[2];
	struct disk_options options = { 0 };
	struct disk disk;
	int file;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	options.fd = pipes[1];
	disk_init(&disk, &options);
	assert_int_equal(disk_do(&disk, FLUSH, 0, 0, 0), IOERR);
	assert_int_equal(disk_counters(&disk).errors, 1);
	assert_int_equal(disk_counters(&disk).flushes, 0);

	/* A file that works does not bring back what may have been lost. */
	file = memfd_create("disk", MFD_CLOEXEC);
	assert_int_equal(ftruncate(file, DISK_BYTES), 0);
	assert_int_equal(dup2(file, disk.fd), disk.fd);
	assert_int_equal(disk_do(&disk, OUT, 0, DISK_DATA, 512), OK);
	assert_int_equal(disk_do(&disk, FLUSH, 0, 0, 0), IOERR);
	close(file);
	close(pipes[0]);
	disk_deinit(&disk);
}

static void an_error_of_the_file_is_the_requests(void **state)
{
	struct disk_options options = { .fd = open("/proc/self/exe", O_RDONLY) };
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	for (int i = 0; i < 20; i++)
		assert_int_equal(disk_do(&disk, OUT, 0, DISK_DATA, 512), IOERR);
	assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 512), OK);
	assert_memory_equal(data_at(&disk, 0, 4), "\177ELF", 4);
	assert_int_equal(disk_counters(&disk).errors, 20);
	/* The log has better uses. */
	assert_int_equal(disk.n_warnings, 8);
	disk_deinit(&disk);
}

static void all_of_a_long_indirect_chain_is_used(void **state)
{
	const uint64_t table = DISK_DATA + 0x8000;
	struct virtio_blk_outhdr header = { .type = IN, .sector = 1 };
	uint8_t expected[254 * 64];
	uint32_t head, written;
	struct guest_queue *q;
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	q = &disk.queues[0];
	fill(expected, sizeof(expected), 77);
	assert_int_equal(pwrite(disk.fd, expected, sizeof(expected), 512),
			 sizeof(expected));
	memcpy(data_at(&disk, 0, 16), &header, 16);
	guest_desc(&disk.guest, table, 0, DISK_DATA, 16, GUEST_NEXT, 1);
	/* Backwards, a byte short of each other's end. */
	for (uint16_t i = 1; i <= 254; i++)
		guest_desc(&disk.guest, table, i, GUEST_BORDER + 64 * (254 - i),
			   64, GUEST_NEXT | GUEST_WRITE, i + 1);
	guest_desc(&disk.guest, table, 255, DISK_STATUS, 1, GUEST_WRITE, 0);
	guest_desc(&disk.guest, q->desc, 0, table, 256 * 16, GUEST_INDIRECT, 0);
	guest_offer(q, 0);
	kt_blk_process(disk.blk);
	assert_true(guest_take_used(q, &head, &written));
	/* 254 pieces of 64 bytes are 31.75 sectors. */
	assert_int_equal(disk_status(&disk, 0), IOERR);
	assert_int_equal(written, sizeof(expected) + 1);

	guest_desc(&disk.guest, table, 254, GUEST_BORDER, 192,
		   GUEST_NEXT | GUEST_WRITE, 255);
	for (uint16_t i = 1; i <= 253; i++)
		guest_desc(&disk.guest, table, i,
			   GUEST_BORDER + 192 + 64 * (253 - i), 64,
			   GUEST_NEXT | GUEST_WRITE, i + 1);
	guest_offer(q, 0);
	kt_blk_process(disk.blk);
	assert_true(guest_take_used(q, &head, &written));
	assert_int_equal(disk_status(&disk, 0), OK);
	assert_int_equal(written, 32 * 512 + 1);
	for (uint16_t i = 1; i <= 253; i++)
		assert_memory_equal(guest_at(&disk.guest,
					     GUEST_BORDER + 192 + 64 * (253 - i),
					     64),
				    expected + 64 * (i - 1), 64);
	disk_deinit(&disk);
}

/* Things that no driver does; each stops the device until it is reset. */
enum lie {
	LIE_SHORT_HEADER,
	LIE_NO_STATUS,
	LIE_EMPTY_BUFFER,
	LIE_OUTSIDE,
	LIE_WRAPS,
	LIE_LOOP,
	LIE_TOO_LONG,
	LIE_HEAD,
	LIE_NEXT,
	LIE_INDIRECT_LENGTH,
	LIE_AVAILABLE_JUMPS,
	N_LIES,
};

static void tell(struct disk *disk, enum lie lie)
{
	const struct guest *g = &disk->guest;
	struct guest_queue *q = &disk->queues[0];
	const struct disk_buffer data = { DISK_DATA, 512 };

	disk_offer(disk, 0, 0, IN, 0, &data, 1);
	switch (lie) {
	case LIE_SHORT_HEADER:
		guest_desc(g, q->desc, 0, DISK_HEADER, 15, GUEST_NEXT, 1);
		break;
	case LIE_NO_STATUS:
		guest_desc(g, q->desc, 0, DISK_HEADER, 16, 0, 0);
		break;
	case LIE_EMPTY_BUFFER:
		guest_desc(g, q->desc, 1, DISK_DATA, 0,
			   GUEST_NEXT | GUEST_WRITE, 2);
		break;
	case LIE_OUTSIDE:
		guest_desc(g, q->desc, 1, GUEST_RAM_END - 511, 512,
			   GUEST_NEXT | GUEST_WRITE, 2);
		break;
	case LIE_WRAPS:
		guest_desc(g, q->desc, 1, UINT64_MAX - 100, 512,
			   GUEST_NEXT | GUEST_WRITE, 2);
		break;
	case LIE_LOOP:
		guest_desc(g, q->desc, 2, DISK_STATUS, 1,
			   GUEST_NEXT | GUEST_WRITE, 1);
		break;
	case LIE_TOO_LONG:
		guest_desc(g, q->desc, 1, DISK_DATA, UINT32_MAX,
			   GUEST_NEXT | GUEST_WRITE, 2);
		break;
	case LIE_HEAD:
		guest_store16(g, q->avail + 4 + 2 * ((q->avail_idx - 1) % 256),
			      256);
		break;
	case LIE_NEXT:
		guest_desc(g, q->desc, 1, DISK_DATA, 512,
			   GUEST_NEXT | GUEST_WRITE, 256);
		break;
	case LIE_INDIRECT_LENGTH:
		guest_desc(g, q->desc, 0, DISK_DATA, 17, GUEST_INDIRECT, 0);
		break;
	case LIE_AVAILABLE_JUMPS:
		guest_store16(g, q->avail + 2, q->used_idx + 257);
		break;
	default:
		break;
	}
}

static void a_lie_stops_the_disk_until_it_is_reset(void **state)
{
	struct disk disk;
	uint32_t head, written;

	(void)state;
	disk_init(&disk, &usual);
	assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 512), OK);
	for (int lie = 0; lie < N_LIES; lie++) {
		tell(&disk, lie);
		kt_blk_process(disk.blk);
		if (!(guest_read32(disk.mmio, 0x70) & KT_VIRTIO_NEEDS_RESET))
			fail_msg("lie %d went unnoticed", lie);
		assert_false(guest_take_used(&disk.queues[0], &head, &written));
		assert_int_equal(disk_status(&disk, 0), STATUS_UNTOUCHED);
		disk_bring_up(&disk, DISK_FEATURES);
		assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 512), OK);
	}
	disk_deinit(&disk);
}

/* The rings' addresses count until the reset, whatever is written to them. */
static void rings_do_not_move_while_active(void **state)
{
	struct disk disk;
	struct guest_queue moved;

	(void)state;
	disk_init(&disk, &usual);
	guest_queue_init(&moved, &disk.guest, GUEST_BORDER, 16);
	guest_ready_queue(disk.mmio, 0, &moved);
	assert_int_equal(disk_do(&disk, OUT, 0, DISK_DATA, 512), OK);
	/* A queue that is switched off does nothing, and stays off. */
	guest_write32(disk.mmio, 0x44, 0);
	guest_ready_queue(disk.mmio, 0, &moved);
	guest_offer_buffer(&moved, 0, DISK_DATA, 16, 0);
	kt_blk_process(disk.blk);
	assert_int_equal(guest_load16(&disk.guest, moved.used + 2), 0);
	disk_bring_up(&disk, DISK_FEATURES);
	assert_int_equal(disk_do(&disk, IN, 0, DISK_DATA, 512), OK);
	disk_deinit(&disk);
}

static void interrupts_follow_the_event_index(void **state)
{
	struct disk disk;

	(void)state;
	disk_init(&disk, &usual);
	guest_eventfd_fired(disk.irq);
	guest_store16(&disk.guest, guest_used_event(&disk.queues[0]), 2);
	disk_do(&disk, IN, 0, DISK_DATA, 512);
	disk_do(&disk, IN, 0, DISK_DATA, 512);
	assert_false(guest_eventfd_fired(disk.irq));
	disk_do(&disk, IN, 0, DISK_DATA, 512);
	assert_true(guest_eventfd_fired(disk.irq));
	/* And it asks to be told of the next chain. */
	assert_int_equal(
		guest_load16(&disk.guest, guest_avail_event(&disk.queues[0])), 3);
	disk_deinit(&disk);
}

static void all_queues_are_served(void **state)
{
	const struct disk_options options = {
		.n_queues = 2,
		.features = DISK_FEATURES | 1ULL << VIRTIO_BLK_F_MQ,
	};
	const struct disk_buffer data = { DISK_DATA, 512 };
	struct disk disk;
	uint32_t head, written;

	(void)state;
	disk_init(&disk, &options);
	disk_offer(&disk, 1, 0, IN, 0, &data, 1);
	disk_offer(&disk, 0, 1, IN, 0, &data, 1);
	disk_offer(&disk, 1, 2, IN, 0, &data, 1);
	kt_blk_process(disk.blk);
	assert_true(guest_take_used(&disk.queues[0], &head, &written));
	assert_int_equal(head, 8);
	assert_true(guest_take_used(&disk.queues[1], &head, &written));
	assert_int_equal(head, 0);
	assert_true(guest_take_used(&disk.queues[1], &head, &written));
	assert_int_equal(head, 16);
	disk_deinit(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_space_tells_the_disk),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(buffers_may_lie_anyhow),
		cmocka_unit_test(framing_is_the_drivers_choice),
		cmocka_unit_test(the_last_sector_is_in_the_next_is_not),
		cmocka_unit_test(a_part_of_a_sector_is_refused),
		cmocka_unit_test(no_bytes_are_none),
		cmocka_unit_test(a_read_that_fails_leaves_zeroes),
		cmocka_unit_test(the_name_is_its_id),
		cmocka_unit_test(an_unknown_request_is_not_supported),
		cmocka_unit_test(a_read_only_disk_stays_as_it_is),
		cmocka_unit_test(discard_and_zeroes_clear_their_ranges),
		cmocka_unit_test(wrong_ranges_change_nothing),
		cmocka_unit_test(a_flush_asks_the_file),
		cmocka_unit_test(an_error_of_the_file_is_the_requests),
		cmocka_unit_test(all_of_a_long_indirect_chain_is_used),
		cmocka_unit_test(a_lie_stops_the_disk_until_it_is_reset),
		cmocka_unit_test(rings_do_not_move_while_active),
		cmocka_unit_test(interrupts_follow_the_event_index),
		cmocka_unit_test(all_queues_are_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
