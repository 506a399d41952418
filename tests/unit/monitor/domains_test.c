// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "base/macro.h"
#include "made_up_kernel.h"
#include "monitor/domain_store.h"
#include "monitor/domains.h"

#define DOMAIN(i_) (GUEST_IMAGE_VA + 0x100000 + (i_)*0x400ULL)
#define NAME(i_)   (DOMAIN(i_) + 0x300)

struct world {
	struct made_up_kernel_guest made_up;
	struct ktstr_sched_domain chain[KT_DOMAINS_MAX];
	uint32_t n;
};

static void put_domain(struct world *world, uint64_t i, const char *name,
		       uint32_t weight, uint64_t parent)
{
	struct made_up_guest *guest = &world->made_up.guest;

	made_up_guest_put64(guest, DOMAIN(i) + SD_PARENT, parent);
	made_up_guest_put64(guest, DOMAIN(i) + SD_NAME, NAME(i));
	strcpy(made_up_guest_at(guest, NAME(i)), name);
	made_up_guest_put32(guest, DOMAIN(i) + SD_FLAGS, 0x100 + (uint32_t)i);
	made_up_guest_put32(guest, DOMAIN(i) + SD_LEVEL, (uint32_t)i);
	made_up_guest_put32(guest, DOMAIN(i) + SD_SPAN_WEIGHT, weight);
	made_up_guest_put32(guest, DOMAIN(i) + SD_INTERVAL, 4);
	made_up_guest_put32(guest, DOMAIN(i) + SD_FAILED, 1);
	made_up_guest_put64(guest, DOMAIN(i) + SD_LB_COST, 9999);
	made_up_guest_put32(guest, DOMAIN(i) + SD_NEWIDLE, 21);
	made_up_guest_put32(guest, DOMAIN(i) + SD_NEWIDLE + 4, 22);
	for (uint32_t k = 0; k < 33; k++)
		made_up_guest_put32(guest, DOMAIN(i) + SD_BY_IDLE + 4 * k,
				    1000 + k);
	for (uint32_t k = 0; k < 12; k++)
		made_up_guest_put32(guest, DOMAIN(i) + SD_OTHERS + 4 * k,
				    2000 + k);
}

/* CPU 0 has two of them, CPU 1 one, CPU 2 none. */
static void open_world(struct world *world, enum made_up_kernel which)
{
	*world = (struct world){ .n = 99 };
	made_up_kernel_init(&world->made_up, which);
	put_domain(world, 0, "MC", 2, DOMAIN(1));
	put_domain(world, 1, "PKG", 3, 0);
	made_up_guest_put64(&world->made_up.guest, made_up_rq(0) + RQ_SD,
			    DOMAIN(0));
	made_up_guest_put64(&world->made_up.guest, made_up_rq(1) + RQ_SD,
			    DOMAIN(1));
}

static int take(struct world *world, uint32_t cpu)
{
	kt_view_forget(&world->made_up.kernel.view);
	return kt_domains_take(&world->made_up.kernel, cpu, world->chain,
			       &world->n);
}

static void a_chain_is_read_from_its_lowest_up(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, KERNEL_NEW);
	assert_int_equal(take(&world, 0), 0);
	assert_int_equal(world.n, 2);
	assert_string_equal(world.chain[0].name, "MC");
	assert_string_equal(world.chain[1].name, "PKG");
	assert_int_equal(world.chain[1].level, 1);
	assert_int_equal(world.chain[1].flags, 0x101);
	assert_int_equal(world.chain[1].span_weight, 3);
	assert_int_equal(world.chain[1].balance_interval, 4);
	assert_int_equal(world.chain[1].nr_balance_failed, 1);
	assert_int_equal(world.chain[1].max_newidle_lb_cost_ns, 9999);
	assert_true(world.chain[1].has_newidle);
	assert_int_equal(world.chain[1].newidle_call, 21);
	assert_int_equal(world.chain[1].newidle_success, 22);
	assert_int_equal(take(&world, 1), 0);
	assert_int_equal(world.n, 1);
	assert_int_equal(take(&world, 2), 0);
	assert_int_equal(world.n, 0);
	made_up_kernel_deinit(&world.made_up);
}

/* By idle type first, which is the last index in memory. */
static void numbers_are_in_the_order_of_schedstat(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, KERNEL_NEW);
	assert_int_equal(take(&world, 1), 0);
	assert_true(world.chain[0].has_stats);
	for (uint32_t idle = 0; idle < 3; idle++) {
		for (uint32_t i = 0; i < 11; i++)
			assert_int_equal(world.chain[0].stats[idle * 11 + i],
					 1000 + i * 3 + idle);
	}
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(world.chain[0].stats[33 + i], 2000 + i);
	made_up_kernel_deinit(&world.made_up);
}

static void what_a_kernel_does_not_count_is_absent(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, KERNEL_OLDER);
	assert_int_equal(take(&world, 0), 0);
	assert_int_equal(world.n, 2);
	assert_false(world.chain[0].has_newidle);
	assert_false(world.chain[0].has_stats);
	made_up_kernel_deinit(&world.made_up);
	open_world(&world, KERNEL_NO_CLOCK);
	assert_int_equal(take(&world, 0), -ENOENT);
	made_up_kernel_deinit(&world.made_up);
}

static void what_is_no_chain_is_refused(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, KERNEL_NEW);
	/* It goes round in a circle. */
	put_domain(&world, 1, "PKG", 3, DOMAIN(1));
	assert_int_equal(take(&world, 0), -ERANGE);
	put_domain(&world, 1, "PKG", 1, 0); /* narrower than below it */
	assert_int_equal(take(&world, 0), -ERANGE);
	put_domain(&world, 1, "PKG", 4, 0); /* of three CPUs */
	assert_int_equal(take(&world, 0), -ERANGE);
	put_domain(&world, 0, "MC", 0, 0);
	assert_int_equal(take(&world, 0), -ERANGE);
	put_domain(&world, 0, "MC", 2, 0xffff888000000000);
	assert_int_equal(take(&world, 0), -EFAULT);
	put_domain(&world, 0, "MC", 2, 8);
	assert_int_equal(take(&world, 0), -EFAULT);
	put_domain(&world, 0, "MC", 2, 0);
	made_up_guest_put64(&world.made_up.guest, DOMAIN(0) + SD_NAME, 1);
	assert_int_equal(take(&world, 0), -EFAULT);
	assert_int_equal(world.n, 99);
	made_up_kernel_deinit(&world.made_up);
}

static void snapshots_are_kept_evenly(void **state)
{
	struct kt_domain_store store = { 0 };
	struct world world;

	(void)state;
	open_world(&world, KERNEL_NEW);
	for (uint32_t i = 0; i < 100; i++) {
		made_up_guest_put32(&world.made_up.guest, DOMAIN(1) + SD_OTHERS,
				    i);
		assert_int_equal(
			kt_domain_store_take(&store, &world.made_up.kernel), 0);
		assert_true(store.n <= KT_DOMAIN_SNAPSHOTS_MAX);
	}
	assert_int_equal(store.stride, 8);
	for (size_t i = 0; i < store.n; i++) {
		const struct ktstr_domain_snapshot *snapshot =
			&store.snapshots[i];

		assert_int_equal(snapshot->n_domains[0], 2);
		assert_int_equal(snapshot->n_domains[1], 1);
		assert_int_equal(snapshot->n_domains[2], 0);
		assert_int_equal(snapshot->domains[2].stats[33], i * 8);
	}
	/* A torn one is left out. */
	put_domain(&world, 1, "PKG", 3, DOMAIN(1));
	for (uint32_t i = 0; i < 8; i++)
		(void)kt_domain_store_take(&store, &world.made_up.kernel);
	assert_int_equal(store.n_dropped, 1);
	kt_domain_store_deinit(&store);
	made_up_kernel_deinit(&world.made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_read_from_its_lowest_up),
		cmocka_unit_test(numbers_are_in_the_order_of_schedstat),
		cmocka_unit_test(what_a_kernel_does_not_count_is_absent),
		cmocka_unit_test(what_is_no_chain_is_refused),
		cmocka_unit_test(snapshots_are_kept_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
