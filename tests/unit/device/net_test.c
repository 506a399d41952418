// SPDX-License-Identifier: GPL-2.0-only
/* The looped-back network, against a driver that is right or wrong. */
#include "test.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "device/virtio/net.h"
#include "guest_driver.h"

#define PAIRS  3
#define QUEUES (2 * PAIRS + 1)
#define SIZE   64

#define RINGS(queue) (GUEST_RAM + 0x1000ULL * (queue))
#define ROOM         (GUEST_RAM + 0x8000)  /* buffers to receive into */
#define FRAMES       (GUEST_RAM + 0x28000) /* and to send, over the border */

#define MAC     (1ULL << 5)
#define MERGE   (1ULL << 15)
#define CONTROL (1ULL << 17)
#define MULTI   (1ULL << 22)
#define ALL                                                                    \
	(KT_VIRTIO_F_VERSION_1 | KT_VIRTIO_F_INDIRECT_DESC | MAC | MERGE |     \
	 CONTROL | MULTI)

struct fixture {
	struct guest guest;
	struct guest_queue queues[QUEUES];
	struct kt_net *net;
	struct kt_virtio_mmio *mmio;
	struct kt_strbuf log;
	struct ktstr_log sink;
	int irq;
};

static void note_log(void *userdata, enum ktstr_log_level level,
		     const char *message)
{
	struct fixture *f = userdata;

	(void)level;
	kt_strbuf_addf(&f->log, "%s\n", message);
}

static void replace(struct fixture *f, uint32_t n_pairs, bool threaded)
{
	struct kt_net_config config = {
		.memory = &f->guest.memory,
		.irq = { f->irq },
		.log = &f->sink,
		.n_pairs = n_pairs,
		.threaded = threaded,
	};

	kt_net_destroy(f->net);
	assert_int_equal(kt_net_create(&config, &f->net, NULL), 0);
	f->mmio = kt_net_mmio(f->net);
}

static void bring_up(struct fixture *f, uint64_t features)
{
	for (int i = 0; i < QUEUES; i++) {
		memset(guest_at(&f->guest, RINGS(i), 0x1000), 0, 0x1000);
		guest_queue_init(&f->queues[i], &f->guest, RINGS(i), SIZE);
	}
	assert_true(guest_negotiate(f->mmio, features));
	for (uint32_t i = 0; i < f->mmio->n_queues; i++)
		guest_ready_queue(f->mmio, i, &f->queues[i]);
	guest_driver_ok(f->mmio);
	guest_eventfd_fired(f->irq);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	guest_init(&f->guest);
	f->sink = (struct ktstr_log){ note_log, f };
	f->irq = eventfd(0, EFD_NONBLOCK);
	replace(f, PAIRS, false);
	bring_up(f, ALL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_net_destroy(f->net);
	guest_deinit(&f->guest);
	kt_strbuf_deinit(&f->log);
	kt_close(f->irq);
	free(f);
	return 0;
}

static struct ktstr_network_counters counters_of(struct fixture *f)
{
	struct ktstr_network_counters counters;

	kt_net_get_counters(f->net, &counters);
	return counters;
}

static uint8_t pattern(uint32_t i, uint8_t seed)
{
	return (uint8_t)(i * 13 + i / 256 + seed);
}

/* Buffer `i` of a pair's receive queue. */
static void offer_room(struct fixture *f, uint32_t pair, uint16_t i,
		       uint64_t gpa, uint32_t length)
{
	memset(guest_at(&f->guest, gpa, length), 0xee, length);
	guest_offer_buffer(&f->queues[2 * pair], i, gpa, length, GUEST_WRITE);
}

/* Sends a frame of that length, its header in front of it in one buffer. */
static void send_from(struct fixture *f, uint32_t pair, uint16_t i,
		      uint64_t gpa, uint32_t length, uint8_t seed)
{
	memset(guest_at(&f->guest, gpa, 12), 0, 12);
	for (uint32_t at = 0; at < length; at++)
		*(uint8_t *)guest_at(&f->guest, gpa + 12 + at, 1) =
			pattern(at, seed);
	guest_offer_buffer(&f->queues[2 * pair + 1], i, gpa, 12 + length, 0);
}

static void send(struct fixture *f, uint32_t length, uint8_t seed)
{
	send_from(f, 0, 0, FRAMES, length, seed);
	kt_net_process(f->net);
}

static void expect(struct fixture *f, uint64_t gpa, uint32_t from,
		   uint32_t length, uint8_t seed)
{
	for (uint32_t i = 0; i < length; i++) {
		uint8_t got = *(uint8_t *)guest_at(&f->guest, gpa + i, 1);

		if (got != pattern(from + i, seed))
			fail_msg("byte %u is %u, not %u", from + i, got,
				 pattern(from + i, seed));
	}
}

/* The header that came: all zero, but for the buffers that the frame takes. */
static void expect_header(struct fixture *f, uint64_t gpa, uint16_t n_buffers)
{
	const uint8_t zero[10] = { 0 };

	assert_memory_equal(guest_at(&f->guest, gpa, 10), zero, 10);
	assert_int_equal(guest_load16(&f->guest, gpa + 10), n_buffers);
}

static void expect_sent(struct fixture *f, uint32_t pair)
{
	uint32_t head, written;

	assert_true(guest_take_used(&f->queues[2 * pair + 1], &head, &written));
	assert_int_equal(written, 0);
}

static void expect_nothing(struct fixture *f, uint32_t pair)
{
	uint32_t head, written;

	assert_false(guest_take_used(&f->queues[2 * pair], &head, &written));
}

static void test_what_it_offers(void **state)
{
	struct fixture *f = *state;
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	uint8_t got[6];
	uint16_t value;

	assert_int_equal(guest_read32(f->mmio, 0x08), 1);
	for (uint32_t i = 0; i < 6; i++)
		kt_virtio_mmio_ops.read(f->mmio, 0x100 + i, &got[i], 1);
	assert_memory_equal(got, mac, 6);
	kt_virtio_mmio_ops.read(f->mmio, 0x106, &value, 2);
	assert_int_equal(value, 1);
	kt_virtio_mmio_ops.read(f->mmio, 0x108, &value, 2);
	assert_int_equal(value, PAIRS);
	guest_write32(f->mmio, 0x14, 0);
	assert_int_equal(guest_read32(f->mmio, 0x10) & 0xffffff,
			 MAC | MERGE | 1 << 16 | CONTROL | MULTI);
	replace(f, 1, false);
	guest_write32(f->mmio, 0x14, 0);
	assert_int_equal(guest_read32(f->mmio, 0x10) & 0xffffff,
			 MAC | MERGE | 1 << 16);
	assert_int_equal(f->mmio->n_queues, 2);
	replace(f, KT_NET_MAX_PAIRS, false);
	assert_int_equal(f->mmio->n_queues, KT_VIRTIO_MAX_QUEUES);
}

static void test_every_length_comes_back(void **state)
{
	struct fixture *f = *state;
	const uint32_t lengths[] = { 14, 15, 60, 1514, 1518, 9000, 65535, 65553 };
	struct ktstr_network_counters counters;
	uint64_t bytes = 0;

	for (size_t i = 0; i < KT_ARRAY_SIZE(lengths); i++) {
		uint32_t head, written, length = lengths[i];

		offer_room(f, 0, (uint16_t)i, ROOM, 12 + length + 7);
		send(f, length, (uint8_t)i);
		expect_sent(f, 0);
		assert_true(guest_take_used(&f->queues[0], &head, &written));
		assert_int_equal(head, i);
		assert_int_equal(written, 12 + length);
		expect_header(f, ROOM, 1);
		expect(f, ROOM + 12, 0, length, (uint8_t)i);
		/* And not a byte more. */
		assert_int_equal(
			*(uint8_t *)guest_at(&f->guest, ROOM + 12 + length, 1),
			0xee);
		bytes += length;
	}
	counters = counters_of(f);
	assert_int_equal(counters.sent, KT_ARRAY_SIZE(lengths));
	assert_int_equal(counters.received, KT_ARRAY_SIZE(lengths));
	assert_int_equal(counters.sent_bytes, bytes);
	assert_int_equal(counters.received_bytes, bytes);
}

static void test_a_frame_over_several_buffers(void **state)
{
	struct fixture *f = *state;
	const uint32_t rooms[] = { 12, 100, 1, 700, 4000 };
	uint32_t head, written, at = 0;
	uint64_t gpa = ROOM;

	for (uint16_t i = 0; i < KT_ARRAY_SIZE(rooms); i++) {
		/* The header has to fit into each, as it may come first. */
		offer_room(f, 0, i, gpa + 0x2000 * i, KT_MAX(rooms[i], 12u));
	}
	send(f, 1514, 5);
	for (uint16_t i = 0; i < KT_ARRAY_SIZE(rooms); i++) {
		uint32_t room = KT_MAX(rooms[i], 12u), skip = i ? 0 : 12;
		uint32_t length = KT_MIN(room - skip, 1514 - at);

		assert_true(guest_take_used(&f->queues[0], &head, &written));
		assert_int_equal(head, i);
		assert_int_equal(written, skip + length);
		expect(f, gpa + 0x2000 * i + skip, at, length, 5);
		at += length;
	}
	assert_int_equal(at, 1514);
	expect_header(f, ROOM, 5);
	expect_nothing(f, 0);
}

static void test_buffers_that_do_not_suffice_are_kept(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	offer_room(f, 0, 0, ROOM, 1000);
	offer_room(f, 0, 1, ROOM + 0x1000, 500);
	send(f, 1514, 1);
	expect_sent(f, 0);
	expect_nothing(f, 0);
	assert_int_equal(counters_of(f).dropped_no_buffer, 1);
	/* The next one, which is smaller, finds both of them. */
	send(f, 1400, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(guest_take_used(&f->queues[0], &head, &written));
		assert_int_equal(head, i);
	}
	expect_header(f, ROOM, 2);
	expect(f, ROOM + 12, 0, 988, 2);
	expect(f, ROOM + 0x1000, 988, 412, 2);
	assert_int_equal(counters_of(f).received, 1);
}

static void test_without_merging_one_buffer_has_to_do(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	bring_up(f, ALL & ~MERGE);
	offer_room(f, 0, 0, ROOM, 100);
	offer_room(f, 0, 1, ROOM + 0x1000, 2000);
	send(f, 100, 1);
	expect_nothing(f, 0);
	assert_int_equal(counters_of(f).dropped_small_buffer, 1);
	send(f, 88, 2);
	assert_true(guest_take_used(&f->queues[0], &head, &written));
	assert_int_equal(written, 100);
	expect_header(f, ROOM, 1);
	expect(f, ROOM + 12, 0, 88, 2);
}

static void test_what_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct ktstr_network_counters counters;

	offer_room(f, 0, 0, ROOM, 0x11000);
	send(f, 13, 0);
	send(f, 0, 0);
	guest_offer_buffer(&f->queues[1], 0, FRAMES, 5, 0);
	kt_net_process(f->net);
	send(f, 65554, 0);
	/* Asking for a checksum, and for segmentation. */
	send_from(f, 0, 0, FRAMES, 100, 0);
	*(uint8_t *)guest_at(&f->guest, FRAMES, 1) = 1;
	kt_net_process(f->net);
	send_from(f, 0, 0, FRAMES, 100, 0);
	*(uint8_t *)guest_at(&f->guest, FRAMES + 1, 1) = 1;
	kt_net_process(f->net);
	expect_nothing(f, 0);
	for (int i = 0; i < 6; i++)
		expect_sent(f, 0);
	counters = counters_of(f);
	assert_int_equal(counters.sent, 6);
	assert_int_equal(counters.received, 0);
	assert_int_equal(counters.dropped_too_short, 3);
	assert_int_equal(counters.dropped_too_long, 1);
	assert_int_equal(counters.dropped_header, 2);
	/* The buffer is still there. */
	send(f, 60, 3);
	expect_header(f, ROOM, 1);
}

/* Sets the number of pairs; the device's answer. */
static uint8_t set_pairs(struct fixture *f, uint32_t queue, uint16_t pairs)
{
	struct guest_queue *q = &f->queues[queue];
	uint8_t *command = guest_at(&f->guest, FRAMES, 5);
	uint32_t head, written;

	command[0] = 4;
	command[1] = 0;
	memcpy(command + 2, &pairs, 2);
	command[4] = 0xee;
	guest_desc(&f->guest, q->desc, 0, FRAMES, 2, GUEST_NEXT, 1);
	guest_desc(&f->guest, q->desc, 1, FRAMES + 2, 2, GUEST_NEXT, 2);
	guest_desc(&f->guest, q->desc, 2, FRAMES + 4, 1, GUEST_WRITE, 0);
	guest_offer(q, 0);
	kt_net_process(f->net);
	assert_true(guest_take_used(q, &head, &written));
	assert_int_equal(written, 1);
	return command[4];
}

static void test_each_pair_has_its_own(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	assert_int_equal(set_pairs(f, 2 * PAIRS, PAIRS), 0);
	for (uint32_t p = 0; p < PAIRS; p++) {
		offer_room(f, p, 0, ROOM + 0x1000 * p, 2000);
		send_from(f, p, 0, FRAMES + 0x1000 * p, 1000 + p, (uint8_t)p);
	}
	kt_net_process(f->net);
	for (uint32_t p = 0; p < PAIRS; p++) {
		assert_true(guest_take_used(&f->queues[2 * p], &head, &written));
		assert_int_equal(written, 12 + 1000 + p);
		expect(f, ROOM + 0x1000 * p + 12, 0, 1000 + p, (uint8_t)p);
		expect_sent(f, p);
	}
}

static void test_frames_go_to_active_pairs_only(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	assert_int_equal(set_pairs(f, 2 * PAIRS, 0), 1);
	assert_int_equal(set_pairs(f, 2 * PAIRS, PAIRS + 1), 1);
	assert_int_equal(set_pairs(f, 2 * PAIRS, 2), 0);
	offer_room(f, 0, 0, ROOM, 2000);
	offer_room(f, 2, 0, ROOM + 0x1000, 2000);
	send_from(f, 2, 0, FRAMES, 100, 0);
	kt_net_process(f->net);
	expect_sent(f, 2);
	expect_nothing(f, 2);
	assert_true(guest_take_used(&f->queues[0], &head, &written));
}

static void test_control_without_several_pairs(void **state)
{
	struct fixture *f = *state;

	bring_up(f, ALL & ~MULTI);
	assert_int_equal(set_pairs(f, 2, 1), 1);
}

static void test_interrupts(void **state)
{
	struct fixture *f = *state;

	offer_room(f, 0, 0, ROOM, 2000);
	send(f, 100, 0);
	assert_true(guest_eventfd_fired(f->irq));
	bring_up(f, ALL | KT_VIRTIO_F_EVENT_IDX);
	/* Not interested in what was sent, and in the second that comes. */
	guest_store16(&f->guest, guest_used_event(&f->queues[1]), 100);
	guest_store16(&f->guest, guest_used_event(&f->queues[0]), 1);
	offer_room(f, 0, 0, ROOM, 2000);
	offer_room(f, 0, 1, ROOM, 2000);
	send(f, 100, 0);
	assert_false(guest_eventfd_fired(f->irq));
	send(f, 100, 0);
	assert_true(guest_eventfd_fired(f->irq));
}

static void expect_violation(struct fixture *f, const char *what)
{
	kt_net_process(f->net);
	assert_true(guest_read32(f->mmio, 0x70) & KT_VIRTIO_NEEDS_RESET);
	assert_contains(kt_strbuf_text(&f->log), what);
	kt_strbuf_reset(&f->log);
	bring_up(f, ALL);
	offer_room(f, 0, 0, ROOM, 2000);
	send(f, 60, 9);
	expect_header(f, ROOM, 1);
	expect(f, ROOM + 12, 0, 60, 9);
	bring_up(f, ALL);
}

static void test_a_driver_that_breaks_the_rules(void **state)
{
	struct fixture *f = *state;
	struct guest_queue *q = f->queues;

	/* Receive buffers: too small, not writable, out of RAM. */
	offer_room(f, 0, 0, ROOM, 11);
	send_from(f, 0, 0, FRAMES, 60, 0);
	expect_violation(f, "no room for a header");
	guest_offer_buffer(&q[0], 0, ROOM, 2000, 0);
	send_from(f, 0, 0, FRAMES, 60, 0);
	expect_violation(f, "no room for a header");
	guest_offer_buffer(&q[0], 0, GUEST_RAM_END - 100, 2000, GUEST_WRITE);
	send_from(f, 0, 0, FRAMES, 60, 0);
	expect_violation(f, "outside RAM");
	/* What is sent: too long for the device, a loop, a lie. */
	guest_offer_buffer(&q[1], 0, FRAMES, UINT32_MAX, 0);
	expect_violation(f, "longer than the device takes");
	guest_desc(&f->guest, q[1].desc, 0, FRAMES, 100, GUEST_NEXT, 0);
	guest_offer(&q[1], 0);
	expect_violation(f, "loops");
	guest_offer_buffer(&q[1], 0, UINT64_MAX - 50, 100, 0);
	expect_violation(f, "outside RAM");
	/* A command without a place for the answer, or with too much of it. */
	guest_offer_buffer(&q[2 * PAIRS], 0, FRAMES, 4, 0);
	expect_violation(f, "no byte for its answer");
	guest_offer_buffer(&q[2 * PAIRS], 0, FRAMES, 4, GUEST_WRITE);
	expect_violation(f, "no byte for its answer");
}

static void test_a_frame_into_itself(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	/* Sender and receiver in the same place, a little apart. */
	send_from(f, 0, 0, FRAMES, 1000, 4);
	guest_offer_buffer(&f->queues[0], 0, FRAMES + 100, 1100, GUEST_WRITE);
	kt_net_process(f->net);
	assert_true(guest_take_used(&f->queues[0], &head, &written));
	expect(f, FRAMES + 112, 0, 1000, 4);
}

static void test_held_it_moves_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	offer_room(f, 0, 0, ROOM, 2000);
	kt_net_hold(f->net);
	send(f, 100, 0);
	assert_false(guest_take_used(&f->queues[1], &head, &written));
	kt_net_release(f->net);
	kt_net_process(f->net);
	expect_sent(f, 0);
}

static void test_by_its_thread(void **state)
{
	struct fixture *f = *state;
	struct pollfd p = { f->irq, POLLIN, 0 };
	uint32_t head, written;

	replace(f, PAIRS, true);
	bring_up(f, ALL);
	for (uint16_t i = 0; i < 1000; i++) {
		offer_room(f, 0, i % SIZE, ROOM, 2000);
		send_from(f, 0, i % SIZE, FRAMES, 64 + i, (uint8_t)i);
		guest_write32(f->mmio, 0x50, 1);
		while (!guest_take_used(&f->queues[0], &head, &written)) {
			assert_int_equal(poll(&p, 1, 10000), 1);
			guest_eventfd_fired(f->irq);
		}
		expect(f, ROOM + 12, 0, 64 + i, (uint8_t)i);
		/* The sent one is given back behind it. */
		while (!guest_take_used(&f->queues[1], &head, &written)) {
			assert_int_equal(poll(&p, 1, 10000), 1);
			guest_eventfd_fired(f->irq);
		}
	}
	assert_int_equal(counters_of(f).received, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_it_offers),
		TEST(test_every_length_comes_back),
		TEST(test_a_frame_over_several_buffers),
		TEST(test_buffers_that_do_not_suffice_are_kept),
		TEST(test_without_merging_one_buffer_has_to_do),
		TEST(test_what_is_dropped),
		TEST(test_each_pair_has_its_own),
		TEST(test_frames_go_to_active_pairs_only),
		TEST(test_control_without_several_pairs),
		TEST(test_interrupts),
		TEST(test_a_driver_that_breaks_the_rules),
		TEST(test_a_frame_into_itself),
		TEST(test_held_it_moves_nothing),
		TEST(test_by_its_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
