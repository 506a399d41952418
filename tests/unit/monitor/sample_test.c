// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "made_up_kernel.h"
#include "messages.h"
#include "monitor/sample.h"

struct watched {
	struct made_up_kernel_guest made_up;
	struct kt_sampler sampler;
	struct ktstr_cpu_sample cpus[MADE_UP_CPUS];
	struct ktstr_monitor_sample sample;
};

static void put_counters(struct watched *watched, enum made_up_kernel which)
{
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++) {
		uint64_t at = made_up_counters(cpu, which);
		struct made_up_guest *guest = &watched->made_up.guest;

		made_up_guest_put64(guest, at, 100 + cpu);
		made_up_guest_put64(guest, at + 8, 0xdead);
		made_up_guest_put64(guest, at + 16, 10 * cpu);
		made_up_guest_put64(guest, at + 24, (uint64_t)-1);
	}
}

static void put_rq(struct watched *watched, uint32_t cpu)
{
	struct made_up_guest *guest = &watched->made_up.guest;
	uint64_t rq = made_up_rq(cpu);

	made_up_guest_put32(guest, rq + RQ_NR_RUNNING, 1 + cpu);
	made_up_guest_put64(guest, rq + RQ_CLOCK, 5000000000ULL + cpu);
	made_up_guest_put32(guest, rq + RQ_SCX + SCX_RQ_NR_RUNNING, 2 + cpu);
	made_up_guest_put32(guest, rq + RQ_SCX + SCX_RQ_FLAGS, 0x10 + cpu);
	made_up_guest_put32(guest, rq + RQ_SCX + SCX_RQ_LOCAL_DSQ + DSQ_NR,
			    3 + cpu);
	made_up_guest_put64(guest, rq + RQ_SCHED_INFO, 70 + cpu);
	made_up_guest_put64(guest, rq + RQ_SCHED_INFO + 8, 80 + cpu);
	made_up_guest_put64(guest, rq + RQ_CPU_TIME, 90 + cpu);
	made_up_guest_put32(guest, rq + RQ_YLD_COUNT, 11 + cpu);
	made_up_guest_put32(guest, rq + RQ_SCHED_COUNT, 12 + cpu);
	made_up_guest_put32(guest, rq + RQ_SCHED_GOIDLE, 13 + cpu);
	made_up_guest_put32(guest, rq + RQ_TTWU_COUNT, 14 + cpu);
	made_up_guest_put32(guest, rq + RQ_TTWU_LOCAL, 15 + cpu);
}

static void open_watched(struct watched *watched, enum made_up_kernel which)
{
	struct ktstr_error err;

	*watched = (struct watched){ 0 };
	made_up_kernel_init(&watched->made_up, which);
	watched->sample.cpus = watched->cpus;
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++)
		put_rq(watched, cpu);
	assert_int_equal(kt_sampler_init(&watched->sampler,
					 &watched->made_up.kernel, &err),
			 0);
}

static void close_watched(struct watched *watched)
{
	kt_sampler_deinit(&watched->sampler);
	made_up_kernel_deinit(&watched->made_up);
}

static void every_runqueue_is_read(void **state)
{
	struct watched watched;

	(void)state;
	open_watched(&watched, KERNEL_NEW);
	assert_int_equal(kt_sampler_take(&watched.sampler, &watched.sample), 0);
	assert_int_equal(watched.sample.has,
			 KTSTR_SAMPLE_SCX | KTSTR_SAMPLE_SCHEDSTAT);
	for (uint32_t cpu = 0; cpu < MADE_UP_CPUS; cpu++) {
		const struct ktstr_cpu_sample *seen = &watched.cpus[cpu];

		assert_int_equal(seen->nr_running, 1 + cpu);
		assert_true(seen->rq_clock_ns == 5000000000ULL + cpu);
		assert_int_equal(seen->scx_nr_running, 2 + cpu);
		assert_int_equal(seen->scx_flags, 0x10 + cpu);
		assert_int_equal(seen->local_dsq_depth, 3 + cpu);
		assert_int_equal(seen->schedstat.pcount, 70 + cpu);
		assert_int_equal(seen->schedstat.run_delay_ns, 80 + cpu);
		assert_int_equal(seen->schedstat.cpu_time_ns, 90 + cpu);
		assert_int_equal(seen->schedstat.yld_count, 11 + cpu);
		assert_int_equal(seen->schedstat.sched_count, 12 + cpu);
		assert_int_equal(seen->schedstat.sched_goidle, 13 + cpu);
		assert_int_equal(seen->schedstat.ttwu_count, 14 + cpu);
		assert_int_equal(seen->schedstat.ttwu_local, 15 + cpu);
	}
	close_watched(&watched);
}

static void counters_are_added_up_in_either_layout(void **state)
{
	static const enum made_up_kernel layouts[] = { KERNEL_NEW, KERNEL_OLDER };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct watched watched;

		open_watched(&watched, layouts[i]);
		put_counters(&watched, layouts[i]);
		made_up_guest_put64(&watched.made_up.guest, made_up_scx_root(),
				    made_up_scx_sched());
		assert_int_equal(watched.sampler.n_counters, 3);
		assert_string_equal(watched.sampler.counter_names[1],
				    "SCX_EV_DISPATCH_KEEP_LAST");
		assert_int_equal(
			kt_sampler_take(&watched.sampler, &watched.sample), 0);
		assert_true(watched.sample.has & KTSTR_SAMPLE_COUNTERS);
		assert_int_equal(watched.sample.counters[0], 303);
		assert_int_equal(watched.sample.counters[1], 30);
		assert_int_equal(watched.sample.counters[2], -3);
		close_watched(&watched);
	}
}

static void a_pointer_to_nowhere_costs_the_counters_alone(void **state)
{
	static const uint64_t nowhere[] = { 1, 0xffffffffffffffff,
					    0xffff888000000000 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct watched watched;

		open_watched(&watched, KERNEL_NEW);
		made_up_guest_put64(&watched.made_up.guest, made_up_scx_root(),
				    nowhere[i]);
		assert_int_equal(
			kt_sampler_take(&watched.sampler, &watched.sample), 0);
		assert_false(watched.sample.has & KTSTR_SAMPLE_COUNTERS);
		close_watched(&watched);
	}
}

static void a_kernel_without_sched_ext_is_watched_too(void **state)
{
	struct watched watched;

	(void)state;
	open_watched(&watched, KERNEL_NO_SCX);
	assert_int_equal(kt_sampler_take(&watched.sampler, &watched.sample), 0);
	assert_int_equal(watched.sample.has, KTSTR_SAMPLE_SCHEDSTAT);
	assert_int_equal(watched.sampler.n_counters, 0);
	close_watched(&watched);
}

static void what_cannot_be_is_no_sample(void **state)
{
	uint64_t offset = made_up_rq(1) - made_up_rq(0);
	struct watched watched;

	(void)state;
	open_watched(&watched, KERNEL_NEW);
	made_up_guest_put32(&watched.made_up.guest,
			    made_up_rq(0) + RQ_SCX + SCX_RQ_LOCAL_DSQ + DSQ_NR,
			    KT_SAMPLE_DSQ_DEPTH_MAX + 1);
	assert_int_equal(kt_sampler_take(&watched.sampler, &watched.sample),
			 -ERANGE);
	made_up_guest_put32(&watched.made_up.guest,
			    made_up_rq(0) + RQ_SCX + SCX_RQ_LOCAL_DSQ + DSQ_NR,
			    KT_SAMPLE_DSQ_DEPTH_MAX);
	assert_int_equal(kt_sampler_take(&watched.sampler, &watched.sample), 0);
	watched.made_up.kernel.per_cpu_offset[1] += offset << 20;
	assert_int_equal(kt_sampler_take(&watched.sampler, &watched.sample),
			 -EFAULT);
	close_watched(&watched);
}

static void a_kernel_without_what_it_takes_is_refused(void **state)
{
	struct made_up_kernel_guest made_up = { 0 };
	struct ktstr_error err = { 0 };
	struct kt_sampler sampler;

	(void)state;
	made_up_kernel_init(&made_up, KERNEL_NO_CLOCK);
	assert_int_equal(kt_sampler_init(&sampler, &made_up.kernel, &err),
			 -ENOENT);
	message_seen(err.message);
	made_up.kernel.symbols.address[KT_SYMBOL_RUNQUEUES] = 0;
	assert_int_equal(kt_sampler_init(&sampler, &made_up.kernel, &err),
			 -ENOENT);
	message_seen(err.message);
	made_up_kernel_deinit(&made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_runqueue_is_read),
		cmocka_unit_test(counters_are_added_up_in_either_layout),
		cmocka_unit_test(a_pointer_to_nowhere_costs_the_counters_alone),
		cmocka_unit_test(a_kernel_without_sched_ext_is_watched_too),
		cmocka_unit_test(what_cannot_be_is_no_sample),
		cmocka_unit_test(a_kernel_without_what_it_takes_is_refused),
		messages_test("monitor_sample"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
