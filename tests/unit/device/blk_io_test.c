// SPDX-License-Identifier: GPL-2.0-only
/* Single requests: right ones, wrong ones, and a file that fails. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "blk_guest.h"

struct segment {
	uint64_t sector;
	uint32_t n_sectors;
	uint32_t flags;
};

static struct ktstr_disk_counters counters_of(struct blk_fixture *f)
{
	struct ktstr_disk_counters counters;

	kt_blk_get_counters(f->blk, &counters);
	return counters;
}

static void test_writes_and_reads_back(void **state)
{
	struct blk_fixture *f = *state;
	const uint32_t lengths[] = { 512, 4096, 65536 + 512, 131072 };

	for (size_t i = 0; i < KT_ARRAY_SIZE(lengths); i++) {
		uint32_t length = lengths[i];
		/* Across the border between two regions, too. */
		uint64_t gpa = i % 2 ? GUEST_BORDER - length / 2 : BLK_ROOM;

		blk_fill(f, gpa, length, (uint8_t)i);
		assert_int_equal(blk_do(f, KT_BLK_OUT, 7, gpa, length), 0);
		memset(guest_at(&f->guest, BLK_ROOM, 1024), 0xff, 1024);
		blk_fill(f, gpa, length, 0x55);
		assert_int_equal(blk_do(f, KT_BLK_IN, 7, gpa, length), 0);
		blk_expect(f, gpa, length, (uint8_t)i);
	}
}

static void test_tells_how_much_it_wrote(void **state)
{
	struct blk_fixture *f = *state;
	uint32_t written;

	blk_ask(f, 0, 0, KT_BLK_IN, 0, BLK_ROOM, 1024);
	blk_notify(f, 0);
	assert_int_equal(blk_answer(f, 0, NULL, &written), KT_BLK_OK);
	assert_int_equal(written, 1025);
	blk_ask(f, 0, 1, KT_BLK_OUT, 0, BLK_ROOM, 1024);
	blk_notify(f, 0);
	assert_int_equal(blk_answer(f, 0, NULL, &written), KT_BLK_OK);
	assert_int_equal(written, 1);
}

static void test_the_last_sector_and_beyond(void **state)
{
	struct blk_fixture *f = *state;
	static const struct {
		uint64_t sector;
		uint32_t length;
		uint8_t status;
	} cases[] = {
		{ BLK_SECTORS - 1, 512, KT_BLK_OK },
		{ BLK_SECTORS - 2, 1024, KT_BLK_OK },
		{ BLK_SECTORS - 1, 1024, KT_BLK_IOERR },
		{ BLK_SECTORS, 512, KT_BLK_IOERR },
		{ BLK_SECTORS, 0, KT_BLK_OK },
		{ BLK_SECTORS + 1, 0, KT_BLK_IOERR },
		{ UINT64_MAX, 512, KT_BLK_IOERR },
		{ UINT64_MAX / 512, 512, KT_BLK_IOERR },
		{ UINT64_MAX / 512 + 1, 512, KT_BLK_IOERR },
		{ (UINT64_MAX / 512 + 1) * 2, 512, KT_BLK_IOERR },
		{ INT64_MAX / 512 + 1, 512, KT_BLK_IOERR },
		{ 0, 0, KT_BLK_OK },
		{ 0, 1, KT_BLK_IOERR },
		{ 0, 511, KT_BLK_IOERR },
		{ 0, 513, KT_BLK_IOERR },
	};
	uint64_t errors = 0;
	struct stat st;

	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		uint8_t in = blk_do(f, KT_BLK_IN, cases[i].sector, BLK_ROOM,
				    cases[i].length);
		uint8_t out = blk_do(f, KT_BLK_OUT, cases[i].sector, BLK_ROOM,
				     cases[i].length);

		if (in != cases[i].status || out != cases[i].status)
			fail_msg("case %zu: read %u, written %u, not %u", i, in,
				 out, cases[i].status);
		errors += 2 * (cases[i].status == KT_BLK_IOERR);
	}
	assert_int_equal(counters_of(f).errors, errors);
	assert_int_equal(fstat(f->file, &st), 0);
	assert_int_equal(st.st_size, BLK_DISK_BYTES);
}

static void test_an_error_leaves_no_old_bytes(void **state)
{
	struct blk_fixture *f = *state;

	blk_fill(f, BLK_ROOM, 8192, 3);
	assert_int_equal(ftruncate(f->file, 512), 0);
	assert_int_equal(blk_do(f, KT_BLK_IN, 0, BLK_ROOM, 8192), KT_BLK_IOERR);
	for (uint32_t i = 0; i < 8192; i++)
		assert_int_equal(
			*(uint8_t *)guest_at(&f->guest, BLK_ROOM + i, 1), 0);
}

static void test_an_unknown_type(void **state)
{
	struct blk_fixture *f = *state;
	const uint32_t types[] = { 2, 3,  5,  6,          7,
				   9, 10, 14, 0x80000000, UINT32_MAX };

	for (size_t i = 0; i < KT_ARRAY_SIZE(types); i++)
		assert_int_equal(blk_do(f, types[i], 0, BLK_ROOM, 512),
				 KT_BLK_UNSUPPORTED);
	assert_int_equal(counters_of(f).unsupported, KT_ARRAY_SIZE(types));
	assert_int_equal(counters_of(f).errors, 0);
}

static void test_its_name(void **state)
{
	struct blk_fixture *f = *state;
	const char *name = "a disk for tests\0\0\0\0";

	memset(guest_at(&f->guest, BLK_ROOM, 64), 0xff, 64);
	assert_int_equal(blk_do(f, KT_BLK_GET_ID, 0, BLK_ROOM, 20), 0);
	assert_memory_equal(guest_at(&f->guest, BLK_ROOM, 20), name, 20);
	/* Less room, and more than there is a name for. */
	memset(guest_at(&f->guest, BLK_ROOM, 64), 0xff, 64);
	assert_int_equal(blk_do(f, KT_BLK_GET_ID, 0, BLK_ROOM, 6), 0);
	assert_memory_equal(guest_at(&f->guest, BLK_ROOM, 7), "a disk\xff", 7);
	assert_int_equal(blk_do(f, KT_BLK_GET_ID, 0, BLK_ROOM, 40), 0);
	assert_memory_equal(guest_at(&f->guest, BLK_ROOM, 20), name, 20);
	assert_int_equal(*(uint8_t *)guest_at(&f->guest, BLK_ROOM + 39, 1), 0);
	assert_int_equal(*(uint8_t *)guest_at(&f->guest, BLK_ROOM + 40, 1), 0xff);
}

static uint8_t clear(struct blk_fixture *f, uint32_t type,
		     const struct segment *segments, size_t n)
{
	memcpy(guest_at(&f->guest, BLK_ROOM, n * 16), segments, n * 16);
	return blk_do(f, type, 0, BLK_ROOM, (uint32_t)n * 16);
}

static void fill_disk(struct blk_fixture *f)
{
	blk_fill(f, BLK_ROOM, 65536, 1);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 65536), 0);
}

/* Sector 1 of the filled disk begins with 2, sector 2 with 3, and so on. */
static bool sector_is_kept(struct blk_fixture *f, uint64_t sector)
{
	return blk_file_byte(f, sector * 512 + 511) != 0 ||
	       blk_file_byte(f, sector * 512 + 1) != 0;
}

static void test_zeroes_and_discards(void **state)
{
	struct blk_fixture *f = *state;
	static const struct {
		uint32_t type, flags;
	} ways[] = {
		{ KT_BLK_WRITE_ZEROES, 0 },
		{ KT_BLK_WRITE_ZEROES, 1 },
		{ KT_BLK_DISCARD, 0 },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(ways); i++) {
		const struct segment segments[] = {
			{ 8, 8, ways[i].flags },
			{ 20, 0, ways[i].flags },
			{ 33, 1, ways[i].flags },
		};

		fill_disk(f);
		assert_int_equal(clear(f, ways[i].type, segments, 3), 0);
		for (uint64_t s = 0; s < 40; s++)
			assert_int_equal(sector_is_kept(f, s),
					 !(s >= 8 && s < 16) && s != 33);
	}
	assert_int_equal(counters_of(f).write_zeroes, 2);
	assert_int_equal(counters_of(f).discards, 1);
}

static void test_wrong_ranges_clear_nothing(void **state)
{
	struct blk_fixture *f = *state;
	static const struct {
		uint32_t type;
		struct segment segment;
		uint8_t status;
	} cases[] = {
		{ KT_BLK_WRITE_ZEROES, { BLK_SECTORS, 1, 0 }, KT_BLK_IOERR },
		{ KT_BLK_WRITE_ZEROES, { 1, UINT32_MAX, 0 }, KT_BLK_IOERR },
		{ KT_BLK_WRITE_ZEROES, { UINT64_MAX, 1, 0 }, KT_BLK_IOERR },
		{ KT_BLK_WRITE_ZEROES, { 1, 1, 2 }, KT_BLK_UNSUPPORTED },
		{ KT_BLK_DISCARD, { 1, 1, 1 }, KT_BLK_UNSUPPORTED },
		{ KT_BLK_DISCARD, { 1, 1, 0x80000000 }, KT_BLK_UNSUPPORTED },
		{ KT_BLK_DISCARD, { 1, BLK_SECTORS, 0 }, KT_BLK_IOERR },
	};

	fill_disk(f);
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		const struct segment segments[] = { { 0, 8, 0 },
						    cases[i].segment };

		assert_int_equal(clear(f, cases[i].type, segments, 2),
				 cases[i].status);
		/* Not even what came before it and was right. */
		assert_true(sector_is_kept(f, 0));
	}
}

static void test_how_many_ranges(void **state)
{
	struct blk_fixture *f = *state;
	struct segment segments[KT_BLK_MAX_SEGMENTS + 1];

	fill_disk(f);
	for (uint32_t i = 0; i < KT_ARRAY_SIZE(segments); i++)
		segments[i] = (struct segment){ 2 * i, 1, 0 };
	assert_int_equal(clear(f, KT_BLK_WRITE_ZEROES, segments,
			       KT_BLK_MAX_SEGMENTS + 1),
			 KT_BLK_IOERR);
	assert_true(sector_is_kept(f, 0));
	assert_int_equal(
		clear(f, KT_BLK_WRITE_ZEROES, segments, KT_BLK_MAX_SEGMENTS),
		KT_BLK_OK);
	assert_false(sector_is_kept(f, 62));
	assert_true(sector_is_kept(f, 63));
	assert_int_equal(blk_do(f, KT_BLK_DISCARD, 0, 0, 0), KT_BLK_IOERR);
	assert_int_equal(blk_do(f, KT_BLK_DISCARD, 0, BLK_ROOM, 15),
			 KT_BLK_IOERR);
	assert_int_equal(blk_do(f, KT_BLK_DISCARD, 0, BLK_ROOM, 17),
			 KT_BLK_IOERR);
}

static void test_read_only(void **state)
{
	struct blk_fixture *f = *state;
	const struct segment segment = { 0, 8, 0 };

	fill_disk(f);
	blk_replace(f, true, 1, (struct kt_throttle_limits){ 0 });
	blk_bring_up(f, BLK_ALL);
	assert_int_equal(blk_do(f, KT_BLK_IN, 0, BLK_ROOM, 4096), KT_BLK_OK);
	blk_expect(f, BLK_ROOM, 4096, 1);
	blk_fill(f, BLK_ROOM, 4096, 9);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 4096), KT_BLK_IOERR);
	assert_int_equal(clear(f, KT_BLK_DISCARD, &segment, 1), KT_BLK_IOERR);
	assert_int_equal(clear(f, KT_BLK_WRITE_ZEROES, &segment, 1),
			 KT_BLK_IOERR);
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_OK);
	assert_true(sector_is_kept(f, 0));
	assert_int_equal(blk_file_byte(f, 0), 1);
}

/* Puts another file behind the disk, which does not notice. */
static void put_behind(struct blk_fixture *f, int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, f->fd), f->fd);
}

static void test_a_full_file_system(void **state)
{
	struct blk_fixture *f = *state;
	int full = open("/dev/full", O_RDWR);

	put_behind(f, full);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 512), KT_BLK_IOERR);
	put_behind(f, f->file);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 512), KT_BLK_OK);
	kt_close(full);
}

static void test_a_flush_that_failed_once(void **state)
{
	struct blk_fixture *f = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_OK);
	put_behind(f, ends[0]);
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_IOERR);
	/* What was written before may be lost, whatever the file says now. */
	put_behind(f, f->file);
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_IOERR);
	assert_int_equal(blk_do(f, KT_BLK_IN, 0, BLK_ROOM, 512), KT_BLK_OK);
	assert_int_equal(counters_of(f).flushes, 1);
	kt_close(ends[0]);
	kt_close(ends[1]);
}

static void test_without_flushes_every_write_is_one(void **state)
{
	struct blk_fixture *f = *state;
	const struct segment segment = { 0, 8, 0 };
	int null = open("/dev/null", O_RDWR);

	/* Which takes every byte, but cannot be synced. */
	put_behind(f, null);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 512), KT_BLK_OK);
	blk_bring_up(f, BLK_ALL & ~BLK_FLUSH_BIT);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 512), KT_BLK_IOERR);
	put_behind(f, f->file);
	assert_int_equal(clear(f, KT_BLK_WRITE_ZEROES, &segment, 1),
			 KT_BLK_IOERR);
	kt_close(null);
}

/* A read over an indirect table of `n` buffers of a sector each. */
static void ask_indirect(struct blk_fixture *f, uint32_t n)
{
	struct guest_queue *q = &f->queues[0];
	uint64_t table = BLK_ROOM, data = BLK_ROOM + 0x2000;
	uint8_t *header = guest_at(&f->guest, BLK_HEADER(0, 0), 17);

	memset(header, 0, 16);
	header[16] = BLK_NO_STATUS;
	guest_desc(&f->guest, table, 0, BLK_HEADER(0, 0), 16, GUEST_NEXT, 1);
	for (uint16_t i = 0; i < n; i++)
		guest_desc(&f->guest, table, i + 1, data + 512ULL * i, 512,
			   GUEST_NEXT | GUEST_WRITE, i + 2);
	guest_desc(&f->guest, table, (uint16_t)n + 1, BLK_STATUS(0, 0), 1,
		   GUEST_WRITE, 0);
	guest_offer_buffer(q, 0, table, 16 * (n + 2), GUEST_INDIRECT);
	blk_notify(f, 0);
}

static void test_as_many_buffers_as_a_queue_allows(void **state)
{
	struct blk_fixture *f = *state;

	fill_disk(f);
	ask_indirect(f, BLK_SIZE - 2);
	assert_int_equal(blk_answer(f, 0, NULL, NULL), KT_BLK_OK);
	blk_expect(f, BLK_ROOM + 0x2000, 512 * (BLK_SIZE - 2), 1);
}

static void test_one_buffer_more(void **state)
{
	struct blk_fixture *f = *state;

	ask_indirect(f, BLK_SIZE - 1);
	assert_contains(blk_wait_violated(f), "longer than the queue");
	assert_int_equal(*(uint8_t *)guest_at(&f->guest, BLK_STATUS(0, 0), 1),
			 BLK_NO_STATUS);
}

static void test_no_layout_is_taken_for_granted(void **state)
{
	struct blk_fixture *f = *state;
	struct guest_queue *q = &f->queues[0];

	/* The header in two parts, and the status behind the data. */
	fill_disk(f);
	memset(guest_at(&f->guest, BLK_HEADER(0, 0), 16), 0, 16);
	guest_desc(&f->guest, q->desc, 0, BLK_HEADER(0, 0), 5, GUEST_NEXT, 1);
	guest_desc(&f->guest, q->desc, 1, BLK_HEADER(0, 0) + 5, 11, GUEST_NEXT,
		   2);
	guest_desc(&f->guest, q->desc, 2, BLK_ROOM, 513, GUEST_WRITE, 0);
	*(uint8_t *)guest_at(&f->guest, BLK_ROOM + 512, 1) = BLK_NO_STATUS;
	guest_offer(q, 0);
	blk_notify(f, 0);
	(void)blk_answer(f, 0, NULL, NULL);
	blk_expect(f, BLK_ROOM, 512, 1);
	assert_int_equal(*(uint8_t *)guest_at(&f->guest, BLK_ROOM + 512, 1),
			 KT_BLK_OK);
}

static void test_a_data_buffer_in_odd_pieces(void **state)
{
	struct blk_fixture *f = *state;
	struct guest_queue *q = &f->queues[0];

	fill_disk(f);
	memset(guest_at(&f->guest, BLK_HEADER(0, 0), 17), 0, 17);
	guest_desc(&f->guest, q->desc, 0, BLK_HEADER(0, 0), 16, GUEST_NEXT, 1);
	guest_desc(&f->guest, q->desc, 1, BLK_ROOM + 1, 3, 3, 2);
	guest_desc(&f->guest, q->desc, 2, BLK_ROOM + 4, 508, 3, 3);
	guest_desc(&f->guest, q->desc, 3, BLK_ROOM + 512, 2, GUEST_WRITE, 0);
	guest_offer(q, 0);
	blk_notify(f, 0);
	(void)blk_answer(f, 0, NULL, NULL);
	blk_expect(f, BLK_ROOM + 1, 512, 1);
	assert_int_equal(*(uint8_t *)guest_at(&f->guest, BLK_ROOM + 513, 1),
			 KT_BLK_OK);
}

static void expect_violation(struct blk_fixture *f, const char *what)
{
	blk_notify(f, 0);
	assert_contains(blk_wait_violated(f), what);
	/* And all is well again after a reset. */
	blk_bring_up(f, BLK_ALL);
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_OK);
	kt_strbuf_reset(&f->log);
}

static void test_chains_that_cannot_be_answered(void **state)
{
	struct blk_fixture *f = *state;
	struct guest_queue *q = &f->queues[0];

	guest_offer_buffer(q, 0, BLK_ROOM, 4096, 0);
	expect_violation(f, "no room for its status");
	guest_offer_buffer(q, 0, BLK_ROOM, 4096, GUEST_WRITE);
	expect_violation(f, "shorter than its header");
	guest_desc(&f->guest, q->desc, 0, BLK_ROOM, 15, GUEST_NEXT, 1);
	guest_desc(&f->guest, q->desc, 1, BLK_ROOM, 513, GUEST_WRITE, 0);
	guest_offer(q, 0);
	expect_violation(f, "shorter than its header");
}

static void test_chains_that_lie(void **state)
{
	struct blk_fixture *f = *state;
	struct guest_queue *q = &f->queues[0];

	/* Out of RAM, by a byte and by much. */
	blk_ask(f, 0, 0, KT_BLK_IN, 0, GUEST_RAM_END - 511, 512);
	expect_violation(f, "outside RAM");
	blk_ask(f, 0, 0, KT_BLK_OUT, 0, BLK_ROOM, UINT32_MAX);
	expect_violation(f, "longer than the device takes");
	blk_ask(f, 0, 0, KT_BLK_OUT, 0, UINT64_MAX - 100, 512);
	expect_violation(f, "outside RAM");
	/* Header after status, a loop, a buffer of nothing. */
	guest_desc(&f->guest, q->desc, 0, BLK_ROOM, 1, 3, 1);
	guest_desc(&f->guest, q->desc, 1, BLK_ROOM, 16, 0, 0);
	guest_offer(q, 0);
	expect_violation(f, "follows a writable one");
	guest_desc(&f->guest, q->desc, 0, BLK_ROOM, 16, GUEST_NEXT, 0);
	guest_offer(q, 0);
	expect_violation(f, "loops");
	guest_offer_buffer(q, 0, BLK_ROOM, 0, GUEST_WRITE);
	expect_violation(f, "no bytes");
	/* A head and a ring index from nowhere. */
	guest_offer(q, BLK_SIZE);
	expect_violation(f, "out of range");
	q->avail_idx += 1000;
	guest_offer(q, 0);
	expect_violation(f, "jumped");
}

/*
 * The request changes behind the device's back, as a driver can do at any
 * time. What is done is what it said at one moment, or an error.
 */
static void test_a_header_that_changes(void **state)
{
	struct blk_fixture *f = *state;
	uint8_t *header = guest_at(&f->guest, BLK_HEADER(0, 0), 16);
	const uint64_t beyond = UINT64_MAX / 512;
	struct stat st;

	for (int i = 0; i < 2000; i++) {
		blk_ask(f, 0, 0, KT_BLK_OUT, 0, BLK_ROOM, 512);
		blk_notify(f, 0);
		memcpy(header + 8, &beyond, 8);
		assert_true(blk_answer(f, 0, NULL, NULL) <= KT_BLK_IOERR);
	}
	assert_int_equal(fstat(f->file, &st), 0);
	assert_int_equal(st.st_size, BLK_DISK_BYTES);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, blk_setup, blk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_writes_and_reads_back),
		TEST(test_tells_how_much_it_wrote),
		TEST(test_the_last_sector_and_beyond),
		TEST(test_an_error_leaves_no_old_bytes),
		TEST(test_an_unknown_type),
		TEST(test_its_name),
		TEST(test_zeroes_and_discards),
		TEST(test_wrong_ranges_clear_nothing),
		TEST(test_how_many_ranges),
		TEST(test_read_only),
		TEST(test_a_full_file_system),
		TEST(test_a_flush_that_failed_once),
		TEST(test_without_flushes_every_write_is_one),
		TEST(test_as_many_buffers_as_a_queue_allows),
		TEST(test_one_buffer_more),
		TEST(test_no_layout_is_taken_for_granted),
		TEST(test_a_data_buffer_in_odd_pieces),
		TEST(test_chains_that_cannot_be_answered),
		TEST(test_chains_that_lie),
		TEST(test_a_header_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
