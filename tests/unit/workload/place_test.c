// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "base/cpulist.h"
#include "workload/place.h"

static void refuse(struct ktstr_workers spec, const char *message)
{
	struct ktstr_error err = { 0 };

	assert_int_equal(kt_place_check(&spec, &err), -EINVAL);
	assert_contains(err.message, message);
}

#define REFUSE(message, ...)                                                   \
	refuse((struct ktstr_workers){ __VA_ARGS__ }, message)

static void nonsense_is_refused(void **state)
{
	(void)state;
	REFUSE("policy 9 is none of 7", .policy = 9);
	REFUSE("priority 0 with policy fifo", .policy = KTSTR_POLICY_FIFO);
	REFUSE("priority 100 with policy rr", .policy = KTSTR_POLICY_RR,
	       .priority = 100);
	REFUSE("priority 1 with policy normal", .priority = 1);
	REFUSE("nice must be -20 to 19, not 20", .nice = 20);
	REFUSE("nice 5 has no effect with policy idle", .nice = 5,
	       .policy = KTSTR_POLICY_IDLE);
	REFUSE("runtime 0, deadline 0, period 0 us",
	       .policy = KTSTR_POLICY_DEADLINE);
	REFUSE("runtime 3, deadline 2, period 4 us",
	       .policy = KTSTR_POLICY_DEADLINE, .deadline = { 3, 2, 4 });
	REFUSE("deadline with an affinity", .policy = KTSTR_POLICY_DEADLINE,
	       .deadline = { 1, 2, 3 }, .affinity = { KTSTR_AFFINITY_CPUS, "0" });
	REFUSE("affinity 7 is not known", .affinity = { 7 });
	REFUSE("CPUs \"0-1\"; say how", .affinity = { .cpus = "0-1" });
	REFUSE("count is 0", .affinity = { KTSTR_AFFINITY_RANDOM });
	REFUSE("count is 2", .affinity = { KTSTR_AFFINITY_CPUS, "0", 2 });
	REFUSE("an empty list of CPUs", .affinity = { KTSTR_AFFINITY_CPUS, "" });
	REFUSE("affinity: \"x\"", .affinity = { KTSTR_AFFINITY_CPUS, "x" });
	REFUSE("memory policy 9", .memory = { 9 });
	REFUSE("without nodes", .memory = { KTSTR_MEMORY_BIND });
	REFUSE("with nodes", .memory = { KTSTR_MEMORY_LOCAL, "0" });
	REFUSE("empty list of nodes", .memory = { KTSTR_MEMORY_BIND, "" });
	REFUSE("memory policy: \"y\"", .memory = { KTSTR_MEMORY_BIND, "y" });
}

static void sense_is_not(void **state)
{
	const struct ktstr_workers specs[] = {
		{ .name = "w" },
		{ .policy = KTSTR_POLICY_FIFO, .priority = 99 },
		{ .policy = KTSTR_POLICY_EXT, .nice = -20 },
		{ .policy = KTSTR_POLICY_DEADLINE, .deadline = { 1, 2, 2 } },
		{ .affinity = { KTSTR_AFFINITY_ONE_EACH } },
		{ .affinity = { KTSTR_AFFINITY_RANDOM, "0-7", 3 } },
		{ .memory = { KTSTR_MEMORY_INTERLEAVE, "0-1" } },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(specs); i++)
		assert_int_equal(kt_place_check(&specs[i], NULL), 0);
}

/* The CPUs of that worker, where the caller may use 0-3 and 8. */
static void expect(struct ktstr_affinity affinity, uint32_t index,
		   const char *cpus)
{
	_cleanup_bitmap_ struct kt_bitmap allowed = { 0 }, got = { 0 };
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };

	assert_int_equal(kt_cpulist_parse("0-3,8", &allowed, NULL), 0);
	assert_int_equal(kt_place_cpus(&affinity, &allowed, index, &got, NULL),
			 0);
	kt_cpulist_print(&text, &got);
	assert_string_equal(kt_strbuf_text(&text), cpus);
}

static void each_worker_has_its_cpus(void **state)
{
	(void)state;
	expect((struct ktstr_affinity){ KTSTR_AFFINITY_CPUS }, 1, "0-3,8");
	expect((struct ktstr_affinity){ KTSTR_AFFINITY_CPUS, "5-6" }, 1, "5-6");
	expect((struct ktstr_affinity){ KTSTR_AFFINITY_ONE_EACH }, 4, "8");
	expect((struct ktstr_affinity){ KTSTR_AFFINITY_ONE_EACH }, 6, "1");
	expect((struct ktstr_affinity){ KTSTR_AFFINITY_ONE_EACH, "2,4" }, 3, "4");
	expect((struct ktstr_affinity){ KTSTR_AFFINITY_RANDOM, NULL, 5 }, 3,
	       "0-3,8");
}

static uint64_t draw(uint32_t seed, uint32_t index)
{
	const struct ktstr_affinity affinity = { KTSTR_AFFINITY_RANDOM, "0-63",
						 4, seed };
	_cleanup_bitmap_ struct kt_bitmap none = { 0 }, got = { 0 };

	assert_int_equal(kt_place_cpus(&affinity, &none, index, &got, NULL), 0);
	assert_int_equal(kt_bitmap_count(&got), 4);
	return got.words[0];
}

static void random_subsets_repeat(void **state)
{
	struct ktstr_error err = { 0 };
	const struct ktstr_affinity many = { KTSTR_AFFINITY_RANDOM, "0-1", 3 };
	_cleanup_bitmap_ struct kt_bitmap none = { 0 }, got = { 0 };

	(void)state;
	assert_int_equal(draw(1, 0), draw(1, 0));
	assert_int_not_equal(draw(1, 0), draw(1, 1));
	assert_int_not_equal(draw(1, 0), draw(2, 0));
	assert_int_equal(kt_place_cpus(&many, &none, 0, &got, &err), -EINVAL);
	assert_contains(err.message, "3 random CPUs of 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(sense_is_not),
		cmocka_unit_test(each_worker_has_its_cpus),
		cmocka_unit_test(random_subsets_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
