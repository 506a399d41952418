// SPDX-License-Identifier: GPL-2.0-only
/* How a VM shares the host: every branch of planning and taking. */
#include "messages.h"

#include <pthread.h>
#include <sched.h>

#include "../host/machines.h"
#include "../host/others.h"
#include "base/log.h"
#include "host/capacity.h"
#include "host/hint.h"
#include "vmm/sharing.h"

static char warnings[4096];

static void keep_warning(void *userdata, enum ktstr_log_level level,
			 const char *message)
{
	size_t length = strlen(warnings);

	(void)userdata;
	if (level == KTSTR_LOG_WARNING)
		snprintf(warnings + length, sizeof(warnings) - length, "%s\n",
			 message);
}

static const struct ktstr_log sink = { .emit = keep_warning };

static int clean(void **state)
{
	static const char *const variables[] = {
		"KTSTR_NO_PERF_MODE",     "KTSTR_CPU_CAP",
		"KTSTR_BYPASS_LLC_LOCKS", "KTSTR_NESTED",
		"HWLOC_SYNTHETIC",        "HWLOC_XMLFILE",
		"HWLOC_THISSYSTEM",
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	setenv("KTSTR_LOCK_DIR", lock_directory, 1);
	warnings[0] = '\0';
	return 0;
}

static void on_machine(const char *name)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(machines); i++) {
		if (strcmp(machines[i].name, name) == 0)
			setenv("HWLOC_SYNTHETIC", machines[i].synthetic, 1);
	}
}

static struct kt_topology *guest_of(struct ktstr_topology declared)
{
	struct kt_topology *guest = NULL;

	assert_int_equal(kt_topology_from_public(&declared, &guest, NULL), 0);
	return guest;
}

static const struct kt_sharing_wish performance = {
	.mode = KT_SHARING_PERFORMANCE,
	.cpu_cap = KT_BUDGET_NO_CAP,
};
static const struct kt_sharing_wish by_default = {
	.cpu_cap = KT_BUDGET_NO_CAP,
};

static struct kt_sharing_wish no_perf(uint32_t cap)
{
	return (struct kt_sharing_wish){ .mode = KT_SHARING_NO_PERF,
					 .cpu_cap = cap };
}

/* The wish. */

static void nothing_said_is_the_default(void **state)
{
	struct kt_sharing_wish wish = { 0 };

	(void)state;
	setenv("KTSTR_CPU_CAP", "0", 1); /* nobody asks for it */
	setenv("KTSTR_BYPASS_LLC_LOCKS", "1", 1);
	assert_int_equal(
		kt_sharing_wish(false, false, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_int_equal(wish.mode, KT_SHARING_DEFAULT);
	assert_int_equal(wish.cpu_cap, KT_BUDGET_NO_CAP);
	assert_false(wish.bypass);
}

static void no_perf_mode_wins(void **state)
{
	struct kt_sharing_wish wish = { 0 };

	(void)state;
	assert_int_equal(
		kt_sharing_wish(true, false, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_int_equal(wish.mode, KT_SHARING_PERFORMANCE);
	assert_int_equal(
		kt_sharing_wish(true, true, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_int_equal(wish.mode, KT_SHARING_NO_PERF);
	setenv("KTSTR_NO_PERF_MODE", "", 1);
	assert_int_equal(
		kt_sharing_wish(true, false, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_int_equal(wish.mode, KT_SHARING_PERFORMANCE);
	setenv("KTSTR_NO_PERF_MODE", "1", 1);
	assert_int_equal(
		kt_sharing_wish(true, false, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_int_equal(wish.mode, KT_SHARING_NO_PERF);
}

static void the_cap_is_given_or_in_the_environment(void **state)
{
	struct kt_sharing_wish wish = { 0 };

	(void)state;
	setenv("KTSTR_CPU_CAP", "5", 1);
	assert_int_equal(
		kt_sharing_wish(false, true, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_int_equal(wish.cpu_cap, 5);
	assert_int_equal(kt_sharing_wish(false, true, 3, &wish, NULL), 0);
	assert_int_equal(wish.cpu_cap, 3);
}

static void assert_no_wish(bool no_perf_mode, uint32_t cap, const char *message)
{
	struct kt_sharing_wish wish;
	struct ktstr_error err = { 0 };

	assert_int_equal(kt_sharing_wish(false, no_perf_mode, cap, &wish, &err),
			 -EINVAL);
	assert_int_equal(err.kind, KTSTR_ERROR_INVALID);
	assert_contains(err.message, message);
	message_seen(err.message);
}

static void what_contradicts_itself_is_refused(void **state)
{
	(void)state;
	assert_no_wish(true, 0, "is 0");
	assert_no_wish(false, 0, "is 0");
	assert_no_wish(false, 4, "only no-perf mode");
	setenv("KTSTR_CPU_CAP", "0", 1);
	assert_no_wish(true, KT_BUDGET_NO_CAP, "KTSTR_CPU_CAP is 0");
	setenv("KTSTR_CPU_CAP", "many", 1);
	assert_no_wish(true, KT_BUDGET_NO_CAP, "\"many\"");
}

static void a_cap_and_the_bypass_exclude_each_other(void **state)
{
	struct kt_sharing_wish wish = { 0 };

	(void)state;
	setenv("KTSTR_BYPASS_LLC_LOCKS", "1", 1);
	assert_no_wish(true, 2, "resource contract");
	setenv("KTSTR_CPU_CAP", "2", 1);
	assert_no_wish(true, KT_BUDGET_NO_CAP, "KTSTR_BYPASS_LLC_LOCKS");
	unsetenv("KTSTR_CPU_CAP");
	assert_int_equal(
		kt_sharing_wish(false, true, KT_BUDGET_NO_CAP, &wish, NULL), 0);
	assert_true(wish.bypass);
	setenv("KTSTR_BYPASS_LLC_LOCKS", "", 1);
	assert_int_equal(kt_sharing_wish(false, true, 2, &wish, NULL), 0);
	assert_false(wish.bypass);
}

/* Planning. */

static void performance_wants_more_than_one_llc(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 2, 1));
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	on_machine("desktop-8core");
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 256, &sink, &err),
		-EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "needs 17 CPUs (16 in 1 LLC");
	assert_contains(err.message, KT_HINT_NO_PERF);
	message_seen(err.message);
	kt_sharing_deinit(&s);
}

static void performance_plans_pins_and_nodes(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(2, 2, 2, 1));
	const struct other_locks all = { { { KT_LOCK_LLC, 0, true },
					   { KT_LOCK_LLC, 1, true },
					   { KT_LOCK_LLC, 2, true },
					   { KT_LOCK_LLC, 3, true } },
					 4 };
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;

	(void)state;
	on_machine("emulated-2x2x2");
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 256, &sink, NULL), 0);
	assert_int_equal(s.pinning.cpus[0].id, 0);
	assert_int_equal(s.pinning.cpus[2].id, 4);
	assert_int_equal(s.n_nodes, 2);
	assert_true(kt_bitmap_test(&s.nodes[1], 1));
	assert_int_equal(kt_sharing_cpus(&s), 4);

	/* Nothing is held until it runs: another process takes it all. */
	other_start(&other, other_takes, &all);
	assert_int_equal(kt_sharing_take(&s, &err), -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	assert_contains(err.message, "LLC 0 is held by process ");
	other_end(&other);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	assert_int_equal(s.locks.n, 2);
	kt_sharing_deinit(&s);
}

static void performance_is_contention_when_all_slots_are_busy(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 2, 1, 1));
	const struct other_locks some = {
		{ { KT_LOCK_LLC, 1, false }, { KT_LOCK_LLC, 3, true } }, 2
	};
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;
	char pid[32];

	(void)state;
	on_machine("emulated-2x2x2");
	other_start(&other, other_takes, &some);
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 256, &sink, &err),
		-EBUSY);
	snprintf(pid, sizeof(pid), "process %d ", other.pid);
	other_end(&other);
	assert_contains(err.message, "all 2 slots of 2 LLCs are busy");
	assert_contains(err.message, pid);
	kt_sharing_deinit(&s);
}

/* Whatever this machine has: the text follows from it. */
static void performance_warns_of_hugepages_if_memory_is_known(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	struct kt_hugepages pages;
	struct kt_sharing s = { 0 };
	uint32_t memory_mib;

	(void)state;
	on_machine("emulated-8x1");
	kt_hugepages_read(&pages);
	memory_mib = (uint32_t)pages.free * 2 + 1;
	assert_int_equal(kt_sharing_plan(&s, &performance, guest, memory_mib,
					 &sink, NULL),
			 0);
	assert_contains(warnings, pages.free ? "hugepages of 2 MiB, and" :
					       "no free hugepages");
	kt_sharing_deinit(&s);
	warnings[0] = '\0';
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 0, &sink, NULL), 0);
	assert_null(strstr(warnings, "hugepages"));
	kt_sharing_deinit(&s);
}

/* This task runs, and that is more than half of one vCPU. */
static void performance_warns_of_others_that_run(void **state)
{
	_cleanup_topology_ struct kt_topology *one =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	_cleanup_topology_ struct kt_topology *many =
		guest_of(KTSTR_TOPOLOGY(1, 1, 128, 1));
	struct kt_sharing s = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(kt_sharing_plan(&s, &performance, one, 0, &sink, NULL),
			 0);
	assert_contains(warnings, "results may be noisy");
	assert_contains(warnings, "half of the 1 vCPUs");
	kt_sharing_deinit(&s);
	warnings[0] = '\0';
	setenv("HWLOC_SYNTHETIC", "l3:2 core:128 pu:1", 1);
	assert_int_equal(kt_sharing_plan(&s, &performance, many, 0, &sink, NULL),
			 0);
	assert_null(strstr(warnings, "noisy"));
	kt_sharing_deinit(&s);
}

static void performance_warns_without_the_right_to_fifo(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	struct kt_sharing s = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 0, &sink, NULL), 0);
	assert_int_equal(s.fifo, kt_may_use_fifo());
	assert_int_equal(!!strstr(warnings, "no right to SCHED_FIFO"), !s.fifo);
	kt_sharing_deinit(&s);
}

static void a_budget_is_planned_and_dropped(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 4, 1));
	const struct kt_sharing_wish wish = no_perf(2);
	const struct other_locks theirs = { { { KT_LOCK_LLC, 0, true } }, 1 };
	struct kt_sharing s = { 0 };
	struct other other;

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(kt_sharing_plan(&s, &wish, guest, 256, &sink, NULL), 0);
	assert_int_equal(s.budget.n_cpus, 2);
	assert_int_equal(s.locks.n, 0);
	assert_string_equal(warnings, "");
	/* Somebody else has it by now: another plan will do as well. */
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	other_end(&other);
	assert_int_equal(s.locks.n, 2);
	assert_int_equal(s.budget.cpus[0].id, 1);
	assert_int_equal(s.budget.cpus[1].id, 2);
	kt_sharing_deinit(&s);
}

static void the_default_budget_is_three_of_ten(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 4, 1));
	const struct kt_sharing_wish wish = no_perf(KT_BUDGET_NO_CAP);
	struct kt_sharing s = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(kt_sharing_plan(&s, &wish, guest, 256, &sink, NULL), 0);
	assert_int_equal(s.budget.n_cpus, 3);
	kt_sharing_deinit(&s);
}

static void a_budget_above_what_there_is_is_contention(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 4, 1));
	const struct kt_sharing_wish wish = no_perf(9);
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(kt_sharing_plan(&s, &wish, guest, 256, &sink, &err),
			 -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	kt_sharing_deinit(&s);
}

static void a_budget_over_several_nodes_is_told(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 4, 1));
	const struct kt_sharing_wish wish = no_perf(6);
	struct kt_sharing s = { 0 };

	(void)state;
	on_machine("emulated-2x2x2");
	assert_int_equal(kt_sharing_plan(&s, &wish, guest, 256, &sink, NULL), 0);
	assert_contains(warnings, "over the nodes 0, 1");
	message_seen(warnings);
	kt_sharing_deinit(&s);
}

static void the_bypass_plans_and_locks_nothing(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 4, 1));
	struct kt_sharing_wish wish = no_perf(KT_BUDGET_NO_CAP);
	struct kt_sharing s = { 0 };

	(void)state;
	wish.bypass = true;
	on_machine("emulated-8x1");
	assert_int_equal(kt_sharing_plan(&s, &wish, guest, 256, &sink, NULL), 0);
	assert_null(s.host);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	assert_int_equal(s.locks.n, 0);
	kt_sharing_deinit(&s);
}

static void a_host_that_cannot_be_read_matters_as_the_mode_says(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	const struct kt_sharing_wish capped = no_perf(2);
	const struct kt_sharing_wish uncapped = no_perf(KT_BUDGET_NO_CAP);
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	/* A file that is there, and no XML. */
	setenv("HWLOC_XMLFILE", KTSTR_SOURCE_ROOT "/meson.build", 1);
	assert_true(kt_sharing_plan(&s, &performance, guest, 256, &sink, &err) <
		    0);
	assert_contains(err.message, "performance_mode: ");
	message_seen(err.message);
	kt_sharing_deinit(&s);
	assert_true(kt_sharing_plan(&s, &capped, guest, 256, &sink, &err) < 0);
	assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
	assert_contains(err.message, "a cap of 2 CPUs cannot be kept");
	message_seen(err.message);
	kt_sharing_deinit(&s);
	assert_string_equal(warnings, "");
	assert_int_equal(kt_sharing_plan(&s, &uncapped, guest, 256, &sink, NULL),
			 0);
	assert_contains(warnings, "no CPUs are reserved");
	message_seen(warnings);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	kt_sharing_deinit(&s);
	assert_int_equal(
		kt_sharing_plan(&s, &by_default, guest, 256, &sink, NULL), 0);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	assert_int_equal(s.locks.n, 0);
	kt_sharing_deinit(&s);
}

static void by_default_a_window_is_taken_when_it_runs(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 3, 1));
	const struct other_locks theirs = { { { KT_LOCK_CPU, 1, true } }, 1 };
	const struct other_locks all = {
		{ { KT_LOCK_CPU, 2, true }, { KT_LOCK_CPU, 5, true } }, 2
	};
	struct kt_sharing_wish sharing_wish = by_default;
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(
		kt_sharing_plan(&s, &by_default, guest, 256, &sink, NULL), 0);
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	other_end(&other);
	assert_int_equal(s.window.cpus[0].id, 2);
	assert_int_equal(s.locks.n, 6);
	kt_sharing_drop(&s);
	other_start(&other, other_takes, &all);
	assert_int_equal(kt_sharing_take(&s, &err), -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	kt_sharing_deinit(&s);

	sharing_wish.share_when_busy = true;
	assert_int_equal(
		kt_sharing_plan(&s, &sharing_wish, guest, 256, &sink, NULL), 0);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	other_end(&other);
	assert_false(s.window.exclusive);
	assert_string_equal(warnings, "");
	kt_sharing_deinit(&s);
}

static void more_vcpus_than_cpus_are_told_but_in_an_emulated_machine(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 9, 1));
	struct kt_sharing s = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(
		kt_sharing_plan(&s, &by_default, guest, 256, &sink, NULL), 0);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	assert_contains(warnings, "9 vCPUs and the host 8 CPUs");
	message_seen(warnings);
	kt_sharing_drop(&s);
	warnings[0] = '\0';
	setenv("KTSTR_NESTED", "1", 1);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	assert_string_equal(warnings, "");
	kt_sharing_deinit(&s);
}

static void without_locks_only_the_default_goes_on(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	struct kt_sharing s = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	setenv("KTSTR_LOCK_DIR", "/nonexistent/locks", 1);
	assert_int_equal(kt_sharing_plan(&s, &performance, guest, 0, &sink, &err),
			 -ENOENT);
	assert_contains(err.message, "KTSTR_LOCK_DIR");
	kt_sharing_deinit(&s);
	warnings[0] = '\0';
	assert_int_equal(kt_sharing_plan(&s, &by_default, guest, 0, &sink, NULL),
			 0);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	assert_contains(warnings, "no CPUs are reserved");
	kt_sharing_deinit(&s);
}

/* Places. */

struct place {
	struct kt_sharing *sharing;
	cpu_set_t cpus;
	int policy;
	struct sched_param param;
};

static void note_place(struct place *place)
{
	assert_int_equal(sched_getaffinity(0, sizeof(place->cpus), &place->cpus),
			 0);
	place->policy = sched_getscheduler(0);
	assert_int_equal(sched_getparam(0, &place->param), 0);
}

static void *be_a_vcpu(void *arg)
{
	struct place *place = arg;

	kt_sharing_place_vcpu(place->sharing, 0);
	note_place(place);
	return NULL;
}

static void start_vcpu(struct kt_sharing *sharing, struct place *place)
{
	pthread_t thread;

	place->sharing = sharing;
	assert_int_equal(pthread_create(&thread, NULL, be_a_vcpu, place), 0);
	pthread_join(thread, NULL);
}

/* This machine, told to have two LLCs of one CPU. */
static void pretend_two_llcs(void)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (!CPU_ISSET(0, &cpus) || !CPU_ISSET(1, &cpus))
		skip();
	setenv("HWLOC_SYNTHETIC", "l3:2 core:1 pu:1", 1);
	setenv("HWLOC_THISSYSTEM", "1", 1);
}

static void performance_has_places_and_priorities(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	struct place before = { 0 }, service = { 0 }, vcpu = { 0 }, after = { 0 };
	struct kt_sharing s = { 0 };

	(void)state;
	pretend_two_llcs();
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 0, &sink, NULL), 0);
	warnings[0] = '\0';
	note_place(&before);
	kt_sharing_enter(&s);
	note_place(&service);
	start_vcpu(&s, &vcpu);
	kt_sharing_leave(&s);
	note_place(&after);
	assert_int_equal(CPU_COUNT(&service.cpus), 1);
	assert_true(CPU_ISSET(1, &service.cpus));
	assert_int_equal(CPU_COUNT(&vcpu.cpus), 1);
	assert_true(CPU_ISSET(0, &vcpu.cpus));
	if (s.fifo) {
		assert_int_equal(service.policy, SCHED_FIFO);
		assert_int_equal(service.param.sched_priority, 2);
		assert_int_equal(vcpu.policy, SCHED_FIFO);
		assert_int_equal(vcpu.param.sched_priority, 1);
	}
	assert_true(CPU_EQUAL(&before.cpus, &after.cpus));
	assert_int_equal(after.policy, before.policy);
	assert_string_equal(warnings, "");
	kt_sharing_deinit(&s);
}

static void a_budget_is_a_mask(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 2, 1));
	struct place before = { 0 }, main_thread = { 0 }, vcpu = { 0 };
	struct place after = { 0 };
	const struct kt_sharing_wish wish = no_perf(1);
	struct kt_sharing s = { 0 };

	(void)state;
	pretend_two_llcs();
	assert_int_equal(kt_sharing_plan(&s, &wish, guest, 0, &sink, NULL), 0);
	assert_int_equal(kt_sharing_cpus(&s), 1);
	note_place(&before);
	kt_sharing_enter(&s);
	note_place(&main_thread);
	start_vcpu(&s, &vcpu);
	kt_sharing_leave(&s);
	note_place(&after);
	assert_int_equal(CPU_COUNT(&vcpu.cpus), 1);
	assert_true(CPU_ISSET(0, &vcpu.cpus));
	assert_true(CPU_EQUAL(&vcpu.cpus, &main_thread.cpus));
	assert_true(CPU_EQUAL(&before.cpus, &after.cpus));
	assert_int_equal(vcpu.policy, before.policy);
	kt_sharing_deinit(&s);
}

static void a_window_is_for_vcpus_alone(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	const struct other_locks theirs = { { { KT_LOCK_CPU, 0, true } }, 1 };
	struct place before = { 0 }, main_thread = { 0 }, vcpu = { 0 };
	struct kt_sharing s = { 0 };
	struct other other;

	(void)state;
	pretend_two_llcs();
	assert_int_equal(kt_sharing_plan(&s, &by_default, guest, 0, &sink, NULL),
			 0);
	other_start(&other, other_takes, &theirs);
	assert_int_equal(kt_sharing_take(&s, NULL), 0);
	other_end(&other);
	note_place(&before);
	kt_sharing_enter(&s);
	note_place(&main_thread);
	start_vcpu(&s, &vcpu);
	kt_sharing_leave(&s);
	assert_true(CPU_EQUAL(&before.cpus, &main_thread.cpus));
	assert_int_equal(CPU_COUNT(&vcpu.cpus), 1);
	assert_true(CPU_ISSET(1, &vcpu.cpus));
	kt_sharing_deinit(&s);
}

/* CPUs 0 and 1 of a host that is not this one say nothing of this one's. */
static void on_a_pretended_host_nothing_is_placed(void **state)
{
	_cleanup_topology_ struct kt_topology *guest =
		guest_of(KTSTR_TOPOLOGY(1, 1, 1, 1));
	struct place before = { 0 }, vcpu = { 0 };
	struct kt_sharing s = { 0 };

	(void)state;
	on_machine("emulated-8x1");
	assert_int_equal(
		kt_sharing_plan(&s, &performance, guest, 0, &sink, NULL), 0);
	warnings[0] = '\0';
	note_place(&before);
	kt_sharing_enter(&s);
	start_vcpu(&s, &vcpu);
	kt_sharing_leave(&s);
	assert_true(CPU_EQUAL(&before.cpus, &vcpu.cpus));
	assert_int_equal(vcpu.policy, before.policy);
	assert_string_equal(warnings, "");
	kt_sharing_deinit(&s);
}

#define test(name) cmocka_unit_test_setup(name, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_said_is_the_default),
		test(no_perf_mode_wins),
		test(the_cap_is_given_or_in_the_environment),
		test(what_contradicts_itself_is_refused),
		test(a_cap_and_the_bypass_exclude_each_other),
		test(performance_wants_more_than_one_llc),
		test(performance_plans_pins_and_nodes),
		test(performance_is_contention_when_all_slots_are_busy),
		test(performance_warns_of_hugepages_if_memory_is_known),
		test(performance_warns_of_others_that_run),
		test(performance_warns_without_the_right_to_fifo),
		test(a_budget_is_planned_and_dropped),
		test(the_default_budget_is_three_of_ten),
		test(a_budget_above_what_there_is_is_contention),
		test(a_budget_over_several_nodes_is_told),
		test(the_bypass_plans_and_locks_nothing),
		test(a_host_that_cannot_be_read_matters_as_the_mode_says),
		test(by_default_a_window_is_taken_when_it_runs),
		test(more_vcpus_than_cpus_are_told_but_in_an_emulated_machine),
		test(without_locks_only_the_default_goes_on),
		test(performance_has_places_and_priorities),
		test(a_budget_is_a_mask),
		test(a_window_is_for_vcpus_alone),
		test(on_a_pretended_host_nothing_is_placed),
		messages_test("vmm_sharing"),
	};

	return cmocka_run_group_tests(tests, locks_set_up, locks_tear_down);
}
