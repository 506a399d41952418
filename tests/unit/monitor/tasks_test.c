// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "made_up_kernel.h"
#include "monitor/tasks.h"

#define TASK(i_)   (GUEST_IMAGE_VA + 0x180000 + (i_)*0x100ULL)
#define SIGNAL(i_) (TASK(i_) + 0x80)
#define SEEN_MAX   8

struct world {
	struct made_up_kernel_guest made_up;
	struct kt_task seen[SEEN_MAX];
	size_t n;
	size_t stop_at;
};

static void put_task(struct world *world, uint64_t i, uint32_t pid,
		     uint32_t tgid, const char *comm, uint32_t state)
{
	struct made_up_guest *guest = &world->made_up.guest;

	made_up_guest_put64(guest, TASK(i) + TASK_SIGNAL, SIGNAL(i));
	made_up_guest_put32(guest, TASK(i) + TASK_PID, pid);
	made_up_guest_put32(guest, TASK(i) + TASK_TGID, tgid);
	strcpy(made_up_guest_at(guest, TASK(i) + TASK_COMM), comm);
	made_up_guest_put32(guest, TASK(i) + TASK_STATE, state);
	made_up_guest_put32(guest, TASK(i) + TASK_INFO, (uint32_t)i % 3);
	made_up_guest_put32(guest, TASK(i) + TASK_POLICY, (uint32_t)i);
	made_up_guest_put32(guest, TASK(i) + TASK_PRIO, 120 + (uint32_t)i);
}

static void link_to(struct world *world, uint64_t from, uint64_t to)
{
	made_up_guest_put64(&world->made_up.guest, from, to);
}

/* swapper (0), init (1) with a thread of its own (2), and kthreadd (3). */
static void open_world(struct world *world)
{
	*world = (struct world){ .stop_at = SIZE_MAX };
	made_up_kernel_init(&world->made_up, KERNEL_NEW);
	world->made_up.kernel.symbols.address[KT_SYMBOL_INIT_TASK] = TASK(0);
	put_task(world, 1, 1, 1, "init", 1);
	put_task(world, 2, 7, 1, "worker", 0);
	put_task(world, 3, 2, 2, "kthreadd", 0x402);
	link_to(world, TASK(0) + TASK_TASKS, TASK(1) + TASK_TASKS);
	link_to(world, TASK(1) + TASK_TASKS, TASK(3) + TASK_TASKS);
	link_to(world, TASK(3) + TASK_TASKS, TASK(0) + TASK_TASKS);
	link_to(world, SIGNAL(1) + SIGNAL_THREADS, TASK(1) + TASK_THREAD);
	link_to(world, TASK(1) + TASK_THREAD, TASK(2) + TASK_THREAD);
	link_to(world, TASK(2) + TASK_THREAD, SIGNAL(1) + SIGNAL_THREADS);
	link_to(world, SIGNAL(3) + SIGNAL_THREADS, TASK(3) + TASK_THREAD);
	link_to(world, TASK(3) + TASK_THREAD, SIGNAL(3) + SIGNAL_THREADS);
}

static int see(void *userdata, const struct kt_task *task)
{
	struct world *world = userdata;

	if (world->n == world->stop_at)
		return -EINTR;
	if (world->n < SEEN_MAX)
		world->seen[world->n] = *task;
	world->n++;
	return 0;
}

static int walk(struct world *world)
{
	world->n = 0;
	return kt_tasks_walk(&world->made_up.kernel, see, world);
}

static void all_threads_of_all_processes_are_seen(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	assert_int_equal(walk(&world), 0);
	assert_int_equal(world.n, 3);
	assert_string_equal(world.seen[0].comm, "init");
	assert_int_equal(world.seen[0].state, 'S');
	assert_int_equal(world.seen[0].address, TASK(1));
	assert_string_equal(world.seen[1].comm, "worker");
	assert_int_equal(world.seen[1].pid, 7);
	assert_int_equal(world.seen[1].tgid, 1);
	assert_int_equal(world.seen[1].state, 'R');
	assert_int_equal(world.seen[1].cpu, 2);
	assert_int_equal(world.seen[1].policy, 2);
	assert_int_equal(world.seen[1].prio, 122);
	assert_string_equal(world.seen[2].comm, "kthreadd");
	assert_int_equal(world.seen[2].state, 'I');
	made_up_kernel_deinit(&world.made_up);
}

static void states_have_letters(void **state)
{
	static const struct {
		uint32_t state, exit_state;
		char letter;
	} cases[] = {
		{ 0, 0, 'R' },      { 1, 0, 'S' },    { 2, 0, 'D' },
		{ 4, 0, 'T' },      { 8, 0, 't' },    { 0x80, 16, 'X' },
		{ 0x80, 32, 'Z' },  { 0x40, 0, 'P' }, { 0x402, 0, 'I' },
		{ 0x2000, 0, 'R' },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		struct world world;

		open_world(&world);
		put_task(&world, 1, 1, 1, "init", cases[i].state);
		made_up_guest_put32(&world.made_up.guest,
				    TASK(1) + TASK_EXIT_STATE,
				    cases[i].exit_state);
		assert_int_equal(walk(&world), 0);
		assert_int_equal(world.seen[0].state, cases[i].letter);
		made_up_kernel_deinit(&world.made_up);
	}
}

static void a_visit_may_end_the_walk(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.stop_at = 1;
	assert_int_equal(walk(&world), -EINTR);
	assert_int_equal(world.n, 1);
	made_up_kernel_deinit(&world.made_up);
}

static void torn_lists_end_in_bounds(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	/* Round and round, without the head. */
	link_to(&world, TASK(3) + TASK_TASKS, TASK(1) + TASK_TASKS);
	assert_int_equal(walk(&world), -ELOOP);
	assert_true(world.n > 3 && world.n <= KT_TASKS_MAX);
	link_to(&world, TASK(2) + TASK_THREAD, TASK(2) + TASK_THREAD);
	assert_int_equal(walk(&world), -ELOOP);
	link_to(&world, TASK(2) + TASK_THREAD, 0xffff888000000000);
	assert_int_equal(walk(&world), -EFAULT);
	assert_int_equal(world.n, 2);
	link_to(&world, TASK(2) + TASK_THREAD, 0);
	assert_int_equal(walk(&world), -EFAULT);
	made_up_kernel_deinit(&world.made_up);
}

static void what_is_no_task_is_refused(void **state)
{
	static const struct {
		uint32_t offset, value;
	} wrong[] = {
		{ TASK_PID, 0 },
		{ TASK_PID, 4194305 },
		{ TASK_TGID, UINT32_MAX },
		{ TASK_INFO, MADE_UP_CPUS },
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(wrong); i++) {
		struct world world;

		open_world(&world);
		made_up_guest_put32(&world.made_up.guest,
				    TASK(2) + wrong[i].offset, wrong[i].value);
		assert_int_equal(walk(&world), -ERANGE);
		assert_int_equal(world.n, 1);
		made_up_kernel_deinit(&world.made_up);
	}
}

static void without_lists_there_is_nothing(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.made_up.kernel.symbols.address[KT_SYMBOL_INIT_TASK] = 0;
	assert_int_equal(walk(&world), -ENOENT);
	made_up_kernel_deinit(&world.made_up);
	made_up_kernel_init(&world.made_up, KERNEL_NO_CLOCK);
	world.made_up.kernel.symbols.address[KT_SYMBOL_INIT_TASK] = TASK(0);
	assert_int_equal(walk(&world), -ENOENT);
	made_up_kernel_deinit(&world.made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_threads_of_all_processes_are_seen),
		cmocka_unit_test(states_have_letters),
		cmocka_unit_test(a_visit_may_end_the_walk),
		cmocka_unit_test(torn_lists_end_in_bounds),
		cmocka_unit_test(what_is_no_task_is_refused),
		cmocka_unit_test(without_lists_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
