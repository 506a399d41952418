// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>
#include <sys/eventfd.h>

#include "guest_driver.h"

/* Each region is an allocation of its own, so that ASan guards its ends. */
void guest_init(struct guest *guest)
{
	*guest = (struct guest){ 0 };
	for (int i = 0; i < 2; i++) {
		struct kt_memory_region *r = &guest->regions[i];

		r->gpa = GUEST_RAM + i * GUEST_REGION_BYTES;
		r->size_bytes = GUEST_REGION_BYTES;
		r->node = i;
		r->hva = aligned_alloc(4096, GUEST_REGION_BYTES);
		assert_non_null(r->hva);
		memset(r->hva, 0, GUEST_REGION_BYTES);
	}
	guest->memory.regions = guest->regions;
	guest->memory.n_regions = 2;
}

void guest_deinit(struct guest *guest)
{
	free(guest->regions[0].hva);
	free(guest->regions[1].hva);
}

void *guest_at(const struct guest *guest, uint64_t gpa, uint64_t length)
{
	void *hva = kt_guest_memory_at(&guest->memory, gpa, length);

	assert_non_null(hva);
	return hva;
}

uint16_t guest_load16(const struct guest *guest, uint64_t gpa)
{
	return __atomic_load_n((uint16_t *)guest_at(guest, gpa, 2),
			       __ATOMIC_ACQUIRE);
}

void guest_store16(const struct guest *guest, uint64_t gpa, uint16_t value)
{
	__atomic_store_n((uint16_t *)guest_at(guest, gpa, 2), value,
			 __ATOMIC_RELEASE);
}

void guest_queue_init(struct guest_queue *queue, const struct guest *guest,
		      uint64_t base, uint16_t size)
{
	*queue = (struct guest_queue){
		.guest = guest,
		.size = size,
		.desc = base,
		.avail = base + 16 * size,
		.used = base + 16 * size + 2 * size + 8,
	};
}

void guest_desc(const struct guest *guest, uint64_t table, uint16_t index,
		uint64_t gpa, uint32_t length, uint16_t flags, uint16_t next)
{
	uint8_t *desc = guest_at(guest, table + 16 * index, 16);

	memcpy(desc, &gpa, 8);
	memcpy(desc + 8, &length, 4);
	memcpy(desc + 12, &flags, 2);
	memcpy(desc + 14, &next, 2);
}

void guest_offer(struct guest_queue *queue, uint16_t head)
{
	uint16_t slot = queue->avail_idx % queue->size;

	guest_store16(queue->guest, queue->avail + 4 + 2 * slot, head);
	guest_store16(queue->guest, queue->avail + 2, ++queue->avail_idx);
}

void guest_offer_buffer(struct guest_queue *queue, uint16_t index, uint64_t gpa,
			uint32_t length, uint16_t flags)
{
	guest_desc(queue->guest, queue->desc, index, gpa, length, flags, 0);
	guest_offer(queue, index);
}

bool guest_take_used(struct guest_queue *queue, uint32_t *ret_head,
		     uint32_t *ret_written)
{
	const uint8_t *entry;

	if (guest_load16(queue->guest, queue->used + 2) == queue->used_idx)
		return false;
	entry = guest_at(queue->guest,
			 queue->used + 4 + 8 * (queue->used_idx % queue->size),
			 8);
	memcpy(ret_head, entry, 4);
	memcpy(ret_written, entry + 4, 4);
	queue->used_idx++;
	return true;
}

uint64_t guest_used_event(const struct guest_queue *queue)
{
	return queue->avail + 4 + 2 * queue->size;
}

uint64_t guest_avail_event(const struct guest_queue *queue)
{
	return queue->used + 4 + 8 * queue->size;
}

uint32_t guest_read32(struct kt_virtio_mmio *mmio, uint64_t reg)
{
	uint32_t value = 0xa5a5a5a5;

	kt_virtio_mmio_ops.read(mmio, reg, &value, sizeof(value));
	return value;
}

void guest_write32(struct kt_virtio_mmio *mmio, uint64_t reg, uint32_t value)
{
	kt_virtio_mmio_ops.write(mmio, reg, &value, sizeof(value));
}

bool guest_negotiate(struct kt_virtio_mmio *mmio, uint64_t features)
{
	guest_write32(mmio, 0x70, 0);
	guest_write32(mmio, 0x70, KT_VIRTIO_ACKNOWLEDGE);
	guest_write32(mmio, 0x70, KT_VIRTIO_ACKNOWLEDGE | KT_VIRTIO_DRIVER);
	for (uint32_t half = 0; half < 2; half++) {
		guest_write32(mmio, 0x24, half);
		guest_write32(mmio, 0x20, (uint32_t)(features >> 32 * half));
	}
	guest_write32(mmio, 0x70,
		      KT_VIRTIO_ACKNOWLEDGE | KT_VIRTIO_DRIVER |
			      KT_VIRTIO_FEATURES_OK);
	return guest_read32(mmio, 0x70) & KT_VIRTIO_FEATURES_OK;
}

void guest_ready_queue(struct kt_virtio_mmio *mmio, uint32_t index,
		       const struct guest_queue *queue)
{
	const uint64_t areas[] = { queue->desc, queue->avail, queue->used };

	guest_write32(mmio, 0x30, index);
	guest_write32(mmio, 0x38, queue->size);
	for (uint32_t i = 0; i < 3; i++) {
		guest_write32(mmio, 0x80 + 0x10 * i, (uint32_t)areas[i]);
		guest_write32(mmio, 0x84 + 0x10 * i, (uint32_t)(areas[i] >> 32));
	}
	guest_write32(mmio, 0x44, 1);
}

void guest_driver_ok(struct kt_virtio_mmio *mmio)
{
	guest_write32(mmio, 0x70, guest_read32(mmio, 0x70) | KT_VIRTIO_DRIVER_OK);
}

bool guest_eventfd_fired(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) == 0;
}
