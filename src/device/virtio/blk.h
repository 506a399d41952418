/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * virtio-blk (virtio 1.2, section 5.2) over virtio-mmio, on a file: reads,
 * writes, flushes, discards, write-zeroes and the name; several queues.
 *
 * The work is done by threads of its own, which all signals are blocked in.
 * Whichever is idle takes the next request of any queue, does it with no lock
 * held, and answers; so a request that waits for the storage holds up nothing
 * but itself. The file is what counts: what cannot be read or written becomes
 * an error of the request, and a flush is answered when the file was synced.
 *
 *	kick eventfd --+
 *	throttle timer +-> epoll -> one idle worker -> pop, do, push, interrupt
 *	stop eventfd --+
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

#define KT_BLK_MAX_QUEUES  8u
#define KT_BLK_MAX_WORKERS 8u

struct kt_blk;

struct kt_blk_config {
	const struct kt_guest_memory *memory; /* borrowed */
	struct kt_irq_line irq;
	const struct ktstr_log *log; /* borrowed, nullable */
	int fd;                      /* borrowed; read and written */
	uint64_t size_bytes;         /* whole sectors of 512, not 0 */
	bool read_only;
	const char *name;  /* up to KTSTR_DISK_NAME_MAX bytes; NULL: empty */
	uint32_t n_queues; /* 1 to KT_BLK_MAX_QUEUES */
	struct kt_throttle_limits limits;
	/*
	 * So many requests may wait for the storage at the same time. 0: the
	 * device has no thread, and kt_blk_process() does it all.
	 */
	uint32_t n_workers;
};

/* Starts the workers, which wait for the driver. */
int kt_blk_create(const struct kt_blk_config *config, struct kt_blk **ret,
		  struct ktstr_error *err);
/* NULL is fine. No vCPU runs; requests in work are finished first. */
void kt_blk_destroy(struct kt_blk *blk);

/* For the bus and for KVM_IOEVENTFD, as kt_console_mmio(). */
struct kt_virtio_mmio *kt_blk_mmio(struct kt_blk *blk);

/* Does requests, as a worker would, until there is none that may be done. */
void kt_blk_process(struct kt_blk *blk);

/*
 * Lets no request begin and returns once none is in work, so that neither the
 * file nor the guest's memory changes by this device until as many
 * kt_blk_release() have undone it. What the guest asks meanwhile is done then.
 * Any thread, but not with the transport's lock.
 */
void kt_blk_hold(struct kt_blk *blk);
void kt_blk_release(struct kt_blk *blk);

/* Up to now. Any thread. */
void kt_blk_get_counters(struct kt_blk *blk, struct ktstr_disk_counters *ret);
