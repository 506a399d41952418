/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One request of a virtio-blk driver (virtio 1.2, section 5.2.6), from the
 * bytes of its chain to the work on the backing file. It knows no queue and no
 * lock: whoever took the chain parses, executes, and gives it back.
 *
 *	readable:  type u32, reserved u32, sector u64 | data to write
 *	writable:  data that was read                 | status u8
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "device/virtio/queue.h"

#define KT_BLK_SECTOR_BYTES 512
#define KT_BLK_ID_BYTES     20
#define KT_BLK_MAX_SEGMENTS 32 /* ranges of one discard or write-zeroes */

enum kt_blk_type {
	KT_BLK_IN = 0,
	KT_BLK_OUT = 1,
	KT_BLK_FLUSH = 4,
	KT_BLK_GET_ID = 8,
	KT_BLK_DISCARD = 11,
	KT_BLK_WRITE_ZEROES = 13,
};

enum kt_blk_status {
	KT_BLK_OK = 0,
	KT_BLK_IOERR = 1,
	KT_BLK_UNSUPPORTED = 2,
};

/* The file behind the disk. Borrowed by all requests at the same time. */
struct kt_blk_backing {
	int fd;
	uint64_t size_bytes; /* whole sectors */
	bool read_only;
	char id[KT_BLK_ID_BYTES]; /* not terminated when all are used */
	/*
	 * A flush failed once. The kernel tells of pages that it could not
	 * write but once and then takes them for clean, so a later success
	 * would say nothing about them: no flush succeeds any more.
	 */
	atomic_bool flush_failed;
};

struct kt_blk_request {
	struct kt_virtqueue_chain chain;
	uint32_t type; /* enum kt_blk_type, or what else the driver wrote */
	uint64_t sector;
	uint64_t data_bytes; /* read or written; 0 for the other types */
	/* The driver knows no flushes: what is answered is on the disk. */
	bool write_through;
	enum kt_blk_status status; /* once executed */
};

/*
 * Copies the header out of the chain and splits data from status. -EPROTO with
 * the reason when the chain cannot even be answered.
 */
int kt_blk_parse(struct kt_blk_request *request, const char **ret_violation);

/*
 * Does the work, which may take as long as the file's storage takes, and writes
 * the status. Every writable byte of the chain is written when it returns.
 */
void kt_blk_execute(struct kt_blk_request *request,
		    struct kt_blk_backing *backing);
