// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "guest_driver.h"

#define QUEUES    2
#define QUEUE_MAX 16
#define FEATURE   (1ULL << 5)
#define GOOD      (KT_VIRTIO_F_VERSION_1 | FEATURE)

/* A device that only notes what the transport asks of it. */
struct fixture {
	struct guest guest;
	struct guest_queue queues[QUEUES];
	struct kt_virtio_mmio mmio;
	struct kt_strbuf log;
	struct ktstr_log sink;
	uint8_t config[8];
	int starts;
	int resets;
	int irq;
	int kicks[QUEUES];
};

static void fake_read_config(void *device, uint32_t offset, void *data,
			     uint32_t length)
{
	struct fixture *f = device;

	assert_true(offset + length <= sizeof(f->config));
	memcpy(data, f->config + offset, length);
}

static void fake_write_config(void *device, uint32_t offset, const void *data,
			      uint32_t length)
{
	struct fixture *f = device;

	assert_true(offset + length <= sizeof(f->config));
	memcpy(f->config + offset, data, length);
}

static void fake_start(void *device)
{
	struct fixture *f = device;

	f->starts++;
	assert_true(kt_virtio_mmio_running(&f->mmio));
}

static void fake_reset(void *device)
{
	struct fixture *f = device;

	f->resets++;
	for (int i = 0; i < QUEUES; i++)
		assert_false(f->mmio.queues[i].ready);
}

static const struct kt_virtio_ops fake_ops = {
	.name = "fake",
	.device_id = 42,
	.features = FEATURE,
	.config_bytes = 8,
	.read_config = fake_read_config,
	.write_config = fake_write_config,
	.start = fake_start,
	.reset = fake_reset,
};

static void note_log(void *userdata, enum ktstr_log_level level,
		     const char *message)
{
	struct fixture *f = userdata;

	assert_int_equal(level, KTSTR_LOG_WARNING);
	kt_strbuf_addf(&f->log, "%s\n", message);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kt_virtio_mmio_config config = {
		.ops = &fake_ops,
		.device = f,
		.memory = &f->guest.memory,
		.log = &f->sink,
		.n_queues = QUEUES,
		.queue_max_size = QUEUE_MAX,
		.max_chain_bytes = 4096,
	};

	guest_init(&f->guest);
	f->sink = (struct ktstr_log){ note_log, f };
	f->irq = eventfd(0, EFD_NONBLOCK);
	config.irq.eventfd = f->irq;
	for (int i = 0; i < QUEUES; i++) {
		f->kicks[i] = eventfd(0, EFD_NONBLOCK);
		config.queue_eventfds[i] = f->kicks[i];
		guest_queue_init(&f->queues[i], &f->guest,
				 GUEST_RAM + 0x4000 * i, QUEUE_MAX);
	}
	memcpy(f->config, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	assert_int_equal(kt_virtio_mmio_init(&f->mmio, &config), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_virtio_mmio_deinit(&f->mmio);
	guest_deinit(&f->guest);
	kt_strbuf_deinit(&f->log);
	kt_close(f->irq);
	for (int i = 0; i < QUEUES; i++)
		kt_close(f->kicks[i]);
	free(f);
	return 0;
}

static void bring_up(struct fixture *f, uint64_t features)
{
	assert_true(guest_negotiate(&f->mmio, features));
	for (uint32_t i = 0; i < QUEUES; i++)
		guest_ready_queue(&f->mmio, i, &f->queues[i]);
	guest_driver_ok(&f->mmio);
}

static void the_device_says_what_it_is(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(guest_read32(&f->mmio, 0x00), 0x74726976);
	assert_int_equal(guest_read32(&f->mmio, 0x04), 2);
	assert_int_equal(guest_read32(&f->mmio, 0x08), 42);
	assert_int_not_equal(guest_read32(&f->mmio, 0x0c), 0);
	assert_int_equal(guest_read32(&f->mmio, 0x34), QUEUE_MAX);
}

static void features_come_in_halves(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(guest_read32(&f->mmio, 0x10),
			 (uint32_t)(FEATURE | KT_VIRTIO_F_EVENT_IDX |
				    KT_VIRTIO_F_INDIRECT_DESC));
	guest_write32(&f->mmio, 0x14, 1);
	assert_int_equal(guest_read32(&f->mmio, 0x10),
			 KT_VIRTIO_F_VERSION_1 >> 32);
	guest_write32(&f->mmio, 0x14, 2);
	assert_int_equal(guest_read32(&f->mmio, 0x10), 0);
}

static void a_driver_comes_up(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD | KT_VIRTIO_F_EVENT_IDX);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 0xf);
	assert_int_equal(f->starts, 1);
	assert_true(kt_virtio_mmio_has(&f->mmio, FEATURE));
	assert_false(kt_virtio_mmio_has(&f->mmio, KT_VIRTIO_F_INDIRECT_DESC));
	assert_true(f->mmio.queues[0].event_idx);
	assert_false(f->mmio.queues[0].indirect);
	guest_write32(&f->mmio, 0x30, 1);
	assert_int_equal(guest_read32(&f->mmio, 0x44), 1);
	assert_string_equal(kt_strbuf_text(&f->log), "");
}

static void unknown_features_are_not_agreed_to(void **state)
{
	struct fixture *f = *state;

	assert_false(guest_negotiate(&f->mmio, GOOD | 1ULL << 6));
	assert_false(guest_negotiate(&f->mmio, GOOD | 1ULL << 34));
	assert_true(guest_negotiate(&f->mmio, GOOD));
}

static void a_legacy_driver_is_not_agreed_with(void **state)
{
	struct fixture *f = *state;

	assert_false(guest_negotiate(&f->mmio, FEATURE));
}

static void without_agreed_features_nothing_goes_live(void **state)
{
	struct fixture *f = *state;

	assert_false(guest_negotiate(&f->mmio, FEATURE));
	guest_ready_queue(&f->mmio, 0, &f->queues[0]);
	guest_driver_ok(&f->mmio);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 3);
	assert_int_equal(f->starts, 0);
	assert_false(f->mmio.queues[0].ready);
}

static void features_are_settled_once_agreed(void **state)
{
	struct fixture *f = *state;

	assert_true(guest_negotiate(&f->mmio, GOOD));
	guest_write32(&f->mmio, 0x24, 0);
	guest_write32(&f->mmio, 0x20, UINT32_MAX);
	assert_true(kt_virtio_mmio_has(&f->mmio, GOOD));
	assert_false(kt_virtio_mmio_has(&f->mmio, KT_VIRTIO_F_EVENT_IDX));
}

static void feature_bits_above_63_go_nowhere(void **state)
{
	struct fixture *f = *state;

	guest_write32(&f->mmio, 0x24, 2);
	guest_write32(&f->mmio, 0x20, UINT32_MAX);
	guest_write32(&f->mmio, 0x24, UINT32_MAX);
	guest_write32(&f->mmio, 0x20, UINT32_MAX);
	assert_int_equal(f->mmio.driver_features, 0);
}

static void status_bits_are_only_added(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	guest_write32(&f->mmio, 0x70, 1);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 0xf);
	guest_write32(&f->mmio, 0x70, KT_VIRTIO_NEEDS_RESET | 0xffffff3f);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 0xf);
}

static void a_driver_that_failed_is_left_alone(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	assert_true(kt_virtio_mmio_running(&f->mmio));
	guest_write32(&f->mmio, 0x70, 0x8f);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 0x8f);
	assert_false(kt_virtio_mmio_running(&f->mmio));
}

static void a_reset_forgets_everything(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	guest_write32(&f->mmio, 0x30, 1);
	kt_virtqueue_push(&f->mmio.queues[0], 0, 0);
	kt_virtio_mmio_interrupt(&f->mmio, 0);
	assert_int_equal(guest_read32(&f->mmio, 0x60), 1);

	f->resets = 0;
	guest_write32(&f->mmio, 0x70, 0);
	assert_int_equal(f->resets, 1);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 0);
	assert_int_equal(guest_read32(&f->mmio, 0x60), 0);
	assert_int_equal(f->mmio.queue_sel, 0);
	assert_int_equal(f->mmio.driver_features, 0);
	for (uint32_t i = 0; i < QUEUES; i++) {
		guest_write32(&f->mmio, 0x30, i);
		assert_int_equal(guest_read32(&f->mmio, 0x44), 0);
		assert_int_equal(f->mmio.queues[i].desc_gpa, 0);
	}
	guest_queue_init(&f->queues[0], &f->guest, GUEST_RAM, QUEUE_MAX);
	bring_up(f, GOOD);
	assert_int_equal(f->starts, 2);
}

static void a_ready_queue_cannot_be_changed(void **state)
{
	struct fixture *f = *state;
	const struct kt_virtqueue *vq = &f->mmio.queues[0];

	assert_true(guest_negotiate(&f->mmio, GOOD));
	guest_ready_queue(&f->mmio, 0, &f->queues[0]);
	guest_write32(&f->mmio, 0x38, 4);
	for (uint32_t reg = 0x80; reg <= 0xa4; reg += 4)
		guest_write32(&f->mmio, reg, 0xdeadbee0);
	guest_write32(&f->mmio, 0x44, 1);
	assert_int_equal(vq->size, QUEUE_MAX);
	assert_int_equal(vq->desc_gpa, f->queues[0].desc);
	assert_int_equal(vq->avail_gpa, f->queues[0].avail);
	assert_int_equal(vq->used_gpa, f->queues[0].used);
	assert_true(vq->ready);
}

static void a_queue_can_be_stopped(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	guest_write32(&f->mmio, 0x30, 0);
	guest_write32(&f->mmio, 0x44, 0);
	assert_int_equal(guest_read32(&f->mmio, 0x44), 0);
	/* And not be set up again under a live driver. */
	guest_ready_queue(&f->mmio, 0, &f->queues[0]);
	assert_int_equal(guest_read32(&f->mmio, 0x44), 0);
	assert_true(kt_virtio_mmio_running(&f->mmio));
}

static void queues_wait_for_features(void **state)
{
	struct fixture *f = *state;

	guest_ready_queue(&f->mmio, 0, &f->queues[0]);
	assert_int_equal(guest_read32(&f->mmio, 0x44), 0);
	assert_int_equal(f->mmio.queues[0].size, 0);
}

static void a_queue_that_does_not_exist_is_none(void **state)
{
	struct fixture *f = *state;
	const uint32_t none[] = { QUEUES, KT_VIRTIO_MAX_QUEUES, UINT32_MAX };

	assert_true(guest_negotiate(&f->mmio, GOOD));
	for (size_t i = 0; i < KT_ARRAY_SIZE(none); i++) {
		guest_ready_queue(&f->mmio, none[i], &f->queues[0]);
		assert_int_equal(guest_read32(&f->mmio, 0x34), 0);
		assert_int_equal(guest_read32(&f->mmio, 0x44), 0);
		guest_write32(&f->mmio, 0x50, none[i]);
	}
	assert_int_equal(guest_read32(&f->mmio, 0x70), 0xb);
}

static void bad_queues_need_a_reset(void **state)
{
	struct fixture *f = *state;
	struct guest_queue bad[4];

	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++)
		bad[i] = f->queues[0];
	bad[0].size = 3;
	bad[1].size = 2 * QUEUE_MAX;
	bad[2].desc = GUEST_RAM_END;
	bad[3].used += 1;
	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		assert_true(guest_negotiate(&f->mmio, GOOD));
		guest_ready_queue(&f->mmio, 0, &bad[i]);
		assert_int_equal(guest_read32(&f->mmio, 0x44), 0);
		assert_int_equal(guest_read32(&f->mmio, 0x70),
				 0xb | KT_VIRTIO_NEEDS_RESET);
		/* It cannot go live like this, and need not be told. */
		guest_driver_ok(&f->mmio);
		assert_int_equal(f->starts, 0);
		assert_false(kt_virtio_mmio_running(&f->mmio));
		assert_false(guest_eventfd_fired(f->irq));
	}
	bring_up(f, GOOD);
	assert_int_equal(f->starts, 1);
}

static void a_size_beyond_16_bits_is_not_cut(void **state)
{
	struct fixture *f = *state;

	assert_true(guest_negotiate(&f->mmio, GOOD));
	guest_write32(&f->mmio, 0x38, 0x10000 + QUEUE_MAX);
	assert_int_equal(f->mmio.queues[0].size, 0);
}

static void a_violation_under_a_live_driver_interrupts(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	kt_virtio_mmio_violated(&f->mmio, 1, "it looks wrong");
	assert_int_equal(guest_read32(&f->mmio, 0x70),
			 0xf | KT_VIRTIO_NEEDS_RESET);
	assert_int_equal(guest_read32(&f->mmio, 0x60), 2);
	assert_true(guest_eventfd_fired(f->irq));
	assert_string_equal(
		kt_strbuf_text(&f->log),
		"fake: the guest's driver broke the rules of queue 1: it looks "
		"wrong; the device stops until it is reset\n");
	/* Once is enough. */
	kt_virtio_mmio_violated(&f->mmio, 1, "it looks wrong");
	assert_false(guest_eventfd_fired(f->irq));
}

static void a_guest_cannot_flood_the_log(void **state)
{
	struct fixture *f = *state;
	int lines = 0;

	f->queues[0].size = 3;
	for (int i = 0; i < 1000; i++) {
		assert_true(guest_negotiate(&f->mmio, GOOD));
		guest_ready_queue(&f->mmio, 0, &f->queues[0]);
	}
	for (const char *p = f->log.data; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 8);
}

static void interrupts_are_acknowledged_by_bit(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	kt_virtqueue_push(&f->mmio.queues[0], 0, 0);
	kt_virtio_mmio_interrupt(&f->mmio, 0);
	assert_true(guest_eventfd_fired(f->irq));
	kt_virtio_mmio_config_changed(&f->mmio);
	assert_true(guest_eventfd_fired(f->irq));
	assert_int_equal(guest_read32(&f->mmio, 0x60), 3);
	guest_write32(&f->mmio, 0x64, 1);
	assert_int_equal(guest_read32(&f->mmio, 0x60), 2);
	guest_write32(&f->mmio, 0x60, 0);
	assert_int_equal(guest_read32(&f->mmio, 0x60), 2);
	guest_write32(&f->mmio, 0x64, UINT32_MAX);
	assert_int_equal(guest_read32(&f->mmio, 0x60), 0);
}

static void nothing_pushed_is_no_interrupt(void **state)
{
	struct fixture *f = *state;

	bring_up(f, GOOD);
	kt_virtio_mmio_interrupt(&f->mmio, 0);
	assert_false(guest_eventfd_fired(f->irq));
	assert_int_equal(guest_read32(&f->mmio, 0x60), 0);
}

static void a_notification_kicks_its_queue_alone(void **state)
{
	struct fixture *f = *state;

	guest_write32(&f->mmio, 0x50, 1);
	assert_false(guest_eventfd_fired(f->kicks[0]));
	assert_true(guest_eventfd_fired(f->kicks[1]));
	guest_write32(&f->mmio, 0x50, QUEUES);
	assert_false(guest_eventfd_fired(f->kicks[0]));
	assert_false(guest_eventfd_fired(f->kicks[1]));
}

static void the_configuration_is_read_in_any_width(void **state)
{
	struct fixture *f = *state;
	uint8_t data[8];

	kt_virtio_mmio_ops.read(&f->mmio, 0x101, data, 1);
	assert_int_equal(data[0], 2);
	kt_virtio_mmio_ops.read(&f->mmio, 0x106, data, 2);
	assert_memory_equal(data, "\x07\x08", 2);
	kt_virtio_mmio_ops.read(&f->mmio, 0x100, data, 8);
	assert_memory_equal(data, f->config, 8);
	kt_virtio_mmio_ops.write(&f->mmio, 0x102, "\xaa\xbb", 2);
	assert_int_equal(f->config[2], 0xaa);
	assert_int_equal(f->config[3], 0xbb);
}

static void beyond_the_configuration_is_nothing(void **state)
{
	struct fixture *f = *state;
	const uint64_t offsets[] = { 0x105, 0x107, 0x108,
				     0x1f8, 0x200, UINT64_MAX - 3 };
	uint8_t before[8], data[8];

	memcpy(before, f->config, 8);
	for (size_t i = 0; i < KT_ARRAY_SIZE(offsets); i++) {
		memset(data, 0xee, 8);
		kt_virtio_mmio_ops.read(&f->mmio, offsets[i], data, 4);
		assert_memory_equal(data, "\0\0\0\0\xee\xee\xee\xee", 8);
		kt_virtio_mmio_ops.write(&f->mmio, offsets[i], data, 4);
	}
	assert_memory_equal(f->config, before, 8);
}

static void the_generation_counts_changes(void **state)
{
	struct fixture *f = *state;
	uint32_t before = guest_read32(&f->mmio, 0xfc);

	kt_virtio_mmio_config_changed(&f->mmio);
	assert_int_equal(guest_read32(&f->mmio, 0xfc), before + 1);
	/* No driver is up to hear of it. */
	assert_false(guest_eventfd_fired(f->irq));
}

static void there_is_no_shared_memory(void **state)
{
	struct fixture *f = *state;

	guest_write32(&f->mmio, 0xac, 0);
	for (uint64_t reg = 0xb0; reg <= 0xbc; reg += 4)
		assert_int_equal(guest_read32(&f->mmio, reg), UINT32_MAX);
}

static void registers_of_the_wrong_width_are_nothing(void **state)
{
	struct fixture *f = *state;
	const uint32_t widths[] = { 1, 2, 8 };
	uint8_t data[8];

	guest_write32(&f->mmio, 0x70, 1);
	for (size_t i = 0; i < KT_ARRAY_SIZE(widths); i++) {
		memset(data, 0xee, 8);
		kt_virtio_mmio_ops.read(&f->mmio, 0, data, widths[i]);
		for (uint32_t k = 0; k < widths[i]; k++)
			assert_int_equal(data[k], 0);
		memset(data, 0, 8);
		kt_virtio_mmio_ops.write(&f->mmio, 0x70, data, widths[i]);
		assert_int_equal(guest_read32(&f->mmio, 0x70), 1);
	}
	kt_virtio_mmio_ops.write(&f->mmio, 0x6e, data, 4);
	kt_virtio_mmio_ops.write(&f->mmio, 0x71, data, 4);
	assert_int_equal(guest_read32(&f->mmio, 0x70), 1);
	assert_int_equal(f->resets, 0);
}

static void every_other_register_reads_as_zero(void **state)
{
	struct fixture *f = *state;

	for (uint64_t reg = 0x100 + 8; reg < 0x200; reg += 4)
		assert_int_equal(guest_read32(&f->mmio, reg), 0);
	assert_int_equal(guest_read32(&f->mmio, 0x50), 0);
	assert_int_equal(guest_read32(&f->mmio, 0x64), 0);
	assert_int_equal(guest_read32(&f->mmio, 0x80), 0);
	assert_int_equal(guest_read32(&f->mmio, 0xc0), 0);
}

#define MMIO_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MMIO_TEST(the_device_says_what_it_is),
		MMIO_TEST(features_come_in_halves),
		MMIO_TEST(a_driver_comes_up),
		MMIO_TEST(unknown_features_are_not_agreed_to),
		MMIO_TEST(a_legacy_driver_is_not_agreed_with),
		MMIO_TEST(without_agreed_features_nothing_goes_live),
		MMIO_TEST(features_are_settled_once_agreed),
		MMIO_TEST(feature_bits_above_63_go_nowhere),
		MMIO_TEST(status_bits_are_only_added),
		MMIO_TEST(a_driver_that_failed_is_left_alone),
		MMIO_TEST(a_reset_forgets_everything),
		MMIO_TEST(a_ready_queue_cannot_be_changed),
		MMIO_TEST(a_queue_can_be_stopped),
		MMIO_TEST(queues_wait_for_features),
		MMIO_TEST(a_queue_that_does_not_exist_is_none),
		MMIO_TEST(bad_queues_need_a_reset),
		MMIO_TEST(a_size_beyond_16_bits_is_not_cut),
		MMIO_TEST(a_violation_under_a_live_driver_interrupts),
		MMIO_TEST(a_guest_cannot_flood_the_log),
		MMIO_TEST(interrupts_are_acknowledged_by_bit),
		MMIO_TEST(nothing_pushed_is_no_interrupt),
		MMIO_TEST(a_notification_kicks_its_queue_alone),
		MMIO_TEST(the_configuration_is_read_in_any_width),
		MMIO_TEST(beyond_the_configuration_is_nothing),
		MMIO_TEST(the_generation_counts_changes),
		MMIO_TEST(there_is_no_shared_memory),
		MMIO_TEST(registers_of_the_wrong_width_are_nothing),
		MMIO_TEST(every_other_register_reads_as_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
