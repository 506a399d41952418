// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"
#include "device/virtio/queue.h"
#include "guest_driver.h"

#define SIZE      8
#define RINGS     GUEST_RAM
#define BUFFERS   (GUEST_RAM + 0x10000)
#define TABLE     (GUEST_RAM + 0x20000) /* for indirect descriptors */
#define MAX_CHAIN 0x10000

struct fixture {
	struct guest guest;
	struct guest_queue driver;
	struct kt_virtqueue vq;
	struct kt_virtqueue_chain chain;
};

static void enable(struct fixture *f, bool event_idx, bool indirect)
{
	kt_virtqueue_reset(&f->vq);
	f->vq.size = f->driver.size;
	f->vq.desc_gpa = f->driver.desc;
	f->vq.avail_gpa = f->driver.avail;
	f->vq.used_gpa = f->driver.used;
	assert_int_equal(kt_virtqueue_enable(&f->vq, event_idx, indirect), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	guest_init(&f->guest);
	guest_queue_init(&f->driver, &f->guest, RINGS, SIZE);
	kt_virtqueue_init(&f->vq, &f->guest.memory, 256, MAX_CHAIN);
	enable(f, false, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	guest_deinit(&f->guest);
	free(f);
	return 0;
}

/* Descriptor `i` of the queue's own table. */
static void desc(struct fixture *f, uint16_t i, uint64_t gpa, uint32_t length,
		 uint16_t flags, uint16_t next)
{
	guest_desc(&f->guest, f->driver.desc, i, gpa, length, flags, next);
}

static int pop(struct fixture *f)
{
	return kt_virtqueue_pop(&f->vq, &f->chain);
}

/* The offered chain must be refused, for this reason, and for good. */
static void assert_violation(struct fixture *f, const char *why)
{
	assert_int_equal(pop(f), -EPROTO);
	assert_contains(f->vq.violation, why);
	assert_int_equal(pop(f), -EPROTO);
	assert_false(kt_virtqueue_pending(&f->vq));
	assert_false(kt_virtqueue_want_notify(&f->vq));
	assert_int_equal(guest_load16(&f->guest, f->driver.used + 2), 0);
}

static void an_empty_queue_gives_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pop(f), 0);
	assert_false(kt_virtqueue_pending(&f->vq));
}

static void a_queue_that_is_not_ready_gives_nothing(void **state)
{
	struct fixture *f = *state;

	guest_offer_buffer(&f->driver, 0, BUFFERS, 16, 0);
	kt_virtqueue_reset(&f->vq);
	assert_int_equal(pop(f), 0);
	assert_false(kt_virtqueue_pending(&f->vq));
	assert_false(kt_virtqueue_should_interrupt(&f->vq));
	assert_false(kt_virtqueue_want_notify(&f->vq));
	kt_virtqueue_push(&f->vq, 0, 0);
	assert_int_equal(guest_load16(&f->guest, f->driver.used + 2), 0);
}

static void a_chain_arrives_in_order(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;
	char text[8];

	memcpy(guest_at(&f->guest, BUFFERS, 3), "abc", 3);
	memcpy(guest_at(&f->guest, BUFFERS + 64, 2), "de", 2);
	desc(f, 5, BUFFERS, 3, GUEST_NEXT, 2);
	desc(f, 2, BUFFERS + 64, 2, GUEST_NEXT, 7);
	desc(f, 7, BUFFERS + 128, 4, GUEST_WRITE | GUEST_NEXT, 0);
	desc(f, 0, BUFFERS + 256, 100, GUEST_WRITE, 0);
	guest_offer(&f->driver, 5);

	assert_true(kt_virtqueue_pending(&f->vq));
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.head, 5);
	assert_int_equal(f->chain.n_readable, 2);
	assert_int_equal(f->chain.n_writable, 2);
	assert_int_equal(f->chain.readable_bytes, 5);
	assert_int_equal(f->chain.writable_bytes, 104);
	assert_int_equal(kt_virtqueue_chain_read(&f->chain, 1, text, 8), 4);
	assert_memory_equal(text, "bcde", 4);
	assert_int_equal(kt_virtqueue_chain_write(&f->chain, 2, "wxyz", 4), 4);
	assert_memory_equal(guest_at(&f->guest, BUFFERS + 130, 2), "wx", 2);
	assert_memory_equal(guest_at(&f->guest, BUFFERS + 256, 2), "yz", 2);

	kt_virtqueue_push(&f->vq, f->chain.head, 6);
	assert_true(guest_take_used(&f->driver, &head, &written));
	assert_int_equal(head, 5);
	assert_int_equal(written, 6);
	assert_int_equal(pop(f), 0);
}

static void a_copy_stops_at_the_chains_end(void **state)
{
	struct fixture *f = *state;
	char data[64] = { 0 };

	desc(f, 0, BUFFERS, 10, GUEST_NEXT, 1);
	desc(f, 1, BUFFERS + 64, 10, GUEST_WRITE, 0);
	guest_offer(&f->driver, 0);
	assert_int_equal(pop(f), 1);
	assert_int_equal(kt_virtqueue_chain_read(&f->chain, 0, data, 64), 10);
	assert_int_equal(kt_virtqueue_chain_read(&f->chain, 10, data, 64), 0);
	assert_int_equal(kt_virtqueue_chain_read(&f->chain, ~0ULL, data, 64), 0);
	assert_int_equal(kt_virtqueue_chain_write(&f->chain, 8, data, 64), 2);
	assert_int_equal(kt_virtqueue_chain_write(&f->chain, 11, data, 64), 0);
}

static void the_indices_wrap(void **state)
{
	struct fixture *f = *state;
	uint32_t head, written;

	for (uint32_t i = 0; i < 70000; i++) {
		guest_offer_buffer(&f->driver, i % SIZE, BUFFERS, 1 + i % 9, 0);
		assert_int_equal(pop(f), 1);
		assert_int_equal(f->chain.readable_bytes, 1 + i % 9);
		kt_virtqueue_push(&f->vq, f->chain.head, i);
		assert_true(guest_take_used(&f->driver, &head, &written));
		assert_int_equal(head, i % SIZE);
		assert_int_equal(written, i);
	}
}

static void a_full_queue_is_taken_whole(void **state)
{
	struct fixture *f = *state;

	for (uint16_t i = 0; i < SIZE; i++)
		guest_offer_buffer(&f->driver, i, BUFFERS + i, 1, 0);
	for (uint16_t i = 0; i < SIZE; i++) {
		assert_int_equal(pop(f), 1);
		assert_int_equal(f->chain.head, i);
	}
	assert_int_equal(pop(f), 0);
}

static void a_chain_may_use_every_descriptor(void **state)
{
	struct fixture *f = *state;

	for (uint16_t i = 0; i < SIZE; i++)
		desc(f, i, BUFFERS + i, 1, i == SIZE - 1 ? 0 : GUEST_NEXT, i + 1);
	guest_offer(&f->driver, 0);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.n_readable, SIZE);
}

static void an_indirect_table_is_walked(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, BUFFERS, 4, GUEST_NEXT, 2);
	guest_desc(&f->guest, TABLE, 2, BUFFERS + 64, 8, GUEST_WRITE, 0);
	desc(f, 3, TABLE, 48, GUEST_INDIRECT, 0);
	guest_offer(&f->driver, 3);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.head, 3);
	assert_int_equal(f->chain.readable_bytes, 4);
	assert_int_equal(f->chain.writable_bytes, 8);
}

static void an_indirect_table_may_follow_buffers(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, BUFFERS + 64, 8, GUEST_WRITE, 0);
	desc(f, 0, BUFFERS, 4, GUEST_NEXT, 1);
	desc(f, 1, TABLE, 16, GUEST_INDIRECT, 0);
	guest_offer(&f->driver, 0);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.n_readable, 1);
	assert_int_equal(f->chain.n_writable, 1);
}

/* 2.7.5.3.2: the WRITE flag of the descriptor of a table means nothing. */
static void an_indirect_table_may_be_marked_writable(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, BUFFERS, 4, 0, 0);
	desc(f, 0, TABLE, 16, GUEST_INDIRECT | GUEST_WRITE, 0);
	guest_offer(&f->driver, 0);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.readable_bytes, 4);
}

static void a_buffer_across_regions_is_two_pieces(void **state)
{
	struct fixture *f = *state;
	char text[7] = { 0 };

	memcpy(guest_at(&f->guest, GUEST_BORDER - 3, 3), "abc", 3);
	memcpy(guest_at(&f->guest, GUEST_BORDER, 3), "def", 3);
	guest_offer_buffer(&f->driver, 0, GUEST_BORDER - 3, 6, 0);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.n_readable, 2);
	assert_int_equal(f->chain.readable_bytes, 6);
	assert_int_equal(kt_virtqueue_chain_read(&f->chain, 0, text, 6), 6);
	assert_string_equal(text, "abcdef");
}

static void a_buffer_may_end_where_ram_ends(void **state)
{
	struct fixture *f = *state;

	guest_offer_buffer(&f->driver, 0, GUEST_RAM_END - 16, 16, GUEST_WRITE);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.writable_bytes, 16);
}

static void a_loop_is_a_violation(void **state)
{
	struct fixture *f = *state;

	desc(f, 0, BUFFERS, 1, GUEST_NEXT, 1);
	desc(f, 1, BUFFERS, 1, GUEST_NEXT, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "loops");
}

static void a_descriptor_that_follows_itself_is_a_violation(void **state)
{
	struct fixture *f = *state;

	desc(f, 4, BUFFERS, 1, GUEST_NEXT, 4);
	guest_offer(&f->driver, 4);
	assert_violation(f, "loops");
}

static void a_loop_in_an_indirect_table_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, BUFFERS, 1, GUEST_NEXT, 0);
	desc(f, 0, TABLE, 16, GUEST_INDIRECT, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "loops");
}

static void an_indirect_chain_longer_than_the_queue_is_a_violation(void **state)
{
	struct fixture *f = *state;

	for (uint16_t i = 0; i <= SIZE; i++)
		guest_desc(&f->guest, TABLE, i, BUFFERS, 1,
			   i == SIZE ? 0 : GUEST_NEXT, i + 1);
	desc(f, 0, TABLE, 16 * (SIZE + 1), GUEST_INDIRECT, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "longer than the queue");
}

static void a_head_out_of_range_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_offer(&f->driver, SIZE);
	assert_violation(f, "head is out of range");
}

static void a_next_out_of_range_is_a_violation(void **state)
{
	struct fixture *f = *state;

	desc(f, 0, BUFFERS, 1, GUEST_NEXT, SIZE);
	guest_offer(&f->driver, 0);
	assert_violation(f, "index is out of range");
}

static void a_next_behind_an_indirect_table_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, BUFFERS, 1, GUEST_NEXT, 2);
	desc(f, 0, TABLE, 32, GUEST_INDIRECT, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "index is out of range");
}

static void a_buffer_outside_ram_is_a_violation(void **state)
{
	struct fixture *f = *state;
	const struct {
		uint64_t gpa;
		uint32_t length;
	} bad[] = {
		{ 0, 16 },
		{ GUEST_RAM - 1, 2 },
		{ GUEST_RAM_END - 1, 2 },
		{ GUEST_RAM_END, 1 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX - 7, 16 },
		{ UINT64_MAX - 0xfff, 0x1001 },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		guest_queue_init(&f->driver, &f->guest, RINGS, SIZE);
		guest_store16(&f->guest, f->driver.avail + 2, 0);
		enable(f, false, true);
		guest_offer_buffer(&f->driver, 0, bad[i].gpa, bad[i].length, 0);
		assert_violation(f, "outside RAM");
	}
}

static void an_indirect_table_outside_ram_is_a_violation(void **state)
{
	struct fixture *f = *state;
	const uint64_t bad[] = { 0, GUEST_RAM_END, GUEST_RAM_END - 8,
				 UINT64_MAX - 15, UINT64_MAX - 7 };

	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		guest_queue_init(&f->driver, &f->guest, RINGS, SIZE);
		guest_store16(&f->guest, f->driver.avail + 2, 0);
		enable(f, false, true);
		guest_offer_buffer(&f->driver, 0, bad[i], 32, GUEST_INDIRECT);
		assert_violation(f, "outside RAM");
	}
}

static void an_indirect_table_may_cross_regions(void **state)
{
	struct fixture *f = *state;
	struct {
		uint64_t gpa;
		uint32_t length;
		uint16_t flags, next;
	} entry = { BUFFERS, 4, 0, 0 };

	assert_int_equal(kt_guest_memory_write(&f->guest.memory,
					       GUEST_BORDER - 8, &entry, 16),
			 0);
	guest_offer_buffer(&f->driver, 0, GUEST_BORDER - 8, 16, GUEST_INDIRECT);
	assert_int_equal(pop(f), 1);
	assert_int_equal(f->chain.readable_bytes, 4);
}

static void indirect_inside_indirect_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, TABLE + 64, 16, GUEST_INDIRECT, 0);
	guest_desc(&f->guest, TABLE + 64, 0, BUFFERS, 1, 0, 0);
	desc(f, 0, TABLE, 16, GUEST_INDIRECT, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "holds an indirect");
}

static void indirect_with_a_successor_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_desc(&f->guest, TABLE, 0, BUFFERS, 1, 0, 0);
	desc(f, 0, TABLE, 16, GUEST_INDIRECT | GUEST_NEXT, 1);
	guest_offer(&f->driver, 0);
	assert_violation(f, "has a successor");
}

static void indirect_without_negotiation_is_a_violation(void **state)
{
	struct fixture *f = *state;

	enable(f, false, false);
	guest_offer_buffer(&f->driver, 0, TABLE, 16, GUEST_INDIRECT);
	assert_violation(f, "not negotiated");
}

static void an_odd_indirect_length_is_a_violation(void **state)
{
	struct fixture *f = *state;
	const uint32_t bad[] = { 0, 1, 15, 17, UINT32_MAX };

	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		guest_queue_init(&f->driver, &f->guest, RINGS, SIZE);
		guest_store16(&f->guest, f->driver.avail + 2, 0);
		enable(f, false, true);
		guest_offer_buffer(&f->driver, 0, TABLE, bad[i], GUEST_INDIRECT);
		assert_violation(f, "no multiple of 16");
	}
}

static void a_buffer_without_bytes_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_offer_buffer(&f->driver, 0, BUFFERS, 0, 0);
	assert_violation(f, "no bytes");
}

static void a_readable_buffer_behind_a_writable_is_a_violation(void **state)
{
	struct fixture *f = *state;

	desc(f, 0, BUFFERS, 1, GUEST_WRITE | GUEST_NEXT, 1);
	desc(f, 1, BUFFERS, 1, 0, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "follows a writable");
}

static void a_chain_beyond_the_limit_is_a_violation(void **state)
{
	struct fixture *f = *state;

	desc(f, 0, BUFFERS, MAX_CHAIN, GUEST_NEXT, 1);
	desc(f, 1, BUFFERS, 1, GUEST_WRITE, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "longer than the device takes");
}

static void a_chain_at_the_limit_is_fine(void **state)
{
	struct fixture *f = *state;

	guest_offer_buffer(&f->driver, 0, BUFFERS, MAX_CHAIN, 0);
	assert_int_equal(pop(f), 1);
}

/* 32-bit sums would come out small. */
static void lengths_that_overflow_are_a_violation(void **state)
{
	struct fixture *f = *state;

	f->vq.max_chain_bytes = UINT64_MAX;
	desc(f, 0, BUFFERS, 0x80000000, GUEST_NEXT, 1);
	desc(f, 1, BUFFERS, 0x80000001, 0, 0);
	guest_offer(&f->driver, 0);
	assert_violation(f, "outside RAM");
}

static void too_many_pieces_are_a_violation(void **state)
{
	struct fixture *f = *state;
	struct kt_memory_region tiny[64];
	struct kt_guest_memory memory = { tiny, 64 };

	/* The same page 64 times over: each buffer falls into 60 pieces. */
	for (uint32_t i = 0; i < 64; i++)
		tiny[i] = (struct kt_memory_region){
			.gpa = GUEST_RAM + 0x1000 * i,
			.size_bytes = 0x1000,
			.hva = f->guest.regions[0].hva + (i < 4 ? 0x1000 * i : 0),
		};
	f->vq.memory = &memory;
	f->driver.size = 64;
	guest_queue_init(&f->driver, &f->guest, RINGS, 64);
	f->vq.max_chain_bytes = UINT64_MAX;
	enable(f, false, true);
	for (uint16_t i = 0; i < 64; i++)
		desc(f, i, GUEST_RAM + 0x2000, 60 * 0x1000,
		     i == 63 ? 0 : GUEST_NEXT, i + 1);
	guest_offer(&f->driver, 0);
	assert_violation(f, "too many pieces");
}

static void a_jump_of_the_available_index_is_a_violation(void **state)
{
	struct fixture *f = *state;

	desc(f, 0, BUFFERS, 1, 0, 0);
	guest_store16(&f->guest, f->driver.avail + 2, SIZE + 1);
	assert_violation(f, "index jumped");
}

static void an_available_index_that_goes_back_is_a_violation(void **state)
{
	struct fixture *f = *state;

	guest_store16(&f->guest, f->driver.avail + 2, (uint16_t)-1);
	assert_violation(f, "index jumped");
}

static void a_broken_queue_works_again_after_a_reset(void **state)
{
	struct fixture *f = *state;

	guest_offer(&f->driver, SIZE);
	assert_violation(f, "head is out of range");
	guest_queue_init(&f->driver, &f->guest, RINGS, SIZE);
	guest_store16(&f->guest, f->driver.avail + 2, 0);
	enable(f, false, true);
	guest_offer_buffer(&f->driver, 0, BUFFERS, 1, 0);
	assert_int_equal(pop(f), 1);
}

static void assert_refused(struct fixture *f, const char *why)
{
	assert_int_equal(kt_virtqueue_enable(&f->vq, false, false), -EINVAL);
	assert_contains(f->vq.violation, why);
	assert_false(f->vq.ready);
	assert_int_equal(pop(f), -EPROTO);
}

static void bad_sizes_are_refused(void **state)
{
	struct fixture *f = *state;
	const uint16_t bad[] = { 0, 3, 7, 12, 255, 512, 32768, 65535 };

	f->vq.ready = false;
	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		f->vq.size = bad[i];
		assert_refused(f, "no power of two in range");
	}
}

static void areas_outside_ram_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct {
		uint64_t *area;
		const char *why;
		uint64_t bytes;
	} areas[] = {
		{ &f->vq.desc_gpa, "descriptor table", 16 * SIZE },
		{ &f->vq.avail_gpa, "available ring", 6 + 2 * SIZE },
		{ &f->vq.used_gpa, "used ring", 6 + 8 * SIZE },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(areas); i++) {
		uint64_t good = *areas[i].area;
		uint64_t last = (GUEST_RAM_END - areas[i].bytes) & ~15ULL;
		const uint64_t bad[] = { 0,
					 GUEST_RAM - 16,
					 last + 16,
					 GUEST_RAM_END,
					 UINT64_MAX - 15,
					 GUEST_BORDER - 16,
					 good + 1 };

		f->vq.ready = false;
		for (size_t k = 0; k < KT_ARRAY_SIZE(bad); k++) {
			*areas[i].area = bad[k];
			assert_refused(f, areas[i].why);
		}
		*areas[i].area = last;
		assert_int_equal(kt_virtqueue_enable(&f->vq, false, false), 0);
		*areas[i].area = good;
	}
}

static void without_event_index_the_flag_silences_interrupts(void **state)
{
	struct fixture *f = *state;

	guest_offer_buffer(&f->driver, 0, BUFFERS, 1, 0);
	guest_offer_buffer(&f->driver, 1, BUFFERS, 1, 0);
	assert_int_equal(pop(f), 1);
	assert_false(kt_virtqueue_should_interrupt(&f->vq));
	kt_virtqueue_push(&f->vq, 0, 0);
	assert_true(kt_virtqueue_should_interrupt(&f->vq));
	assert_false(kt_virtqueue_should_interrupt(&f->vq));
	guest_store16(&f->guest, f->driver.avail, 1);
	kt_virtqueue_push(&f->vq, 1, 0);
	assert_false(kt_virtqueue_should_interrupt(&f->vq));
}

static void without_event_index_the_flag_silences_notifications(void **state)
{
	struct fixture *f = *state;

	kt_virtqueue_dont_notify(&f->vq);
	assert_int_equal(guest_load16(&f->guest, f->driver.used), 1);
	assert_false(kt_virtqueue_want_notify(&f->vq));
	assert_int_equal(guest_load16(&f->guest, f->driver.used), 0);
}

static void the_event_index_chooses_the_interrupt(void **state)
{
	struct fixture *f = *state;
	bool fired[6];

	enable(f, true, true);
	/* Wants to hear of the fourth used entry (index 3), only. */
	guest_store16(&f->guest, guest_used_event(&f->driver), 3);
	for (uint16_t i = 0; i < 6; i++) {
		guest_offer_buffer(&f->driver, i, BUFFERS, 1, 0);
		assert_int_equal(pop(f), 1);
		kt_virtqueue_push(&f->vq, i, 0);
		fired[i] = kt_virtqueue_should_interrupt(&f->vq);
	}
	for (uint16_t i = 0; i < 6; i++)
		assert_int_equal(fired[i], i == 3);
}

static void an_event_inside_a_batch_interrupts_once(void **state)
{
	struct fixture *f = *state;

	enable(f, true, true);
	guest_store16(&f->guest, guest_used_event(&f->driver), 2);
	for (uint16_t i = 0; i < 5; i++)
		kt_virtqueue_push(&f->vq, i, 0);
	assert_true(kt_virtqueue_should_interrupt(&f->vq));
	assert_false(kt_virtqueue_should_interrupt(&f->vq));
}

static void its_state_tells_how_far_each_side_is(void **state)
{
	struct fixture *f = *state;
	struct kt_virtqueue_state s;

	kt_virtqueue_reset(&f->vq);
	kt_virtqueue_get_state(&f->vq, &s);
	assert_false(s.ready);
	enable(f, true, true);
	guest_store16(&f->guest, guest_used_event(&f->driver), 1);
	for (uint16_t i = 0; i < 5; i++)
		guest_offer_buffer(&f->driver, i, BUFFERS, 1, 0);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(pop(f), 1);
		kt_virtqueue_push(&f->vq, i, 0);
	}
	kt_virtqueue_get_state(&f->vq, &s);
	assert_true(s.ready && s.event_idx);
	assert_int_equal(s.size, SIZE);
	assert_int_equal(s.waiting, 2);
	assert_int_equal(s.unweighed, 3);
	assert_int_equal(s.unseen, 2);
	kt_virtqueue_should_interrupt(&f->vq);
	kt_virtqueue_get_state(&f->vq, &s);
	assert_int_equal(s.unweighed, 0);
}

static void the_event_index_works_across_the_wrap(void **state)
{
	struct fixture *f = *state;
	int fired = 0;

	enable(f, true, true);
	guest_store16(&f->guest, guest_used_event(&f->driver), 65535);
	for (uint32_t i = 0; i < 65536 + 8; i++) {
		kt_virtqueue_push(&f->vq, i % SIZE, 0);
		if (kt_virtqueue_should_interrupt(&f->vq)) {
			assert_int_equal(i, 65535);
			fired++;
		}
	}
	assert_int_equal(fired, 1);
}

static void with_event_index_the_flag_means_nothing(void **state)
{
	struct fixture *f = *state;

	enable(f, true, true);
	guest_store16(&f->guest, f->driver.avail, 1);
	guest_store16(&f->guest, guest_used_event(&f->driver), 0);
	kt_virtqueue_push(&f->vq, 0, 0);
	assert_true(kt_virtqueue_should_interrupt(&f->vq));
}

static void asking_for_notifications_moves_the_event(void **state)
{
	struct fixture *f = *state;

	enable(f, true, true);
	for (uint16_t i = 0; i < 3; i++) {
		guest_offer_buffer(&f->driver, i, BUFFERS, 1, 0);
		assert_int_equal(pop(f), 1);
	}
	assert_int_equal(guest_load16(&f->guest, guest_avail_event(&f->driver)),
			 0);
	assert_false(kt_virtqueue_want_notify(&f->vq));
	assert_int_equal(guest_load16(&f->guest, guest_avail_event(&f->driver)),
			 3);
	kt_virtqueue_dont_notify(&f->vq);
	assert_int_equal(guest_load16(&f->guest, f->driver.used), 0);
}

static void a_chain_that_raced_with_asking_is_seen(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pop(f), 0);
	guest_offer_buffer(&f->driver, 0, BUFFERS, 1, 0);
	assert_true(kt_virtqueue_want_notify(&f->vq));
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void several_are_seen_at_once(void **state)
{
	struct fixture *f = *state;
	const struct kt_virtqueue_returned returned[] = { { 2, 20 },
							  { 0, 0 },
							  { 1, 10 } };
	uint32_t head, written;

	/* Over the ring's end, where the used index stands before. */
	for (int i = 0; i < SIZE - 1; i++) {
		kt_virtqueue_push(&f->vq, 7, 0);
		assert_true(guest_take_used(&f->driver, &head, &written));
	}
	kt_virtqueue_push_all(&f->vq, returned, 0);
	assert_false(guest_take_used(&f->driver, &head, &written));
	kt_virtqueue_push_all(&f->vq, returned, 3);
	assert_int_equal(guest_load16(&f->guest, f->driver.used + 2), SIZE + 2);
	for (int i = 0; i < 3; i++) {
		assert_true(guest_take_used(&f->driver, &head, &written));
		assert_int_equal(head, returned[i].head);
		assert_int_equal(written, returned[i].written);
	}
	assert_true(kt_virtqueue_should_interrupt(&f->vq));
}

static void put_back_they_come_again(void **state)
{
	struct fixture *f = *state;

	for (uint16_t i = 0; i < 3; i++)
		guest_offer_buffer(&f->driver, i, BUFFERS + 16 * i, 16 + i, 0);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(kt_virtqueue_pop(&f->vq, &f->chain), 1);
	assert_false(kt_virtqueue_pending(&f->vq));
	kt_virtqueue_put_back(&f->vq, 2);
	assert_true(kt_virtqueue_pending(&f->vq));
	/* As they are by now, not as they were. */
	desc(f, 2, BUFFERS, 99, 0, 0);
	assert_int_equal(kt_virtqueue_pop(&f->vq, &f->chain), 1);
	assert_int_equal(f->chain.head, 1);
	assert_int_equal(f->chain.readable_bytes, 17);
	assert_int_equal(kt_virtqueue_pop(&f->vq, &f->chain), 1);
	assert_int_equal(f->chain.readable_bytes, 99);
	assert_int_equal(kt_virtqueue_pop(&f->vq, &f->chain), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(an_empty_queue_gives_nothing),
		QUEUE_TEST(several_are_seen_at_once),
		QUEUE_TEST(put_back_they_come_again),
		QUEUE_TEST(a_queue_that_is_not_ready_gives_nothing),
		QUEUE_TEST(a_chain_arrives_in_order),
		QUEUE_TEST(a_copy_stops_at_the_chains_end),
		QUEUE_TEST(the_indices_wrap),
		QUEUE_TEST(a_full_queue_is_taken_whole),
		QUEUE_TEST(a_chain_may_use_every_descriptor),
		QUEUE_TEST(an_indirect_table_is_walked),
		QUEUE_TEST(an_indirect_table_may_follow_buffers),
		QUEUE_TEST(an_indirect_table_may_be_marked_writable),
		QUEUE_TEST(a_buffer_across_regions_is_two_pieces),
		QUEUE_TEST(a_buffer_may_end_where_ram_ends),
		QUEUE_TEST(a_loop_is_a_violation),
		QUEUE_TEST(a_descriptor_that_follows_itself_is_a_violation),
		QUEUE_TEST(a_loop_in_an_indirect_table_is_a_violation),
		QUEUE_TEST(an_indirect_chain_longer_than_the_queue_is_a_violation),
		QUEUE_TEST(a_head_out_of_range_is_a_violation),
		QUEUE_TEST(a_next_out_of_range_is_a_violation),
		QUEUE_TEST(a_next_behind_an_indirect_table_is_a_violation),
		QUEUE_TEST(a_buffer_outside_ram_is_a_violation),
		QUEUE_TEST(an_indirect_table_outside_ram_is_a_violation),
		QUEUE_TEST(an_indirect_table_may_cross_regions),
		QUEUE_TEST(indirect_inside_indirect_is_a_violation),
		QUEUE_TEST(indirect_with_a_successor_is_a_violation),
		QUEUE_TEST(indirect_without_negotiation_is_a_violation),
		QUEUE_TEST(an_odd_indirect_length_is_a_violation),
		QUEUE_TEST(a_buffer_without_bytes_is_a_violation),
		QUEUE_TEST(a_readable_buffer_behind_a_writable_is_a_violation),
		QUEUE_TEST(a_chain_beyond_the_limit_is_a_violation),
		QUEUE_TEST(a_chain_at_the_limit_is_fine),
		QUEUE_TEST(lengths_that_overflow_are_a_violation),
		QUEUE_TEST(too_many_pieces_are_a_violation),
		QUEUE_TEST(a_jump_of_the_available_index_is_a_violation),
		QUEUE_TEST(an_available_index_that_goes_back_is_a_violation),
		QUEUE_TEST(a_broken_queue_works_again_after_a_reset),
		QUEUE_TEST(bad_sizes_are_refused),
		QUEUE_TEST(areas_outside_ram_are_refused),
		QUEUE_TEST(without_event_index_the_flag_silences_interrupts),
		QUEUE_TEST(without_event_index_the_flag_silences_notifications),
		QUEUE_TEST(the_event_index_chooses_the_interrupt),
		QUEUE_TEST(an_event_inside_a_batch_interrupts_once),
		QUEUE_TEST(its_state_tells_how_far_each_side_is),
		QUEUE_TEST(the_event_index_works_across_the_wrap),
		QUEUE_TEST(with_event_index_the_flag_means_nothing),
		QUEUE_TEST(asking_for_notifications_moves_the_event),
		QUEUE_TEST(a_chain_that_raced_with_asking_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
