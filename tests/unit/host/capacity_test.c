// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <errno.h>

#include "base/error.h"
#include "host/capacity.h"
#include "machines.h"

/* A machine with nothing to be changed. */
static struct kt_capacity good(const char *machine)
{
	return (struct kt_capacity){
		.host = read_machine_named(machine),
		.hugepages = { .total = 2048, .free = 1024 },
		.fifo = true,
		.fifo_runtime_us = -1,
		.fifo_period_us = 1000000,
	};
}

/* The only one, which is seen as a whole. */
static const char *only_advice(const struct kt_capacity *c,
			       struct kt_advices *advices)
{
	assert_int_equal(kt_advise(c, "lena", advices), 0);
	assert_int_equal(advices->n, 1);
	message_seen(advices->list[0].text);
	if (!advices->list[0].command)
		return "";
	message_seen(advices->list[0].command);
	return advices->list[0].command;
}

static void a_machine_that_has_everything_needs_no_advice(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	assert_int_equal(kt_advise(&c, "lena", &advices), 0);
	assert_int_equal(advices.n, 0);
}

static void a_right_to_kvm_is_a_matter_of_groups(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	kt_err(&c.kvm, -EACCES, "no right");
	assert_string_equal(only_advice(&c, &advices),
			    "sudo usermod -aG kvm lena");
}

static void without_kvm_its_module_is_loaded(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	kt_err(&c.kvm, -ENOENT, "no device");
	assert_contains(only_advice(&c, &advices), "modprobe kvm_amd");
}

static void a_kvm_that_lacks_something_is_told(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	kt_err(&c.kvm, -EOPNOTSUPP, "it lacks IRQFD");
	assert_string_equal(only_advice(&c, &advices), "");
	assert_contains(advices.list[0].text, "IRQFD");
}

static void one_llc_is_too_few_for_performance(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("desktop-8core");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	assert_int_equal(kt_capacity_performance_llcs(&c), 0);
	assert_string_equal(only_advice(&c, &advices), "");
	assert_contains(advices.list[0].text, "only one LLC");
}

static void some_llcs_stay_for_services(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_capacity_ struct kt_capacity boxed_c = good("boxed");

	(void)state;
	assert_int_equal(kt_capacity_performance_llcs(&c), 15);
	assert_int_equal(kt_capacity_performance_llcs(&boxed_c), 3);
}

/* Those in use stay in use. */
static void hugepages_are_wanted_beside_those_in_use(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	c.hugepages = (struct kt_hugepages){ .total = 100, .free = 40 };
	assert_contains(only_advice(&c, &advices), "echo 1084 |");
}

static void hugepages_are_counted_up(void **state)
{
	(void)state;
	assert_int_equal(kt_hugepages_needed(256), 128);
	assert_int_equal(kt_hugepages_needed(257), 129);
	assert_int_equal(kt_hugepages_needed(1), 1);
}

static void fifo_wants_a_limit(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	c.fifo = false;
	assert_contains(only_advice(&c, &advices), "lena - rtprio 2");
}

static void fifo_that_is_throttled_is_told(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	c.fifo_runtime_us = 950000;
	assert_contains(only_advice(&c, &advices),
			"kernel.sched_rt_runtime_us=-1");
	assert_contains(advices.list[0].text, "950 of every 1000 ms");
}

static void cpus_that_are_kept_from_us_are_told(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("boxed");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	assert_contains(only_advice(&c, &advices), "taskset");
	assert_contains(advices.list[0].text, "8 of 16 CPUs");
}

static void locks_go_elsewhere(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("chiplet-16llc");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	kt_err(&c.locks, -EREMOTE, "/tmp is on FUSE");
	assert_contains(only_advice(&c, &advices), "KTSTR_LOCK_DIR=");
	assert_contains(advices.list[0].text, "/tmp is on FUSE");
}

static void what_is_worst_comes_first(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = good("cloud-2cpu");
	_cleanup_advices_ struct kt_advices advices = { 0 };

	(void)state;
	c.fifo = false;
	c.hugepages = (struct kt_hugepages){ 0 };
	kt_err(&c.kvm, -ENOENT, "no device");
	assert_int_equal(kt_advise(&c, "lena", &advices), 0);
	assert_int_equal(advices.n, 4);
	assert_contains(advices.list[0].text, "no KVM");
	assert_contains(advices.list[1].text, "LLC");
	assert_contains(advices.list[2].text, "hugepages");
	assert_contains(advices.list[3].text, "SCHED_FIFO");
}

static void running_tasks_are_read(void **state)
{
	uint32_t running = 0;

	(void)state;
	assert_true(kt_running_tasks_parse("0.20 0.18 0.12 7/80 11206\n",
					   &running));
	assert_int_equal(running, 7);
	assert_false(kt_running_tasks_parse("", &running));
	assert_false(kt_running_tasks_parse("a b c d", &running));
	assert_true(kt_running_tasks(&running));
	assert_true(running >= 1);
}

static void this_machine_can_be_read(void **state)
{
	_cleanup_capacity_ struct kt_capacity c = { 0 };

	(void)state;
	assert_int_equal(kt_capacity_read(&c, NULL), 0);
	assert_true(c.host->n_allowed >= 1);
	assert_true(c.hugepages.free <= c.hugepages.total);
	assert_true(c.fifo_period_us > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_that_has_everything_needs_no_advice),
		cmocka_unit_test(a_right_to_kvm_is_a_matter_of_groups),
		cmocka_unit_test(without_kvm_its_module_is_loaded),
		cmocka_unit_test(a_kvm_that_lacks_something_is_told),
		cmocka_unit_test(one_llc_is_too_few_for_performance),
		cmocka_unit_test(some_llcs_stay_for_services),
		cmocka_unit_test(hugepages_are_wanted_beside_those_in_use),
		cmocka_unit_test(hugepages_are_counted_up),
		cmocka_unit_test(fifo_wants_a_limit),
		cmocka_unit_test(fifo_that_is_throttled_is_told),
		cmocka_unit_test(cpus_that_are_kept_from_us_are_told),
		cmocka_unit_test(locks_go_elsewhere),
		cmocka_unit_test(what_is_worst_comes_first),
		cmocka_unit_test(running_tasks_are_read),
		cmocka_unit_test(this_machine_can_be_read),
		messages_test("host_capacity"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
