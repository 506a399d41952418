// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <errno.h>
#include <stdio.h>

#include "nest/slots.h"

static uint32_t slots_of(uint32_t cpus, const char *wish, uint32_t host_cpus)
{
	struct kt_nest_shape shape;
	uint32_t slots = 0;

	kt_nest_shape_default(&shape);
	shape.cpus = cpus;
	assert_int_equal(kt_nest_slots(&shape, wish, host_cpus, &slots, NULL), 0);
	return slots;
}

static void there_are_as_many_machines_as_the_host_has_cpus_for(void **state)
{
	(void)state;
	assert_int_equal(slots_of(1, NULL, 1), 1);
	assert_int_equal(slots_of(1, NULL, 2), 2);
	assert_int_equal(slots_of(1, "", 3), 3);
	assert_int_equal(slots_of(4, NULL, 2), 1);
	assert_int_equal(slots_of(4, NULL, 11), 2);
	assert_int_equal(slots_of(1, NULL, 9), KT_NEST_SLOTS_DEFAULT_MAX);
	assert_int_equal(slots_of(1, NULL, 8192), KT_NEST_SLOTS_DEFAULT_MAX);
}

static void the_user_decides_how_many(void **state)
{
	(void)state;
	assert_int_equal(slots_of(1, "1", 4), 1);
	assert_int_equal(slots_of(64, "3", 1), 3);
	assert_int_equal(slots_of(1, "64", 4), KT_NEST_SLOTS_MAX);
}

static void a_bad_number_of_machines_is_refused(void **state)
{
	static const char *const wishes[] = {
		"0", "65", "-1", "+1", " 1", "2x", "x", "99999999999999999999",
	};
	struct kt_nest_shape shape;

	(void)state;
	kt_nest_shape_default(&shape);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct ktstr_error err = { 0 };
		uint32_t slots = 77;
		char part[64];

		assert_int_equal(kt_nest_slots(&shape, wishes[i], 4, &slots, &err),
				 -EINVAL);
		assert_int_equal(slots, 77);
		snprintf(part, sizeof(part), "from 1 to 64, not \"%s\"",
			 wishes[i]);
		assert_contains(err.message, "KTSTR_NEST_MACHINES must be");
		assert_contains(err.message, part);
		message_seen(err.message);
	}
}

static void a_further_machine_wants_twice_its_memory(void **state)
{
	struct kt_nest_shape shape;

	(void)state;
	kt_nest_shape_default(&shape);
	assert_true(kt_nest_slots_fit(&shape, "MemTotal:       24683760 kB\n"
					      "MemFree:             100 kB\n"
					      "MemAvailable:    4194304 kB\n"
					      "Buffers:            9999 kB\n"));
	assert_false(kt_nest_slots_fit(&shape,
				       "MemTotal:       24683760 kB\n"
				       "MemFree:        20000000 kB\n"
				       "MemAvailable:    4194303 kB\n"));
	shape.memory_mib = KT_NEST_MEMORY_MAX;
	assert_true(kt_nest_slots_fit(&shape, "MemAvailable: 536870912 kB\n"));
	assert_false(kt_nest_slots_fit(&shape, "MemAvailable: 536870911 kB\n"));
}

static void no_word_of_memory_is_no_room(void **state)
{
	struct kt_nest_shape shape;

	(void)state;
	kt_nest_shape_default(&shape);
	assert_false(kt_nest_slots_fit(&shape, ""));
	assert_false(kt_nest_slots_fit(&shape, "MemTotal: 99999999 kB\n"));
	assert_false(kt_nest_slots_fit(&shape, "MemAvailable:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			there_are_as_many_machines_as_the_host_has_cpus_for),
		cmocka_unit_test(the_user_decides_how_many),
		cmocka_unit_test(a_bad_number_of_machines_is_refused),
		cmocka_unit_test(a_further_machine_wants_twice_its_memory),
		cmocka_unit_test(no_word_of_memory_is_no_room),
		messages_test("nest_slots"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
