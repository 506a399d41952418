/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * virtio-blk (virtio 1.2, section 5.2) over virtio-mmio, on a file.
 *
 * A pool of workers serves all queues. One of them waits for the eventfd; who
 * takes a request that may take long, or leaves more behind, wakes another up
 * before it goes on. The transport's lock is held while a request is taken and
 * given back, never while the file is worked on.
 *
 *	queue -> taken -> [waits for its tokens] -> active -> given back
 *
 * At most one request waits for tokens, and no other is taken meanwhile.
 *
 * What the guest was told is on disk, is on disk: a flush is fdatasync(2), and
 * once that has failed, none succeeds any more, since the kernel may have
 * dropped what it could not write. To a driver that does not flush, each write
 * is a flush.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/disk.h>
#include <ktstr/error.h>
#include <ktstr/log.h>

#include "device/device.h"
#include "device/virtio/mmio.h"
#include "disk/throttle.h"
#include "memory/guest_memory.h"

#define KT_BLK_SECTOR_BYTES 512u
#define KT_BLK_MAX_QUEUES   8u
#define KT_BLK_QUEUE_SIZE   256

struct kt_blk;

struct kt_blk_config {
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_irq_line irq;
	const struct ktstr_log *log; /* borrowed, nullable */
	int fd;                      /* borrowed */
	uint64_t bytes;              /* of the file; whole sectors */
	bool read_only;
	const char *name; /* its serial; up to KTSTR_DISK_NAME_MAX bytes */
	struct kt_throttle_limits limits;
	uint32_t n_queues; /* 1 to KT_BLK_MAX_QUEUES */
	/* 0: no threads; kt_blk_process() does the work in the caller's. */
	uint32_t n_workers;
};

int kt_blk_create(const struct kt_blk_config *config, struct kt_blk **ret,
		  struct ktstr_error *err);
/* NULL is fine. No vCPU runs; what is active is finished first. */
void kt_blk_destroy(struct kt_blk *blk);

/* For the bus and for KVM_IOEVENTFD, as kt_console_mmio(). */
struct kt_virtio_mmio *kt_blk_mmio(struct kt_blk *blk);

/*
 * Holds the workers: on success no request is active, none is given back, and
 * none is begun, until kt_blk_release(). Requests that wait stay as they are.
 * -ETIMEDOUT, and nothing is held, if one is active for so long.
 */
int kt_blk_hold(struct kt_blk *blk, uint32_t timeout_ms);
void kt_blk_release(struct kt_blk *blk);

/* Serves what waits in the queues; for a device without workers. */
void kt_blk_process(struct kt_blk *blk);

void kt_blk_get_counters(struct kt_blk *blk, struct ktstr_disk_counters *ret);
