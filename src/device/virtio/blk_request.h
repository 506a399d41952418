/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One request to a disk (virtio 1.2, section 5.2.6): taken apart, carried out
 * on the disk's file, finished. No lock is needed; a request belongs to one
 * thread, and the file is safe to share.
 */

#include <linux/virtio_blk.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "device/virtio/queue.h"

/* What the configuration space promises, and chains are held against. */
#define KT_BLK_SEG_MAX       254u /* data buffers; with header and status 256 */
#define KT_BLK_SIZE_MAX      (256u * 1024)
#define KT_BLK_CHAIN_BYTES   ((uint64_t)KT_BLK_SEG_MAX * KT_BLK_SIZE_MAX + 4096)
#define KT_BLK_RANGES        16u /* of one discard or write of zeroes */
#define KT_BLK_RANGE_SECTORS (64u * 1024 * 1024 / 512)

struct kt_blk_file {
	int fd; /* borrowed */
	uint64_t sectors;
	bool read_only;
	char id[VIRTIO_BLK_ID_BYTES]; /* padded with NULs */
	/* What was written may be lost: no flush succeeds any more. */
	atomic_bool flush_failed;
};

/* `id` is cut off at VIRTIO_BLK_ID_BYTES; NULL is an empty one. */
void kt_blk_file_init(struct kt_blk_file *file, int fd, uint64_t sectors,
		      bool read_only, const char *id);

/* A stretch of buffers of the guest. */
struct kt_blk_span {
	struct iovec *pieces;
	uint32_t n;
	uint64_t bytes;
};

struct kt_blk_request {
	/* Set by who took it: where it came from, and in which life. */
	uint32_t queue;
	uint64_t epoch;

	uint32_t type;
	uint64_t sector;
	struct kt_blk_span from_guest; /* behind the header */
	struct kt_blk_span to_guest;   /* before the status */
	uint8_t *status;

	uint8_t result;      /* VIRTIO_BLK_S_... */
	int file_error;      /* -errno if the file is the cause */
	uint64_t done_bytes; /* read, written, discarded or zeroed */

	/* Its pieces are cut down to the data by parse and execute. */
	struct kt_virtqueue_chain chain;
};

/*
 * Takes the chain apart, whatever buffers header and status lie in. Returns
 * NULL, or what is so wrong that the request cannot even be told to fail.
 */
const char *kt_blk_request_parse(struct kt_blk_request *request);

/* The data bytes that it means to read or write. */
uint64_t kt_blk_request_moves(const struct kt_blk_request *request);

/* It is one that tends to wait for storage. */
bool kt_blk_request_is_slow(const struct kt_blk_request *request);

/* For messages. */
const char *kt_blk_request_name(const struct kt_blk_request *request);

/*
 * Carries the request out and sets `result`. With `dsync` what was changed is
 * on disk afterwards, without a flush.
 */
void kt_blk_request_execute(struct kt_blk_request *request,
			    struct kt_blk_file *file, bool dsync);

/* Writes the status; returns how many bytes the device wrote in all. */
uint32_t kt_blk_request_finish(const struct kt_blk_request *request);
