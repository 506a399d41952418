/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A disk, the file behind it, and a driver with one queue or more that sends it
 * requests, right ones and wrong ones.
 */

#include "device/virtio/blk.h"
#include "guest_driver.h"

#define DISK_SECTORS 64u
#define DISK_BYTES   (DISK_SECTORS * 512u)
#define DISK_QUEUES  2
#define DISK_NAME    "a disk"

#define DISK_DATA   (GUEST_RAM + 0x20000) /* for buffers, to the border */
#define DISK_HEADER (GUEST_RAM + 0x10000) /* 32 bytes a request */
#define DISK_STATUS (GUEST_RAM + 0x18000) /* one byte a request */

#define DISK_FEATURES                                                          \
	(KT_VIRTIO_F_VERSION_1 | KT_VIRTIO_F_INDIRECT_DESC |                   \
	 KT_VIRTIO_F_EVENT_IDX | (1ULL << 9) | (1ULL << 13) | (1ULL << 14))

#define STATUS_UNTOUCHED 0xee

struct disk {
	struct guest guest;
	struct guest_queue queues[DISK_QUEUES];
	struct kt_blk *blk;
	struct kt_virtio_mmio *mmio;
	int fd;
	int irq;
	uint32_t n_warnings;
	struct ktstr_log log;
};

/* What a test wants otherwise; zero is as usual. */
struct disk_options {
	uint32_t n_workers;
	uint32_t n_queues;  /* 0: 1 */
	uint64_t features;  /* 0: DISK_FEATURES */
	uint64_t file_size; /* 0: DISK_BYTES */
	int fd;             /* 0: a file of memory; else the disk owns it */
	bool read_only;
	bool asleep; /* the driver is not up yet */
	struct kt_throttle_limits limits;
};

void disk_init(struct disk *disk, const struct disk_options *options);
void disk_deinit(struct disk *disk);

/* Brings the driver up, queues empty. */
void disk_bring_up(struct disk *disk, uint64_t features);

/* Offers header, `data` (NULL-terminated by a length of 0) and status. */
struct disk_buffer {
	uint64_t gpa;
	uint32_t length;
};

/*
 * Offers request `slot` of the queue: header, up to 5 buffers, status, in
 * descriptors 8 * slot and on.
 */
void disk_offer(struct disk *disk, uint32_t queue, uint16_t slot, uint32_t type,
		uint64_t sector, const struct disk_buffer *data, uint32_t n);

uint8_t disk_status(const struct disk *disk, uint16_t slot);

/* The same on queue 0, served in this thread; returns the status. */
uint8_t disk_do(struct disk *disk, uint32_t type, uint64_t sector, uint64_t gpa,
		uint32_t length);

/* Waits, for 10 s, for the next used entry of the queue; its head. */
uint32_t disk_await_used(struct disk *disk, uint32_t queue);

struct ktstr_disk_counters disk_counters(struct disk *disk);
