/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The device's side of a split virtqueue (virtio 1.2, section 2.7). This is
 * the only code that walks descriptors. The guest owns every byte it reads and
 * may change it at any moment, so each descriptor is copied once and every
 * count, index, address and length is checked on the copy.
 *
 * A violation breaks the queue: kt_virtqueue_pop() returns -EPROTO from then
 * on, `violation` says why, and the device asks for a reset.
 *
 * Not locked; the transport's lock covers it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "memory/guest_memory.h"

#define KT_VIRTQUEUE_MAX_SIZE 1024 /* descriptors; a power of two */

struct kt_virtqueue_desc;
struct kt_virtqueue_avail;
struct kt_virtqueue_used;

struct kt_virtqueue {
	const struct kt_guest_memory *memory;
	uint16_t max_size;
	/* Bytes that one chain may hold in all; more is a violation. */
	uint64_t max_chain_bytes;

	/* Set by the driver before it enables the queue. */
	uint16_t size;
	uint64_t desc_gpa;
	uint64_t avail_gpa; /* "driver area" */
	uint64_t used_gpa;  /* "device area" */

	/* Valid while ready: the areas, checked once by kt_virtqueue_enable. */
	bool ready;
	bool event_idx;
	bool indirect;
	const struct kt_virtqueue_desc *desc;
	struct kt_virtqueue_avail *avail;
	struct kt_virtqueue_used *used;
	uint16_t next_avail;
	uint16_t next_used;
	uint16_t signalled_used; /* next_used when interrupts were last weighed */
	const char *violation;   /* NULL, or why the queue is broken */
};

/* How far the two sides of a queue are apart, for a report; see below. */
struct kt_virtqueue_state {
	bool ready;
	uint16_t size;
	uint16_t waiting;   /* chains offered that the device has not taken */
	uint16_t unweighed; /* pushed since interrupts were last weighed */
	/* With event_idx: chains pushed since the one that the driver wants an
	 * interrupt for, which a driver with its interrupts on has not seen. */
	bool event_idx;
	uint16_t unseen;
};

/*
 * One chain of buffers: first what the device reads, then what it writes. A
 * buffer that crosses from one memory region into the next takes two pieces.
 * The pieces stay valid (as memory) as long as the guest's memory does.
 */
struct kt_virtqueue_chain {
	uint16_t head;
	uint32_t n_readable;
	uint32_t n_writable;
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	struct iovec pieces[2 * KT_VIRTQUEUE_MAX_SIZE];
};

/* `max_size` is a power of two up to KT_VIRTQUEUE_MAX_SIZE. */
void kt_virtqueue_init(struct kt_virtqueue *vq,
		       const struct kt_guest_memory *memory, uint16_t max_size,
		       uint64_t max_chain_bytes);

/* Back to the state after init. */
void kt_virtqueue_reset(struct kt_virtqueue *vq);

/*
 * Checks size and areas (power of two, alignment, each area inside one memory
 * region) and makes the queue ready. -EINVAL and `violation` on failure.
 */
int kt_virtqueue_enable(struct kt_virtqueue *vq, bool event_idx, bool indirect);

/*
 * Takes the next chain: 1 when there was one, 0 when the queue is empty or not
 * ready, -EPROTO when it is broken.
 */
int kt_virtqueue_pop(struct kt_virtqueue *vq, struct kt_virtqueue_chain *chain);

/* True when a chain waits; touches no descriptor. */
bool kt_virtqueue_pending(const struct kt_virtqueue *vq);

/* Changes nothing; the driver's own indices are told as it left them. */
void kt_virtqueue_get_state(const struct kt_virtqueue *vq,
			    struct kt_virtqueue_state *ret);

/*
 * Gives a chain back to the driver; `written` counts the bytes written into
 * its writable pieces. Chains may come back in any order.
 */
void kt_virtqueue_push(struct kt_virtqueue *vq, uint16_t head, uint32_t written);

/* A chain that goes back, and the bytes written into it. */
struct kt_virtqueue_returned {
	uint16_t head;
	uint32_t written;
};

/* As above, for several chains that the driver shall see all at once. */
void kt_virtqueue_push_all(struct kt_virtqueue *vq,
			   const struct kt_virtqueue_returned *returned,
			   uint16_t n);

/*
 * Undoes the last `n` pops, as if the chains were still on offer: they are
 * taken, and looked at, once more. None of them may have been pushed.
 */
void kt_virtqueue_put_back(struct kt_virtqueue *vq, uint16_t n);

/*
 * True when the driver wants an interrupt for what was pushed since the last
 * call (event index or the available ring's flag).
 */
bool kt_virtqueue_should_interrupt(struct kt_virtqueue *vq);

/*
 * Asks the driver for a notification at its next chain, or for none for now.
 * After asking, a chain that came just before may be waiting unannounced:
 * returns true then, and the caller goes on popping.
 */
bool kt_virtqueue_want_notify(struct kt_virtqueue *vq);
void kt_virtqueue_dont_notify(struct kt_virtqueue *vq);

/*
 * Copies out of the readable, or into the writable pieces, from `offset` bytes
 * on; returns the bytes copied, fewer than `length` at the chain's end.
 */
size_t kt_virtqueue_chain_read(const struct kt_virtqueue_chain *chain,
			       uint64_t offset, void *data, size_t length);
size_t kt_virtqueue_chain_write(const struct kt_virtqueue_chain *chain,
				uint64_t offset, const void *data, size_t length);
