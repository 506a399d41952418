/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The other side of the devices: a small guest with two memory regions that
 * touch each other, the driver's half of a virtqueue, and a driver that brings
 * a virtio-mmio device up. It can do everything right and everything wrong.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/virtio/mmio.h"
#include "memory/guest_memory.h"

#define GUEST_REGION_BYTES 0x40000ULL
#define GUEST_RAM          0x100000ULL                         /* start */
#define GUEST_BORDER       (GUEST_RAM + GUEST_REGION_BYTES)    /* node 1 */
#define GUEST_RAM_END      (GUEST_BORDER + GUEST_REGION_BYTES) /* behind */

struct guest {
	struct kt_memory_region regions[2];
	struct kt_guest_memory memory;
};

void guest_init(struct guest *guest);
void guest_deinit(struct guest *guest);

/* Guest memory by address; fails the test outside RAM. */
void *guest_at(const struct guest *guest, uint64_t gpa, uint64_t length);
uint16_t guest_load16(const struct guest *guest, uint64_t gpa);
void guest_store16(const struct guest *guest, uint64_t gpa, uint16_t value);

enum {
	GUEST_NEXT = 1,
	GUEST_WRITE = 2,
	GUEST_INDIRECT = 4,
};

/* The driver's half of a queue whose rings lie at these addresses. */
struct guest_queue {
	const struct guest *guest;
	uint16_t size;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	uint16_t avail_idx;
	uint16_t used_idx;
};

/* Lays the three areas out from `base` on; 0x4000 bytes hold 256 entries. */
void guest_queue_init(struct guest_queue *queue, const struct guest *guest,
		      uint64_t base, uint16_t size);

/* Fills in descriptor `index` of the table at `table`. */
void guest_desc(const struct guest *guest, uint64_t table, uint16_t index,
		uint64_t gpa, uint32_t length, uint16_t flags, uint16_t next);

/* Makes a head available. */
void guest_offer(struct guest_queue *queue, uint16_t head);

/* One buffer in descriptor `index`, offered at once. */
void guest_offer_buffer(struct guest_queue *queue, uint16_t index, uint64_t gpa,
			uint32_t length, uint16_t flags);

/* The next used entry: false when there is none. */
bool guest_take_used(struct guest_queue *queue, uint32_t *ret_head,
		     uint32_t *ret_written);

/* Where the queue's two event indices lie. */
uint64_t guest_used_event(const struct guest_queue *queue);
uint64_t guest_avail_event(const struct guest_queue *queue);

uint32_t guest_read32(struct kt_virtio_mmio *mmio, uint64_t reg);
void guest_write32(struct kt_virtio_mmio *mmio, uint64_t reg, uint32_t value);

/* Up to FEATURES_OK; returns whether the device agreed. */
bool guest_negotiate(struct kt_virtio_mmio *mmio, uint64_t features);
/* Selects a queue, hands it size and addresses, sets it ready. */
void guest_ready_queue(struct kt_virtio_mmio *mmio, uint32_t index,
		       const struct guest_queue *queue);
void guest_driver_ok(struct kt_virtio_mmio *mmio);

/* True, and consumed, when the eventfd was written. */
bool guest_eventfd_fired(int fd);
