// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "blk_guest.h"

#define PATIENCE_MS 10000
#define SILENCE_MS  50

static void note_log(void *userdata, enum ktstr_log_level level,
		     const char *message)
{
	struct blk_fixture *f = userdata;

	(void)level;
	kt_strbuf_addf(&f->log, "%s\n", message);
}

static void lay_out_queues(struct blk_fixture *f)
{
	for (uint32_t i = 0; i < BLK_QUEUES; i++) {
		memset(guest_at(&f->guest, BLK_RINGS(i), 0x1000), 0, 0x1000);
		guest_queue_init(&f->queues[i], &f->guest, BLK_RINGS(i),
				 BLK_SIZE);
	}
}

void blk_replace(struct blk_fixture *f, bool read_only, uint32_t n_queues,
		 struct kt_throttle_limits limits)
{
	struct kt_blk_config config = {
		.memory = &f->guest.memory,
		.irq = { f->irq },
		.log = &f->sink,
		.fd = f->fd,
		.size_bytes = BLK_DISK_BYTES,
		.read_only = read_only,
		.name = "a disk for tests",
		.n_queues = n_queues,
		.limits = limits,
		.n_workers = 4,
	};

	kt_blk_destroy(f->blk);
	guest_eventfd_fired(f->irq);
	assert_int_equal(kt_blk_create(&config, &f->blk, NULL), 0);
	f->mmio = kt_blk_mmio(f->blk);
	lay_out_queues(f);
}

int blk_setup(void **state)
{
	struct blk_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	guest_init(&f->guest);
	f->sink = (struct ktstr_log){ note_log, f };
	f->irq = eventfd(0, EFD_NONBLOCK);
	f->file = memfd_create("disk", 0);
	assert_int_equal(ftruncate(f->file, BLK_DISK_BYTES), 0);
	f->fd = dup(f->file);
	blk_replace(f, false, BLK_QUEUES, (struct kt_throttle_limits){ 0 });
	blk_bring_up(f, BLK_ALL);
	*state = f;
	return 0;
}

int blk_teardown(void **state)
{
	struct blk_fixture *f = *state;

	kt_blk_destroy(f->blk);
	guest_deinit(&f->guest);
	kt_strbuf_deinit(&f->log);
	kt_close(f->file);
	kt_close(f->fd);
	kt_close(f->irq);
	free(f);
	return 0;
}

void blk_bring_up(struct blk_fixture *f, uint64_t features)
{
	lay_out_queues(f);
	assert_true(guest_negotiate(f->mmio, features));
	for (uint32_t i = 0; i < f->mmio->n_queues; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	assert_true(guest_read32(f->mmio, 0x70) & KT_VIRTIO_DRIVER_OK);
}

void blk_ask(struct blk_fixture *f, uint32_t queue, uint16_t slot,
	     uint32_t type, uint64_t sector, uint64_t gpa, uint32_t length)
{
	struct guest_queue *q = &f->queues[queue];
	uint16_t at = slot * 3;
	uint8_t *header = guest_at(&f->guest, BLK_HEADER(queue, slot), 17);
	bool reads = type == KT_BLK_IN || type == KT_BLK_GET_ID;

	memset(header, 0, 16);
	memcpy(header, &type, 4);
	memcpy(header + 8, &sector, 8);
	header[16] = BLK_NO_STATUS;
	guest_desc(&f->guest, q->desc, at, BLK_HEADER(queue, slot), 16,
		   GUEST_NEXT, length ? at + 1 : at + 2);
	guest_desc(&f->guest, q->desc, at + 1, gpa, length,
		   GUEST_NEXT | (reads ? GUEST_WRITE : 0), at + 2);
	guest_desc(&f->guest, q->desc, at + 2, BLK_STATUS(queue, slot), 1,
		   GUEST_WRITE, 0);
	guest_offer(q, at);
}

void blk_notify(struct blk_fixture *f, uint32_t queue)
{
	guest_write32(f->mmio, 0x50, queue);
}

bool blk_wait_irq(struct blk_fixture *f, int timeout_ms)
{
	struct pollfd p = { f->irq, POLLIN, 0 };

	if (poll(&p, 1, timeout_ms) <= 0)
		return false;
	return guest_eventfd_fired(f->irq);
}

void blk_expect_silence(struct blk_fixture *f, uint32_t queue)
{
	uint32_t head, written;

	/* The first may be that of an earlier answer. */
	if (blk_wait_irq(f, SILENCE_MS))
		(void)blk_wait_irq(f, SILENCE_MS);
	assert_false(guest_take_used(&f->queues[queue], &head, &written));
}

uint8_t blk_answer(struct blk_fixture *f, uint32_t queue, uint16_t *ret_slot,
		   uint32_t *ret_written)
{
	uint32_t head, written;
	uint16_t slot;

	while (!guest_take_used(&f->queues[queue], &head, &written)) {
		if (!blk_wait_irq(f, PATIENCE_MS))
			fail_msg("no answer on queue %u", queue);
	}
	slot = (uint16_t)(head / 3);
	assert_true(head % 3 == 0 && slot < BLK_SLOTS);
	if (ret_slot)
		*ret_slot = slot;
	if (ret_written)
		*ret_written = written;
	return *(uint8_t *)guest_at(&f->guest, BLK_STATUS(queue, slot), 1);
}

uint8_t blk_do(struct blk_fixture *f, uint32_t type, uint64_t sector,
	       uint64_t gpa, uint32_t length)
{
	blk_ask(f, 0, 0, type, sector, gpa, length);
	blk_notify(f, 0);
	return blk_answer(f, 0, NULL, NULL);
}

const char *blk_wait_violated(struct blk_fixture *f)
{
	while (!(guest_read32(f->mmio, 0x70) & KT_VIRTIO_NEEDS_RESET)) {
		if (!blk_wait_irq(f, PATIENCE_MS))
			fail_msg("the device takes what it was offered");
	}
	return kt_strbuf_text(&f->log);
}

uint8_t blk_file_byte(const struct blk_fixture *f, uint64_t offset)
{
	uint8_t byte = 0;

	assert_int_equal(kt_pread_all(f->file, &byte, 1, (off_t)offset), 0);
	return byte;
}

static uint8_t pattern(uint32_t i, uint8_t seed)
{
	return (uint8_t)(i * 7 + i / 512 + seed);
}

void blk_fill(const struct blk_fixture *f, uint64_t gpa, uint32_t length,
	      uint8_t seed)
{
	for (uint32_t i = 0; i < length; i++)
		*(uint8_t *)guest_at(&f->guest, gpa + i, 1) = pattern(i, seed);
}

void blk_expect(const struct blk_fixture *f, uint64_t gpa, uint32_t length,
		uint8_t seed)
{
	for (uint32_t i = 0; i < length; i++) {
		uint8_t got = *(uint8_t *)guest_at(&f->guest, gpa + i, 1);

		if (got != pattern(i, seed))
			fail_msg("byte %u is %u, not %u", i, got,
				 pattern(i, seed));
	}
}
