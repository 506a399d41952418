// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <linux/virtio_blk.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "blk_guest.h"

#define RINGS(queue) (GUEST_RAM + 0x4000ULL * (queue))
#define RING_SIZE    256

static void note_warning(void *userdata, enum ktstr_log_level level,
			 const char *message)
{
	struct disk *disk = userdata;

	(void)message;
	if (level == KTSTR_LOG_WARNING)
		__atomic_fetch_add(&disk->n_warnings, 1, __ATOMIC_RELAXED);
}

void disk_init(struct disk *disk, const struct disk_options *options)
{
	struct kt_blk_config config = {
		.memory = &disk->guest.memory,
		.log = &disk->log,
		.bytes = DISK_BYTES,
		.read_only = options->read_only,
		.name = DISK_NAME,
		.limits = options->limits,
		.n_queues = options->n_queues ? options->n_queues : 1,
		.n_workers = options->n_workers,
	};
	uint64_t size = options->file_size ? options->file_size : DISK_BYTES;

	*disk = (struct disk){ 0 };
	disk->log = (struct ktstr_log){ note_warning, disk };
	guest_init(&disk->guest);
	disk->fd = options->fd ? options->fd : memfd_create("disk", MFD_CLOEXEC);
	assert_true(disk->fd >= 0);
	if (!options->fd)
		assert_int_equal(ftruncate(disk->fd, (off_t)size), 0);
	disk->irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(disk->irq >= 0);
	config.fd = disk->fd;
	config.irq.eventfd = disk->irq;
	assert_int_equal(kt_blk_create(&config, &disk->blk, NULL), 0);
	disk->mmio = kt_blk_mmio(disk->blk);
	if (!options->asleep)
		disk_bring_up(disk, options->features ? options->features :
							DISK_FEATURES);
}

void disk_deinit(struct disk *disk)
{
	kt_blk_destroy(disk->blk);
	close(disk->irq);
	close(disk->fd);
	guest_deinit(&disk->guest);
}

void disk_bring_up(struct disk *disk, uint64_t features)
{
	assert_true(guest_negotiate(disk->mmio, features));
	for (uint32_t i = 0; i < disk->mmio->n_queues; i++) {
		memset(guest_at(&disk->guest, RINGS(i), 0x4000), 0, 0x4000);
		guest_queue_init(&disk->queues[i], &disk->guest, RINGS(i),
				 RING_SIZE);
		guest_ready_queue(disk->mmio, i, &disk->queues[i]);
	}
	guest_driver_ok(disk->mmio);
}

void disk_offer(struct disk *disk, uint32_t queue, uint16_t slot, uint32_t type,
		uint64_t sector, const struct disk_buffer *data, uint32_t n)
{
	const struct guest *g = &disk->guest;
	struct guest_queue *q = &disk->queues[queue];
	uint64_t header = DISK_HEADER + 32ULL * slot, status = DISK_STATUS + slot;
	uint16_t flags = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID ?
				 GUEST_WRITE :
				 0;
	struct virtio_blk_outhdr head = { .type = type, .sector = sector };
	uint16_t at = 8 * slot;

	memcpy(guest_at(g, header, sizeof(head)), &head, sizeof(head));
	*(uint8_t *)guest_at(g, status, 1) = STATUS_UNTOUCHED;
	guest_desc(g, q->desc, at, header, sizeof(head), GUEST_NEXT, at + 1);
	for (uint16_t i = 1; i <= n; i++)
		guest_desc(g, q->desc, at + i, data[i - 1].gpa,
			   data[i - 1].length, flags | GUEST_NEXT, at + i + 1);
	guest_desc(g, q->desc, at + 1 + (uint16_t)n, status, 1, GUEST_WRITE, 0);
	guest_offer(q, at);
}

uint8_t disk_status(const struct disk *disk, uint16_t slot)
{
	return __atomic_load_n(
		(uint8_t *)guest_at(&disk->guest, DISK_STATUS + slot, 1),
		__ATOMIC_ACQUIRE);
}

uint8_t disk_do(struct disk *disk, uint32_t type, uint64_t sector, uint64_t gpa,
		uint32_t length)
{
	const struct disk_buffer data = { gpa, length };
	uint32_t head, written;

	disk_offer(disk, 0, 0, type, sector, &data, length ? 1 : 0);
	kt_blk_process(disk->blk);
	assert_true(guest_take_used(&disk->queues[0], &head, &written));
	assert_int_equal(head, 0);
	assert_false(guest_take_used(&disk->queues[0], &head, &written));
	return disk_status(disk, 0);
}

uint32_t disk_await_used(struct disk *disk, uint32_t queue)
{
	const uint64_t deadline = kt_now_ns() + 10000000000ULL;
	struct pollfd fd = { .fd = disk->irq, .events = POLLIN };
	uint32_t head, written;
	eventfd_t count;

	while (!guest_take_used(&disk->queues[queue], &head, &written)) {
		if (kt_now_ns() > deadline)
			fail_msg("no used entry came within 10 s");
		/* Ask for an interrupt, then look again. */
		guest_store16(&disk->guest,
			      guest_used_event(&disk->queues[queue]),
			      disk->queues[queue].used_idx);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (guest_load16(&disk->guest, disk->queues[queue].used + 2) !=
		    disk->queues[queue].used_idx)
			continue;
		poll(&fd, 1, 1000);
		(void)eventfd_read(disk->irq, &count);
	}
	return head;
}

struct ktstr_disk_counters disk_counters(struct disk *disk)
{
	struct ktstr_disk_counters counters;

	kt_blk_get_counters(disk->blk, &counters);
	return counters;
}
