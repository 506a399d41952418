// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "test.h"
#include "vmm/steal.h"

#define MS 1000000ULL

static void two_numbers_are_what_ran_and_what_was_stolen(void **state)
{
	static const struct {
		const char *text;
		struct kt_steal_times times;
	} good[] = {
		{ "568202 200788 1\n", { 568202, 200788 } },
		{ "0 0 1\n", { 0, 0 } },
		{ "1 2 3", { 1, 2 } },
		{ "1 18446744073709551615 3\n", { 1, UINT64_MAX } },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(good); i++) {
		struct kt_steal_times times = { 9, 9 };

		assert_int_equal(kt_steal_parse(good[i].text, &times), 0);
		assert_memory_equal(&times, &good[i].times, sizeof(times));
	}
}

static void what_the_kernel_does_not_count_is_not_zero(void **state)
{
	struct kt_steal_times times = { 9, 9 };

	(void)state;
	assert_int_equal(kt_steal_parse("0 0 0\n", &times), -ENODATA);
	assert_int_equal(times.stolen_ns, 9);
}

static void what_is_no_schedstat_is_refused(void **state)
{
	static const char *const bad[] = {
		"",          "\n",
		"1",         "1 2\n",
		"1  2 3\n",  "-1 2 3\n",
		"1 +2 3\n",  "1 2 3 4\n",
		"1 2 x\n",   "1 99999999999999999999 3\n",
		"0x1 2 3\n",
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		struct kt_steal_times times = { 9, 9 };

		assert_int_equal(kt_steal_parse(bad[i], &times), -EBADMSG);
		assert_int_equal(times.stolen_ns, 9);
	}
}

struct spinner {
	pthread_t thread;
	atomic_int tid;
	atomic_bool stop;
	int r;
	struct kt_steal_times own;
};

static void *spin(void *arg)
{
	struct spinner *spinner = arg;

	atomic_store(&spinner->tid, gettid());
	while (!atomic_load(&spinner->stop))
		;
	spinner->r = kt_steal_of_this_thread(&spinner->own);
	return NULL;
}

/* Two threads on one CPU: what one has, the other is kept from. */
static void threads_that_share_a_cpu_steal_from_each_other(void **state)
{
	struct spinner spinners[2] = {};
	_cleanup_steal_ struct kt_steal steal = {};
	uint64_t before, after, start_ns;
	cpu_set_t all, one;
	int r = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++) {
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	}
	assert_int_equal(kt_steal_init(&steal, 2), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&spinners[i].thread, NULL, spin,
						&spinners[i]),
				 0);
		while (!atomic_load(&spinners[i].tid))
			sched_yield();
		steal.tids[i] = spinners[i].tid;
		assert_int_equal(
			sched_setaffinity(steal.tids[i], sizeof(one), &one), 0);
	}
	r = kt_steal_read(&steal);
	before = steal.stolen_ns[0] + steal.stolen_ns[1];
	for (start_ns = kt_now_ns(); kt_now_ns() - start_ns < 500 * MS && !r;)
		r = kt_steal_read(&steal);
	after = steal.stolen_ns[0] + steal.stolen_ns[1];
	for (size_t i = 0; i < 2; i++) {
		atomic_store(&spinners[i].stop, true);
		pthread_join(spinners[i].thread, NULL);
	}
	/* Then there is nobody to read of, but for what was open. */
	assert_int_equal(kt_steal_read(&steal), r == -ENODATA ? -ENOENT : -ESRCH);
	if (r == -ENODATA) {
		print_message("this kernel does not count: not tested\n");
		skip();
	}
	assert_int_equal(r, 0);
	/* One of the two waits at any time; the last wait may still go on. */
	assert_in_range(after - before, 250 * MS, 1000 * MS);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(spinners[i].r, 0);
		assert_true(spinners[i].own.stolen_ns >= steal.stolen_ns[i]);
		assert_true(spinners[i].own.ran_ns >= steal.ran_ns[i]);
		assert_true(steal.ran_ns[i] > 0);
	}
}

static void more_threads_than_files_may_stay_open_are_read(void **state)
{
	_cleanup_steal_ struct kt_steal steal = {};
	size_t n_open = 0;
	int r;

	(void)state;
	assert_int_equal(kt_steal_init(&steal, 300), 0);
	for (size_t i = 0; i < steal.n; i++)
		steal.tids[i] = gettid();
	for (int round = 0; round < 2; round++) {
		r = kt_steal_read(&steal);
		if (r == -ENODATA) {
			print_message(
				"this kernel does not count: not tested\n");
			skip();
		}
		assert_int_equal(r, 0);
	}
	for (size_t i = 0; i < steal.n; i++) {
		n_open += steal.fds[i] >= 0;
		assert_true(i == 0 ||
			    steal.stolen_ns[i] >= steal.stolen_ns[i - 1]);
	}
	assert_int_equal(n_open, 256);
}

static void a_thread_that_is_none_is_told(void **state)
{
	_cleanup_steal_ struct kt_steal steal = {};

	(void)state;
	assert_int_equal(kt_steal_init(&steal, 1), 0);
	steal.tids[0] = 1 << 30;
	assert_int_equal(kt_steal_read(&steal), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_numbers_are_what_ran_and_what_was_stolen),
		cmocka_unit_test(what_the_kernel_does_not_count_is_not_zero),
		cmocka_unit_test(what_is_no_schedstat_is_refused),
		cmocka_unit_test(threads_that_share_a_cpu_steal_from_each_other),
		cmocka_unit_test(more_threads_than_files_may_stay_open_are_read),
		cmocka_unit_test(a_thread_that_is_none_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
