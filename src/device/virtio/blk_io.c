// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "device/virtio/blk_io.h"

/* Section 5.2.6. */
struct blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct blk_segment {
	uint64_t sector;
	uint32_t n_sectors;
	uint32_t flags;
};

#define SEGMENT_UNMAP 1

#define STATUS_BYTES 1

/* Written where the file system has no call for a range of zeroes. */
#define ZEROES_BYTES (64 * KT_KIB)

int kt_blk_parse(struct kt_blk_request *request, const char **ret_violation)
{
	const struct kt_virtqueue_chain *chain = &request->chain;
	struct blk_header header;

	if (chain->writable_bytes < STATUS_BYTES) {
		*ret_violation = "a request has no room for its status";
		return -EPROTO;
	}
	if (kt_virtqueue_chain_read(chain, 0, &header, sizeof(header)) <
	    sizeof(header)) {
		*ret_violation = "a request is shorter than its header";
		return -EPROTO;
	}
	request->type = header.type;
	request->sector = header.sector;
	request->data_bytes = 0;
	if (header.type == KT_BLK_IN)
		request->data_bytes = chain->writable_bytes - STATUS_BYTES;
	else if (header.type == KT_BLK_OUT)
		request->data_bytes = chain->readable_bytes - sizeof(header);
	return 0;
}

/* The pieces that hold `length` bytes from `offset` on; IOV_MAX at most. */
static int blk_cut(const struct iovec *pieces, uint32_t n_pieces,
		   uint64_t offset, uint64_t length, struct iovec *ret)
{
	int n = 0;

	for (uint32_t i = 0; i < n_pieces && length && n < IOV_MAX; i++) {
		uint64_t bytes = pieces[i].iov_len;

		if (offset >= bytes) {
			offset -= bytes;
			continue;
		}
		bytes = KT_MIN(bytes - offset, length);
		ret[n++] = (struct iovec){
			.iov_base = (uint8_t *)pieces[i].iov_base + offset,
			.iov_len = bytes,
		};
		length -= bytes;
		offset = 0;
	}
	return n;
}

/* Moves all of a request's data; `*ret_done` says how much of it went. */
static int blk_transfer(const struct kt_blk_request *request, int fd,
			uint64_t *ret_done)
{
	const struct kt_virtqueue_chain *chain = &request->chain;
	bool reads = request->type == KT_BLK_IN;
	const struct iovec *pieces =
		chain->pieces + (reads ? chain->n_readable : 0);
	uint32_t n_pieces = reads ? chain->n_writable : chain->n_readable;
	uint64_t skip = reads ? 0 : sizeof(struct blk_header);
	off_t at = (off_t)(request->sector * KT_BLK_SECTOR_BYTES);

	for (*ret_done = 0; *ret_done < request->data_bytes;) {
		struct iovec cut[IOV_MAX];
		uint64_t left = request->data_bytes - *ret_done;
		off_t offset = at + (off_t)*ret_done;
		int n = blk_cut(pieces, n_pieces, skip + *ret_done, left, cut);
		ssize_t moved = reads ? preadv(fd, cut, n, offset) :
					pwritev(fd, cut, n, offset);

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved < 0)
			return -errno;
		/* The file is shorter than the disk that it is to be. */
		if (!moved)
			return -ENODATA;
		*ret_done += (uint64_t)moved;
	}
	return 0;
}

static bool blk_in_range(const struct kt_blk_backing *backing, uint64_t sector,
			 uint64_t bytes)
{
	uint64_t start;

	return !__builtin_mul_overflow(sector, KT_BLK_SECTOR_BYTES, &start) &&
	       start <= backing->size_bytes &&
	       bytes <= backing->size_bytes - start;
}

static int blk_flush(struct kt_blk_backing *backing)
{
	if (atomic_load(&backing->flush_failed))
		return -EIO;
	if (fdatasync(backing->fd) < 0) {
		atomic_store(&backing->flush_failed, true);
		return -errno;
	}
	return 0;
}

static int blk_move(struct kt_blk_request *request,
		    struct kt_blk_backing *backing, uint64_t *ret_done)
{
	int r;

	if (request->data_bytes % KT_BLK_SECTOR_BYTES ||
	    !blk_in_range(backing, request->sector, request->data_bytes))
		return -EINVAL;
	if (request->type == KT_BLK_OUT && backing->read_only)
		return -EROFS;
	r = blk_transfer(request, backing->fd, ret_done);
	if (!r && request->type == KT_BLK_OUT && request->write_through)
		r = blk_flush(backing);
	return r;
}

static int blk_write_zeroes(int fd, uint64_t offset, uint64_t bytes)
{
	static const uint8_t zeroes[ZEROES_BYTES];

	while (bytes) {
		size_t length = KT_MIN(bytes, ZEROES_BYTES);
		int r = kt_pwrite_all(fd, zeroes, length, (off_t)offset);

		if (r)
			return r;
		offset += length;
		bytes -= length;
	}
	return 0;
}

/* 0, or -EOPNOTSUPP when the file system has no such call. */
static int blk_fallocate(int fd, int mode, uint64_t offset, uint64_t bytes)
{
	int r;

	do {
		r = fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			      (off_t)bytes);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int blk_clear_segment(int fd, uint32_t type,
			     const struct blk_segment *segment)
{
	uint64_t offset = segment->sector * KT_BLK_SECTOR_BYTES;
	uint64_t bytes = (uint64_t)segment->n_sectors * KT_BLK_SECTOR_BYTES;
	int r = -EOPNOTSUPP;

	if (!bytes)
		return 0;
	if (type == KT_BLK_DISCARD || (segment->flags & SEGMENT_UNMAP))
		r = blk_fallocate(fd, FALLOC_FL_PUNCH_HOLE, offset, bytes);
	/* A discard is a hint, and may do nothing (5.2.6.2). */
	if (type == KT_BLK_DISCARD)
		return r == -EOPNOTSUPP ? 0 : r;
	if (r == -EOPNOTSUPP)
		r = blk_fallocate(fd, FALLOC_FL_ZERO_RANGE, offset, bytes);
	if (r == -EOPNOTSUPP)
		r = blk_write_zeroes(fd, offset, bytes);
	return r;
}

/* Nothing is done unless all of it is right. */
static enum kt_blk_status blk_check_segments(const struct kt_blk_request *request,
					     const struct kt_blk_backing *backing,
					     const struct blk_segment *segments,
					     size_t n)
{
	uint32_t known = request->type == KT_BLK_WRITE_ZEROES ? SEGMENT_UNMAP : 0;

	for (size_t i = 0; i < n; i++) {
		if (segments[i].flags & ~known)
			return KT_BLK_UNSUPPORTED;
		if (!blk_in_range(backing, segments[i].sector,
				  (uint64_t)segments[i].n_sectors *
					  KT_BLK_SECTOR_BYTES))
			return KT_BLK_IOERR;
	}
	return KT_BLK_OK;
}

static enum kt_blk_status blk_clear(const struct kt_blk_request *request,
				    struct kt_blk_backing *backing)
{
	struct blk_segment segments[KT_BLK_MAX_SEGMENTS];
	uint64_t bytes =
		request->chain.readable_bytes - sizeof(struct blk_header);
	size_t n = bytes / sizeof(segments[0]);
	enum kt_blk_status status;

	if (!n || bytes % sizeof(segments[0]) || bytes > sizeof(segments) ||
	    backing->read_only)
		return KT_BLK_IOERR;
	kt_virtqueue_chain_read(&request->chain, sizeof(struct blk_header),
				segments, bytes);
	status = blk_check_segments(request, backing, segments, n);
	for (size_t i = 0; status == KT_BLK_OK && i < n; i++) {
		if (blk_clear_segment(backing->fd, request->type, &segments[i]))
			status = KT_BLK_IOERR;
	}
	if (status == KT_BLK_OK && request->write_through && blk_flush(backing))
		status = KT_BLK_IOERR;
	return status;
}

/* What no byte was written into reads as zero, and not as what was there. */
static void blk_wipe(const struct kt_virtqueue_chain *chain, uint64_t from,
		     uint64_t to)
{
	static const uint8_t zeroes[4096];

	while (from < to) {
		size_t length = KT_MIN(to - from, sizeof(zeroes));

		kt_virtqueue_chain_write(chain, from, zeroes, length);
		from += length;
	}
}

static enum kt_blk_status blk_work(struct kt_blk_request *request,
				   struct kt_blk_backing *backing,
				   uint64_t *ret_written)
{
	const struct kt_virtqueue_chain *chain = &request->chain;
	uint64_t room = chain->writable_bytes - STATUS_BYTES, done = 0;
	int r;

	switch (request->type) {
	case KT_BLK_IN:
		return blk_move(request, backing, ret_written) ? KT_BLK_IOERR :
								 KT_BLK_OK;
	case KT_BLK_OUT:
		r = blk_move(request, backing, &done);
		return r ? KT_BLK_IOERR : KT_BLK_OK;
	case KT_BLK_FLUSH:
		return blk_flush(backing) ? KT_BLK_IOERR : KT_BLK_OK;
	case KT_BLK_GET_ID:
		*ret_written = kt_virtqueue_chain_write(
			chain, 0, backing->id, KT_MIN(room, sizeof(backing->id)));
		return KT_BLK_OK;
	case KT_BLK_DISCARD:
	case KT_BLK_WRITE_ZEROES:
		return blk_clear(request, backing);
	default:
		return KT_BLK_UNSUPPORTED;
	}
}

void kt_blk_execute(struct kt_blk_request *request, struct kt_blk_backing *backing)
{
	const struct kt_virtqueue_chain *chain = &request->chain;
	uint64_t last = chain->writable_bytes - STATUS_BYTES, written = 0;
	uint8_t status;

	request->status = blk_work(request, backing, &written);
	status = (uint8_t)request->status;
	blk_wipe(chain, written, last);
	kt_virtqueue_chain_write(chain, last, &status, sizeof(status));
}
