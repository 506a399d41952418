// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "device/ring.h"

static int setup(void **state)
{
	struct kt_ring *ring = malloc(sizeof(*ring));

	assert_int_equal(kt_ring_init(ring, 8), 0);
	*state = ring;
	return 0;
}

static int teardown(void **state)
{
	kt_ring_deinit(*state);
	free(*state);
	return 0;
}

static void assert_text(const struct kt_ring *ring, const char *expected)
{
	size_t length;
	_cleanup_free_ char *text = kt_ring_text(ring, &length);

	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
	assert_int_equal(ring->length, length);
}

static void an_empty_ring_has_no_bytes(void **state)
{
	struct kt_ring *ring = *state;
	size_t length = 1;
	char byte;

	assert_null(kt_ring_peek(ring, &length));
	assert_int_equal(length, 0);
	assert_int_equal(kt_ring_pop(ring, &byte, 1), 0);
	assert_int_equal(kt_ring_space(ring), 8);
	kt_ring_drop(ring, 5);
	assert_text(ring, "");
}

static void push_takes_what_fits(void **state)
{
	struct kt_ring *ring = *state;

	assert_int_equal(kt_ring_push(ring, "abcde", 5), 5);
	assert_int_equal(kt_ring_push(ring, "fghij", 5), 3);
	assert_int_equal(kt_ring_push(ring, "x", 1), 0);
	assert_text(ring, "abcdefgh");
}

static void push_over_drops_the_oldest(void **state)
{
	struct kt_ring *ring = *state;

	kt_ring_push_over(ring, "abcdef", 6);
	kt_ring_push_over(ring, "ghij", 4);
	assert_text(ring, "cdefghij");
	kt_ring_push_over(ring, "0123456789abcdefghij", 20);
	assert_text(ring, "cdefghij");
	kt_ring_push_over(ring, "", 0);
	assert_text(ring, "cdefghij");
}

static void bytes_wrap_around_the_end(void **state)
{
	struct kt_ring *ring = *state;
	char out[8];
	size_t length;

	kt_ring_push(ring, "abcdef", 6);
	assert_int_equal(kt_ring_pop(ring, out, 4), 4);
	assert_memory_equal(out, "abcd", 4);
	assert_int_equal(kt_ring_push(ring, "ghijkl", 6), 6);
	assert_text(ring, "efghijkl");
	assert_memory_equal(kt_ring_peek(ring, &length), "efgh", 4);
	assert_int_equal(length, 4);
	assert_int_equal(kt_ring_pop(ring, out, 8), 8);
	assert_memory_equal(out, "efghijkl", 8);
}

static void room_is_filled_in_place(void **state)
{
	struct kt_ring *ring = *state;
	size_t length;
	uint8_t *room;

	kt_ring_push(ring, "abcdef", 6);
	kt_ring_drop(ring, 3);
	room = kt_ring_room(ring, &length);
	assert_int_equal(length, 2);
	memcpy(room, "gh", 2);
	kt_ring_filled(ring, 2);
	room = kt_ring_room(ring, &length);
	assert_int_equal(length, 3);
	memcpy(room, "ijk", 3);
	kt_ring_filled(ring, 3);
	assert_null(kt_ring_room(ring, &length));
	assert_text(ring, "defghijk");
}

static void a_ring_of_one_byte_works(void **state)
{
	struct kt_ring one;

	(void)state;
	assert_int_equal(kt_ring_init(&one, 1), 0);
	assert_int_equal(kt_ring_push(&one, "ab", 2), 1);
	kt_ring_push_over(&one, "cd", 2);
	assert_text(&one, "d");
	kt_ring_deinit(&one);
	kt_ring_deinit(&one);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(an_empty_ring_has_no_bytes),
		RING_TEST(push_takes_what_fits),
		RING_TEST(push_over_drops_the_oldest),
		RING_TEST(bytes_wrap_around_the_end),
		RING_TEST(room_is_filled_in_place),
		RING_TEST(a_ring_of_one_byte_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
