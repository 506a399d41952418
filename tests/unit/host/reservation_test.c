// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include "host/hint.h"
#include "host/reservation.h"
#include "machines.h"
#include "others.h"

static struct kt_host_topology *host; /* eight LLCs of one CPU */

static int set_up(void **state)
{
	host = read_machine_named("emulated-8x1");
	return locks_set_up(state);
}

static int tear_down(void **state)
{
	kt_host_topology_free(host);
	return locks_tear_down(state);
}

static struct kt_topology *guest_of(uint32_t llcs, uint32_t cores)
{
	const struct ktstr_topology declared = KTSTR_TOPOLOGY(1, llcs, cores, 1);
	struct kt_topology *guest = NULL;

	assert_int_equal(kt_topology_from_public(&declared, &guest, NULL), 0);
	return guest;
}

static void the_next_slot_is_taken_where_one_is_busy(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_LLC, 1, true } }, 1 };
	_cleanup_topology_ struct kt_topology *guest = guest_of(2, 1);
	_cleanup_pinning_ struct kt_pinning plan = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_reserve_pinning(host, guest, &plan, &locks, NULL), 0);
	other_end(&other);
	assert_int_equal(plan.llcs[0], 2);
	assert_int_equal(plan.llcs[1], 3);
	assert_int_equal(plan.cpus[0].id, 2);
	assert_int_equal(locks.n, 2);
}

static void the_winner_is_named_where_all_slots_are_busy(void **state)
{
	const struct other_locks theirs = {
		{ { KT_LOCK_LLC, 3, false }, { KT_LOCK_LLC, 7, false } }, 2
	};
	_cleanup_topology_ struct kt_topology *guest = guest_of(4, 1);
	_cleanup_pinning_ struct kt_pinning plan = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;
	char pid[32];

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_reserve_pinning(host, guest, &plan, &locks, &err),
			 -EBUSY);
	other_end(&other);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "all 2 slots of 4 LLCs are busy");
	snprintf(pid, sizeof(pid), "process %d ", other.pid);
	assert_contains(err.message, pid);
	assert_contains(err.message, KT_HINT_NO_PERF);
	assert_int_equal(locks.n, 0);
}

static void a_guest_that_never_fits_is_not_told_of_others(void **state)
{
	_cleanup_topology_ struct kt_topology *guest = guest_of(1, 2);
	_cleanup_topology_ struct kt_topology *all = guest_of(8, 1);
	_cleanup_pinning_ struct kt_pinning plan = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_reserve_pinning(host, guest, &plan, &locks, &err),
			 -EBUSY);
	assert_contains(err.message, "1 LLCs of 2 CPUs");
	message_seen(err.message);
	/* A CPU for each vCPU, and none for services. */
	assert_int_equal(kt_reserve_pinning(host, all, &plan, &locks, &err),
			 -EBUSY);
	assert_contains(err.message, "needs 9 CPUs");
	assert_contains(err.message, KT_HINT_NO_PERF);
	message_seen(err.message);
}

/* The other process runs in no-perf mode, with that cap. */
static int other_shares(const void *with)
{
	static struct kt_budget_plan plan;
	static struct kt_locks locks;

	return kt_reserve_budget(host, *(const uint32_t *)with, &plan, &locks,
				 NULL);
}

static int other_is_alone(const void *with)
{
	static struct kt_pinning plan;
	static struct kt_locks locks;

	return kt_reserve_pinning(host, with, &plan, &locks, NULL);
}

static void the_modes_never_share_an_llc(void **state)
{
	_cleanup_topology_ struct kt_topology *guest = guest_of(3, 1);
	_cleanup_pinning_ struct kt_pinning pinning = { 0 };
	_cleanup_budget_plan_ struct kt_budget_plan budget = { 0 };
	_cleanup_locks_ struct kt_locks alone = { 0 }, shared = { 0 };
	struct ktstr_error err = { 0 };
	const uint32_t cap = 2;
	struct other other;

	(void)state;
	other_start(&other, other_shares, &cap);
	assert_int_equal(kt_reserve_pinning(host, guest, &pinning, &alone, NULL),
			 0);
	assert_int_equal(pinning.llcs[0], 3);
	kt_locks_drop(&alone);
	other_end(&other);

	other_start(&other, other_is_alone, guest);
	assert_int_equal(kt_reserve_budget(host, 5, &budget, &shared, NULL), 0);
	for (size_t i = 0; i < budget.n_llcs; i++)
		assert_true(budget.llcs[i] >= 3);
	kt_budget_plan_deinit(&budget);
	kt_locks_drop(&shared);
	assert_int_equal(kt_reserve_budget(host, 6, &budget, &shared, &err),
			 -EBUSY);
	other_end(&other);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "needs 1 more");
	message_seen(err.message);
}

static void those_of_a_budget_keep_together(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_LLC, 5, false } }, 1 };
	_cleanup_budget_plan_ struct kt_budget_plan plan = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_reserve_budget(host, 1, &plan, &locks, NULL), 0);
	other_end(&other);
	assert_int_equal(plan.n_llcs, 1);
	assert_int_equal(plan.llcs[0], 5);
	assert_int_equal(plan.cpus[0].id, 5);
}

static void a_budget_above_what_is_allowed_is_contention(void **state)
{
	_cleanup_budget_plan_ struct kt_budget_plan plan = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_reserve_budget(host, 9, &plan, &locks, &err), -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "more than the 8");
	message_seen(err.message);
}

static void windows_are_disjoint(void **state)
{
	const struct other_locks theirs = {
		{ { KT_LOCK_CPU, 0, true }, { KT_LOCK_CPU, 3, true } }, 2
	};
	_cleanup_share_ struct kt_share first = { 0 }, second = { 0 };
	_cleanup_share_ struct kt_share third = { 0 };
	_cleanup_locks_ struct kt_locks one = { 0 }, two = { 0 }, none = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_reserve_window(host, 2, false, &first, &one, NULL),
			 0);
	assert_true(first.exclusive);
	assert_int_equal(first.n_cpus, 2);
	assert_int_equal(first.cpus[0].id, 1);
	assert_int_equal(kt_reserve_window(host, 3, false, &second, &two, NULL),
			 0);
	assert_int_equal(second.cpus[0].id, 4);
	assert_int_equal(kt_reserve_window(host, 2, false, &third, &none, &err),
			 -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "no 2 CPUs side by side are free: CPU ");
	other_end(&other);
}

static void an_llc_that_is_held_alone_has_no_window(void **state)
{
	const struct other_locks theirs = {
		{ { KT_LOCK_LLC, 0, true }, { KT_LOCK_LLC, 1, true } }, 2
	};
	_cleanup_share_ struct kt_share share = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_reserve_window(host, 1, false, &share, &locks, NULL),
			 0);
	other_end(&other);
	assert_int_equal(share.cpus[0].id, 2);
}

static void more_vcpus_than_cpus_share_all_of_them(void **state)
{
	const struct other_locks alone = { { { KT_LOCK_LLC, 6, true } }, 1 };
	const struct other_locks busy = { { { KT_LOCK_CPU, 6, true } }, 1 };
	_cleanup_share_ struct kt_share share = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &busy);
	assert_int_equal(kt_reserve_window(host, 9, false, &share, &locks, NULL),
			 0);
	other_end(&other);
	assert_false(share.exclusive);
	assert_int_equal(share.n_cpus, 8);
	assert_int_equal(locks.n, 8);
	kt_share_deinit(&share);
	kt_locks_drop(&locks);

	other_start(&other, other_takes, &alone);
	assert_int_equal(kt_reserve_window(host, 9, false, &share, &locks, &err),
			 -EBUSY);
	other_end(&other);
	assert_contains(err.message, "LLC 6 is held by process ");
}

static void where_none_is_free_all_are_shared_if_that_is_wanted(void **state)
{
	const struct other_locks busy = {
		{ { KT_LOCK_CPU, 3, true }, { KT_LOCK_LLC, 3, false } }, 2
	};
	_cleanup_share_ struct kt_share share = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &busy);
	assert_int_equal(kt_reserve_window(host, 5, false, &share, &locks, NULL),
			 -EBUSY);
	assert_int_equal(kt_reserve_window(host, 5, true, &share, &locks, NULL),
			 0);
	assert_false(share.exclusive);
	assert_int_equal(share.n_cpus, 8);
	kt_share_deinit(&share);
	kt_locks_drop(&locks);
	assert_int_equal(kt_reserve_window(host, 4, true, &share, &locks, NULL),
			 0);
	assert_true(share.exclusive);
	assert_int_equal(share.cpus[0].id, 4);
	other_end(&other);
}

/* Between the making of a plan and its use others may run. */
static void a_plan_holds_nothing_until_its_locks_are_taken_again(void **state)
{
	_cleanup_topology_ struct kt_topology *guest = guest_of(1, 1);
	_cleanup_pinning_ struct kt_pinning plan = { 0 };
	_cleanup_budget_plan_ struct kt_budget_plan budget = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;

	(void)state;
	assert_int_equal(kt_reserve_pinning(host, guest, &plan, &locks, NULL), 0);
	kt_locks_drop(&locks);
	other_start(&other, other_is_alone, guest);
	assert_int_equal(kt_reserve_pinning_again(&plan, &locks, &err), -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "LLC 0 is held by process ");
	assert_contains(err.message, KT_HINT_NO_PERF);
	other_end(&other);
	assert_int_equal(kt_reserve_pinning_again(&plan, &locks, &err), 0);
	kt_locks_drop(&locks);

	assert_int_equal(kt_reserve_budget(host, 2, &budget, &locks, NULL), 0);
	kt_locks_drop(&locks);
	other_start(&other, other_is_alone, guest);
	assert_int_equal(kt_reserve_budget_again(&budget, &locks, &err), -EBUSY);
	other_end(&other);
	assert_int_equal(kt_reserve_budget_again(&budget, &locks, &err), 0);
	assert_int_equal(locks.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_slot_is_taken_where_one_is_busy),
		cmocka_unit_test(the_winner_is_named_where_all_slots_are_busy),
		cmocka_unit_test(a_guest_that_never_fits_is_not_told_of_others),
		cmocka_unit_test(the_modes_never_share_an_llc),
		cmocka_unit_test(those_of_a_budget_keep_together),
		cmocka_unit_test(a_budget_above_what_is_allowed_is_contention),
		cmocka_unit_test(windows_are_disjoint),
		cmocka_unit_test(an_llc_that_is_held_alone_has_no_window),
		cmocka_unit_test(more_vcpus_than_cpus_share_all_of_them),
		cmocka_unit_test(
			where_none_is_free_all_are_shared_if_that_is_wanted),
		cmocka_unit_test(
			a_plan_holds_nothing_until_its_locks_are_taken_again),
		messages_test("host_reservation"),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
