// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "device/virtio/blk_request.h"

#define SECTOR_BYTES 512u

void kt_blk_file_init(struct kt_blk_file *file, int fd, uint64_t sectors,
		      bool read_only, const char *id)
{
	*file = (struct kt_blk_file){
		.fd = fd,
		.sectors = sectors,
		.read_only = read_only,
	};
	if (id)
		memcpy(file->id, id, strnlen(id, sizeof(file->id)));
}

/* Drops bytes, of which there are enough, from the front. */
static void span_advance(struct kt_blk_span *span, uint64_t bytes)
{
	span->bytes -= bytes;
	while (bytes) {
		uint64_t length = KT_MIN(bytes, span->pieces->iov_len);

		span->pieces->iov_base =
			(uint8_t *)span->pieces->iov_base + length;
		span->pieces->iov_len -= length;
		bytes -= length;
		if (!span->pieces->iov_len) {
			span->pieces++;
			span->n--;
		}
	}
}

/* Moves up to `length` bytes out of the span's front. */
static size_t span_read(struct kt_blk_span *span, void *data, size_t length)
{
	size_t done = 0;

	while (done < length && span->n) {
		size_t piece = KT_MIN(length - done, span->pieces->iov_len);

		memcpy((uint8_t *)data + done, span->pieces->iov_base, piece);
		span_advance(span, piece);
		done += piece;
	}
	return done;
}

static size_t span_write(struct kt_blk_span *span, const void *data, size_t length)
{
	size_t done = 0;

	while (done < length && span->n) {
		size_t piece = KT_MIN(length - done, span->pieces->iov_len);

		memcpy(span->pieces->iov_base, (const uint8_t *)data + done,
		       piece);
		span_advance(span, piece);
		done += piece;
	}
	return done;
}

static void span_clear(struct kt_blk_span *span)
{
	for (uint32_t i = 0; i < span->n; i++)
		memset(span->pieces[i].iov_base, 0, span->pieces[i].iov_len);
	*span = (struct kt_blk_span){ 0 };
}

/* The status is the last byte of all; what lies before it is for data. */
static uint8_t *span_split_last_byte(struct kt_blk_span *span)
{
	struct iovec *last = &span->pieces[span->n - 1];
	uint8_t *status;

	last->iov_len--;
	span->bytes--;
	status = (uint8_t *)last->iov_base + last->iov_len;
	if (!last->iov_len)
		span->n--;
	return status;
}

const char *kt_blk_request_parse(struct kt_blk_request *request)
{
	struct kt_virtqueue_chain *chain = &request->chain;
	struct virtio_blk_outhdr header;

	if (chain->readable_bytes < sizeof(header))
		return "a request is shorter than its header";
	if (!chain->writable_bytes)
		return "a request has no room for its status";
	request->from_guest = (struct kt_blk_span){
		.pieces = chain->pieces,
		.n = chain->n_readable,
		.bytes = chain->readable_bytes,
	};
	request->to_guest = (struct kt_blk_span){
		.pieces = chain->pieces + chain->n_readable,
		.n = chain->n_writable,
		.bytes = chain->writable_bytes,
	};
	request->status = span_split_last_byte(&request->to_guest);
	span_read(&request->from_guest, &header, sizeof(header));
	request->type = header.type;
	request->sector = header.sector;
	request->result = VIRTIO_BLK_S_IOERR;
	request->file_error = 0;
	request->done_bytes = 0;
	return NULL;
}

uint64_t kt_blk_request_moves(const struct kt_blk_request *request)
{
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
		return request->to_guest.bytes;
	case VIRTIO_BLK_T_OUT:
		return request->from_guest.bytes;
	default:
		return 0;
	}
}

bool kt_blk_request_is_slow(const struct kt_blk_request *request)
{
	return request->type == VIRTIO_BLK_T_FLUSH ||
	       request->type == VIRTIO_BLK_T_DISCARD ||
	       request->type == VIRTIO_BLK_T_WRITE_ZEROES;
}

const char *kt_blk_request_name(const struct kt_blk_request *request)
{
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
		return "read";
	case VIRTIO_BLK_T_OUT:
		return "write";
	case VIRTIO_BLK_T_FLUSH:
		return "flush";
	case VIRTIO_BLK_T_GET_ID:
		return "get id";
	case VIRTIO_BLK_T_DISCARD:
		return "discard";
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return "write zeroes";
	default:
		return "unknown";
	}
}

static bool in_range(const struct kt_blk_file *file, uint64_t sector,
		     uint64_t sectors)
{
	return sector <= file->sectors && sectors <= file->sectors - sector;
}

/* 0 or -errno; the span is moved on by what was transferred. */
static int transfer(const struct kt_blk_file *file, struct kt_blk_span *span,
		    uint64_t offset, bool write, bool dsync)
{
	while (span->bytes) {
		int n = (int)KT_MIN(span->n, (uint32_t)IOV_MAX);
		ssize_t done =
			write ? pwritev2(file->fd, span->pieces, n,
					 (off_t)offset, dsync ? RWF_DSYNC : 0) :
				preadv(file->fd, span->pieces, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		/* The file is shorter than the disk: somebody cut it. */
		if (done == 0)
			return -ENODATA;
		span_advance(span, (uint64_t)done);
		offset += (uint64_t)done;
	}
	return 0;
}

static int sync_file(struct kt_blk_file *file)
{
	int r = 0;

	if (atomic_load(&file->flush_failed))
		return -EIO;
	while (fdatasync(file->fd) < 0) {
		if (errno == EINTR)
			continue;
		r = -errno;
		/* The next one would succeed, and tell a lie. */
		atomic_store(&file->flush_failed, true);
		break;
	}
	return r;
}

/* Sets the result by what working on the file came to. */
static void conclude(struct kt_blk_request *request, int r, uint64_t bytes)
{
	request->file_error = r;
	request->result = r ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
	request->done_bytes = r ? 0 : bytes;
}

static void execute_transfer(struct kt_blk_request *request,
			     struct kt_blk_file *file, bool dsync)
{
	bool write = request->type == VIRTIO_BLK_T_OUT;
	struct kt_blk_span *span =
		write ? &request->from_guest : &request->to_guest;
	const uint64_t bytes = span->bytes;
	int r;

	if (bytes % SECTOR_BYTES ||
	    !in_range(file, request->sector, bytes / SECTOR_BYTES) ||
	    (write && file->read_only))
		return;
	r = transfer(file, span, request->sector * SECTOR_BYTES, write, dsync);
	conclude(request, r, bytes);
}

static int write_zeroes(const struct kt_blk_file *file, uint64_t offset,
			uint64_t bytes)
{
	static const uint8_t zeroes[64 * KT_KIB];

	while (bytes) {
		size_t length = KT_MIN(bytes, sizeof(zeroes));
		int r = kt_pwrite_all(file->fd, zeroes, length, (off_t)offset);

		if (r)
			return r;
		offset += length;
		bytes -= length;
	}
	return 0;
}

static int file_fallocate(const struct kt_blk_file *file, int mode,
			  uint64_t offset, uint64_t bytes)
{
	while (fallocate(file->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			 (off_t)bytes) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int clear_range(const struct kt_blk_file *file, bool discard, bool unmap,
		       uint64_t offset, uint64_t bytes)
{
	int r;

	if (!bytes)
		return 0;
	r = file_fallocate(file,
			   discard || unmap ? FALLOC_FL_PUNCH_HOLE :
					      FALLOC_FL_ZERO_RANGE,
			   offset, bytes);
	if (r != -EOPNOTSUPP)
		return r;
	/* A discard is no more than a wish. */
	return discard ? 0 : write_zeroes(file, offset, bytes);
}

/* VIRTIO_BLK_S_OK if all ranges can be as they are, else what to answer. */
static uint8_t check_ranges(const struct kt_blk_file *file, bool discard,
			    const struct virtio_blk_discard_write_zeroes *ranges,
			    size_t n)
{
	const uint32_t known = discard ? 0 : VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;

	for (size_t i = 0; i < n; i++) {
		if (ranges[i].flags & ~known)
			return VIRTIO_BLK_S_UNSUPP;
		if (ranges[i].num_sectors > KT_BLK_RANGE_SECTORS ||
		    !in_range(file, ranges[i].sector, ranges[i].num_sectors))
			return VIRTIO_BLK_S_IOERR;
	}
	return VIRTIO_BLK_S_OK;
}

static void execute_ranges(struct kt_blk_request *request,
			   struct kt_blk_file *file, bool dsync)
{
	bool discard = request->type == VIRTIO_BLK_T_DISCARD;
	struct virtio_blk_discard_write_zeroes ranges[KT_BLK_RANGES];
	const uint64_t length = request->from_guest.bytes;
	const size_t n = length / sizeof(ranges[0]);
	uint64_t bytes = 0;
	int r = 0;

	if (!length || length > sizeof(ranges) || length % sizeof(ranges[0]) ||
	    file->read_only)
		return;
	span_read(&request->from_guest, ranges, length);
	request->result = check_ranges(file, discard, ranges, n);
	if (request->result != VIRTIO_BLK_S_OK)
		return;
	for (size_t i = 0; i < n && !r; i++) {
		uint64_t size = (uint64_t)ranges[i].num_sectors * SECTOR_BYTES;

		r = clear_range(file, discard,
				ranges[i].flags &
					VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP,
				ranges[i].sector * SECTOR_BYTES, size);
		bytes += size;
	}
	if (!r && dsync)
		r = sync_file(file);
	conclude(request, r, bytes);
}

static void execute_get_id(struct kt_blk_request *request,
			   const struct kt_blk_file *file)
{
	span_write(&request->to_guest, file->id, sizeof(file->id));
	conclude(request, 0, 0);
}

void kt_blk_request_execute(struct kt_blk_request *request,
			    struct kt_blk_file *file, bool dsync)
{
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		execute_transfer(request, file, dsync);
		break;
	case VIRTIO_BLK_T_FLUSH:
		conclude(request, sync_file(file), 0);
		break;
	case VIRTIO_BLK_T_GET_ID:
		execute_get_id(request, file);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		execute_ranges(request, file, dsync);
		break;
	default:
		request->result = VIRTIO_BLK_S_UNSUPP;
		break;
	}
	/* Up to the status everything counts as written (2.7.8.2). */
	span_clear(&request->to_guest);
}

uint32_t kt_blk_request_finish(const struct kt_blk_request *request)
{
	*request->status = request->result;
	return (uint32_t)request->chain.writable_bytes;
}
