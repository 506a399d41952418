/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A disk on a file in memory, its driver, and a fixture around both. A request
 * takes a slot: three descriptors, a header and a status.
 */

#include "base/strbuf.h"
#include "device/virtio/blk.h"
#include "device/virtio/blk_io.h"
#include "guest_driver.h"

#define BLK_QUEUES     8
#define BLK_SIZE       64 /* descriptors a queue */
#define BLK_SLOTS      16
#define BLK_DISK_BYTES (1024 * 1024)
#define BLK_SECTORS    (BLK_DISK_BYTES / 512)

#define BLK_RINGS(queue) (GUEST_RAM + 0x1000ULL * (queue))
#define BLK_HEADER(queue, slot)                                                \
	(GUEST_RAM + 0x8000 + 0x20ULL * (BLK_SLOTS * (queue) + (slot)))
#define BLK_STATUS(queue, slot) (BLK_HEADER(queue, slot) + 16)
/* A page a slot, and behind them what is left of RAM, over the border. */
#define BLK_DATA(queue, slot)                                                  \
	(GUEST_RAM + 0x10000 + 0x200ULL * (BLK_SLOTS * (queue) + (slot)))
#define BLK_ROOM       (GUEST_RAM + 0x20000)
#define BLK_ROOM_BYTES (GUEST_RAM_END - BLK_ROOM)

#define BLK_FLUSH_BIT (1ULL << 9)
#define BLK_ALL                                                                \
	(KT_VIRTIO_F_VERSION_1 | KT_VIRTIO_F_INDIRECT_DESC | BLK_FLUSH_BIT |   \
	 1ULL << 12)

#define BLK_NO_STATUS 0xee /* where the device wrote none */

struct blk_fixture {
	struct guest guest;
	struct guest_queue queues[BLK_QUEUES];
	struct kt_blk *blk;
	struct kt_virtio_mmio *mmio;
	struct kt_strbuf log;
	struct ktstr_log sink;
	int file; /* what the disk's descriptor was made from */
	int fd;   /* the disk's */
	int irq;
};

/* For cmocka: a disk of BLK_DISK_BYTES, writable, unlimited, brought up. */
int blk_setup(void **state);
int blk_teardown(void **state);

/* Another disk on the same file in its place; not brought up. */
void blk_replace(struct blk_fixture *f, bool read_only, uint32_t n_queues,
		 struct kt_throttle_limits limits);

void blk_bring_up(struct blk_fixture *f, uint64_t features);

/* Writes header and descriptors of a request, and offers it. */
void blk_ask(struct blk_fixture *f, uint32_t queue, uint16_t slot,
	     uint32_t type, uint64_t sector, uint64_t gpa, uint32_t length);
void blk_notify(struct blk_fixture *f, uint32_t queue);

/* Waits for the next answer; the slot's status. Fails the test after 10 s. */
uint8_t blk_answer(struct blk_fixture *f, uint32_t queue, uint16_t *ret_slot,
		   uint32_t *ret_written);

/* All of it at once, on queue 0 and slot 0. */
uint8_t blk_do(struct blk_fixture *f, uint32_t type, uint64_t sector,
	       uint64_t gpa, uint32_t length);

/* Waits until the device asks for a reset, and tells what it said. */
const char *blk_wait_violated(struct blk_fixture *f);

/* Fails the test when something is answered on the queue for a while. */
void blk_expect_silence(struct blk_fixture *f, uint32_t queue);

/*
 * False when no interrupt came within that time. One may come behind an answer
 * that was seen already.
 */
bool blk_wait_irq(struct blk_fixture *f, int timeout_ms);

/* A byte of the file, and of a test's pattern. */
uint8_t blk_file_byte(const struct blk_fixture *f, uint64_t offset);
void blk_fill(const struct blk_fixture *f, uint64_t gpa, uint32_t length,
	      uint8_t seed);
void blk_expect(const struct blk_fixture *f, uint64_t gpa, uint32_t length,
		uint8_t seed);
