// SPDX-License-Identifier: GPL-2.0-only
/* A network card's loop, from its driver's side. */
#include "test.h"

#include <linux/virtio_net.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "device/virtio/net.h"
#include "guest_driver.h"

#define F(bit) (1ULL << (bit))
#define USUAL                                                                  \
	(KT_VIRTIO_F_VERSION_1 | KT_VIRTIO_F_EVENT_IDX | F(VIRTIO_NET_F_MAC) | \
	 F(VIRTIO_NET_F_MRG_RXBUF))
#define HEADER    12u
#define RING_SIZE 64
#define MAX_PAIRS 8
#define RINGS(q)  (GUEST_RAM + 0x1000ULL * (q))
#define SEND      (GUEST_RAM + 0x20000) /* frames to send; to the border */
#define RECEIVE   GUEST_BORDER          /* buffers, 0x800 bytes each */
#define SLOT      0x800u

struct card {
	struct guest guest;
	struct kt_net *net;
	struct kt_virtio_mmio *mmio;
	struct guest_queue queues[2 * MAX_PAIRS + 1];
	int irq;
};

static void bring_up(struct card *card, uint64_t features)
{
	assert_true(guest_negotiate(card->mmio, features));
	for (uint32_t i = 0; i < card->mmio->n_queues; i++) {
		memset(guest_at(&card->guest, RINGS(i), 0x1000), 0, 0x1000);
		guest_queue_init(&card->queues[i], &card->guest, RINGS(i),
				 RING_SIZE);
		guest_ready_queue(card->mmio, i, &card->queues[i]);
	}
	guest_driver_ok(card->mmio);
}

static void card_init(struct card *card, uint32_t n_pairs, uint64_t features,
		      bool worker)
{
	struct kt_net_config config = {
		.memory = &card->guest.memory,
		.n_pairs = n_pairs,
		.no_worker = !worker,
	};

	*card = (struct card){ 0 };
	guest_init(&card->guest);
	card->irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	config.irq.eventfd = card->irq;
	assert_int_equal(kt_net_create(&config, &card->net, NULL), 0);
	card->mmio = kt_net_mmio(card->net);
	bring_up(card, features);
}

static void card_deinit(struct card *card)
{
	kt_net_destroy(card->net);
	close(card->irq);
	guest_deinit(&card->guest);
}

static void make_frame(uint8_t *bytes, size_t length, uint8_t seed)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(seed + 31 * i + i / 256);
}

/* Offers `n` receive buffers of the pair, from its slot 0 on. */
static void offer_buffers(struct card *card, uint32_t pair, uint16_t n,
			  uint32_t length)
{
	for (uint16_t i = 0; i < n; i++)
		guest_offer_buffer(&card->queues[2 * pair], i,
				   RECEIVE + (uint64_t)SLOT * i, length,
				   GUEST_WRITE);
}

/* Sends one frame of those bytes: the header and it in two buffers. */
static void send_frame(struct card *card, uint32_t pair, const uint8_t *frame,
		       uint32_t length)
{
	struct guest_queue *q = &card->queues[2 * pair + 1];

	memset(guest_at(&card->guest, SEND, HEADER), 0, HEADER);
	memcpy(guest_at(&card->guest, SEND + 0x100, length), frame, length);
	guest_desc(&card->guest, q->desc, 0, SEND, HEADER,
		   length ? GUEST_NEXT : 0, 1);
	guest_desc(&card->guest, q->desc, 1, SEND + 0x100, length, 0, 0);
	guest_offer(q, 0);
}

static bool was_sent(struct card *card, uint32_t pair)
{
	uint32_t head, written;

	return guest_take_used(&card->queues[2 * pair + 1], &head, &written) &&
	       head == 0 && written == 0;
}

/* The next frame that came back on the pair; its length, 0 for none. */
static uint32_t receive(struct card *card, uint32_t pair, uint8_t *ret)
{
	struct guest_queue *q = &card->queues[2 * pair];
	struct virtio_net_hdr_v1 header;
	uint32_t head, written, length, skip = HEADER;

	if (!guest_take_used(q, &head, &written))
		return 0;
	memcpy(&header,
	       guest_at(&card->guest, RECEIVE + (uint64_t)SLOT * head, HEADER),
	       HEADER);
	assert_int_equal(header.flags, 0);
	assert_int_equal(header.gso_type, 0);
	assert_true(header.num_buffers >= 1);
	length = 0;
	for (uint16_t i = 0; i < header.num_buffers; i++) {
		if (i > 0)
			assert_true(guest_take_used(q, &head, &written));
		memcpy(ret + length,
		       (uint8_t *)guest_at(&card->guest,
					   RECEIVE + (uint64_t)SLOT * head,
					   written) +
			       skip,
		       written - skip);
		length += written - skip;
		skip = 0;
	}
	return length;
}

static struct ktstr_network_counters counters(struct card *card)
{
	struct ktstr_network_counters c;

	kt_net_get_counters(card->net, &c);
	return c;
}

static void config_space_tells_the_card(void **state)
{
	uint8_t config[10];
	struct card card;
	uint16_t pairs;

	(void)state;
	card_init(&card, 3, USUAL, false);
	for (uint32_t i = 0; i < sizeof(config); i++)
		kt_virtio_mmio_ops.read(card.mmio, 0x100 + i, config + i, 1);
	assert_memory_equal(config, "\x02\0\0\0\0\x01\x01\0", 8);
	memcpy(&pairs, config + 8, 2);
	assert_int_equal(pairs, 3);
	assert_int_equal(guest_read32(card.mmio, 0x08), 1);
	assert_int_equal(card.mmio->n_queues, 7);
	card_deinit(&card);
}

static void frames_come_back_as_they_were(void **state)
{
	static const uint32_t lengths[] = { 14, 60, 64, 1000, 1514 };
	uint8_t frame[2048], back[2048];
	struct card card;

	(void)state;
	card_init(&card, 1, USUAL, false);
	offer_buffers(&card, 0, 10, 1526);
	for (size_t i = 0; i < KT_ARRAY_SIZE(lengths); i++) {
		make_frame(frame, lengths[i], (uint8_t)i);
		send_frame(&card, 0, frame, lengths[i]);
		kt_net_process(card.net);
		assert_true(was_sent(&card, 0));
		assert_int_equal(receive(&card, 0, back), lengths[i]);
		assert_memory_equal(back, frame, lengths[i]);
	}
	assert_int_equal(counters(&card).sent_packets, 5);
	assert_int_equal(counters(&card).returned_packets, 5);
	assert_int_equal(counters(&card).sent_bytes, 14 + 60 + 64 + 1000 + 1514);
	assert_int_equal(counters(&card).returned_bytes,
			 counters(&card).sent_bytes);
	card_deinit(&card);
}

static void a_long_frame_takes_many_buffers(void **state)
{
	uint8_t frame[9000], back[16384];
	uint16_t before;
	struct card card;

	(void)state;
	card_init(&card, 1, USUAL, false);
	make_frame(frame, sizeof(frame), 5);
	/* 20 buffers of 400 bytes hold 7988. */
	offer_buffers(&card, 0, 20, 400);
	send_frame(&card, 0, frame, sizeof(frame));
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	assert_int_equal(receive(&card, 0, back), 0);
	assert_int_equal(counters(&card).dropped_no_buffer, 1);
	/* None of the buffers is lost: a frame that fits finds them. */
	send_frame(&card, 0, frame, 7988);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	before = guest_load16(&card.guest, card.queues[0].used + 2);
	assert_int_equal(before, 20);
	assert_int_equal(receive(&card, 0, back), 7988);
	assert_memory_equal(back, frame, 7988);
	card_deinit(&card);
}

static void without_mergeable_buffers_one_must_do(void **state)
{
	uint8_t frame[600], back[2048];
	struct card card;

	(void)state;
	card_init(&card, 1, USUAL & ~F(VIRTIO_NET_F_MRG_RXBUF), false);
	make_frame(frame, sizeof(frame), 7);
	offer_buffers(&card, 0, 4, 500);
	send_frame(&card, 0, frame, 600);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	assert_int_equal(receive(&card, 0, back), 0);
	assert_int_equal(counters(&card).dropped_small_buffer, 1);
	send_frame(&card, 0, frame, 488);
	kt_net_process(card.net);
	assert_int_equal(receive(&card, 0, back), 488);
	assert_memory_equal(back, frame, 488);
	card_deinit(&card);
}

static void what_cannot_come_back_is_counted(void **state)
{
	struct virtio_net_hdr_v1 header = { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4 };
	static uint8_t frame[KT_NET_FRAME_MAX + 1];
	struct guest_queue *tx;
	struct card card;
	uint8_t back[2048];

	(void)state;
	card_init(&card, 1, USUAL, false);
	tx = &card.queues[1];
	make_frame(frame, sizeof(frame), 1);
	send_frame(&card, 0, frame, 60);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	assert_int_equal(counters(&card).dropped_no_buffer, 1);
	offer_buffers(&card, 0, 4, 1526);
	send_frame(&card, 0, frame, 13);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	send_frame(&card, 0, frame, 0);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	assert_int_equal(counters(&card).dropped_too_short, 2);
	send_frame(&card, 0, frame, sizeof(frame));
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	assert_int_equal(counters(&card).dropped_too_long, 1);
	/* What would have to be segmented, and what has no checksum yet. */
	send_frame(&card, 0, frame, 60);
	memcpy(guest_at(&card.guest, SEND, HEADER), &header, HEADER);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	header = (struct virtio_net_hdr_v1){ .flags = 1 };
	send_frame(&card, 0, frame, 60);
	memcpy(guest_at(&card.guest, SEND, HEADER), &header, HEADER);
	kt_net_process(card.net);
	assert_true(was_sent(&card, 0));
	assert_int_equal(counters(&card).dropped_offload, 2);
	assert_int_equal(counters(&card).returned_packets, 0);
	assert_int_equal(receive(&card, 0, back), 0);
	assert_int_equal(tx->used_idx, 6);
	card_deinit(&card);
}

/* Sends {class, cmd, pairs} by the control queue `queue`; the answer. */
static uint8_t command(struct card *card, uint32_t queue, uint8_t class,
		       uint8_t cmd, uint16_t pairs, uint32_t length)
{
	struct guest_queue *q = &card->queues[queue];
	uint8_t *bytes = guest_at(&card->guest, SEND + 0x8000, 8);
	uint32_t head, written;

	bytes[0] = class;
	bytes[1] = cmd;
	memcpy(bytes + 2, &pairs, 2);
	bytes[4] = 0xee;
	guest_desc(&card->guest, q->desc, 0, SEND + 0x8000, length, GUEST_NEXT,
		   1);
	guest_desc(&card->guest, q->desc, 1, SEND + 0x8004, 1, GUEST_WRITE, 0);
	guest_offer(q, 0);
	kt_net_process(card->net);
	assert_true(guest_take_used(q, &head, &written));
	assert_int_equal(written, 1);
	return bytes[4];
}

static void pairs_are_as_many_as_the_driver_says(void **state)
{
	const uint64_t features =
		USUAL | F(VIRTIO_NET_F_CTRL_VQ) | F(VIRTIO_NET_F_MQ);
	uint8_t frame[100], back[2048];
	struct card card;

	(void)state;
	card_init(&card, 4, features, false);
	make_frame(frame, sizeof(frame), 9);
	offer_buffers(&card, 0, 4, 1526);
	/* One, until it says so. */
	send_frame(&card, 2, frame, sizeof(frame));
	kt_net_process(card.net);
	assert_true(was_sent(&card, 2));
	assert_int_equal(receive(&card, 0, back), sizeof(frame));

	assert_int_equal(command(&card, 8, 4, 0, 0, 4), VIRTIO_NET_ERR);
	assert_int_equal(command(&card, 8, 4, 0, 5, 4), VIRTIO_NET_ERR);
	assert_int_equal(command(&card, 8, 4, 1, 4, 4), VIRTIO_NET_ERR);
	assert_int_equal(command(&card, 8, 0, 0, 4, 4), VIRTIO_NET_ERR);
	assert_int_equal(command(&card, 8, 4, 0, 4, 3), VIRTIO_NET_ERR);
	assert_int_equal(command(&card, 8, 4, 0, 4, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(&card, 8, 4, 0, 4, 4), VIRTIO_NET_OK);

	guest_offer_buffer(&card.queues[4], 7, RECEIVE + 7 * SLOT, 1526,
			   GUEST_WRITE);
	send_frame(&card, 2, frame, sizeof(frame));
	kt_net_process(card.net);
	assert_true(was_sent(&card, 2));
	assert_int_equal(receive(&card, 0, back), 0);
	assert_int_equal(receive(&card, 2, back), sizeof(frame));
	assert_memory_equal(back, frame, sizeof(frame));

	/* A reset forgets it. */
	bring_up(&card, features);
	offer_buffers(&card, 0, 4, 1526);
	send_frame(&card, 3, frame, sizeof(frame));
	kt_net_process(card.net);
	assert_int_equal(receive(&card, 0, back), sizeof(frame));
	card_deinit(&card);
}

/* Without MQ there is one pair, and control comes right behind it. */
static void control_moves_with_the_features(void **state)
{
	struct card card;

	(void)state;
	card_init(&card, 4, USUAL | F(VIRTIO_NET_F_CTRL_VQ), false);
	assert_int_equal(command(&card, 2, 4, 0, 1, 4), VIRTIO_NET_ERR);
	card_deinit(&card);
}

enum lie {
	LIE_SHORT_HEADER,
	LIE_READABLE_BUFFER,
	LIE_SHORT_BUFFER,
	LIE_SECOND_BUFFER,
	LIE_SEND_LOOP,
	LIE_RECEIVE_OUTSIDE,
	LIE_TOO_LONG,
	N_LIES,
};

static void tell(struct card *card, enum lie lie)
{
	const struct guest *g = &card->guest;
	struct guest_queue *rx = &card->queues[0], *tx = &card->queues[1];
	uint8_t frame[100] = { 0 };

	switch (lie) {
	case LIE_SHORT_HEADER:
		guest_offer_buffer(tx, 0, SEND, 11, 0);
		return;
	case LIE_READABLE_BUFFER:
		guest_offer_buffer(rx, 0, RECEIVE, 100, 0);
		break;
	case LIE_SHORT_BUFFER:
		guest_offer_buffer(rx, 0, RECEIVE, 11, GUEST_WRITE);
		break;
	case LIE_SECOND_BUFFER:
		guest_offer_buffer(rx, 0, RECEIVE, 50, GUEST_WRITE);
		guest_offer_buffer(rx, 1, RECEIVE, 50, 0);
		break;
	case LIE_SEND_LOOP:
		guest_desc(g, tx->desc, 0, SEND, 12, GUEST_NEXT, 1);
		guest_desc(g, tx->desc, 1, SEND, 12, GUEST_NEXT, 0);
		guest_offer(tx, 0);
		return;
	case LIE_RECEIVE_OUTSIDE:
		guest_offer_buffer(rx, 0, GUEST_RAM_END - 8, 1526, GUEST_WRITE);
		break;
	case LIE_TOO_LONG:
		guest_desc(g, tx->desc, 0, SEND, 1 << 17, GUEST_NEXT, 1);
		for (uint16_t i = 1; i < 12; i++)
			guest_desc(g, tx->desc, i, SEND, 1 << 17, GUEST_NEXT,
				   i + 1);
		guest_desc(g, tx->desc, 12, SEND, 1, 0, 0);
		guest_offer(tx, 0);
		return;
	default:
		break;
	}
	send_frame(card, 0, frame, sizeof(frame));
}

static void a_lie_stops_the_card_until_it_is_reset(void **state)
{
	uint8_t frame[64], back[2048];
	struct card card;

	(void)state;
	card_init(&card, 1, USUAL, false);
	make_frame(frame, sizeof(frame), 2);
	for (int lie = 0; lie < N_LIES; lie++) {
		tell(&card, lie);
		kt_net_process(card.net);
		if (!(guest_read32(card.mmio, 0x70) & KT_VIRTIO_NEEDS_RESET))
			fail_msg("lie %d went unnoticed", lie);
		assert_int_equal(
			guest_load16(&card.guest, card.queues[0].used + 2), 0);
		bring_up(&card, USUAL);
		offer_buffers(&card, 0, 1, 1526);
		send_frame(&card, 0, frame, sizeof(frame));
		kt_net_process(card.net);
		assert_int_equal(receive(&card, 0, back), sizeof(frame));
		bring_up(&card, USUAL);
	}
	card_deinit(&card);
}

static void interrupts_follow_the_event_index(void **state)
{
	uint8_t frame[64];
	struct card card;

	(void)state;
	card_init(&card, 1, USUAL, false);
	make_frame(frame, sizeof(frame), 2);
	offer_buffers(&card, 0, 8, 1526);
	guest_eventfd_fired(card.irq);
	/* Of the third frame that comes, and of no frame that was sent. */
	guest_store16(&card.guest, guest_used_event(&card.queues[0]), 2);
	guest_store16(&card.guest, guest_used_event(&card.queues[1]), 100);
	for (int i = 0; i < 4; i++) {
		send_frame(&card, 0, frame, sizeof(frame));
		kt_net_process(card.net);
		assert_int_equal(guest_eventfd_fired(card.irq), i == 2);
		assert_int_equal(guest_load16(&card.guest,
					      guest_avail_event(&card.queues[1])),
				 i + 1);
	}
	card_deinit(&card);
}

/* Waits, for 10 s, until the queue has `n` used entries. */
static void await_used(struct card *card, uint32_t queue, uint16_t n)
{
	const uint64_t deadline = kt_now_ns() + 10000000000ULL;

	while (guest_load16(&card->guest, card->queues[queue].used + 2) != n) {
		if (kt_now_ns() > deadline)
			fail_msg("queue %u has no %u used entries within 10 s",
				 queue, n);
		poll(NULL, 0, 1);
	}
}

static void the_worker_returns_frames_unless_it_is_held(void **state)
{
	uint8_t frame[64], back[2048];
	struct card card;

	(void)state;
	card_init(&card, 1, USUAL, true);
	offer_buffers(&card, 0, 40, 1526);
	for (uint16_t i = 0; i < 20; i++) {
		make_frame(frame, sizeof(frame), (uint8_t)i);
		send_frame(&card, 0, frame, sizeof(frame));
		guest_write32(card.mmio, 0x50, 1);
		await_used(&card, 1, i + 1);
		assert_int_equal(receive(&card, 0, back), sizeof(frame));
		assert_memory_equal(back, frame, sizeof(frame));
	}
	kt_net_hold(card.net);
	send_frame(&card, 0, frame, sizeof(frame));
	guest_write32(card.mmio, 0x50, 1);
	poll(NULL, 0, 50);
	assert_int_equal(guest_load16(&card.guest, card.queues[1].used + 2), 20);
	kt_net_release(card.net);
	await_used(&card, 1, 21);
	card_deinit(&card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_space_tells_the_card),
		cmocka_unit_test(frames_come_back_as_they_were),
		cmocka_unit_test(a_long_frame_takes_many_buffers),
		cmocka_unit_test(without_mergeable_buffers_one_must_do),
		cmocka_unit_test(what_cannot_come_back_is_counted),
		cmocka_unit_test(pairs_are_as_many_as_the_driver_says),
		cmocka_unit_test(control_moves_with_the_features),
		cmocka_unit_test(a_lie_stops_the_card_until_it_is_reset),
		cmocka_unit_test(interrupts_follow_the_event_index),
		cmocka_unit_test(the_worker_returns_frames_unless_it_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
