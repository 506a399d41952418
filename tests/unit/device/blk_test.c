// SPDX-License-Identifier: GPL-2.0-only
/* The disk as a device: what it offers, its queues, its throttle, its hold. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "blk_guest.h"

static uint64_t offered_features(struct blk_fixture *f)
{
	uint64_t features;

	guest_write32(f->mmio, 0x14, 1);
	features = (uint64_t)guest_read32(f->mmio, 0x10) << 32;
	guest_write32(f->mmio, 0x14, 0);
	return features | guest_read32(f->mmio, 0x10);
}

static uint32_t config32(struct blk_fixture *f, uint32_t offset)
{
	return guest_read32(f->mmio, 0x100 + offset);
}

static void test_what_it_offers(void **state)
{
	struct blk_fixture *f = *state;
	uint16_t n_queues = 0;
	uint8_t may_unmap = 0;

	assert_int_equal(guest_read32(f->mmio, 0x08), 2);
	assert_int_equal(config32(f, 0), BLK_SECTORS);
	assert_int_equal(config32(f, 4), 0);
	assert_int_equal(config32(f, 12), 254);
	assert_int_equal(config32(f, 20), 512);
	kt_virtio_mmio_ops.read(f->mmio, 0x100 + 34, &n_queues, 2);
	assert_int_equal(n_queues, BLK_QUEUES);
	assert_int_equal(config32(f, 40), KT_BLK_MAX_SEGMENTS);
	assert_int_equal(config32(f, 52), KT_BLK_MAX_SEGMENTS);
	kt_virtio_mmio_ops.read(f->mmio, 0x100 + 56, &may_unmap, 1);
	assert_int_equal(may_unmap, 1);
	/* Flush, several queues, discard and write-zeroes; not read-only. */
	assert_int_equal(offered_features(f) & 0x7220, 0x7200);
	/* Behind the last member there is nothing. */
	assert_int_equal(config32(f, 60), 0);
}

static void test_a_read_only_one_offers_less(void **state)
{
	struct blk_fixture *f = *state;

	blk_replace(f, true, 1, (struct kt_throttle_limits){ 0 });
	assert_int_equal(offered_features(f) & 0x7220, 0x1220);
	assert_int_equal(config32(f, 36), 0);
	assert_int_equal(config32(f, 48), 0);
}

static void test_all_queues_at_once(void **state)
{
	struct blk_fixture *f = *state;
	struct ktstr_disk_counters counters;
	const uint32_t n = BLK_QUEUES * BLK_SLOTS;

	for (uint32_t q = 0; q < BLK_QUEUES; q++) {
		for (uint16_t s = 0; s < BLK_SLOTS; s++) {
			uint32_t which = q * BLK_SLOTS + s;

			blk_fill(f, BLK_DATA(q, s), 512, (uint8_t)which);
			blk_ask(f, q, s, KT_BLK_OUT, which * 2, BLK_DATA(q, s),
				512);
		}
		blk_notify(f, q);
	}
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(blk_answer(f, i / BLK_SLOTS, NULL, NULL), 0);
	kt_blk_get_counters(f->blk, &counters);
	assert_int_equal(counters.writes, n);
	assert_int_equal(counters.written_bytes, n * 512);
	assert_int_equal(counters.errors, 0);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(blk_do(f, KT_BLK_IN, i * 2, BLK_ROOM, 512), 0);
		blk_expect(f, BLK_ROOM, 512, (uint8_t)i);
	}
	kt_blk_get_counters(f->blk, &counters);
	assert_int_equal(counters.reads, n);
	assert_int_equal(counters.read_bytes, n * 512);
}

static void test_no_interrupt_before_the_event(void **state)
{
	struct blk_fixture *f = *state;
	uint32_t head, written;

	blk_bring_up(f, BLK_ALL | KT_VIRTIO_F_EVENT_IDX);
	guest_store16(&f->guest, guest_used_event(&f->queues[0]), 2);
	for (uint16_t i = 0; i < 2; i++) {
		blk_ask(f, 0, i, KT_BLK_FLUSH, 0, 0, 0);
		blk_notify(f, 0);
		for (int n = 0;
		     guest_load16(&f->guest, f->queues[0].used + 2) != i + 1;
		     n++) {
			assert_true(n < 10000);
			usleep(1000);
		}
	}
	assert_false(blk_wait_irq(f, 50));
	blk_ask(f, 0, 2, KT_BLK_FLUSH, 0, 0, 0);
	blk_notify(f, 0);
	assert_true(blk_wait_irq(f, 10000));
	for (int i = 0; i < 3; i++)
		assert_true(guest_take_used(&f->queues[0], &head, &written));
}

static void test_held_it_does_nothing(void **state)
{
	struct blk_fixture *f = *state;

	blk_fill(f, BLK_ROOM, 512, 9);
	kt_blk_hold(f->blk);
	kt_blk_hold(f->blk);
	blk_ask(f, 0, 0, KT_BLK_OUT, 0, BLK_ROOM, 512);
	blk_notify(f, 0);
	blk_expect_silence(f, 0);
	kt_blk_release(f->blk);
	blk_expect_silence(f, 0);
	assert_int_equal(blk_file_byte(f, 0), 0);
	kt_blk_release(f->blk);
	assert_int_equal(blk_answer(f, 0, NULL, NULL), KT_BLK_OK);
	assert_int_equal(blk_file_byte(f, 0), 9);
}

static void test_throttled_it_delays_and_fails_nothing(void **state)
{
	struct blk_fixture *f = *state;
	struct ktstr_disk_counters counters;
	uint64_t start, spent;

	blk_replace(f, false, 2,
		    (struct kt_throttle_limits){ .iops = 200, .iops_burst = 2 });
	blk_bring_up(f, BLK_ALL);
	start = kt_now_ns();
	for (uint16_t s = 0; s < BLK_SLOTS; s++)
		blk_ask(f, s % 2, s, KT_BLK_IN, s, BLK_DATA(s % 2, s), 512);
	blk_notify(f, 0);
	blk_notify(f, 1);
	for (uint16_t s = 0; s < BLK_SLOTS; s++)
		assert_int_equal(blk_answer(f, s % 2, NULL, NULL), KT_BLK_OK);
	spent = kt_now_ns() - start;
	/* Two at once, then one each 5 ms; how late it is the machine's. */
	assert_true(spent >= (BLK_SLOTS - 2) * 5000000ULL);
	kt_blk_get_counters(f->blk, &counters);
	assert_int_equal(counters.reads, BLK_SLOTS);
	assert_true(counters.delayed > 0 && counters.delayed <= BLK_SLOTS - 2);
	assert_true(counters.delayed_ns > 0 && counters.delayed_ns <= spent);
}

static void test_a_reset_forgets_what_waits(void **state)
{
	struct blk_fixture *f = *state;

	blk_replace(f, false, 1,
		    (struct kt_throttle_limits){ .bytes_per_s = 1,
						 .bytes_burst = 512 });
	blk_bring_up(f, BLK_ALL);
	assert_int_equal(blk_do(f, KT_BLK_OUT, 0, BLK_ROOM, 512), KT_BLK_OK);
	blk_fill(f, BLK_ROOM, 512, 1);
	blk_ask(f, 0, 1, KT_BLK_OUT, 1, BLK_ROOM, 512);
	blk_notify(f, 0);
	blk_expect_silence(f, 0);
	blk_bring_up(f, BLK_ALL);
	/* What comes next is not held up by it: no bytes, no waiting. */
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_OK);
	assert_int_equal(blk_file_byte(f, 512), 0);
}

static void test_destroyed_with_requests_left(void **state)
{
	struct blk_fixture *f = *state;

	blk_replace(f, false, 1, (struct kt_throttle_limits){ .iops = 1 });
	blk_bring_up(f, BLK_ALL);
	for (uint16_t s = 0; s < BLK_SLOTS; s++)
		blk_ask(f, 0, s, KT_BLK_FLUSH, 0, 0, 0);
	blk_notify(f, 0);
	/* The teardown has to come to an end. */
	assert_int_equal(blk_answer(f, 0, NULL, NULL), KT_BLK_OK);
}

static void test_rings_stay_where_they_were(void **state)
{
	struct blk_fixture *f = *state;

	/* The queue moves, to where nothing is, while it is in use. */
	guest_write32(f->mmio, 0x30, 0);
	for (uint32_t reg = 0x80; reg <= 0xa4; reg += 4)
		guest_write32(f->mmio, reg, 0x7ffff000);
	guest_write32(f->mmio, 0x38, 1);
	guest_write32(f->mmio, 0x44, 1);
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_OK);
	/* Switched off it is silent, and does not come back by itself. */
	guest_write32(f->mmio, 0x44, 0);
	blk_ask(f, 0, 1, KT_BLK_FLUSH, 0, 0, 0);
	blk_notify(f, 0);
	blk_expect_silence(f, 0);
	guest_write32(f->mmio, 0x44, 1);
	assert_int_equal(guest_read32(f->mmio, 0x44), 0);
	/* The other queues do not care. */
	blk_ask(f, 1, 0, KT_BLK_FLUSH, 0, 0, 0);
	blk_notify(f, 1);
	assert_int_equal(blk_answer(f, 1, NULL, NULL), KT_BLK_OK);
}

static void test_resets_amid_requests(void **state)
{
	struct blk_fixture *f = *state;

	for (int round = 0; round < 200; round++) {
		for (uint32_t q = 0; q < BLK_QUEUES; q++) {
			for (uint16_t s = 0; s < BLK_SLOTS; s++)
				blk_ask(f, q, s, KT_BLK_IN, 0, BLK_ROOM, 65536);
			blk_notify(f, q);
		}
		if (round % 2)
			blk_wait_irq(f, 10000);
		guest_write32(f->mmio, 0x70, 0);
		/*
		 * The driver has its memory back: what is in it now stays,
		 * and no ring moves.
		 */
		blk_fill(f, BLK_ROOM, 65536, (uint8_t)round);
		blk_bring_up(f, BLK_ALL);
		assert_int_equal(guest_load16(&f->guest, f->queues[0].used + 2),
				 0);
		if (round % 16 == 0)
			blk_expect(f, BLK_ROOM, 65536, (uint8_t)round);
	}
	assert_int_equal(blk_do(f, KT_BLK_FLUSH, 0, 0, 0), KT_BLK_OK);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, blk_setup, blk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_it_offers),
		TEST(test_a_read_only_one_offers_less),
		TEST(test_all_queues_at_once),
		TEST(test_no_interrupt_before_the_event),
		TEST(test_held_it_does_nothing),
		TEST(test_throttled_it_delays_and_fails_nothing),
		TEST(test_a_reset_forgets_what_waits),
		TEST(test_destroyed_with_requests_left),
		TEST(test_rings_stay_where_they_were),
		TEST(test_resets_amid_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
