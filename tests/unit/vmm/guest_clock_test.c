// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"
#include "vmm/guest_clock.h"

#define MS 1000000ULL
#define S  (1000 * MS)

/* An exchange in which the guest, `offset` ahead, reads its clock at `read`. */
static bool exchange(struct kt_guest_clock *clock, uint64_t asked,
		     uint64_t read, uint64_t answered, int64_t offset)
{
	uint64_t number = kt_guest_clock_ask(clock, asked);

	return kt_guest_clock_answer(clock, number, read + (uint64_t)offset,
				     answered);
}

static uint64_t to_guest(const struct kt_guest_clock *clock, uint64_t host_ns)
{
	uint64_t guest_ns = 0;

	assert_true(kt_guest_clock_to_guest(clock, host_ns, &guest_ns));
	return guest_ns;
}

static void nothing_is_known_at_first(void **state)
{
	struct kt_guest_clock clock = {};
	uint64_t time = 7;

	(void)state;
	assert_false(kt_guest_clock_to_guest(&clock, 5 * S, &time));
	assert_false(kt_guest_clock_to_host(&clock, 5 * S, &time));
	assert_int_equal(time, 7);
	assert_true(kt_guest_clock_error(&clock, 5 * S) == UINT64_MAX);
	/* Unasked for, and so no answer. */
	assert_false(kt_guest_clock_answer(&clock, 0, 1 * S, 5 * S));
	assert_false(clock.known);
}

static void the_error_is_bounded_wherever_the_guest_reads_its_clock(void **state)
{
	static const int64_t offsets[] = { 0, 3, -(int64_t)(90 * S) };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (uint64_t read = 100 * S; read <= 100 * S + 8 * MS;
		     read += MS) {
			struct kt_guest_clock clock = {};
			uint64_t right = 100 * S + (uint64_t)offsets[i];
			uint64_t guest, error, back = 0;

			assert_true(exchange(&clock, 100 * S, read,
					     100 * S + 8 * MS, offsets[i]));
			error = kt_guest_clock_error(&clock, 100 * S + 8 * MS);
			assert_int_equal(error, 4 * MS);
			guest = to_guest(&clock, 100 * S);
			assert_in_range(guest, right - error, right + error);
			assert_true(kt_guest_clock_to_host(&clock, guest, &back));
			assert_int_equal(back, 100 * S);
		}
	}
}

static void the_tightest_exchange_counts(void **state)
{
	struct kt_guest_clock clock = {};

	(void)state;
	assert_true(exchange(&clock, 10 * S, 10 * S, 10 * S + 20 * MS, 0));
	assert_int_equal(to_guest(&clock, 20 * S), 20 * S - 10 * MS);
	assert_true(exchange(&clock, 11 * S, 11 * S, 11 * S + 2 * MS, 0));
	assert_int_equal(to_guest(&clock, 20 * S), 20 * S - 1 * MS);
	assert_true(exchange(&clock, 12 * S, 12 * S, 12 * S + 40 * MS, 0));
	assert_int_equal(to_guest(&clock, 20 * S), 20 * S - 1 * MS);
	assert_int_equal(clock.n_answers, 3);
}

static void an_old_exchange_gives_way_to_a_younger_one(void **state)
{
	struct kt_guest_clock clock = {};

	(void)state;
	assert_true(exchange(&clock, 10 * S, 10 * S, 10 * S + 2 * MS, 0));
	/* 500 ppm of 100 s are 50 ms, in either direction. */
	assert_in_range(kt_guest_clock_error(&clock, 110 * S), 50 * MS, 52 * MS);
	assert_int_equal(kt_guest_clock_error(&clock, 8 * S + 2 * MS), 2 * MS);
	assert_true(exchange(&clock, 110 * S, 110 * S + 30 * MS,
			     110 * S + 60 * MS, 7 * MS));
	assert_int_equal(to_guest(&clock, 120 * S), 120 * S + 7 * MS);
	assert_int_equal(kt_guest_clock_error(&clock, 110 * S + 60 * MS),
			 30 * MS);
}

static void an_answer_counts_once_and_for_its_question(void **state)
{
	struct kt_guest_clock clock = {};
	uint64_t first = kt_guest_clock_ask(&clock, 10 * S);
	uint64_t second;

	(void)state;
	assert_false(kt_guest_clock_answer(&clock, first + 1, 1 * S, 11 * S));
	assert_true(kt_guest_clock_answer(&clock, first, 1 * S, 11 * S));
	assert_false(kt_guest_clock_answer(&clock, first, 5 * S, 11 * S));
	second = kt_guest_clock_ask(&clock, 12 * S);
	assert_true(second != first);
	assert_false(kt_guest_clock_answer(&clock, first, 5 * S, 12 * S));
	assert_int_equal(clock.n_answers, 1);
	assert_int_equal(to_guest(&clock, 11 * S), 1 * S + 500 * MS);
}

static void a_time_that_no_clock_has_is_refused(void **state)
{
	struct kt_guest_clock clock = {};
	uint64_t number = kt_guest_clock_ask(&clock, 10 * S), time;

	(void)state;
	assert_false(kt_guest_clock_answer(&clock, number, UINT64_MAX, 11 * S));
	assert_false(kt_guest_clock_answer(&clock, number, 1ULL << 63, 11 * S));
	assert_false(clock.known);
	/* A lie that could be true harms only the liar. */
	assert_true(kt_guest_clock_answer(&clock, number, INT64_MAX, 10 * S));
	assert_false(kt_guest_clock_to_guest(&clock, 11 * S, &time));
	assert_false(kt_guest_clock_to_host(&clock, 0, &time));
	assert_true(kt_guest_clock_to_guest(&clock, 9 * S, &time));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(
			the_error_is_bounded_wherever_the_guest_reads_its_clock),
		cmocka_unit_test(the_tightest_exchange_counts),
		cmocka_unit_test(an_old_exchange_gives_way_to_a_younger_one),
		cmocka_unit_test(an_answer_counts_once_and_for_its_question),
		cmocka_unit_test(a_time_that_no_clock_has_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
