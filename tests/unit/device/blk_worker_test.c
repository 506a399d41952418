// SPDX-License-Identifier: GPL-2.0-only
/* A disk with its workers: what happens at the same time, and what must not. */
#include "test.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "blk_guest.h"

#define IN    VIRTIO_BLK_T_IN
#define OUT   VIRTIO_BLK_T_OUT
#define OK    VIRTIO_BLK_S_OK
#define SLOTS 16
#define MS    1000000ULL

static void notify(struct disk *disk, uint32_t queue)
{
	guest_write32(disk->mmio, 0x50, queue);
}

/* Waits, for `ms`, without a used entry coming. */
static void assert_nothing_comes(struct disk *disk, int ms)
{
	uint16_t before = guest_load16(&disk->guest, disk->queues[0].used + 2);

	poll(NULL, 0, ms);
	assert_int_equal(guest_load16(&disk->guest, disk->queues[0].used + 2),
			 before);
}

/* Every slot writes its own sector, many times over, on both queues. */
static void workers_serve_all_queues(void **state)
{
	const struct disk_options options = {
		.n_workers = 4,
		.n_queues = 2,
		.features = DISK_FEATURES | 1ULL << VIRTIO_BLK_F_MQ,
	};
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	for (uint32_t round = 0; round < 200; round++) {
		for (uint16_t slot = 0; slot < SLOTS; slot++) {
			const struct disk_buffer data = {
				DISK_DATA + 512ULL * slot, 512
			};

			memset(guest_at(&disk.guest, data.gpa, 512),
			       (int)(round + slot), 512);
			disk_offer(&disk, slot % 2, slot, OUT, slot, &data, 1);
			notify(&disk, slot % 2);
		}
		for (uint16_t slot = 0; slot < SLOTS; slot++)
			disk_await_used(&disk, slot % 2);
		for (uint16_t slot = 0; slot < SLOTS; slot++)
			assert_int_equal(disk_status(&disk, slot), OK);
	}
	for (uint16_t slot = 0; slot < SLOTS; slot++) {
		uint8_t byte;

		assert_int_equal(pread(disk.fd, &byte, 1, 512 * slot + 100), 1);
		assert_int_equal(byte, (uint8_t)(199 + slot));
	}
	assert_int_equal(disk_counters(&disk).writes, 200 * SLOTS);
	disk_deinit(&disk);
}

static void nothing_happens_while_it_is_held(void **state)
{
	const struct disk_options options = { .n_workers = 2 };
	const struct disk_buffer data = { DISK_DATA, 512 };
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	assert_int_equal(kt_blk_hold(disk.blk, 1000), 0);
	assert_int_equal(kt_blk_hold(disk.blk, 1000), 0);
	disk_offer(&disk, 0, 0, IN, 0, &data, 1);
	notify(&disk, 0);
	assert_nothing_comes(&disk, 50);
	kt_blk_release(disk.blk);
	assert_nothing_comes(&disk, 50);
	kt_blk_release(disk.blk);
	disk_await_used(&disk, 0);
	assert_int_equal(disk_status(&disk, 0), OK);
	disk_deinit(&disk);
}

static void an_empty_bucket_delays_and_does_not_fail(void **state)
{
	const struct disk_options options = {
		.n_workers = 3,
		.limits = { .iops = 100, .iops_burst = 4 },
	};
	const struct disk_buffer data = { DISK_DATA, 512 };
	struct disk disk;
	uint64_t began, took;

	(void)state;
	disk_init(&disk, &options);
	began = kt_now_ns();
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		disk_offer(&disk, 0, slot, IN, 0, &data, 1);
	notify(&disk, 0);
	for (int i = 0; i < SLOTS; i++)
		disk_await_used(&disk, 0);
	took = kt_now_ns() - began;
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		assert_int_equal(disk_status(&disk, slot), OK);
	/* 4 at once, then 12 at 10 ms each; a loaded machine adds to it. */
	assert_true(took >= 119 * MS);
	assert_in_range(disk_counters(&disk).throttled, 1, SLOTS - 4);
	assert_in_range(disk_counters(&disk).throttled_ns, 1, took);
	disk_deinit(&disk);
}

static void a_request_that_waits_for_tokens_outlives_a_hold(void **state)
{
	const struct disk_options options = {
		.n_workers = 2,
		.limits = { .iops = 20, .iops_burst = 1 },
	};
	const struct disk_buffer data = { DISK_DATA, 512 };
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	disk_offer(&disk, 0, 0, IN, 0, &data, 1);
	disk_offer(&disk, 0, 1, IN, 0, &data, 1);
	notify(&disk, 0);
	assert_int_equal(disk_await_used(&disk, 0), 0);
	/* The second one waits: that is no activity, so the hold is at once. */
	assert_int_equal(kt_blk_hold(disk.blk, 1000), 0);
	assert_nothing_comes(&disk, 120);
	kt_blk_release(disk.blk);
	assert_int_equal(disk_await_used(&disk, 0), 8);
	assert_int_equal(disk_status(&disk, 1), OK);
	disk_deinit(&disk);
}

static void a_reset_forgets_what_waits(void **state)
{
	const struct disk_options options = {
		.n_workers = 2,
		.limits = { .iops = 1, .iops_burst = 1 },
	};
	const struct disk_buffer data = { DISK_DATA, 512 };
	struct disk disk;
	uint64_t began = kt_now_ns();

	(void)state;
	disk_init(&disk, &options);
	disk_offer(&disk, 0, 0, IN, 0, &data, 1);
	disk_offer(&disk, 0, 1, OUT, 0, &data, 1);
	notify(&disk, 0);
	disk_await_used(&disk, 0);
	/* It need not wait for the second's token. */
	disk_bring_up(&disk, DISK_FEATURES);
	assert_true(kt_now_ns() - began < 900 * MS);
	disk_offer(&disk, 0, 2, IN, 0, &data, 1);
	notify(&disk, 0);
	assert_int_equal(disk_await_used(&disk, 0), 16);
	assert_int_equal(disk_status(&disk, 1), STATUS_UNTOUCHED);
	assert_int_equal(disk_counters(&disk).writes, 0);
	assert_int_equal(disk_counters(&disk).reads, 2);
	disk_deinit(&disk);
}

/* Resets in the middle of things: nothing of before may show afterwards. */
static void resets_at_any_moment_are_fine(void **state)
{
	const struct disk_options options = { .n_workers = 4 };
	const struct disk_buffer data = { DISK_DATA, 4096 };
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	for (int round = 0; round < 300; round++) {
		for (uint16_t slot = 0; slot < SLOTS; slot++)
			disk_offer(&disk, 0, slot, round & 1 ? IN : OUT, slot,
				   &data, 1);
		notify(&disk, 0);
		if (round % 3)
			disk_await_used(&disk, 0);
		guest_write32(disk.mmio, 0x70, 0);
		/* The buffers are the guest's again. */
		memset(guest_at(&disk.guest, DISK_DATA, 4096), 0xa5, 4096);
		memset(guest_at(&disk.guest, DISK_STATUS, SLOTS), 0xa5, SLOTS);
		if (round % 16 == 0)
			poll(NULL, 0, 1);
		for (int i = 0; i < 4096; i++)
			assert_int_equal(*(uint8_t *)guest_at(&disk.guest,
							      DISK_DATA + i, 1),
					 0xa5);
		for (uint16_t slot = 0; slot < SLOTS; slot++)
			assert_int_equal(disk_status(&disk, slot), 0xa5);
		disk_bring_up(&disk, DISK_FEATURES);
	}
	disk_deinit(&disk);
}

/* The disk goes while requests wait for tokens that never come. */
static void it_ends_while_requests_wait(void **state)
{
	const struct disk_options options = {
		.n_workers = 3,
		.limits = { .bytes_per_s = 1 },
	};
	const struct disk_buffer data = { DISK_DATA, 4096 };
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		disk_offer(&disk, 0, slot, IN, 0, &data, 1);
	notify(&disk, 0);
	disk_await_used(&disk, 0);
	disk_deinit(&disk);
}

/* Chains that were offered before DRIVER_OK were not notified of in vain. */
static void what_was_offered_early_is_served(void **state)
{
	const struct disk_options options = { .n_workers = 1 };
	const struct disk_buffer data = { DISK_DATA, 512 };
	struct disk disk;

	(void)state;
	disk_init(&disk, &options);
	assert_true(guest_negotiate(disk.mmio, DISK_FEATURES));
	memset(guest_at(&disk.guest, GUEST_RAM, 0x4000), 0, 0x4000);
	guest_queue_init(&disk.queues[0], &disk.guest, GUEST_RAM, 256);
	guest_ready_queue(disk.mmio, 0, &disk.queues[0]);
	disk_offer(&disk, 0, 0, IN, 0, &data, 1);
	notify(&disk, 0);
	assert_nothing_comes(&disk, 20);
	guest_driver_ok(disk.mmio);
	disk_await_used(&disk, 0);
	disk_deinit(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_serve_all_queues),
		cmocka_unit_test(nothing_happens_while_it_is_held),
		cmocka_unit_test(an_empty_bucket_delays_and_does_not_fail),
		cmocka_unit_test(a_request_that_waits_for_tokens_outlives_a_hold),
		cmocka_unit_test(a_reset_forgets_what_waits),
		cmocka_unit_test(resets_at_any_moment_are_fine),
		cmocka_unit_test(it_ends_while_requests_wait),
		cmocka_unit_test(what_was_offered_early_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
